// SPDX-License-Identifier: Apache-2.0
#include "codegen/split.h"

#include "codegen/nest.h"
#include "codegen/walk.h"
#include "expr/rewrite.h"
#include "expr/simplify.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

namespace tenon::codegen {
namespace {

using expr::BinaryOp;
using expr::Node;
using expr::NodeId;
using expr::NodeKind;
using expr::Nodes;

using Dims = std::vector<int64_t>;

// The innermost axis stays whole unless there is a vector in it.
constexpr int64_t kVector = 16;
constexpr int64_t kMostParts = 4;
// That all parts of a formula have together: they share a kernel.
constexpr double kMostOperationsInParts = 1 << 12;

// Where the formulas of a shape cut an axis.
struct Cuts {
  std::set<int64_t> digits;  // The k of i // k and mod(i, k).
  std::set<int64_t> bounds;  // The b of i < b.
  bool in_reduction = false;
};
struct Needs {
  std::vector<Cuts> cuts;  // By axis.
  double operations = 0;
};

class Finder {
 public:
  explicit Finder(const Nodes& nodes) : nodes_(nodes) {}

  // Of formulas over these dims.
  Needs find(const std::vector<NodeId>& roots, const Dims& dims) {
    cuts_.assign(dims.size(), {});
    double operations = 0;
    for (const NodeId id : expr::cone(nodes_, roots)) {
      const Node& node = nodes_[id];
      if (node.kind == NodeKind::kReduce) {
        for (size_t axis = 0; axis < dims.size(); ++axis)
          if ((nodes_.variables(id) >> axis & 1) != 0) cuts_[axis].in_reduction = true;
      }
      if (node.kind == NodeKind::kBinary) binary(node);
      operations += weight(node);
    }
    return {std::move(cuts_), operations};
  }

 private:
  void binary(const Node& node) {
    const NodeId a = node.operands[0], b = node.operands[1];
    switch (node.binary()) {
      case BinaryOp::kFloorDiv:
      case BinaryOp::kMod:
        digit(a, b);
        break;
      case BinaryOp::kLt:
        bound(a, b, 0);
        bound(b, a, 1);
        break;
      case BinaryOp::kLe:
        bound(a, b, 1);
        bound(b, a, 0);
        break;
      default:
        break;
    }
  }

  void digit(NodeId number, NodeId divisor) {
    int64_t unit = nodes_.integer_value(divisor).value_or(0);
    if (nodes_[number].kind == NodeKind::kBinary && nodes_[number].binary() == BinaryOp::kFloorDiv) {  // mod(i // k, l)
      const int64_t finer = nodes_.integer_value(nodes_[number].operands[1]).value_or(0);
      if (finer <= 0 || __builtin_mul_overflow(unit, finer, &unit)) return;
      number = nodes_[number].operands[0];
    }
    if (const auto axis = axis_of(number); axis && unit > 1) cuts_[*axis].digits.insert(unit);
  }

  // index + shift < limit + more
  void bound(NodeId index, NodeId limit, int64_t more) {
    const auto value = nodes_.integer_value(limit);
    if (!value) return;
    int64_t shift = 0;
    const Node& sum = nodes_[index];
    if (sum.kind == NodeKind::kBinary && (sum.binary() == BinaryOp::kAdd || sum.binary() == BinaryOp::kSub)) {
      const auto constant = nodes_.integer_value(sum.operands[1]);
      if (!constant || *constant == std::numeric_limits<int64_t>::min()) return;
      shift = sum.binary() == BinaryOp::kAdd ? *constant : -*constant;
      index = sum.operands[0];
    }
    int64_t at = 0;
    if (__builtin_sub_overflow(*value, shift, &at) || __builtin_add_overflow(at, more, &at)) return;
    if (const auto axis = axis_of(index)) cuts_[*axis].bounds.insert(at);
  }

  [[nodiscard]] std::optional<size_t> axis_of(NodeId id) const {
    const Node& node = nodes_[id];
    const auto axis = static_cast<size_t>(node.number);
    return node.kind == NodeKind::kIndex && axis < cuts_.size() ? std::optional(axis) : std::nullopt;
  }

