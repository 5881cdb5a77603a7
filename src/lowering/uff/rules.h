// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lowering/rewrite.h"

#include <span>
#include <vector>

// UFF's rewrites: a table for each family, one file each. What holds for all of them:
//
//   Tensors     have TensorFlow's shape and order of elements, the batch included: axes, shapes, masks and permutations
//               count the batch as axis 0. So a model's .pb and its .uff become the same standard graph, and an
//               operation that has TensorFlow's inputs and attributes is TensorFlow's (tensorflow_operator).
//   Orders      say which axis of an operand is what (lowering/uff/images.h); they never change what a tensor holds.
//   The batch   is a dimension like any other here; UFF's own networks have it implicitly. How a caller's shapes and
//               buffers become inputs stands in lowering/uff/inputs.h; Reshape knows of batches that were fixed.
//   Reductions  keep the dimensions they run along if `keepdims` says so, as in the TensorFlow graph that the file was
//               made from. (NVIDIA's parser kept them always, and so shifted the axes of what came behind.)
//   Functions   of Binary, Unary, Activation, Pool and Reduce have a row each, "Unary neg".
namespace tenon::lowering::uff {

[[nodiscard]] std::span<const Rule> normalization_rules();
[[nodiscard]] std::span<const Rule> reduction_rules();
[[nodiscard]] std::span<const Rule> shaping_rules();
[[nodiscard]] std::span<const Rule> source_rules();
[[nodiscard]] std::span<const Rule> window_rules();

/// The rule for a node, or null.
[[nodiscard]] const Rule* find_rule(const Node& node);

/// The field `axis`; throws kInvalidArgument when it is missing.
[[nodiscard]] int64_t required_axis(const Rewrite& rewrite);

/// The field `axes`: a list, or a single axis; empty when it is absent.
[[nodiscard]] std::vector<int64_t> axes_field(const Rewrite& rewrite);

}  // namespace tenon::lowering::uff
