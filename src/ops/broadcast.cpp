// SPDX-License-Identifier: Apache-2.0
#include "ops/broadcast.h"

#include <algorithm>

namespace tenon {
namespace {

bool is_constant(const Dim& dim, int64_t value) { return dim.is_constant() && dim.value() == value; }

// Nullopt when the extents do not go together.
std::optional<Dim> broadcast(const Dim& a, const Dim& b) {
  if (is_constant(a, 1) || known_equal(a, b)) return b;
  if (is_constant(b, 1)) return a;
  if (a.is_constant() && b.is_constant()) return std::nullopt;
  if (a.is_constant()) return a;
  if (b.is_constant()) return b;
  return Dim();
}

}  // namespace

std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape result = longer;
  const size_t offset = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    const auto dim = broadcast(longer[offset + i], shorter[i]);
    if (!dim) return std::nullopt;
    result[offset + i] = *dim;
  }
  return result;
}

bool may_broadcast_to(const Shape& from, const Shape& to) {
  if (from.size() > to.size()) return false;
  const size_t offset = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    const Dim& extent = from[i];
    if (extent.is_constant() && extent.value() != 1 && to[offset + i].is_constant() &&
        extent.value() != to[offset + i].value()) {
      return false;
    }
  }
  return true;
}

BroadcastIndex::BroadcastIndex(const Dims& operand, const Dims& result)
    : result_(result), contiguous_(operand == result) {
  int64_t stride = 1;
  const int offset = result.rank() - operand.rank();
  for (int axis = operand.rank() - 1; axis >= 0; --axis) {
    const int64_t extent = operand[static_cast<size_t>(axis)];
    stride_[offset + axis] = extent == 1 ? 0 : stride;
    stride *= extent;
  }
}

}  // namespace tenon
