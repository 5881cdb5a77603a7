// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace tenon {
namespace {

/// The layout of a float type of at most 16 bits: sign, `exponent` bits, `mantissa` bits.
struct SmallFloat {
  int exponent;
  int mantissa;
  int bias;
  bool has_infinity;   // The top exponent holds infinity and NaN, as IEEE 754 has it.
  bool unsigned_zero;  // "UZ": the pattern of -0 is the only NaN.
  bool sign = true;
};

constexpr SmallFloat small_float(DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return {5, 10, 15, true, false};
    case DType::kBFloat16:
      return {8, 7, 127, true, false};
    case DType::kFloat8E4M3FN:
      return {4, 3, 7, false, false};
    case DType::kFloat8E4M3FNUZ:
      return {4, 3, 8, false, true};
    case DType::kFloat8E5M2:
      return {5, 2, 15, true, false};
    case DType::kFloat8E5M2FNUZ:
      return {5, 2, 16, false, true};
    case DType::kFloat4E2M1:
      return {2, 1, 1, false, false};
    default:
      return {};
  }
}

double decode(uint32_t bits, DType dtype) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (dtype == DType::kFloat8E8M0) return bits == 0xFF ? nan : std::ldexp(1.0, static_cast<int>(bits) - 127);
  const SmallFloat f = small_float(dtype);
  const uint32_t magnitude_mask = (1U << (f.exponent + f.mantissa)) - 1;
  const bool negative = (bits & ~magnitude_mask) != 0;
  const uint32_t magnitude = bits & magnitude_mask;
  const uint32_t fraction = magnitude & ((1U << f.mantissa) - 1);
  const auto exponent = static_cast<int>(magnitude >> f.mantissa);
  const int top = (1 << f.exponent) - 1;
  if (f.unsigned_zero && negative && magnitude == 0) return nan;
  if (f.has_infinity && exponent == top) {
    if (fraction != 0) return nan;
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  if (dtype == DType::kFloat8E4M3FN && magnitude == magnitude_mask) return nan;
  const double value =
      exponent == 0 ? std::ldexp(static_cast<double>(fraction), 1 - f.bias - f.mantissa)
                    : std::ldexp(static_cast<double>(fraction + (1U << f.mantissa)), exponent - f.bias - f.mantissa);
  return negative ? -value : value;
}

// Rounds to nearest even by scaling so that one unit of the last place is 1, where nearbyint rounds exactly that way.
uint32_t encode(double value, DType dtype) {
  if (dtype == DType::kFloat8E8M0) {  // A power of two, rounded to nearest with ties up.
    if (!(value > 0) || std::isinf(value)) return std::isnan(value) || value < 0 ? 0xFF : value == 0 ? 0 : 0xFE;
    return static_cast<uint32_t>(std::fmin(254, std::fmax(0, std::floor(std::log2(value) + 0.5) + 127)));
  }
  const SmallFloat f = small_float(dtype);
  const uint32_t sign = 1U << (f.exponent + f.mantissa);
  const uint32_t infinity = static_cast<uint32_t>((1 << f.exponent) - 1) << f.mantissa;
  const bool negative = std::signbit(value);
  if (std::isnan(value)) {
    if (f.unsigned_zero) return sign;
    if (f.has_infinity) return (negative ? sign : 0) | infinity | (1U << (f.mantissa - 1));
    return dtype == DType::kFloat8E4M3FN ? (negative ? sign : 0) | (sign - 1) : sign;  // f4e2m1 has no NaN: -0
  }
  // The largest finite magnitude's pattern.
  const uint32_t largest = f.has_infinity ? infinity - 1 : dtype == DType::kFloat8E4M3FN ? sign - 2 : sign - 1;
  // f16 and bf16 overflow to infinity; 8- and 4-bit floats saturate (ONNX Cast-19, saturate = 1).
  const bool saturates = f.exponent + f.mantissa < 15;
  uint32_t pattern = 0;
  const double magnitude = std::fabs(value);
  if (std::isinf(magnitude)) {
    pattern = saturates ? largest : infinity;
  } else if (magnitude > 0) {
    const int exponent = std::max(std::ilogb(magnitude), 1 - f.bias);
    const double units = std::nearbyint(std::ldexp(magnitude, f.mantissa - exponent));
    // `units` may have carried into the next exponent; adding it to the exponent field does the carry.
    const int64_t wide = (static_cast<int64_t>(exponent + f.bias - 1) << f.mantissa) + static_cast<int64_t>(units);
    pattern = wide > static_cast<int64_t>(largest) ? (saturates ? largest : infinity) : static_cast<uint32_t>(wide);
  }
  if (f.unsigned_zero && pattern == 0) return 0;
  return pattern | (negative ? sign : 0);
}

