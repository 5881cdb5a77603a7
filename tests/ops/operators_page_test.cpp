// SPDX-License-Identifier: Apache-2.0
#include "ops/op_testing.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

// docs/operators.md is written from the registry: this test compares, and with TENON_UPDATE=1 writes it again.
namespace tenon::testing {
namespace {

// A table's cell: a bar in a formula (|x|) must not end it.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

std::string count(int min, int max) {
  if (max == kVariadic) return std::to_string(min) + " or more";
  return min == max ? std::to_string(min) : std::to_string(min) + " to " + std::to_string(max);
}

std::string attributes(const OpDef& op) {
  std::string text;
  for (const AttributeSpec& spec : op.attributes) {
    if (!text.empty()) text += ", ";
    text += "`" + spec.name + "`";
    if (spec.required)
      text += " (required)";
    else if (!spec.optional)
      text += " = " + to_string(spec.fallback);
  }
  return text;
}

std::string page() {
  std::string text = R"(# The standard operators

These are ONNX's (default domain); the number is the opset whose meaning is implemented. Models of every format are lowered to
them, and each has a type rule and runs at least on the reference backend. `channels_last` is Tenon's own: the compiler sets it
where an operator then works on [n, spatial..., c].

| Operator | ONNX | Inputs | Outputs | Attributes | What it computes |
| --- | --- | --- | --- | --- | --- |
)";
  for (const OpDef& op : all_ops()) {
    text += "| " + op.name + " | " + std::to_string(op.since_version) + " | " + count(op.min_inputs, op.max_inputs) +
            " | " + count(op.min_outputs, op.max_outputs) + " | " + cell(attributes(op)) + " | " + cell(op.summary) +
            " |\n";
  }
  return text +
         "\nThis page is written by `TENON_UPDATE=1 build/dev/tests/ops/ops_test --gtest_filter='OperatorsPage.*'`.\n";
}

TEST(OperatorsPage, IsUpToDate) {
  if (std::getenv("TENON_UPDATE") != nullptr) std::ofstream(TENON_OPERATORS_PAGE) << page();
  std::stringstream written;
  written << std::ifstream(TENON_OPERATORS_PAGE).rdbuf();
  EXPECT_EQ(written.str(), page()) << "an operator has changed: write the page again as its last line says";
}

}  // namespace
}  // namespace tenon::testing
