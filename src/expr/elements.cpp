// SPDX-License-Identifier: Apache-2.0
#include "expr/elements.h"

#include "base/elements.h"

#include <cstring>
#include <type_traits>

namespace tenon::expr {
namespace {

bool is_real(ScalarType type) { return is_any(type, kFloats | kHalves); }

// Calls `use` with a value of the C++ type that elements of the dtype are, and with true for those that are loaded and
// stored as they are. f16, bf16 and bool go through base/elements.h.
template <typename Use>
void with_element_type(DType dtype, Use&& use) {
  switch (dtype) {
    case DType::kFloat32:
      return use(float{});
    case DType::kFloat64:
      return use(double{});
    case DType::kInt8:
      return use(int8_t{});
    case DType::kInt16:
      return use(int16_t{});
    case DType::kInt32:
      return use(int32_t{});
    case DType::kInt64:
      return use(int64_t{});
    case DType::kUInt8:
      return use(uint8_t{});
    case DType::kUInt16:
      return use(uint16_t{});
    case DType::kUInt32:
      return use(uint32_t{});
    case DType::kUInt64:
      return use(uint64_t{});
    default:
      return use(bool{});
  }
}

}  // namespace

void load_elements(const TensorView& view, std::span<const int64_t> places, std::span<Scalar> out) {
  with_element_type(view.dtype, [&](auto element) {
    using T = decltype(element);
    const char* data = view.as<char>();
    for (size_t i = 0; i < out.size(); ++i) {
      if constexpr (std::is_same_v<T, bool>) {
        out[i] = is_real(view.dtype) ? Scalar::real(load_f64(data, view.dtype, places[i]))
                                     : Scalar::integer(load_i64(data, view.dtype, places[i]));
      } else {
        T value;  // A mapped tensor may not be aligned.
        std::memcpy(&value, data + places[i] * static_cast<int64_t>(sizeof(T)), sizeof(T));
        if constexpr (std::is_floating_point_v<T>)
          out[i] = Scalar::real(static_cast<double>(value));
        else
          out[i] = Scalar::integer(static_cast<int64_t>(value));
      }
    }
  });
}

void store_elements(const MutableTensorView& view, int64_t place, int64_t step, Lanes values, size_t count) {
  with_element_type(view.dtype, [&](auto element) {
    using T = decltype(element);
    char* data = view.as<char>();
    for (size_t i = 0; i < count; ++i, place += step) {
      if constexpr (std::is_same_v<T, bool>) {
        if (is_real(view.dtype))
          store_f64(data, view.dtype, place, values[i].real());
        else
          store_i64(data, view.dtype, place, values[i].integer());
      } else {
        T value;
        if constexpr (std::is_floating_point_v<T>)
          value = static_cast<T>(values[i].real());
        else
          value = static_cast<T>(values[i].integer());
        std::memcpy(data + place * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
      }
    }
  });
}

}  // namespace tenon::expr
