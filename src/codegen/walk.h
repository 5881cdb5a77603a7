// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/node.h"

#include <vector>

// Walks over expression nodes that stop where a reduction opens a scope of its own.
namespace tenon::codegen {

/// What `root` is made of, itself included, operands first; of reductions only their extents, not what they reduce.
[[nodiscard]] std::vector<expr::NodeId> scope_of(const expr::Nodes& nodes, expr::NodeId root);
/// The reductions among them.
[[nodiscard]] std::vector<expr::NodeId> reductions_in(const expr::Nodes& nodes, expr::NodeId root);
/// The value of a bound extent. Throws kInvalidArgument when it is negative, kInternal when it is not bound.
[[nodiscard]] int64_t constant_of(const expr::Nodes& nodes, expr::NodeId extent);

}  // namespace tenon::codegen
