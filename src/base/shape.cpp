// SPDX-License-Identifier: Apache-2.0
#include <tenon/shape.h>

#include "base/checked.h"

#include <fmt/core.h>

#include <charconv>

namespace tenon {

Dims::Dims(std::span<const int64_t> extents) {
  for (const int64_t extent : extents) push_back(extent);
}

void Dims::push_back(int64_t extent) {
  if (rank_ == kMaxRank) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("a shape has more than {} dimensions; Tenon stops there", kMaxRank));
  }
  if (extent < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a concrete shape has the extent {}; 0 or more is required", extent));
  }
  extents_[rank_++] = extent;
}

int64_t Dims::count() const { return count(0, rank_); }

int64_t Dims::count(int first, int last) const {
  // A zero anywhere makes the product zero, even where the other extents alone would overflow.
  for (int i = first; i < last; ++i)
    if (extents_[i] == 0) return 0;
  int64_t product = 1;
  for (int i = first; i < last; ++i) product = checked_mul(product, extents_[i], "the number of elements of a tensor");
  return product;
}

std::string to_string(const Dims& dims) { return to_string(to_shape(dims)); }

int64_t bytes_for(DType dtype, int64_t count) {
  const int bits = dtype_bits(dtype);
  if (bits == 0 || count < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} elements of dtype {} have no size in bytes", count, dtype_name(dtype)));
  }
  const int64_t total = checked_mul(count, bits, "the size of a tensor");
  return total / 8 + (total % 8 != 0 ? 1 : 0);
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (const Dim& dim : shape) {
    if (text.size() > 1) text += ',';
    text += dim.is_constant() ? std::to_string(dim.value()) : dim.is_symbol() ? dim.symbol() : "?";
  }
  return text + "]";
}

Shape parse_shape(std::string_view text) {
  const std::string_view whole = text;
  const auto fail = [&](std::string_view part) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("the shape '{}' has the dimension '{}'; write numbers, names or '?' with commas between, as in "
                    "'N,3,224,224'",
                    whole, part));
  };
  if (!text.empty() && text.front() == '[') {
    if (text.back() != ']') fail(text);
    text = text.substr(1, text.size() - 2);
  }
  Shape shape;
  if (text.empty()) return shape;
  // "1x28x28" is read as "1,28,28" when there is no comma and every part is a number.
  const char separator = text.find(',') == text.npos && text.find_first_not_of("0123456789x") == text.npos ? 'x' : ',';
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    std::string_view part = text.substr(begin, end - begin);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    int64_t number = 0;
    const auto [stop, status] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (part == "?" || part == "-1") {
      shape.emplace_back();
    } else if (status == std::errc() && stop == part.data() + part.size() && number >= 0) {
      shape.emplace_back(number);
    } else if (!part.empty() && part.find_first_of("0123456789-[]? ") != 0) {
      shape.emplace_back(std::string(part));
    } else {
      fail(part);
    }
    begin = end + 1;
  }
  return shape;
}

Shape to_shape(const Dims& dims) { return {dims.begin(), dims.end()}; }

std::optional<Dims> to_dims(const Shape& shape) {
  Dims dims;
  for (const Dim& dim : shape) {
    if (!dim.is_constant()) return std::nullopt;
    dims.push_back(dim.value());
  }
  return dims;
}

std::string to_string(const TensorType& type) {
  return std::string(type.dtype == DType::kUndefined ? "?" : dtype_name(type.dtype)) +
         (type.shape ? to_string(*type.shape) : "[...]");
}

}  // namespace tenon
