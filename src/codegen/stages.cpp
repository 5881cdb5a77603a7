// SPDX-License-Identifier: Apache-2.0
#include "codegen/stages.h"

#include "base/checked.h"
#include "codegen/split.h"
#include "codegen/walk.h"
#include "expr/accumulator.h"
#include "expr/rewrite.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace tenon::codegen {
namespace {

using expr::BinaryOp;
using expr::Node;
using expr::NodeId;
using expr::NodeKind;
using expr::Nodes;

// A variable with its extent.
struct Variable {
  int number;
  int64_t extent;

  friend auto operator<=>(const Variable&, const Variable&) = default;
};
using Variables = std::vector<Variable>;  // Loops, from the outside.

int64_t count_of(const Variables& variables) {
  int64_t count = 1;
  for (const Variable& variable : variables)
    count = checked_mul(count, variable.extent, "a layer's number of elements");
  return count;
}

bool is_arg(Reduction op) { return op == Reduction::kArgMin || op == Reduction::kArgMax; }

Variables bound_by(const Nodes& nodes, const Node& reduce) {
  Variables variables;
  for (const NodeId extent : reduce.extents()) {
    variables.push_back({reduce.number + static_cast<int>(variables.size()), constant_of(nodes, extent)});
  }
  return variables;
}

// Decides, on the function as it is, which reductions get kernels of their own: from the outside, because it depends on
// the loops around them.
class Plan {
 public:
  explicit Plan(const Nodes& nodes) : nodes_(nodes) {}

  void visit(NodeId root, const Variables& loops) {
    for (const NodeId id : reductions_in(nodes_, root)) reduction(id, loops);
  }
  [[nodiscard]] bool apart(NodeId id) const { return apart_.contains(id); }
  [[nodiscard]] bool in_blocks(NodeId id) const { return in_blocks_.contains(id); }

 private:
  void reduction(NodeId id, const Variables& loops) {
    const Node& node = nodes_[id];
    Variables own;     // The loops that it depends on.
    Variables around;  // Those that surround its place: up to the last of its own.
    for (size_t i = 0, open = 0; i < loops.size(); ++i) {
      if ((nodes_.variables(id) >> loops[i].number & 1) == 0) continue;
      for (; open <= i; ++open) around.push_back(loops[open]);
      own.push_back(loops[i]);
    }
    // At the outermost place, outside of all loops, every thread would compute it.
    const bool alone = own.empty() && count_of(loops) > 1;
    const bool repeated = alone || count_of(around) > count_of(own);
    if (repeated) apart_.insert(id);
    const Variables& place = repeated ? own : around;
    const Variables reduced = bound_by(nodes_, node);
    constexpr int64_t kFewResults = 32;
    if (!is_arg(node.reduction()) && count_of(place) <= kFewResults && count_of(reduced) >= 4 * kBlock) {
      in_blocks_.insert(id);
    }
    Variables inner = place;
    inner.insert(inner.end(), reduced.begin(), reduced.end());
    if (seen_.insert({id, inner}).second) visit(node.body(), inner);
  }

  const Nodes& nodes_;
  std::set<NodeId> apart_, in_blocks_;
  std::set<std::pair<NodeId, Variables>> seen_;
};

class Divider {
 public:
  explicit Divider(const Legal& legal) : old_(legal.function), plan_(legal.function.nodes) {
    stages_.inputs = old_.inputs.size();
    for (size_t i = 0; i < old_.outputs.size(); ++i) {
      Target target{.value = old_.outputs[i].value, .fault = legal.faults[i]};
      Variables loops;
      for (const NodeId extent : old_.outputs[i].shape) {
        target.dims.push_back(constant_of(old_.nodes, extent));
        loops.push_back({static_cast<int>(loops.size()), target.dims.back()});
      }
      plan_.visit(target.value, loops);
      if (target.fault >= 0) plan_.visit(target.fault, loops);
      stages_.outputs.push_back(std::move(target));
    }
  }

  Stages run() && {
    std::vector<NodeId> roots;
    for (const Target& target : stages_.outputs) {
      roots.push_back(target.value);
      if (target.fault >= 0) roots.push_back(target.fault);
    }
    stages_.function.name = old_.name;
    stages_.function.inputs = old_.inputs;
    Nodes& nodes = stages_.function.nodes;
    const std::vector<NodeId> places =
        expr::rebuild(old_.nodes, roots, nodes, [&](const Node& node, NodeId old) { return make(node, old); });
    for (Target& target : stages_.outputs) {
      target.value = places[static_cast<size_t>(target.value)];
      if (target.fault >= 0) target.fault = places[static_cast<size_t>(target.fault)];
      target.stage = std::max(stage_of(target.value), target.fault >= 0 ? stage_of(target.fault) : 0);
    }
    return std::move(stages_);
  }

 private:
  [[nodiscard]] Nodes& nodes() { return stages_.function.nodes; }

