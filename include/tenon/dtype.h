// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/export.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// Element types of tensors. The numbers are ONNX's TensorProto.DataType (onnx.proto3, IR version 13).
namespace tenon {

/// An element type. Values are permanent: they are stored in plans and cross the plugin ABI.
enum class DType : int32_t {
  kUndefined = 0,
  kFloat32 = 1,
  kUInt8 = 2,
  kInt8 = 3,
  kUInt16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,  ///< One byte, 0 or 1.
  kFloat16 = 10,
  kFloat64 = 11,
  kUInt32 = 12,
  kUInt64 = 13,
  kComplex64 = 14,
  kComplex128 = 15,
  kBFloat16 = 16,
  kFloat8E4M3FN = 17,
  kFloat8E4M3FNUZ = 18,
  kFloat8E5M2 = 19,
  kFloat8E5M2FNUZ = 20,
  kUInt4 = 21,  ///< Two to a byte, the first in the low bits; likewise kInt4 and kFloat4E2M1.
  kInt4 = 22,
  kFloat4E2M1 = 23,
  kFloat8E8M0 = 24,
};

/// How an element type is classed for arithmetic and conversion.
enum class DTypeKind { kNone, kBool, kSigned, kUnsigned, kFloat, kComplex, kString };

/// The number of dtypes, kUndefined included: valid values are 0 … kDTypeCount - 1.
inline constexpr int32_t kDTypeCount = 25;

/// The short name: "f32", "i64", "bool", "bf16", "f8e4m3fn", "u4", "string", "undefined"; "invalid" for other values.
[[nodiscard]] TENON_API std::string_view dtype_name(DType dtype) noexcept;

/// The dtype of a short name ("f32"), a NumPy name ("float32") or an ONNX name ("FLOAT"), in any case; nullopt if
/// unknown.
[[nodiscard]] TENON_API std::optional<DType> dtype_from_name(std::string_view name) noexcept;

/// Bits per element: 32 for f32, 8 for bool, 4 for i4; 0 for kUndefined and kString (strings are not stored inline).
[[nodiscard]] TENON_API int dtype_bits(DType dtype) noexcept;

/// The class of an element type.
[[nodiscard]] TENON_API DTypeKind dtype_kind(DType dtype) noexcept;

/// True for f64, f32, f16, bf16 and the 8- and 4-bit floats.
[[nodiscard]] inline bool is_float(DType dtype) noexcept { return dtype_kind(dtype) == DTypeKind::kFloat; }

/// True for signed and unsigned integers, not for bool.
[[nodiscard]] inline bool is_integer(DType dtype) noexcept {
  return dtype_kind(dtype) == DTypeKind::kSigned || dtype_kind(dtype) == DTypeKind::kUnsigned;
}

/// True when `value` is one of the enumerators, kUndefined included.
[[nodiscard]] inline bool is_valid_dtype(int64_t value) noexcept { return value >= 0 && value < kDTypeCount; }

/// The dtype of a C++ element type (float, double, bool, [u]int8_t … [u]int64_t).
template <typename T>
inline constexpr DType kDTypeOf = DType::kUndefined;
template <>
inline constexpr DType kDTypeOf<float> = DType::kFloat32;
template <>
inline constexpr DType kDTypeOf<double> = DType::kFloat64;
template <>
inline constexpr DType kDTypeOf<bool> = DType::kBool;
template <>
inline constexpr DType kDTypeOf<int8_t> = DType::kInt8;
template <>
inline constexpr DType kDTypeOf<int16_t> = DType::kInt16;
template <>
inline constexpr DType kDTypeOf<int32_t> = DType::kInt32;
template <>
inline constexpr DType kDTypeOf<int64_t> = DType::kInt64;
template <>
inline constexpr DType kDTypeOf<uint8_t> = DType::kUInt8;
template <>
inline constexpr DType kDTypeOf<uint16_t> = DType::kUInt16;
template <>
inline constexpr DType kDTypeOf<uint32_t> = DType::kUInt32;
template <>
inline constexpr DType kDTypeOf<uint64_t> = DType::kUInt64;

}  // namespace tenon
