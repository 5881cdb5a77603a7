// SPDX-License-Identifier: Apache-2.0
#include "ops/expression.h"
#include "ops/op_testing.h"

namespace tenon::testing {
namespace {

Attributes formulas(const char* text) {
  return {{"formulas", std::string(text)}, {"label", std::string("Twice(by=2)")}};
}

constexpr const char* kTwice =
    "layer Twice(x: f32[n, m], s: f32[m]) -> f32[n, m], f32[n]\n"
    "  y0[n, m] = x[n, m] * s[m]\n"
    "  y1[n] = sum[k < #m](x[n, k])\n";

TEST(Expression, ComputesItsFormulas) {
  const auto outputs = evaluate_all("Expression", {f32({2, 2}, {1, 2, 3, 4}), f32({2}, {10, 1})}, 2, formulas(kTwice));
  EXPECT_TRUE(identical(outputs[0], f32({2, 2}, {10, 2, 30, 4})));
  EXPECT_TRUE(identical(outputs[1], f32({2}, {3, 7})));
}

TEST(Expression, InfersNamedAndUnknownExtents) {
  OneNode one("Expression", {f32({2, 2}, {1, 2, 3, 4}), f32({2}, {10, 1})}, formulas(kTwice), 2);
  const Node& node = one.node();
  const std::vector<TensorType> inputs = {{DType::kFloat32, Shape{Dim("N"), Dim()}}, {DType::kFloat32, Shape{Dim()}}};
  const std::vector<const Tensor*> values(2);
  const auto outputs = infer_node(node, inputs, values).outputs;
  EXPECT_EQ(to_string(outputs[0]), "f32[N,?]");
  EXPECT_EQ(to_string(outputs[1]), "f32[N]");
}

TEST(Expression, RefusesWhatDoesNotFit) {
  expect_error(ErrorCode::kInvalidArgument, "the node has 1 outputs, but its formulas give 2",
               [] { (void)evaluate("Expression", {f32({1, 1}, {1}), f32({1}, {1})}, formulas(kTwice)); });
  expect_error(ErrorCode::kInvalidArgument, "input 's' is f32[3] but f32[m] is required, where m is 2", [] {
    (void)evaluate_all("Expression", {f32({1, 2}, {1, 2}), f32({3}, {1, 2, 3})}, 2, formulas(kTwice));
  });
  expect_error(ErrorCode::kInvalidArgument, "in the formulas of 'it'",
               [] { (void)evaluate("Expression", {f32({1}, {1})}, formulas("layer (")); });
}

TEST(Expression, IsKnownByItsLabel) {
  OneNode one("Expression", {f32({1, 1}, {1}), f32({1}, {1})}, formulas(kTwice), 2);
  EXPECT_EQ(display_name(one.node()), "Twice");
  EXPECT_EQ(display_name(OneNode("Relu", {f32({1}, {1})}).node()), "Relu");
}

}  // namespace
}  // namespace tenon::testing
