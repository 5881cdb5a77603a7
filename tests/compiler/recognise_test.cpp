// SPDX-License-Identifier: Apache-2.0
#include "compiler/recognise.h"

#include <tenon/expr_functions.h>

#include <gtest/gtest.h>

namespace tenon {
namespace {

TensorType image() { return {DType::kFloat32, Shape{Dim("N"), 3, 5}}; }

// What a formula of one image is.
template <typename F>
std::optional<BuiltIn> recognised(F formula) {
  LayerBuilder builder("Mine");
  const Expr x = builder.input("image", DType::kFloat32, *image().shape);
  return recognise(builder.build(formula(x)), std::vector{image()});
}

TEST(Recognise, FindsTheOperatorsThatConvolutionsTake) {
  const auto clip = recognised([](const Expr& x) { return minimum(maximum(x, 0.0), 6.0); });
  ASSERT_TRUE(clip);
  EXPECT_EQ(clip->op, "Clip");
  EXPECT_EQ(clip->scalars, (std::vector<double>{0, 6}));
  EXPECT_EQ(recognised([](const Expr& x) { return maximum(minimum(x, 6.0), 0.0); })->scalars, clip->scalars);
  EXPECT_EQ(recognised([](const Expr& x) { return maximum(x, 0); })->op, "Relu");
  EXPECT_EQ(recognised([](const Expr& x) { return 1 / (1 + exp(-x)); })->op, "Sigmoid");
  EXPECT_EQ(recognised([](const Expr& x) { return mish(x); })->op, "Mish");
  EXPECT_EQ(recognised([](const Expr& x) { return hardswish(x); })->op, "HardSwish");
  EXPECT_EQ(recognised([](const Expr& x) { return gelu(x); })->op, "Gelu");
  const auto leaky = recognised([](const Expr& x) { return where(x < 0, x * 0.25, x); });
  ASSERT_TRUE(leaky);
  EXPECT_EQ(leaky->op, "LeakyRelu");
  EXPECT_EQ(std::get<double>(leaky->attributes.at("alpha")), 0.25);
  EXPECT_EQ(recognised([](const Expr& x) { return swish(x); })->op, "Swish");
}

TEST(Recognise, LeavesWhatIsNearlyOne) {
  EXPECT_FALSE(recognised([](const Expr& x) { return minimum(maximum(x, 0.0), 6.0) + 1; }));
  EXPECT_FALSE(recognised([](const Expr& x) { return maximum(x, 0) * 2; }));
  EXPECT_FALSE(recognised([](const Expr& x) { return maximum(x.at({0, 0, 0}), 0); }));
  EXPECT_FALSE(recognised([](const Expr& x) { return maximum(transpose(x, {0, 1, 2}), mean(x)); }));
}

TEST(Recognise, FindsOperatorsOfTwoTensors) {
  LayerBuilder builder("Sum");
  const Expr a = builder.input("a", DType::kFloat32, *image().shape), b = builder.input("b", DType::kFloat32, {3, 1});
  const std::vector<TensorType> types = {image(), {DType::kFloat32, Shape{3, 1}}};
  EXPECT_EQ(recognise(builder.build(a * b), types)->op, "Mul");
  EXPECT_EQ(recognise(builder.build(a - b), types)->op, "Sub");
  EXPECT_FALSE(recognise(builder.build(b - a), types));
}

TEST(Recognise, TensorsThatNoOperatorTakesTogetherAreNone) {
  LayerBuilder builder("Scale");
  const Expr x = builder.input("x", DType::kFloat32, *image().shape), c = builder.input("c", DType::kFloat32, {3});
  const std::vector<TensorType> types = {image(), {DType::kFloat32, Shape{3}}};
  EXPECT_FALSE(recognise(builder.build(x * unsqueeze(c, 1)), types));
}

}  // namespace
}  // namespace tenon
