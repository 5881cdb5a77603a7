// SPDX-License-Identifier: Apache-2.0
#include <tenon/expr_functions.h>

#include "errors.h"

#include <gtest/gtest.h>

// The printed form of well-known layers, which reads as mathematics; and that parsing it gives the same layer.
namespace tenon {
namespace {

void expect_printed(const LayerExpr& layer, const std::string& text) {
  EXPECT_EQ(layer.to_string(), text);
  EXPECT_TRUE(LayerExpr::parse(text) == layer);
}

TEST(Print, Clip) {
  LayerBuilder layer("Clip", "Holds x between \"lo\" and hi.");
  const Expr x = layer.input("x", "f32[n, c, h, w]");
  const Expr lo = layer.field("lo", 0.0), hi = layer.field("hi", 6.0);
  expect_printed(layer.build(minimum(maximum(x, lo), hi)),
                 "layer Clip(x: f32[n, c, h, w]; lo = 0.0, hi = 6.0) -> f32[n, c, h, w]\n"
                 "  \"Holds x between \\\"lo\\\" and hi.\"\n"
                 "  y[n, c, h, w] = min(max(x[n, c, h, w], lo), hi)\n");
}

TEST(Print, SoftmaxNamesTheMaximum) {
  LayerBuilder layer("Softmax");
  expect_printed(layer.build(softmax(layer.input("x", "f32[n, c]"), 1)),
                 "layer Softmax(x: f32[n, c]) -> f32[n, c]\n"
                 "  let t[n] = max[k < #c](x[n, k])\n"
                 "  y[n, c] = exp(x[n, c] - t[n]) / sum[k1 < #c](exp(x[n, k1] - t[n]))\n");
}

TEST(Print, MaxPoolOfAnOpenDType) {
  LayerBuilder layer("Pool");
  const Expr x = layer.input("x", "T[n, h, w]");
  const Expr n = x.extent(0), h = x.extent(1), w = x.extent(2);
  const auto window = [&](const Expr& image, const Expr& row, const Expr& column) {
    return reduce_over(Reduction::kMax, {2, 2},
                       [&](const Expr& i, const Expr& j) { return x(image, 2 * row + i, 2 * column + j); });
  };
  expect_printed(layer.build(compute({n, h / 2, w / 2}, window)),
                 "layer Pool(x: T[n, h, w]) -> T[n, h // 2, w // 2]\n"
                 "  y[n, i, i1] = max[k < 2, k1 < 2](x[n, i * 2 + k, i1 * 2 + k1])\n");
}

TEST(Print, PixelShuffleHasNoDivisionsThatItDoesNotNeed) {
  LayerBuilder layer("PixelShuffle");
  const Expr x = layer.input("x", "f16[n, c, h, w]");
  const Expr n = x.extent(0), c = x.extent(1), h = x.extent(2), w = x.extent(3);
  const Expr blocks = transpose(reshape(x, {n, c / 4, 2, 2, h, w}), {0, 1, 4, 2, 5, 3});
  expect_printed(layer.build(reshape(blocks, {n, c / 4, h * 2, w * 2})),
                 "layer PixelShuffle(x: f16[n, c, h, w]) -> f16[n, c // 4, h * 2, w * 2]\n"
                 "  require c == c // 4 * 4\n"
                 "  y[n, i, i1, i2] = x[n, (i * 2 + mod(i1, 2)) * 2 + mod(i2, 2), i1 // 2, i2 // 2]\n");
}

}  // namespace
}  // namespace tenon
