// SPDX-License-Identifier: Apache-2.0
#include "expr/rewrite.h"

namespace tenon::expr {

std::vector<NodeId> cone(const Nodes& nodes, std::span<const NodeId> roots) {
  NodeId last = -1;
  for (const NodeId root : roots) last = std::max(last, root);
  std::vector<bool> needed(static_cast<size_t>(last + 1));
  for (const NodeId root : roots) needed[static_cast<size_t>(root)] = true;
  size_t count = 0;
  for (NodeId id = last; id >= 0; --id) {
    if (!needed[static_cast<size_t>(id)]) continue;
    ++count;
    for (const NodeId operand : nodes[id].operands) needed[static_cast<size_t>(operand)] = true;
  }
  std::vector<NodeId> order;
  order.reserve(count);
  for (NodeId id = 0; id <= last; ++id)
    if (needed[static_cast<size_t>(id)]) order.push_back(id);
  return order;
}

std::vector<NodeId> rebuild(const Nodes& from, std::span<const NodeId> roots, Nodes& to, const Rebuild& make) {
  const std::vector<NodeId> order = cone(from, roots);
  std::vector<NodeId> places(order.empty() ? 0 : static_cast<size_t>(order.back()) + 1, -1);
  // The same fresh variables serve every Reduce: those that share a variable lie side by side, never within each other.
  const int shift = to.fresh_variables(kMaxVariables);
  for (const NodeId id : order) {
    Node node = from[id];
    for (NodeId& operand : node.operands) operand = places[static_cast<size_t>(operand)];
    const bool bound = node.kind == NodeKind::kReduce ||
                       (node.kind == NodeKind::kIndex && node.number >= kFirstBound && node.number < kFirstFresh);
    if (bound) node.number += shift;
    places[static_cast<size_t>(id)] = make(node, id);
  }
  return places;
}

NodeId substitute(Nodes& nodes, NodeId root, const std::map<int, NodeId>& replacements) {
  return rebuild(nodes, {&root, 1}, nodes, [&](const Node& node, NodeId) {
    const auto found = node.kind == NodeKind::kIndex ? replacements.find(node.number) : replacements.end();
    return found == replacements.end() ? nodes.add(node) : found->second;
  })[static_cast<size_t>(root)];
}

}  // namespace tenon::expr