template <typename T>
T at(const void* data, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(data) + index * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <typename T>
void put(void* data, int64_t index, T value) {
  std::memcpy(static_cast<char*>(data) + index * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

uint32_t nibble(const void* data, int64_t index) {
  return (static_cast<uint32_t>(at<uint8_t>(data, index / 2)) >> (index % 2 * 4)) & 0xF;
}

void put_nibble(void* data, int64_t index, uint32_t bits) {
  const auto old = static_cast<uint32_t>(at<uint8_t>(data, index / 2));
  const int shift = static_cast<int>(index % 2 * 4);
  put(data, index / 2, static_cast<uint8_t>((old & ~(0xFU << shift)) | (bits & 0xF) << shift));
}

int64_t sign_extended(uint32_t nibble_bits) { return static_cast<int64_t>(nibble_bits ^ 8U) - 8; }

[[noreturn]] void no_number(DType dtype) {
  throw Error(ErrorCode::kUnsupported,
              fmt::format("elements of dtype {} cannot be read as one number", dtype_name(dtype)));
}

// Out-of-range and NaN conversions are undefined in C++; these say what happens.
template <typename T>
T saturated(double value) {
  if (std::isnan(value)) return 0;
  constexpr double kLow = static_cast<double>(std::numeric_limits<T>::lowest());
  constexpr double kHigh = static_cast<double>(std::numeric_limits<T>::max());  // may round up to 2^63 or 2^64
  if (value <= kLow) return std::numeric_limits<T>::lowest();
  if (value >= kHigh) return std::numeric_limits<T>::max();
  return static_cast<T>(value);
}

// Calls `visit` with a zero of the integer type that stores `dtype`; false when it is not a byte-sized integer or bool.
template <typename Visit>
bool visit_integer(DType dtype, Visit&& visit) {
  switch (dtype) {
    case DType::kBool:
    case DType::kUInt8:
      visit(uint8_t{0});
      return true;
    case DType::kInt8:
      visit(int8_t{0});
      return true;
    case DType::kUInt16:
      visit(uint16_t{0});
      return true;
    case DType::kInt16:
      visit(int16_t{0});
      return true;
    case DType::kUInt32:
      visit(uint32_t{0});
      return true;
    case DType::kInt32:
      visit(int32_t{0});
      return true;
    case DType::kUInt64:
      visit(uint64_t{0});
      return true;
    case DType::kInt64:
      visit(int64_t{0});
      return true;
    default:
      return false;
  }
}

double load_float(const void* data, DType dtype, int64_t index) {
  switch (dtype) {
    case DType::kFloat32:
      return static_cast<double>(at<float>(data, index));
    case DType::kFloat64:
      return at<double>(data, index);
    case DType::kFloat16:
    case DType::kBFloat16:
      return decode(at<uint16_t>(data, index), dtype);
    case DType::kFloat4E2M1:
      return decode(nibble(data, index), dtype);
    default:
      return decode(at<uint8_t>(data, index), dtype);
  }
}

}  // namespace

double load_f64(const void* data, DType dtype, int64_t index) {
  if (is_float(dtype)) return load_float(data, dtype, index);
  if (dtype_kind(dtype) == DTypeKind::kUnsigned) return static_cast<double>(load_u64(data, dtype, index));
  return static_cast<double>(load_i64(data, dtype, index));
}

int64_t load_i64(const void* data, DType dtype, int64_t index) {
  if (is_float(dtype)) return saturated<int64_t>(load_float(data, dtype, index));
  if (dtype == DType::kInt4) return sign_extended(nibble(data, index));
  if (dtype == DType::kUInt4) return static_cast<int64_t>(nibble(data, index));
  int64_t result = 0;
  if (!visit_integer(dtype, [&](auto zero) { result = static_cast<int64_t>(at<decltype(zero)>(data, index)); }))
    no_number(dtype);
  return result;
}

uint64_t load_u64(const void* data, DType dtype, int64_t index) {
  if (is_float(dtype)) return saturated<uint64_t>(load_float(data, dtype, index));
  return static_cast<uint64_t>(load_i64(data, dtype, index));
}

void store_f64(void* data, DType dtype, int64_t index, double value) {
  switch (dtype) {
    case DType::kFloat32:
      return put(data, index, static_cast<float>(value));
    case DType::kFloat64:
      return put(data, index, value);
    case DType::kFloat16:
    case DType::kBFloat16:
      return put(data, index, static_cast<uint16_t>(encode(value, dtype)));
    case DType::kFloat4E2M1:
      return put_nibble(data, index, encode(value, dtype));
    case DType::kBool:
      return put(data, index, static_cast<uint8_t>(value != 0));
    case DType::kInt4:
      return put_nibble(data, index, static_cast<uint32_t>(saturated<int64_t>(std::fmin(7, std::fmax(-8, value)))));
    case DType::kUInt4:
      return put_nibble(data, index, static_cast<uint32_t>(saturated<int64_t>(std::fmin(15, std::fmax(0, value)))));
    default:
      break;
  }
  if (is_float(dtype)) return put(data, index, static_cast<uint8_t>(encode(value, dtype)));
  if (!visit_integer(dtype, [&](auto zero) { put(data, index, saturated<decltype(zero)>(value)); })) no_number(dtype);
}

void store_i64(void* data, DType dtype, int64_t index, int64_t value) {
  if (is_float(dtype)) return store_f64(data, dtype, index, static_cast<double>(value));
  if (dtype == DType::kBool) return put(data, index, static_cast<uint8_t>(value != 0));
  if (dtype == DType::kInt4 || dtype == DType::kUInt4)
    return put_nibble(data, index, static_cast<uint32_t>(value & 0xF));
  if (!visit_integer(dtype, [&](auto zero) { put(data, index, static_cast<decltype(zero)>(value)); })) no_number(dtype);
}

void store_u64(void* data, DType dtype, int64_t index, uint64_t value) {
  if (is_float(dtype)) return store_f64(data, dtype, index, static_cast<double>(value));
  store_i64(data, dtype, index, static_cast<int64_t>(value));
}

void copy_element(void* dst, int64_t dst_index, const void* src, int64_t src_index, DType dtype) {
  const int bits = dtype_bits(dtype);
  if (bits == 4) return put_nibble(dst, dst_index, nibble(src, src_index));
  if (bits == 0) no_number(dtype);
  const auto size = static_cast<size_t>(bits / 8);
  std::memcpy(static_cast<char*>(dst) + static_cast<size_t>(dst_index) * size,
              static_cast<const char*>(src) + static_cast<size_t>(src_index) * size, size);
}

void convert(const TensorView& src, const MutableTensorView& dst) {
  const int64_t count = src.dims.count();
  if (count != dst.dims.count()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("cannot convert {} elements into {}", count, dst.dims.count()));
  }
  if (src.dtype == dst.dtype) {
    if (count > 0) std::memcpy(dst.data, src.data, static_cast<size_t>(src.size_bytes()));
    return;
  }
  const DTypeKind kind = dtype_kind(src.dtype);
  for (int64_t i = 0; i < count; ++i) {
    if (kind == DTypeKind::kFloat) {
      store_f64(dst.data, dst.dtype, i, load_f64(src.data, src.dtype, i));
    } else if (kind == DTypeKind::kUnsigned) {
      store_u64(dst.data, dst.dtype, i, load_u64(src.data, src.dtype, i));
    } else {
      store_i64(dst.data, dst.dtype, i, load_i64(src.data, src.dtype, i));
    }
  }
}

Tensor cast(const Tensor& src, DType dtype) {
  Tensor result = Tensor::empty(dtype, src.dims());
  // The padding bits of an odd number of 4-bit elements are defined, so that equal tensors have equal bytes.
  if (dtype_bits(dtype) == 4) std::memset(result.mutable_data(), 0, static_cast<size_t>(result.size_bytes()));
  convert(src.view(), result.mutable_view());
  return result;
}

float f16_to_f32(uint16_t bits) noexcept { return static_cast<float>(decode(bits, DType::kFloat16)); }
uint16_t f32_to_f16(float value) noexcept {
  return static_cast<uint16_t>(encode(static_cast<double>(value), DType::kFloat16));
}
float bf16_to_f32(uint16_t bits) noexcept { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
uint16_t f32_to_bf16(float value) noexcept {
  return static_cast<uint16_t>(encode(static_cast<double>(value), DType::kBFloat16));
}

}  // namespace tenon
