// SPDX-License-Identifier: Apache-2.0
#include "codegen/collapse.h"

#include "base/checked.h"
#include "codegen/affine.h"
#include "codegen/walk.h"

#include <algorithm>

namespace tenon::codegen {

using expr::Node;
using expr::NodeId;
using expr::NodeKind;

std::vector<Axis> axes_of(int first_variable, std::span<const int64_t> extents) {
  std::vector<Axis> axes;
  for (size_t i = 0; i < extents.size(); ++i) axes.push_back({first_variable + static_cast<int>(i), extents[i]});
  return axes;
}

Collapse::Collapse(const expr::Function& function, std::span<const Target> targets) : function_(function) {
  for (const Target& target : targets) {
    const std::vector<Axis> axes = axes_of(0, target.dims);
    tuple(axes);
    std::vector<std::pair<Axis, int64_t>> steps;
    for (size_t i = 0; i < axes.size(); ++i) steps.emplace_back(axes[i], target.steps[i]);
    accesses_.push_back(std::move(steps));
    scan(target.value);
    if (target.fault >= 0) scan(target.fault);
  }
  // An axis is with its neighbour everywhere, or it cannot merge with it.
  for (const auto& axes : tuples_) {
    for (size_t i = 0; i < axes.size(); ++i) {
      for (const auto& pair : adjacent_) {
        const bool follows = i + 1 < axes.size() && pair == std::pair(axes[i], axes[i + 1]);
        const bool precedes = i > 0 && pair == std::pair(axes[i - 1], axes[i]);
        if ((pair.first == axes[i] && !follows) || (pair.second == axes[i] && !precedes)) apart_.insert(pair);
      }
    }
  }
  for (const auto& [outer, inner] : adjacent_) {
    const auto step = [](const auto& steps, Axis axis) {
      const auto found = std::find_if(steps.begin(), steps.end(), [&](const auto& term) { return term.first == axis; });
      return found == steps.end() ? uint64_t{0} : static_cast<uint64_t>(found->second);
    };
    const bool alike = std::all_of(accesses_.begin(), accesses_.end(), [&, o = outer, n = inner](const auto& steps) {
      return step(steps, o) == step(steps, n) * static_cast<uint64_t>(n.extent);
    });
    if (!alike || opaque_.contains(outer) || opaque_.contains(inner)) apart_.insert({outer, inner});
  }
}

void Collapse::tuple(const std::vector<Axis>& axes) {
  std::vector<Axis> long_ones;
  for (const Axis& axis : axes)
    if (axis.extent != 1) long_ones.push_back(axis);
  for (size_t i = 1; i < long_ones.size(); ++i) adjacent_.insert({long_ones[i - 1], long_ones[i]});
  tuples_.push_back(std::move(long_ones));
}

void Collapse::scan(NodeId root) {
  std::vector<NodeId> pending = {root};
  while (!pending.empty()) {
    const NodeId id = pending.back();
    pending.pop_back();
    if (!seen_.insert(id).second) continue;
    const Node& node = function_.nodes[id];
    if (node.kind == NodeKind::kIndex) {
      opaque_.insert({node.number, constant_of(function_.nodes, node.operands[0])});
    } else if (node.kind == NodeKind::kLoad) {
      scan_load(node, pending);
    } else {
      if (node.kind == NodeKind::kReduce) {
        std::vector<int64_t> extents;
        for (const NodeId extent : node.extents()) extents.push_back(constant_of(function_.nodes, extent));
        tuple(axes_of(node.number, extents));
      }
      pending.insert(pending.end(), node.operands.begin(), node.operands.end());
    }
  }
}

void Collapse::scan_load(const Node& load, std::vector<NodeId>& pending) {
  // What lies outside is found out from each index on its own.
  if (load.outside() == Outside::kValue) pending.insert(pending.end(), load.operands.begin(), load.operands.end());
  const Shape& dims = function_.inputs[static_cast<size_t>(load.number)].dims;
  std::vector<std::pair<Axis, int64_t>> steps;
  for (const auto& [id, factor] : address_of(function_.nodes, load, dims).terms) {
    const Node& term = function_.nodes[id];
    if (term.kind == NodeKind::kIndex)
      steps.emplace_back(Axis{term.number, constant_of(function_.nodes, term.operands[0])}, factor);
    else
      pending.push_back(id);
  }
  accesses_.push_back(std::move(steps));
}

std::vector<MergedLoop> Collapse::loops(std::span<const Axis> axes) const {
  std::vector<MergedLoop> loops;
  for (const Axis& axis : axes) {
    if (axis.extent == 1) continue;
    const bool merges = !loops.empty() && !apart_.contains({loops.back().axes.back(), axis});
    if (!merges) {
      loops.push_back({{axis}, axis.extent});
      continue;
    }
    loops.back().axes.push_back(axis);
    loops.back().extent = checked_mul(loops.back().extent, axis.extent, "a loop");
  }
  return loops;
}

}  // namespace tenon::codegen