  NodeId make(const Node& node, NodeId old) {
    if (node.kind != NodeKind::kReduce) return nodes().add(node);
    const NodeId reduced = plan_.in_blocks(old) ? in_blocks(node) : nodes().add(node);
    return plan_.apart(old) ? temporary(reduced, {}) : reduced;
  }

  // The reduction over its first axis with several elements, taken in blocks of equal size; what is left follows.
  NodeId in_blocks(const Node& node) {
    Variables variables = bound_by(nodes(), node);
    size_t at = 0;
    while (variables[at].extent == 1) ++at;
    const Variables inner(variables.begin() + static_cast<std::ptrdiff_t>(at) + 1, variables.end());
    const int64_t extent = variables[at].extent;
    const int64_t rows = std::clamp<int64_t>(kBlock / count_of(inner), 1, extent);
    const int64_t blocks = extent / rows, rest = extent % rows;
    const auto part = [&](int64_t count, const std::function<NodeId(NodeId)>& row) {
      const int first = nodes().fresh_variables(variables.size());
      std::map<int, NodeId> places;
      std::vector<NodeId> extents;
      for (size_t i = 0; i < variables.size(); ++i) {
        extents.push_back(nodes().integer(i == at ? count : variables[i].extent));
        const NodeId index = nodes().index(first + static_cast<int>(i), extents.back());
        places[variables[i].number] = i == at ? row(index) : index;
      }
      const NodeId body = expr::substitute(nodes(), node.body(), places);
      return nodes().reduce(node.reduction(), first, std::move(extents), body);
    };
    const auto plus = [&](NodeId a, NodeId b) { return nodes().binary(BinaryOp::kAdd, a, b); };
    const int block = nodes().fresh_variables(1);
    const NodeId which = nodes().index(block, nodes().integer(blocks));
    const NodeId partial =
        part(rows, [&](NodeId row) { return plus(nodes().binary(BinaryOp::kMul, which, nodes().integer(rows)), row); });
    const NodeId all =
        nodes().reduce(node.reduction(), block, {nodes().integer(blocks)}, temporary(partial, {{block, blocks}}));
    if (rest == 0) return all;
    const NodeId last = part(rest, [&](NodeId row) { return plus(nodes().integer(blocks * rows), row); });
    return nodes().binary(expr::combining(node.reduction()), all, last);
  }

  // Computes `value` before; over `axes` and the other variables that it depends on.
  NodeId temporary(NodeId value, Variables axes) {
    const size_t given = axes.size();
    for (const NodeId id : expr::cone(nodes(), {&value, 1})) {
      const Node& node = nodes()[id];
      const bool free =
          node.kind == NodeKind::kIndex && (node.number < expr::kFirstBound || node.number >= expr::kFirstFresh);
      if (!free) continue;
      const Variable variable{node.number, constant_of(nodes(), node.operands[0])};
      if (std::find(axes.begin(), axes.end(), variable) == axes.end()) axes.push_back(variable);
    }
    std::sort(axes.begin() + static_cast<std::ptrdiff_t>(given), axes.end());
    Target target{.stage = stage_of(value)};
    std::map<int, NodeId> places;
    std::vector<NodeId> indices;
    expr::Input input{.name = fmt::format("t{}", stages_.temporaries.size()), .type = nodes()[value].type, .dims = {}};
    for (const Variable& axis : axes) {
      const NodeId extent = nodes().integer(axis.extent);
      places[axis.number] = nodes().index(static_cast<int>(target.dims.size()), extent);
      indices.push_back(nodes().index(axis.number, extent));
      target.dims.push_back(axis.extent);
      input.dims.emplace_back(axis.extent);
    }
    if (axes.size() > static_cast<size_t>(kMaxRank)) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("layer '{}': a reduction depends on {} variables; Tenon stops at {}", old_.name,
                              axes.size(), kMaxRank));
    }
    (void)count_of(axes);  // Checked to fit.
    target.steps = row_major(target.dims);
    target.value = expr::substitute(nodes(), value, places);
    const auto number = static_cast<int>(stages_.function.inputs.size());
    const expr::ScalarType type = input.type;
    stages_.function.inputs.push_back(std::move(input));
    stages_.temporaries.push_back(std::move(target));
    return nodes().load(number, type, std::move(indices));
  }

  // One more than those of the temporaries that it reads.
  int stage_of(NodeId root) {
    int stage = 0;
    for (const NodeId id : expr::cone(nodes(), {&root, 1})) {
      const Node& node = nodes()[id];
      if (node.kind != NodeKind::kLoad || static_cast<size_t>(node.number) < stages_.inputs) continue;
      stage = std::max(stage, stages_.temporaries[static_cast<size_t>(node.number) - stages_.inputs].stage + 1);
    }
    return stage;
  }

  const expr::Function& old_;
  Plan plan_;
  Stages stages_;
};

}  // namespace

Stages stages_of(const Legal& legal) { return Divider(legal).run(); }

}  // namespace tenon::codegen
