// SPDX-License-Identifier: Apache-2.0
#include "codegen/legalize.h"

#include "expr/range.h"

#include <algorithm>
#include <utility>

namespace tenon::codegen {
namespace {

using expr::BinaryOp;
using expr::Node;
using expr::NodeId;
using expr::NodeKind;
using expr::Nodes;
using expr::Scalar;

class Legalizer {
 public:
  explicit Legalizer(const expr::Function& function)
      : function_(function), faults_(static_cast<size_t>(function.nodes.size()), -1) {}

  Legal run() {
    Legal legal;
    legal.function =
        expr::rebuild(function_, [&](Nodes& nodes, const Node& node, NodeId old) { return make(nodes, node, old); });
    for (const expr::Output& output : function_.outputs) legal.faults.push_back(fault(output.value));
    return legal;
  }

 private:
  [[nodiscard]] NodeId& fault(NodeId old) { return faults_[static_cast<size_t>(old)]; }

  NodeId make(Nodes& nodes, const Node& node, NodeId old) {
    fault(old) = operands_fault(nodes, node, old);
    return node.kind == NodeKind::kLoad ? load(nodes, node, old) : nodes.add(node);
  }

  static NodeId either(Nodes& nodes, NodeId a, NodeId b) {
    if (a < 0 || b < 0) return std::max(a, b);
    return nodes.binary(BinaryOp::kOr, a, b);
  }

  // Whether computing the operands fails, -1 for never.
  NodeId operands_fault(Nodes& nodes, const Node& node, NodeId old) {
    const std::vector<NodeId>& before = function_.nodes[old].operands;
    if (node.kind == NodeKind::kReduce) {
      const NodeId body = fault(before.back());
      if (body < 0) return -1;
      return nodes.reduce(Reduction::kAny, node.number, {node.extents().begin(), node.extents().end()}, body);
    }
    if (node.kind == NodeKind::kSelect && std::max(fault(before[1]), fault(before[2])) >= 0) {
      const auto branch = [&](NodeId id) { return id < 0 ? nodes.constant(expr::kBool, Scalar::integer(0)) : id; };
      const NodeId taken = nodes.select(node.operands[0], branch(fault(before[1])), branch(fault(before[2])));
      return either(nodes, fault(before[0]), taken);
    }
    NodeId result = -1;
    for (const NodeId operand : before) result = either(nodes, result, fault(operand));
    return result;
  }

  NodeId load(Nodes& nodes, Node node, NodeId old) {
    const Shape& dims = function_.inputs[static_cast<size_t>(node.number)].dims;
    const bool empty =
        std::any_of(dims.begin(), dims.end(), [](const Dim& dim) { return dim.is_constant() && dim.value() == 0; });
    const bool inside = !empty && expr::known_inside(function_, nodes, node);
    const NodeId zero = nodes.constant(node.type, Scalar());
    if (node.outside() == Outside::kError && !inside) {
      const NodeId failed = empty ? nodes.constant(expr::kBool, Scalar::integer(1))
                                  : nodes.unary(expr::UnaryOp::kNot, inside_of(nodes, node.indices(), dims));
      fault(old) = either(nodes, fault(old), failed);
    }
    if (empty) return node.outside() == Outside::kValue ? node.operands.back() : zero;
    std::vector<NodeId> indices(node.indices().begin(), node.indices().end());
    if (inside) return nodes.load(node.number, node.type, std::move(indices));
    if (node.outside() == Outside::kError || node.outside() == Outside::kValue) {
      const NodeId value = node.outside() == Outside::kValue ? node.operands.back() : zero;
      return nodes.load(node.number, node.type, std::move(indices), Outside::kValue, value);
    }
    for (size_t axis = 0; axis < indices.size(); ++axis) {
      indices[axis] = moved_inside(nodes, node.outside(), indices[axis], dims[axis].value());
    }
    return nodes.load(node.number, node.type, std::move(indices));
  }

  static NodeId moved_inside(Nodes& nodes, Outside outside, NodeId index, int64_t extent) {
    const expr::Range range = nodes.range(index);
    if (range.lo >= 0 && range.hi < extent) return index;
    const NodeId last = nodes.integer(extent - 1);
    switch (outside) {
      case Outside::kClamp:
        return nodes.binary(BinaryOp::kMin, nodes.binary(BinaryOp::kMax, index, nodes.integer(0)), last);
      case Outside::kWrap:
        return nodes.binary(BinaryOp::kMod, index, nodes.integer(extent));
      default: {  // kReflect
        const NodeId period = nodes.integer(std::max<int64_t>(2 * (extent - 1), 1));
        const NodeId place = nodes.binary(BinaryOp::kMod, index, period);
        return nodes.binary(BinaryOp::kMin, place, nodes.binary(BinaryOp::kSub, period, place));
      }
    }
  }

  const expr::Function& function_;
  std::vector<NodeId> faults_;  // By old node, in the new list.
};

}  // namespace

Legal legalize(const expr::Function& function) { return Legalizer(function).run(); }

NodeId inside_of(Nodes& nodes, std::span<const NodeId> indices, const Shape& dims) {
  NodeId result = -1;
  const auto require = [&](NodeId a, BinaryOp op, NodeId b) {
    const NodeId holds = nodes.binary(op, a, b);
    result = result < 0 ? holds : nodes.binary(BinaryOp::kAnd, result, holds);
  };
  for (size_t axis = 0; axis < indices.size(); ++axis) {
    const int64_t extent = dims[axis].value();
    const expr::Range range = nodes.range(indices[axis]);
    if (range.lo < 0) require(nodes.integer(0), BinaryOp::kLe, indices[axis]);
    if (range.hi >= extent) require(indices[axis], BinaryOp::kLt, nodes.integer(extent));
  }
  return result < 0 ? nodes.constant(expr::kBool, Scalar::integer(1)) : result;
}

}  // namespace tenon::codegen
