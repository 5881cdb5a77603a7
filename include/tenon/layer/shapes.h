// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/layer/host.h>
#include <tenon/plugin_abi.h>

#include <cstdint>
#include <vector>

// What a type rule computes with: shapes whose extents may not be known yet. Part of <tenon/layer.h>.
namespace tenon {

/// An extent: a number, a named dimension (kept when it is copied), or unknown. Arithmetic with an extent that is no
/// number gives unknown, except for x + 0, x - 0, x * 1 and x / 1; so one rule serves dynamic and concrete shapes.
class Extent {
 public:
  /// Unknown.
  Extent() = default;
  /// As tenon_type::dims has it: negative for names and unknown.
  Extent(int64_t value) : value_(value) {}  // NOLINT(google-explicit-constructor): reads as a number

  [[nodiscard]] bool known() const noexcept { return value_ >= 0; }
  /// The number; negative unless known().
  [[nodiscard]] int64_t value() const noexcept { return value_; }
  /// True when the extents are certainly the same.
  [[nodiscard]] friend bool known_equal(Extent a, Extent b) noexcept {
    return a.value_ == b.value_ && a.value_ != TENON_DIM_UNKNOWN;
  }
  /// True when the extents certainly differ: what a rule should refuse.
  [[nodiscard]] friend bool known_different(Extent a, Extent b) noexcept {
    return a.known() && b.known() && a.value_ != b.value_;
  }

  friend Extent operator+(Extent a, Extent b) noexcept {
    if (a.value_ == 0 || b.value_ == 0) return a.value_ == 0 ? b : a;
    return a.known() && b.known() ? Extent(a.value_ + b.value_) : Extent();
  }
  friend Extent operator*(Extent a, Extent b) noexcept {
    if (a.value_ == 1 || b.value_ == 1) return a.value_ == 1 ? b : a;
    return a.known() && b.known() ? Extent(a.value_ * b.value_) : Extent();
  }
  /// Throws when the result is negative.
  friend Extent operator-(Extent a, Extent b) {
    if (b.value_ == 0) return a;
    if (!a.known() || !b.known()) return Extent();
    if (a.value_ < b.value_) {
      throw LayerError("an extent would be negative: " + std::to_string(a.value_) + " - " + std::to_string(b.value_));
    }
    return Extent(a.value_ - b.value_);
  }
  /// Rounds down; throws when `b` is 0.
  friend Extent operator/(Extent a, Extent b) {
    if (b.value_ == 1) return a;
    if (b.value_ == 0) throw LayerError("an extent is divided by 0");
    return a.known() && b.known() ? Extent(a.value_ / b.value_) : Extent();
  }

 private:
  int64_t value_ = TENON_DIM_UNKNOWN;
};

/// A shape: one extent for each axis. At most TENON_ABI_MAX_RANK.
using Extents = std::vector<Extent>;
/// One shape for each input or output; of an input left out it is empty.
using Shapes = std::vector<Extents>;

/// A shape with its element type, a number of tenon_dtype.
struct Type {
  tenon_dtype dtype = TENON_DTYPE_UNDEFINED;
  Extents shape;
};
using Types = std::vector<Type>;

}  // namespace tenon
