// SPDX-License-Identifier: Apache-2.0
#include <tenon/tensor.h>

#include <gtest/gtest.h>

#include <algorithm>

#include "layers/support.h"

namespace tenon {
namespace {

using test::expect_error;
using test::floats;
using test::Subject;
using test::values_of;
using test::vector;

class Elementwise : public test::WithKinds {};

Tensor ramp(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) / 16 - 100;
  return Tensor::from<float>(values, {count});
}

TEST_F(Elementwise, RunsInPlace) {
  Subject clip("Clip", {{"lo", -1.0}}, {floats({-3, 3, 9}, {1, 3})});
  // Checked, then direct: clipping what is clipped already changes nothing.
  for (int run = 0; run < 3; ++run) EXPECT_EQ(values_of<float>(clip.run_in_place()), (std::vector<float>{-1, 3, 6}));
}

TEST_F(Elementwise, PartsAddUpToTheWhole) {
  // Around the size where a second part begins, and far beyond; no multiple of a vector register.
  for (const int64_t count : {16383, 16384, 16385, 32769, 250007}) {
    const Tensor x = ramp(count);
    Subject clip("Clip", {}, {x});
    std::vector<float> expected = values_of<float>(x);
    for (float& value : expected) value = std::clamp(value, 0.f, 6.f);
    for (int run = 0; run < 2; ++run) EXPECT_EQ(values_of<float>(clip.run()[0]), expected) << count;
  }
}

TEST_F(Elementwise, PartsRunInPlace) {
  const Tensor x = ramp(100003);
  std::vector<float> expected = values_of<float>(x);
  for (float& value : expected) value = std::clamp(value, 0.f, 6.f);
  Subject clip("Clip", {}, {x});
  clip.run();  // The checked run; x is as it was.
  EXPECT_EQ(values_of<float>(clip.run_in_place()), expected);
}

TEST_F(Elementwise, FurtherInputsHaveTheSameShapeOrOneElement) {
  const Tensor x = ramp(40000);
  std::vector<float> expected = values_of<float>(x);
  for (float& value : expected) value += 2 * value;
  Subject same("AddScaled", {{"factor", int64_t{2}}}, {x, x});
  for (int run = 0; run < 2; ++run) EXPECT_EQ(values_of<float>(same.run()[0]), expected);

  Subject scalar("AddScaled", {}, {x, vector({3})});
  expected = values_of<float>(x);
  for (float& value : expected) value += 3;
  for (int run = 0; run < 2; ++run) EXPECT_EQ(values_of<float>(scalar.run()[0]), expected);

  expect_error(ErrorCode::kInvalidArgument,
               "AddScaled 'here': input 1 is f32[2], but the layer is element-wise: it must have the shape of input 0, "
               "[40000], or one element",
               [&] { Subject("AddScaled", {}, {x, vector({1, 2})}); });
}

TEST_F(Elementwise, ProductsAreRoundedBeforeTheyAreAdded) {
  // The square of 1 + 2^-12 is 1 + 2^-11 when rounded; added unrounded, as a processor may do it, 2^-24 would be left.
  std::vector<float> minus_square(100, -1 - 0x1p-11F), root(100, 1 + 0x1p-12F);
  Subject sum("AddScaled", {{"factor", 1 + 0x1p-12}},
              {Tensor::from<float>(minus_square, {100}), Tensor::from<float>(root, {100})});
  EXPECT_EQ(values_of<float>(sum.run()[0]), std::vector<float>(100, 0));
}

TEST_F(Elementwise, SeesVectorsWhateverTheShape) {
  Subject rank("CountsRank", {}, {floats({0, 0}, {1, 2, 1})});
  for (int run = 0; run < 2; ++run) EXPECT_EQ(values_of<float>(rank.run()[0]), (std::vector<float>{11, 11}));
}

TEST_F(Elementwise, AWrongClaimIsFoundInTheFirstRun) {
  const auto claims = [](const char* how) {
    return Subject("Claims", {{"how", std::string(how)}}, {vector({1, 2, 3})}).run()[0];
  };
  const char* message =
      "Claims 'here': it is declared to be element-wise, but gives other results in place or in parts";
  expect_error(ErrorCode::kInternal, message, [&] { claims("needs all"); });
  expect_error(ErrorCode::kInternal, message, [&] { claims("reads after writing"); });
  EXPECT_EQ(values_of<float>(claims("rightly")), (std::vector<float>{2, 3, 4}));
  // A layer that draws random numbers cannot be held to this.
  EXPECT_EQ(claims("differs each time").count(), 3);
}

}  // namespace
}  // namespace tenon
