// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/elements.h"

#include <cstdint>
#include <cstring>
#include <vector>

// base/elements.h for code that is written once for double, int64_t and uint64_t: the three types reference kernels
// compute in.
namespace tenon {

template <typename T>
[[nodiscard]] T load(const TensorView& view, int64_t index) = delete;
template <>
[[nodiscard]] inline double load<double>(const TensorView& view, int64_t index) {
  if (view.dtype == DType::kFloat32) {  // Nearly always; saves a call. A mapped tensor may not be aligned.
    float value = 0;
    std::memcpy(&value, view.as<char>() + index * 4, 4);
    return static_cast<double>(value);
  }
  return load_f64(view.data, view.dtype, index);
}
template <>
[[nodiscard]] inline int64_t load<int64_t>(const TensorView& view, int64_t index) {
  return load_i64(view.data, view.dtype, index);
}
template <>
[[nodiscard]] inline uint64_t load<uint64_t>(const TensorView& view, int64_t index) {
  return load_u64(view.data, view.dtype, index);
}

template <typename T>
void store(const MutableTensorView& view, int64_t index, T value) = delete;
template <>
inline void store<double>(const MutableTensorView& view, int64_t index, double value) {
  if (view.dtype == DType::kFloat32) {
    const auto narrow = static_cast<float>(value);
    std::memcpy(view.as<char>() + index * 4, &narrow, 4);
    return;
  }
  store_f64(view.data, view.dtype, index, value);
}
template <>
inline void store<int64_t>(const MutableTensorView& view, int64_t index, int64_t value) {
  store_i64(view.data, view.dtype, index, value);
}
template <>
inline void store<uint64_t>(const MutableTensorView& view, int64_t index, uint64_t value) {
  store_u64(view.data, view.dtype, index, value);
}

/// All elements.
template <typename T>
[[nodiscard]] std::vector<T> load_all(const TensorView& view) {
  std::vector<T> values(static_cast<size_t>(view.dims.count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = load<T>(view, static_cast<int64_t>(i));
  return values;
}

}  // namespace tenon