  const Nodes& nodes_;
  std::vector<Cuts> cuts_;
};

// How the axes of a shape are split: each into `factors`, whose product it is; one of them taken in parts.
struct Plan {
  std::vector<Dims> factors;
  size_t parts_axis = 0;  // Of the new axes.
  int64_t parts = 1;
};

// The length of the equal parts that the bounds lie between; 0 if there are none.
int64_t part_length(const Cuts& cuts, int64_t extent) {
  int64_t length = extent;
  for (const int64_t at : cuts.bounds)
    if (at > 0 && at < extent) length = std::gcd(length, at);
  return length < extent && extent / length <= kMostParts && length >= kVector ? length : 0;
}

Plan plan_of(const Needs& needs, const Dims& dims) {
  const std::vector<Cuts>& cuts = needs.cuts;
  Plan plan;
  const auto is_long = [](int64_t extent) { return extent != 1; };
  const auto outermost = static_cast<size_t>(std::find_if(dims.begin(), dims.end(), is_long) - dims.begin());
  const auto innermost = static_cast<size_t>(dims.rend() - std::find_if(dims.rbegin(), dims.rend(), is_long)) - 1;
  size_t rank = dims.size(), new_axis = 0;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    Dims factors;
    int64_t left = dims[axis];
    // From the coarsest cut on: each leaves what is finer.
    for (auto at = cuts[axis].digits.rbegin(); at != cuts[axis].digits.rend(); ++at) {
      const int64_t unit = *at;
      if (unit >= left || left % unit != 0 || rank == static_cast<size_t>(kMaxRank)) continue;
      if (axis == innermost && unit < kVector) continue;
      if (axis == outermost && !cuts[axis].in_reduction) continue;
      factors.push_back(left / unit);
      left = unit;
      ++rank;
    }
    factors.push_back(left);
    const bool may_part = factors.size() == 1 && plan.parts == 1 && axis != outermost;
    const int64_t length = may_part ? part_length(cuts[axis], left) : 0;
    const int64_t parts = length > 0 ? left / length : 1;
    if (parts > 1 && static_cast<double>(parts) * needs.operations <= kMostOperationsInParts) {
      plan.parts_axis = new_axis;
      plan.parts = parts;
    }
    new_axis += factors.size();
    plan.factors.push_back(std::move(factors));
  }
  return plan;
}

// Adds what the plan makes of the output.
void split(const expr::Output& output, size_t number, const Plan& plan, Split& result) {
  Nodes& nodes = result.function.nodes;
  Dims dims;
  for (const Dims& factors : plan.factors) dims.insert(dims.end(), factors.begin(), factors.end());
  const std::vector<int64_t> steps = row_major(dims);
  if (plan.parts > 1) dims[plan.parts_axis] /= plan.parts;
  std::vector<NodeId> shape;
  for (const int64_t extent : dims) shape.push_back(nodes.integer(extent));
  const auto binary = [&](BinaryOp op, NodeId a, int64_t b) {
    return expr::simple(nodes, nodes.binary(op, a, nodes.integer(b)));
  };
  for (int64_t part = 0; part < plan.parts; ++part) {
    const int64_t begin = plan.parts > 1 ? part * dims[plan.parts_axis] : 0;
    std::map<int, NodeId> places;
    size_t axis = 0;
    for (size_t old = 0; old < plan.factors.size(); ++old) {
      NodeId place = -1;
      for (size_t i = 0; i < plan.factors[old].size(); ++i, ++axis) {
        NodeId index = nodes.index(static_cast<int>(axis), shape[axis]);
        if (axis == plan.parts_axis && begin > 0) index = binary(BinaryOp::kAdd, index, begin);
        place = i == 0 ? index : nodes.binary(BinaryOp::kAdd, binary(BinaryOp::kMul, place, dims[axis]), index);
      }
      places[static_cast<int>(old)] = place;
    }
    const NodeId value = expr::substitute(nodes, output.value, places);
    result.function.outputs.push_back({output.name, output.type, shape, value});
    result.parts.push_back({number, begin * (dims.empty() ? 0 : steps[plan.parts_axis]), steps});
  }
}

}  // namespace

std::vector<int64_t> row_major(const Dims& dims) {
  std::vector<int64_t> steps(dims.size(), 1);
  for (size_t axis = dims.size(); axis-- > 1;) {
    // Of an empty tensor it may be more than fits.
    steps[axis - 1] = static_cast<int64_t>(static_cast<uint64_t>(steps[axis]) * static_cast<uint64_t>(dims[axis]));
  }
  return steps;
}

Split split_axes(const expr::Function& function) {
  std::map<Dims, std::vector<NodeId>> roots;  // Of the outputs of each shape, which shall stay equal.
  std::vector<Dims> shapes;
  for (const expr::Output& output : function.outputs) {
    Dims dims;
    for (const NodeId extent : output.shape) dims.push_back(constant_of(function.nodes, extent));
    roots[dims].push_back(output.value);
    shapes.push_back(std::move(dims));
  }
  std::map<Dims, Plan> plans;
  for (const auto& [dims, values] : roots) {
    const bool empty = std::find(dims.begin(), dims.end(), 0) != dims.end();
    const Needs nothing{std::vector<Cuts>(dims.size()), 0};
    plans[dims] = plan_of(empty ? nothing : Finder(function.nodes).find(values, dims), dims);
  }
  Split result{function, {}};
  result.function.outputs.clear();
  bool changed = false;
  for (size_t i = 0; i < function.outputs.size(); ++i) {
    const Plan& plan = plans[shapes[i]];
    const bool whole = plan.parts == 1 && std::all_of(plan.factors.begin(), plan.factors.end(),
                                                      [](const Dims& factors) { return factors.size() == 1; });
    if (whole) {
      result.function.outputs.push_back(function.outputs[i]);
      result.parts.push_back({i, 0, row_major(shapes[i])});
      continue;
    }
    split(function.outputs[i], i, plan, result);
    changed = true;
  }
  if (changed) result.function = expr::simplify(result.function);
  return result;
}

}  // namespace tenon::codegen
