// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/dtype.h>
#include <tenon/error.h>
#include <tenon/export.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Shapes: concrete ones of tensors in memory (Dims), and symbolic ones of values in a graph (Shape).
namespace tenon {

/// The highest rank a tensor may have. A file with a higher one is refused as kUnsupported.
inline constexpr int kMaxRank = 16;

/// A concrete shape: up to kMaxRank extents, each >= 0, stored inline so that passing shapes around never allocates.
class TENON_API Dims {
 public:
  Dims() = default;
  /// Throws kUnsupported above kMaxRank and kInvalidArgument for a negative extent.
  Dims(std::initializer_list<int64_t> extents) : Dims(std::span(extents.begin(), extents.size())) {}
  explicit Dims(std::span<const int64_t> extents);

  [[nodiscard]] int rank() const noexcept { return rank_; }
  [[nodiscard]] size_t size() const noexcept { return static_cast<size_t>(rank_); }
  [[nodiscard]] bool empty() const noexcept { return rank_ == 0; }
  /// No bounds check: 0 <= axis < rank().
  [[nodiscard]] int64_t operator[](size_t axis) const noexcept { return extents_[axis]; }
  [[nodiscard]] int64_t& operator[](size_t axis) noexcept { return extents_[axis]; }
  [[nodiscard]] const int64_t* begin() const noexcept { return extents_; }
  [[nodiscard]] const int64_t* end() const noexcept { return extents_ + rank_; }
  [[nodiscard]] const int64_t* data() const noexcept { return extents_; }
  [[nodiscard]] std::span<const int64_t> span() const noexcept { return {extents_, size()}; }
  [[nodiscard]] int64_t back() const noexcept { return extents_[rank_ - 1]; }

  /// Appends an extent; throws as the constructor does.
  void push_back(int64_t extent);
  /// The number of elements, 1 for a scalar. Throws kInvalidArgument when it exceeds int64.
  [[nodiscard]] int64_t count() const;
  /// The product of the extents [first, last); the same overflow rule.
  [[nodiscard]] int64_t count(int first, int last) const;

  friend bool operator==(const Dims& a, const Dims& b) noexcept {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i)
      if (a.extents_[i] != b.extents_[i]) return false;
    return true;
  }

 private:
  int64_t extents_[kMaxRank] = {};
  int rank_ = 0;
};

/// "[1,28,28]"; "[]" for a scalar.
[[nodiscard]] TENON_API std::string to_string(const Dims& dims);

/// Bytes that `count` elements take, sub-byte types rounded up to whole bytes. Throws kInvalidArgument on overflow, for
/// a negative count, and for dtypes without a size (string, undefined).
[[nodiscard]] TENON_API int64_t bytes_for(DType dtype, int64_t count);

/// One extent of a symbolic shape: a constant, a named dimension ("N"), or unknown ("?").
class Dim {
 public:
  /// Unknown.
  Dim() = default;
  /// A constant; negative values mean unknown, as in TensorFlow's and NumPy's convention.
  Dim(int64_t value) : value_(value < 0 ? -1 : value) {}  // NOLINT(google-explicit-constructor): reads as a number
  /// A named dimension; all dimensions of that name are equal in one run.
  explicit Dim(std::string symbol) : symbol_(std::move(symbol)) {}

  [[nodiscard]] bool is_constant() const noexcept { return value_ >= 0; }
  [[nodiscard]] bool is_symbol() const noexcept { return !symbol_.empty(); }
  [[nodiscard]] bool is_unknown() const noexcept { return value_ < 0 && symbol_.empty(); }
  /// The constant, or -1.
  [[nodiscard]] int64_t value() const noexcept { return value_; }
  /// The name, or "".
  [[nodiscard]] const std::string& symbol() const noexcept { return symbol_; }

  /// Structural: two unknown dimensions compare equal here, although their extents may differ.
  friend bool operator==(const Dim& a, const Dim& b) noexcept { return a.value_ == b.value_ && a.symbol_ == b.symbol_; }

 private:
  int64_t value_ = -1;
  std::string symbol_;
};

/// True when the extents are known to be equal: the same constant or the same symbol.
[[nodiscard]] inline bool known_equal(const Dim& a, const Dim& b) noexcept { return !a.is_unknown() && a == b; }

/// A symbolic shape of known rank.
using Shape = std::vector<Dim>;

/// "[N,3,?,224]".
[[nodiscard]] TENON_API std::string to_string(const Shape& shape);
/// Reads "[N,3,224,224]", "N,3,224,224" or "1x28x28"; "" and "[]" are a scalar. Throws kInvalidArgument.
[[nodiscard]] TENON_API Shape parse_shape(std::string_view text);
/// The shape with constant extents `dims`.
[[nodiscard]] TENON_API Shape to_shape(const Dims& dims);
/// The concrete shape when every extent is constant; nullopt otherwise.
[[nodiscard]] TENON_API std::optional<Dims> to_dims(const Shape& shape);

/// What is known of a value in a graph: its element type (kUndefined: not known) and its shape (nullopt: not even the
/// rank).
struct TensorType {
  DType dtype = DType::kUndefined;
  std::optional<Shape> shape;

  friend bool operator==(const TensorType&, const TensorType&) = default;
};

/// "f32[N,10]", "f32[...]" when the rank is unknown.
[[nodiscard]] TENON_API std::string to_string(const TensorType& type);

}  // namespace tenon
