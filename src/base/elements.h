// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/dtype.h>
#include <tenon/tensor.h>

#include <cstdint>

// Single elements of any dtype, through one of three wide types: double for floats, int64 for signed integers and bool,
// uint64 for unsigned ones. Reference kernels, constant folding and conversions are written on top of these, so that
// one obvious implementation serves every dtype.
namespace tenon {

/// Element `index` of `data` as a double. Integers beyond 2^53 round to nearest even. 4-bit types are two to a byte.
/// Throws kUnsupported for strings and complex numbers, as do the functions below.
[[nodiscard]] double load_f64(const void* data, DType dtype, int64_t index);
/// As a signed integer: floats are truncated towards zero, NaN gives 0, values out of range saturate.
[[nodiscard]] int64_t load_i64(const void* data, DType dtype, int64_t index);
/// As an unsigned integer: floats truncate and saturate; negative integers wrap.
[[nodiscard]] uint64_t load_u64(const void* data, DType dtype, int64_t index);

/// Stores with rounding to nearest even for floats (overflow to infinity, or to the largest value where the type has
/// none, as ONNX's Cast with saturate = 1 says for 8-bit floats); integers truncate towards zero and saturate, NaN
/// becomes 0; bool stores value != 0.
void store_f64(void* data, DType dtype, int64_t index, double value);
/// Stores an integer; narrower integers wrap.
void store_i64(void* data, DType dtype, int64_t index, int64_t value);
void store_u64(void* data, DType dtype, int64_t index, uint64_t value);

/// Copies one element of a byte-sized or 4-bit dtype, bits unchanged.
void copy_element(void* dst, int64_t dst_index, const void* src, int64_t src_index, DType dtype);

/// Converts all elements of `src` into `dst` by the rules above. Throws kInvalidArgument when the counts differ.
void convert(const TensorView& src, const MutableTensorView& dst);

/// IEEE binary16, bfloat16 and the 8- and 4-bit floats of ONNX (OCP MX 1.0; "FN" has no infinity, "UZ" no negative
/// zero).
[[nodiscard]] float f16_to_f32(uint16_t bits) noexcept;
[[nodiscard]] uint16_t f32_to_f16(float value) noexcept;
[[nodiscard]] float bf16_to_f32(uint16_t bits) noexcept;
[[nodiscard]] uint16_t f32_to_bf16(float value) noexcept;

}  // namespace tenon
