// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"

#include "errors.h"

#include <bit>
#include <cmath>
#include <limits>

namespace tenon {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
const double kNan = std::numeric_limits<double>::quiet_NaN();

struct FloatRow {
  DType dtype;
  double value;
  uint32_t bits;
};

// Bit patterns by hand from the formats' definitions (IEEE 754-2019 3.4; OCP OFP8 1.0 table 1; OCP MX 1.0 table 1).
const FloatRow kFloats[] = {
    {DType::kFloat16, 1.0, 0x3C00},
    {DType::kFloat16, -2.0, 0xC000},
    {DType::kFloat16, 65504.0, 0x7BFF},
    {DType::kFloat16, 65520.0, 0x7C00},  // rounds up to infinity
    {DType::kFloat16, 65519.0, 0x7BFF},
    {DType::kFloat16, std::ldexp(1.0, -24), 0x0001},
    {DType::kFloat16, std::ldexp(1.0, -25), 0x0000},  // tie, to even
    {DType::kFloat16, 3 * std::ldexp(1.0, -25), 0x0002},
    {DType::kFloat16, 2049.0, 0x6800},
    {DType::kFloat16, 2051.0, 0x6802},  // ties to even
    {DType::kFloat16, kInf, 0x7C00},
    {DType::kFloat16, -0.0, 0x8000},
    {DType::kBFloat16, 1.0, 0x3F80},
    {DType::kBFloat16, 1.00390625, 0x3F80},  // 1 + 2^-8: tie
    {DType::kBFloat16, 1.01171875, 0x3F82},
    {DType::kBFloat16, -kInf, 0xFF80},
    {DType::kFloat8E4M3FN, 448.0, 0x7E},
    {DType::kFloat8E4M3FN, 1000.0, 0x7E},  // saturates
    {DType::kFloat8E4M3FN, 1.0, 0x38},
    {DType::kFloat8E4M3FN, std::ldexp(1.0, -9), 0x01},
    {DType::kFloat8E4M3FN, -kInf, 0xFE},
    {DType::kFloat8E4M3FNUZ, 240.0, 0x7F},
    {DType::kFloat8E4M3FNUZ, 1.0, 0x40},
    {DType::kFloat8E4M3FNUZ, -0.0, 0x00},
    {DType::kFloat8E5M2, 57344.0, 0x7B},
    {DType::kFloat8E5M2, 1.0, 0x3C},
    {DType::kFloat8E5M2, 1e9, 0x7B},
    {DType::kFloat8E5M2FNUZ, 1.0, 0x40},
    {DType::kFloat4E2M1, 6.0, 0x7},
    {DType::kFloat4E2M1, 100.0, 0x7},
    {DType::kFloat4E2M1, 0.5, 0x1},
    {DType::kFloat4E2M1, -1.5, 0xB},
    {DType::kFloat4E2M1, 2.5, 0x4},
    {DType::kFloat4E2M1, 5.0, 0x6},  // ties to even
    {DType::kFloat8E8M0, 1.0, 127},
    {DType::kFloat8E8M0, 0.5, 126},
};

uint32_t stored_bits(DType dtype, double value) {
  uint16_t memory = 0;
  store_f64(&memory, dtype, 0, value);
  return memory;
}

TEST(Elements, FloatsAreStoredAsTheFormatsSay) {
  for (const FloatRow& row : kFloats)
    EXPECT_EQ(stored_bits(row.dtype, row.value), row.bits) << dtype_name(row.dtype) << ' ' << row.value;
}

TEST(Elements, EveryPatternOfASmallFloatReadsAndStoresBackToItself) {
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16, DType::kFloat8E4M3FN, DType::kFloat8E4M3FNUZ,
                            DType::kFloat8E5M2, DType::kFloat8E5M2FNUZ, DType::kFloat4E2M1, DType::kFloat8E8M0}) {
    for (uint32_t bits = 0; bits < 1U << dtype_bits(dtype); ++bits) {
      const auto memory = static_cast<uint16_t>(bits);
      const double value = load_f64(&memory, dtype, 0);
      if (std::isnan(value)) {
        const auto again = static_cast<uint16_t>(stored_bits(dtype, value));
        EXPECT_TRUE(std::isnan(load_f64(&again, dtype, 0))) << dtype_name(dtype);
      } else if (!std::isinf(value) || dtype_bits(dtype) == 16) {  // 8-bit floats saturate instead of storing infinity
        EXPECT_EQ(stored_bits(dtype, value), bits) << dtype_name(dtype) << ' ' << value;
      }
    }
  }
}

