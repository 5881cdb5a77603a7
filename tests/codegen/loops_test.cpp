// SPDX-License-Identifier: Apache-2.0
#include "codegen/loops.h"
#include "codegen/layers.h"
#include "errors.h"
#include "expr/parse.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace tenon {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Golden : public testing::TestWithParam<test::ExampleLayer> {};

// The loops of well-known layers are kept as text. TENON_UPDATE_GOLDEN=1 writes them anew, for the difference to be
// read.
TEST_P(Golden, LoopsAreAsTheyWere) {
  const test::ExampleLayer& layer = GetParam();
  const std::string path = fmt::format("{}/{}.txt", TENON_GOLDEN, layer.name);
  const std::string text = codegen::print(codegen::loops_of(test::bound(layer.text, layer.extents)));
  if (std::getenv("TENON_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(text, read(path));
}

INSTANTIATE_TEST_SUITE_P(Codegen, Golden, testing::ValuesIn(test::example_layers()),
                         [](const auto& layer) { return std::string(layer.param.name); });

TEST(Loops, NothingIsDoneForEmptyOutputs) {
  const auto function = test::bound("layer L(x: f32[n]) -> f32[n]\n  y[n] = x[n] + 1\n", {{"n", 0}});
  EXPECT_TRUE(codegen::loops_of(function).kernels.empty());
}

TEST(Loops, AnEqualFormulaHasEqualLoopsWhateverItsNames) {
  const auto loops = [](std::string_view text) {
    const codegen::Program program = codegen::loops_of(test::bound(text, {{"n", 3}, {"a", 3}}));
    return codegen::print(program, program.kernels.at(0));
  };
  EXPECT_EQ(loops("layer L(x: f32[n]) -> f32[n]\n  y[n] = x[n] + 1\n"),
            loops("layer M(x: f32[a]) -> f32[a]\n  let t[a] = x[a]\n  y[a] = t[a] + 1\n"));
}

TEST(Loops, ALongRowIsNotKept) {
  const test::ExampleLayer& softmax = test::example_layers()[3];
  const auto rows = [&](int64_t c) {
    return codegen::loops_of(test::bound(softmax.text, {{"n", 5}, {"c", c}})).kernels.at(0).scratch.size();
  };
  EXPECT_EQ(rows(8192), 1U);
  EXPECT_EQ(rows(8193), 0U);
}

TEST(Loops, AnOutputMayReplaceAnInputThatIsReadWhereItIsStored) {
  const auto places = [](std::string_view name) {
    for (const test::ExampleLayer& layer : test::example_layers()) {
      if (layer.name != name) continue;
      const codegen::Program program = codegen::loops_of(test::bound(layer.text, layer.extents));
      std::string result;
      for (size_t i = 0; i < program.buffers.size(); ++i) {
        if (program.buffers[i].role == codegen::Buffer::Role::kInput)
          result += codegen::in_place(program, i) ? "y" : "n";
      }
      return result;
    }
    return std::string("none");
  };
  EXPECT_EQ(places("relu6"), "y");
  EXPECT_EQ(places("bias_gelu"), "yn");
  EXPECT_EQ(places("softmax"), "y");
  EXPECT_EQ(places("softmax_axis0"), "y");
  EXPECT_EQ(places("layer_norm"), "ynn");
  EXPECT_EQ(places("batch_norm"), "y");
  EXPECT_EQ(places("matmul"), "nn");
  EXPECT_EQ(places("transpose"), "n");
  EXPECT_EQ(places("pad_zero"), "n");
  EXPECT_EQ(places("quantize"), "nn");
}

TEST(Loops, AMapMakesEachElementOfOneWhereverItIs) {
  const auto is_map = [](const std::string& text) {
    return codegen::is_map(codegen::loops_of(test::bound(text, {{"n", 4}, {"c", 6}})));
  };
  const std::string head = "layer L(x: f32[n, c]) -> f32[n, c]\n  y[n, c] = ";
  EXPECT_TRUE(is_map(head + "exp(x[n, c]) + 1\n"));
  EXPECT_FALSE(is_map(head + "x[n, c] * f32(c)\n"));
  EXPECT_FALSE(is_map(head + "x[n, c] + f32(n)\n"));
  EXPECT_FALSE(is_map(head + "x[n, #c - 1 - c]\n"));
  EXPECT_FALSE(is_map(head + "x[n, c] / sum[k < #c](x[n, k])\n"));
  EXPECT_FALSE(is_map("layer L(x: f32[n, c], b: f32[c]) -> f32[n, c]\n  y[n, c] = x[n, c] + b[c]\n"));
}

TEST(Loops, WhatWouldCompileForLongIsRefused) {
  std::string text = "layer L(x: f32[n]) -> f32[n]\n  let t0[n] = x[n]\n";
  for (int i = 0; i < 1200; ++i) text += fmt::format("  let t{}[n] = exp(t{}[n])\n", i + 1, i);
  text += "  y[n] = t1200[n]\n";
  test::expect_error(ErrorCode::kUnsupported, "make several layers",
                     [&] { (void)codegen::loops_of(test::bound(text, {{"n", 3}})); });
}

TEST(Loops, AReshapeThatDoesNotFitIsRefused) {
  test::expect_error(ErrorCode::kInvalidArgument, "12 elements where 10 are required", [] {
    const auto function = test::bound(
        "layer L(x: f32[n], z: f32[m]) -> f32[m, 2]\n  require n == m * 2\n  y[m, k] = z[m] + x[m * 2 + k]\n",
        {{"n", 12}, {"m", 5}});
    (void)codegen::loops_of(function);
  });
}

TEST(Loops, WhatIsNotBoundIsABug) {
  test::expect_error(ErrorCode::kInternal, "not bound",
                     [] { (void)codegen::loops_of(expr::parse("layer L(x: f32[n]) -> f32[n]\n  y[n] = x[n] + 1\n")); });
}

}  // namespace
}  // namespace tenon
