// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/dtype.h>

#include <cstdint>
#include <optional>

// TensorFlow's element types (tensorflow/core/framework/types.proto, TensorFlow 2.21) and ours.
namespace tenon::tensorflow {

/// The dtype of a DataType number; DT_INVALID (0) is kUndefined. nullopt for types that Tenon has no dtype for: the
/// quantised ones, resources, variants, 2-bit integers, and references (numbers above 100).
[[nodiscard]] std::optional<DType> dtype_from_number(int64_t number) noexcept;

/// The DataType number; nullopt for dtypes that TensorFlow does not have (f8e8m0).
[[nodiscard]] std::optional<int32_t> number_from_dtype(DType dtype) noexcept;

}  // namespace tenon::tensorflow