TEST(Elements, BFloat16AgreesWithTheUpperHalfOfFloat32) {
  for (const float value : {1.0F, -3.5F, 1e-30F, 3e38F}) {
    const uint16_t bits = f32_to_bf16(value);
    EXPECT_EQ(std::bit_cast<uint32_t>(bf16_to_f32(bits)), static_cast<uint32_t>(bits) << 16);
    EXPECT_NEAR(bf16_to_f32(bits) / value, 1.0F, 1.0F / 256);
  }
}

TEST(Elements, FourBitElementsShareAByteLowBitsFirst) {
  uint8_t memory[2] = {};
  store_i64(memory, DType::kInt4, 0, -3);
  store_i64(memory, DType::kInt4, 1, 7);
  store_i64(memory, DType::kInt4, 2, -8);
  EXPECT_EQ(memory[0], 0x7D);
  EXPECT_EQ(memory[1], 0x08);
  EXPECT_EQ(load_i64(memory, DType::kInt4, 0), -3);
  EXPECT_EQ(load_i64(memory, DType::kInt4, 1), 7);
  EXPECT_EQ(load_i64(memory, DType::kInt4, 2), -8);
  EXPECT_EQ(load_u64(memory, DType::kUInt4, 0), 13U);
}

TEST(Elements, FloatsOutOfAnIntegersRangeSaturateAndNanIsZero) {
  int32_t memory = 1;
  store_f64(&memory, DType::kInt32, 0, 1e20);
  EXPECT_EQ(memory, std::numeric_limits<int32_t>::max());
  store_f64(&memory, DType::kInt32, 0, -kInf);
  EXPECT_EQ(memory, std::numeric_limits<int32_t>::min());
  store_f64(&memory, DType::kInt32, 0, kNan);
  EXPECT_EQ(memory, 0);
  store_f64(&memory, DType::kInt32, 0, -1.9);
  EXPECT_EQ(memory, -1);
  const double big = 1e300;
  EXPECT_EQ(load_u64(&big, DType::kFloat64, 0), std::numeric_limits<uint64_t>::max());
}

TEST(Elements, IntegersWrapWhenTheyAreNarrowed) {
  uint8_t memory = 0;
  store_i64(&memory, DType::kUInt8, 0, -1);
  EXPECT_EQ(memory, 255);
  store_i64(&memory, DType::kBool, 0, 256);
  EXPECT_EQ(memory, 1);  // bool is "not zero", not the low byte
}

TEST(Convert, UnsignedIntegersKeepTheirLargeValues) {
  const Tensor big = Tensor::scalar<uint64_t>(std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(cast(big, DType::kFloat64).values<double>()[0], 18446744073709551616.0);
  EXPECT_EQ(cast(big, DType::kInt32).values<int32_t>()[0], -1);
}

TEST(Convert, CountsMustAgree) {
  const Tensor three = Tensor::zeros(DType::kFloat32, {3});
  Tensor two = Tensor::zeros(DType::kFloat64, {2});
  test::expect_error(ErrorCode::kInvalidArgument, "3 elements into 2",
                     [&] { convert(three.view(), two.mutable_view()); });
}

TEST(Convert, StringsAreNotNumbers) {
  const Tensor text = Tensor::of_strings({"a"}, {1});
  test::expect_error(ErrorCode::kUnsupported, "dtype string", [&] { (void)load_f64(text.data(), text.dtype(), 0); });
}

}  // namespace
}  // namespace tenon
