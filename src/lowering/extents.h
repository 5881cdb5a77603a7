// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// Small vectors of integers that are computed from shapes. TensorFlow graphs write "reshape to [batch, everything
// else]" as Shape -> StridedSlice -> Pack -> Reshape; following the numbers through, symbols included, gives the target
// back.
namespace tenon::lowering {

/// One integer: a constant (which may be negative), the extent of a named dimension, or not known.
struct Extent {
  std::optional<int64_t> value;
  std::string symbol;

  [[nodiscard]] bool known() const { return value || !symbol.empty(); }
};
using Extents = std::vector<Extent>;

/// The integers of a scalar or one-dimensional integer tensor of at most 64 elements; nullopt for other tensors.
[[nodiscard]] std::optional<Extents> extents_of(const Tensor& tensor);
[[nodiscard]] Extents extents_of(const Shape& shape);

/// What `node` (a standard operator whose output's rank is known to be 0 or 1) makes of integers: `inputs[i]` are those
/// of its input i, null where they are not followed. nullopt when the operator is not one that shapes are computed
/// with.
[[nodiscard]] std::optional<Extents> follow_extents(const Node& node, std::span<const Extents* const> inputs);

/// The integers as a Reshape target for an input of this shape: constants, 0 for a named dimension that stays in its
/// place, at most one -1. nullopt when they cannot be written so.
[[nodiscard]] std::optional<std::vector<int64_t>> reshape_target(const Extents& extents,
                                                                 const std::optional<Shape>& input);

}  // namespace tenon::lowering
