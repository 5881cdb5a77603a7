// SPDX-License-Identifier: Apache-2.0
#include "expr/interpret.h"

#include "errors.h"

#include <tenon/expr.h>

#include <gtest/gtest.h>

#include <array>

// What goes wrong easily where many elements are evaluated at a time: blocks, their ends, and elements that only some
// of a block may read.
namespace tenon::expr {
namespace {

Tensor ramp(const Dims& dims) {
  Tensor result = Tensor::zeros(DType::kFloat32, dims);
  for (int64_t i = 0; i < result.count(); ++i) result.mutable_view().as<float>()[i] = static_cast<float>(i);
  return result;
}

Tensor run(const char* layer, const Tensor& x) { return LayerExpr::parse(layer).evaluate(std::array{x})[0]; }

float at(const Tensor& tensor, int64_t i) { return tensor.view().as<float>()[i]; }

TEST(Interpret, GoesThroughMoreElementsThanABlockHas) {
  const Tensor y = run("layer Twice(x: f32[n]) -> f32[n]\n  y[n] = x[n] * 2.0", ramp({1300}));
  for (int64_t i = 0; i < 1300; ++i) ASSERT_EQ(at(y, i), 2 * static_cast<float>(i));
  const Tensor sums = run("layer Sum(x: f32[n]) -> f32[]\n  y[] = sum[k < #n](x[k])", ramp({1300}));
  EXPECT_EQ(at(sums, 0), 1300 * 1299 / 2);
  const Tensor places = run("layer Last(x: f32[n]) -> i64[]\n  y[] = argmax[k < #n](x[k])", ramp({1300}));
  EXPECT_EQ(places.view().as<int64_t>()[0], 1299);
}

TEST(Interpret, TakesAxesInAnyOrder) {
  // A short last axis, and a reduction that depends on the last axis alone.
  const Tensor y =
      run("layer Center(x: f32[n, m]) -> f32[n, m]\n  y[n, m] = x[n, m] - max[k < #n](x[k, m])", ramp({700, 3}));
  for (int64_t i = 0; i < 2100; ++i) ASSERT_EQ(at(y, i), static_cast<float>(i / 3 - 699) * 3);
}

TEST(Interpret, DoesNotReadWhatIsNotChosen) {
  const Tensor shifted =
      run("layer Shift(x: f32[n]) -> f32[n]\n  y[n] = where(n % 2 == 0, x[n + 1], x[n - 1])", ramp({1400}));
  for (int64_t i = 0; i < 1400; ++i) ASSERT_EQ(at(shifted, i), static_cast<float>(i ^ 1));
  const Tensor sums =
      run("layer Sums(x: f32[n]) -> f32[n]\n  y[n] = sum[k < 3](where(n + k < 1400, x[n + k], 1.0))", ramp({1400}));
  EXPECT_EQ(at(sums, 1397), 1397 + 1398 + 1399);
  EXPECT_EQ(at(sums, 1399), 1399 + 1 + 1);
}

TEST(Interpret, NamesWhatIsReadOutside) {
  test::expect_error(ErrorCode::kInvalidArgument, "layer 'Next': 'x' is read at 1400 along axis 0, which has 1400", [] {
    (void)run("layer Next(x: f32[n]) -> f32[n]\n  y[n] = where(n % 2 == 1, x[n + 1], x[n])", ramp({1400}));
  });
  test::expect_error(ErrorCode::kInvalidArgument, "'x' is read at 1402 along axis 0",
                     [] { (void)run("layer Over(x: f32[n]) -> f32[]\n  y[] = sum[k < #n](x[k + 3])", ramp({1402})); });
}

}  // namespace
}  // namespace tenon::expr
