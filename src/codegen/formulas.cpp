// SPDX-License-Identifier: Apache-2.0
#include "codegen/formulas.h"

#include "codegen/affine.h"
#include "codegen/walk.h"
#include "expr/rewrite.h"

#include <algorithm>

namespace tenon::codegen {

using expr::Node;
using expr::NodeKind;

Formulas::Formulas(expr::Function function, std::vector<int> buffers, std::span<const Target> targets, Kernel& kernel)
    : function_(std::move(function)), buffers_(std::move(buffers)), collapse_(function_, targets), kernel_(kernel) {
  loops_ = collapse_.loops(axes_of(0, targets[0].dims));
  const NodeId count = function_.nodes.size();
  for (NodeId id = 0; id < count; ++id) {
    const Node load = function_.nodes[id];
    if (load.kind != NodeKind::kLoad || load.outside() != Outside::kValue) continue;
    guards_[id] = inside_of(function_.nodes, load.indices(), function_.inputs[static_cast<size_t>(load.number)].dims);
  }
}

std::vector<int64_t> Formulas::extents() const {
  std::vector<int64_t> extents;
  for (const MergedLoop& loop : loops_) extents.push_back(loop.extent);
  return extents;
}

void Formulas::enter(Roles& roles, const std::vector<MergedLoop>& loops, int level) {
  for (const MergedLoop& loop : loops) {
    for (const Axis& axis : loop.axes) roles[axis.variable] = {level, axis == loop.axes.back()};
    ++level;
  }
}

NodeId Formulas::add(NodeId value) {
  Roles roles;
  enter(roles, loops_, 0);
  Places places;
  return scope(value, roles, places);
}

int Formulas::store(int buffer, const Target& target) {
  Access access{.buffer = buffer, .offset = target.offset, .steps = {}};
  for (const MergedLoop& loop : loops_)
    access.steps.push_back(target.steps[static_cast<size_t>(loop.axes.back().variable)]);
  return this->access(std::move(access));
}

int Formulas::access(Access access) {
  while (!access.steps.empty() && access.steps.back() == 0) access.steps.pop_back();
  auto& all = kernel_.accesses;
  const auto found = std::find(all.begin(), all.end(), access);
  if (found != all.end()) return static_cast<int>(found - all.begin());
  all.push_back(std::move(access));
  return static_cast<int>(all.size()) - 1;
}

NodeId Formulas::scope(NodeId root, const Roles& roles, Places& places) {
  for (const NodeId id : scope_of(function_.nodes, root)) {
    if (places.contains(id)) continue;
    const NodeId place = node(id, roles, places);
    places[id] = place;
    note_depths();
  }
  return places[root];
}

NodeId Formulas::node(NodeId id, const Roles& roles, Places& places) {
  Node node = function_.nodes[id];
  switch (node.kind) {
    case NodeKind::kIndex: {
      const int64_t extent = constant_of(function_.nodes, node.operands[0]);
      if (extent == 1) return kernel_.nodes.integer(0);
      return kernel_.nodes.index(roles.at(node.number).level, kernel_.nodes.integer(extent));
    }
    case NodeKind::kLoad:
      return load(id, roles, places);
    case NodeKind::kReduce:
      return reduction(id, roles);
    default:
      for (NodeId& operand : node.operands) operand = places[operand];
      return kernel_.nodes.add(std::move(node));
  }
}

NodeId Formulas::load(NodeId id, const Roles& roles, Places& places) {
  const Node node = function_.nodes[id];
  const Affine address = address_of(function_.nodes, node, function_.inputs[static_cast<size_t>(node.number)].dims);
  Access access{.buffer = buffers_[static_cast<size_t>(node.number)], .offset = address.constant};
  expr::Nodes& nodes = kernel_.nodes;
  for (const auto& [term, factor] : address.terms) {
    const Node& at = function_.nodes[term];
    if (at.kind == NodeKind::kIndex) {
      const Role role = roles.at(at.number);
      const auto level = static_cast<size_t>(role.level);
      if (!role.innermost) continue;
      if (access.steps.size() <= level) access.steps.resize(level + 1);
      access.steps[level] = factor;
      continue;
    }
    const NodeId place = scope(term, roles, places);
    const NodeId part = factor == 1 ? place : nodes.binary(expr::BinaryOp::kMul, place, nodes.integer(factor));
    access.rest = access.rest < 0 ? part : nodes.binary(expr::BinaryOp::kAdd, access.rest, part);
  }
  const auto guard = guards_.find(id);
  if (guard == guards_.end()) return nodes.load(this->access(std::move(access)), node.type, {});
  access.guard = scope(guard->second, roles, places);
  const NodeId condition = access.guard;
  const NodeId loaded = nodes.load(this->access(std::move(access)), node.type, {});
  note_depths();
  const NodeId value = places[node.operands.back()];
  const bool is_zero = nodes[value].kind == NodeKind::kConst && nodes[value].value == expr::Scalar();
  return is_zero ? loaded : nodes.select(condition, loaded, value);
}

NodeId Formulas::reduction(NodeId id, const Roles& roles) {
  const Node node = function_.nodes[id];
  Roles inner;  // Of the variables that it depends on.
  int level = 0;
  for (const auto& [variable, role] : roles) {
    if ((function_.nodes.variables(id) >> variable & 1) == 0) continue;
    inner.emplace(variable, role);
    level = std::max(level, role.level + 1);
  }
  const std::pair key(id, inner);
  if (const auto found = reductions_.find(key); found != reductions_.end()) return found->second;
  std::vector<int64_t> extents;
  for (const NodeId extent : node.extents()) extents.push_back(constant_of(function_.nodes, extent));
  const std::vector<MergedLoop> loops = collapse_.loops(axes_of(node.number, extents));
  enter(inner, loops, level);
  Places places;
  const NodeId body = scope(node.body(), inner, places);
  const bool is_arg = node.reduction() == Reduction::kArgMin || node.reduction() == Reduction::kArgMax;
  NodeId& result = reductions_[key];
  if (loops.empty()) return result = is_arg ? kernel_.nodes.integer(0) : body;
  Reduced reduced{node.reduction(), kernel_.nodes[body].type, body, level, {}};
  for (const MergedLoop& loop : loops) reduced.extents.push_back(loop.extent);
  kernel_.reductions.push_back(std::move(reduced));
  return result = kernel_.nodes.field(static_cast<int>(kernel_.reductions.size()) - 1, node.type);
}

void Formulas::note_depths() {
  for (auto id = static_cast<NodeId>(depths_.size()); id < kernel_.nodes.size(); ++id) {
    const Node& node = kernel_.nodes[id];
    int depth = 0;
    for (const NodeId operand : kernel_.operands(id)) depth = std::max(depth, this->depth(operand));
    if (node.kind == NodeKind::kIndex) depth = node.number + 1;
    if (node.kind == NodeKind::kField) depth = kernel_.reductions[static_cast<size_t>(node.number)].level;
    if (node.kind == NodeKind::kLoad) {
      depth = std::max(depth, static_cast<int>(kernel_.accesses[static_cast<size_t>(node.number)].steps.size()));
    }
    depths_.push_back(depth);
  }
}

}  // namespace tenon::codegen
