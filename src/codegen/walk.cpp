// SPDX-License-Identifier: Apache-2.0
#include "codegen/walk.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <set>

namespace tenon::codegen {

using expr::NodeId;
using expr::NodeKind;
using expr::Nodes;

std::vector<NodeId> scope_of(const Nodes& nodes, NodeId root) {
  std::set<NodeId> found = {root};  // Users come after their operands: from the largest one down, each is met once.
  for (auto it = found.rbegin(); it != found.rend(); ++it) {
    const expr::Node& node = nodes[*it];
    const size_t count = node.operands.size() - (node.kind == NodeKind::kReduce ? 1 : 0);
    for (size_t i = 0; i < count; ++i) found.insert(node.operands[i]);
  }
  return {found.begin(), found.end()};
}

std::vector<NodeId> reductions_in(const Nodes& nodes, NodeId root) {
  std::vector<NodeId> result;
  for (const NodeId id : scope_of(nodes, root))
    if (nodes[id].kind == NodeKind::kReduce) result.push_back(id);
  return result;
}

int64_t constant_of(const Nodes& nodes, NodeId extent) {
  const auto value = nodes.integer_value(extent);
  if (!value) throw Error(ErrorCode::kInternal, "an extent is not bound to a number; this is a bug in Tenon");
  if (*value < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a dimension is {} with these inputs and fields but 0 or more is required", *value));
  }
  return *value;
}

}  // namespace tenon::codegen
