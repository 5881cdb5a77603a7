// SPDX-License-Identifier: Apache-2.0
#include "vectors.h"
#include "ops/op_testing.h"

#include <cstdlib>
#include <fstream>
#include <set>

// Every operator against NumPy and SciPy: the cases that make_vectors.py has written.
namespace tenon::testing {
namespace {

using test::expect_vector;
using test::parse_tensor;
using test::split;

Attributes parse_attributes(const std::string& text) {
  Attributes attributes;
  if (text.empty()) return attributes;
  for (const std::string& item : split(text, " ")) {
    const size_t equals = item.find('=');
    const size_t colon = item.find(':', equals);
    const std::string kind = item.substr(equals + 1, colon - equals - 1);
    const std::string value = item.substr(colon + 1);
    Attribute& attribute = attributes[item.substr(0, equals)];
    if (kind == "int")
      attribute = int64_t{std::strtoll(value.c_str(), nullptr, 10)};
    else if (kind == "float")
      attribute = std::strtod(value.c_str(), nullptr);
    else if (kind == "string")
      attribute = value;
    else
      attribute = [&] {
        std::vector<int64_t> numbers;
        if (!value.empty()) {
          for (const std::string& number : split(value, ","))
            numbers.push_back(std::strtoll(number.c_str(), nullptr, 10));
        }
        return numbers;
      }();
  }
  return attributes;
}

struct Case {
  std::string op;
  std::string line;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = [] {
    std::vector<Case> read;
    std::ifstream file(TENON_OP_VECTORS);
    for (std::string line; std::getline(file, line);) read.push_back({split(line, " | ")[1], line});
    return read;
  }();
  return kCases;
}

class OpVectors : public ::testing::TestWithParam<std::string> {};

// One test an operator; a failure names its row.
TEST_P(OpVectors, AgreeWithNumPy) {
  for (const Case& row : cases()) {
    if (row.op != GetParam()) continue;
    const auto fields = split(row.line, " | ");
    SCOPED_TRACE(fields[0]);
    std::vector<Input> inputs;
    for (const std::string& text : split(fields[3], " ; ")) {
      const auto vector = parse_tensor(text);
      inputs.push_back(vector ? Input(vector->tensor) : std::nullopt);
    }
    const auto outputs = split(fields[4], " ; ");
    const auto actual =
        OneNode(row.op, inputs, parse_attributes(fields[2]), static_cast<int>(outputs.size())).evaluate();
    ASSERT_EQ(actual.size(), outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      expect_vector(actual[i], parse_tensor(outputs[i]).value(), std::strtod(fields[5].c_str(), nullptr));
    }
  }
}

TEST(OpVectorsFile, HasBeenWritten) {
  EXPECT_GT(cases().size(), 1000U) << TENON_OP_VECTORS << " is written by ctest -R ops_vectors";
}

std::set<std::string> operators() {
  std::set<std::string> names;
  for (const Case& row : cases()) names.insert(row.op);
  return names;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OpVectors);
INSTANTIATE_TEST_SUITE_P(, OpVectors, ::testing::ValuesIn(operators()), [](const auto& row) { return row.param; });

}  // namespace
}  // namespace tenon::testing
