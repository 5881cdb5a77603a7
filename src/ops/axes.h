// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/op.h"

#include <cstdint>

// Axis arithmetic that operators share.
namespace tenon {

/// `axis`, counted from the end when negative: 0 ≤ result < rank. fail()s when it is outside [-rank, rank - 1].
[[nodiscard]] size_t checked_axis(const InferContext& context, int64_t axis, int64_t rank);
/// The same without a check, for where the type rule has checked.
[[nodiscard]] inline size_t normalized_axis(int64_t axis, int64_t rank) {
  return static_cast<size_t>(axis < 0 ? axis + rank : axis);
}

/// Where the channels are in [n, c, spatial...], or in [n, spatial..., c] when the internal attribute channels_last is
/// set.
[[nodiscard]] inline size_t channel_axis(int64_t rank, const AttributeReader& attributes) {
  return attributes.flag("channels_last") ? static_cast<size_t>(rank - 1) : 1;
}
/// The extent there; the shape's rank is at least 2.
[[nodiscard]] inline const Dim& channel_dim(const Shape& shape, const AttributeReader& attributes) {
  return shape[channel_axis(static_cast<int64_t>(shape.size()), attributes)];
}
/// False when the extents are two different constants.
[[nodiscard]] inline bool may_be_equal(const Dim& a, const Dim& b) noexcept {
  return !a.is_constant() || !b.is_constant() || a == b;
}

/// A tensor seen as [outer, extent, inner] around one axis.
struct AxisSplit {
  AxisSplit(const Dims& dims, size_t axis)
      : outer(dims.count(0, static_cast<int>(axis))),
        extent(dims[axis]),
        inner(dims.count(static_cast<int>(axis) + 1, dims.rank())) {}
  [[nodiscard]] int64_t index(int64_t o, int64_t i, int64_t n) const noexcept { return (o * extent + i) * inner + n; }

  int64_t outer;
  int64_t extent;
  int64_t inner;
};

}  // namespace tenon
