// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/node.h"

#include <functional>
#include <map>
#include <span>
#include <vector>

// Walking and rebuilding nodes. Everything is a loop over the list: no depth of expression can overflow the stack.
namespace tenon::expr {

/// What `roots` are made of, themselves included, operands before users.
[[nodiscard]] std::vector<NodeId> cone(const Nodes& nodes, std::span<const NodeId> roots);

/// Makes the node that takes the place of `node`, whose operands are rebuilt already and whose bound variables are
/// fresh; `old` is what it was. Nodes::add(node) keeps it.
using Rebuild = std::function<NodeId(const Node& node, NodeId old)>;

/// Rebuilds what `roots` are made of, operands first, in `to`, which may be `from`. Returns the new place of each old
/// node, -1 where the roots do not need it. Variables that a Reduce binds must not be free in the roots.
std::vector<NodeId> rebuild(const Nodes& from, std::span<const NodeId> roots, Nodes& to, const Rebuild& make);

/// `root` with each variable of the map replaced by a node.
NodeId substitute(Nodes& nodes, NodeId root, const std::map<int, NodeId>& replacements);

}  // namespace tenon::expr
