// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

// Interval analysis of integers: what makes index arithmetic simple, and loads known to lie inside of their tensors.
namespace tenon::expr {

/// The range of a node from those of its operands, which lie in `nodes`.
[[nodiscard]] Range range_of(const Nodes& nodes, const Node& node);

/// True when a < b is known, by ranges or because a is an index, or a part of one, that runs up to b.
[[nodiscard]] bool known_less(const Nodes& nodes, NodeId a, NodeId b);
/// True when 0 <= a < b is known.
[[nodiscard]] bool known_inside(const Nodes& nodes, NodeId a, NodeId b);
/// True when a load in `nodes` cannot read outside of its input of `function`, so that its Outside does not matter.
[[nodiscard]] bool known_inside(const Function& function, const Nodes& nodes, const Node& load);

}  // namespace tenon::expr
