// SPDX-License-Identifier: Apache-2.0
#include <tenon/shape.h>

#include "errors.h"

namespace tenon {
namespace {

using test::expect_error;

TEST(Dims, CountIsTheProductAndOneForAScalar) {
  EXPECT_EQ(Dims({2, 3, 4}).count(), 24);
  EXPECT_EQ(Dims().count(), 1);
  EXPECT_EQ(Dims({2, 3, 4}).count(1, 3), 12);
}

TEST(Dims, AZeroExtentMakesTheCountZeroEvenBesideHugeOnes) {
  EXPECT_EQ(Dims({int64_t{1} << 40, int64_t{1} << 40, 0}).count(), 0);
}

TEST(Dims, OverflowIsAnError) {
  expect_error(ErrorCode::kInvalidArgument, "exceeds 2^63",
               [] { (void)Dims({int64_t{1} << 40, int64_t{1} << 40}).count(); });
}

TEST(Dims, SeventeenDimensionsAreUnsupported) {
  Dims dims;
  for (int i = 0; i < kMaxRank; ++i) dims.push_back(1);
  expect_error(ErrorCode::kUnsupported, "more than 16 dimensions", [&] { dims.push_back(1); });
}

TEST(Dims, NegativeExtentsAreRefused) {
  expect_error(ErrorCode::kInvalidArgument, "extent -2", [] { (void)Dims({1, -2}); });
}

TEST(Bytes, SubByteTypesRoundUp) {
  EXPECT_EQ(bytes_for(DType::kInt4, 3), 2);
  EXPECT_EQ(bytes_for(DType::kFloat32, 3), 12);
  EXPECT_EQ(bytes_for(DType::kComplex128, 2), 32);
  EXPECT_EQ(bytes_for(DType::kFloat32, 0), 0);
}

TEST(Bytes, StringsAndOverflowAreErrors) {
  expect_error(ErrorCode::kInvalidArgument, "dtype string", [] { (void)bytes_for(DType::kString, 1); });
  expect_error(ErrorCode::kInvalidArgument, "exceeds 2^63", [] { (void)bytes_for(DType::kFloat64, int64_t{1} << 60); });
}

struct ShapeRow {
  const char* text;
  const char* printed;
};
constexpr ShapeRow kShapes[] = {
    {"[N,3,224,224]", "[N,3,224,224]"},
    {"N, 3, ?", "[N,3,?]"},
    {"1x28x28", "[1,28,28]"},
    {"", "[]"},
    {"[]", "[]"},
    {"7", "[7]"},
    {"-1,4", "[?,4]"},
    {"batch_size", "[batch_size]"},
    {"0,2", "[0,2]"},
};

TEST(Shape, TextIsReadAndPrinted) {
  for (const ShapeRow& row : kShapes) EXPECT_EQ(to_string(parse_shape(row.text)), row.printed) << row.text;
}

TEST(Shape, UnreadableTextIsAnErrorThatShowsTheDimension) {
  for (const char* text : {"1,,2", "3a", "[1", "1,-2", "99999999999999999999"})
    expect_error(ErrorCode::kInvalidArgument, "the shape '", [&] { (void)parse_shape(text); });
}

TEST(Shape, ConcreteOnlyWhenEveryExtentIsConstant) {
  EXPECT_EQ(to_dims(parse_shape("2,3")), Dims({2, 3}));
  EXPECT_EQ(to_dims(parse_shape("N,3")), std::nullopt);
}

TEST(Dim, UnknownExtentsAreNotKnownToBeEqual) {
  EXPECT_TRUE(known_equal(Dim("N"), Dim("N")));
  EXPECT_TRUE(known_equal(Dim(3), Dim(3)));
  EXPECT_FALSE(known_equal(Dim(), Dim()));
  EXPECT_FALSE(known_equal(Dim("N"), Dim("M")));
}

TEST(DType, EveryNameIsFoundAgain) {
  for (int32_t i = 1; i < kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(dtype_from_name(dtype_name(dtype)), dtype);
  }
  EXPECT_EQ(dtype_from_name("Float32"), DType::kFloat32);
  EXPECT_EQ(dtype_from_name("DOUBLE"), DType::kFloat64);
  EXPECT_EQ(dtype_from_name("float33"), std::nullopt);
  EXPECT_EQ(dtype_name(static_cast<DType>(99)), "invalid");
}

}  // namespace
}  // namespace tenon
