// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/passes.h"
#include "layers/infer.h"
#include "ops/op.h"

#include <algorithm>

// fold_constants: computes what depends on constants only, and Shape and Size of values whose shape is known.
//
// Before:  types are inferred.
// After:   no standard node has only constant inputs, except those whose result would be too large (see may_fold).
//          Types have been inferred again along the way, so that a shape that came out of folded arithmetic is known
//          to what follows it.
// Order:   early: it turns computed shapes, weights stored in another form (dequantised, transposed, cast) and
//          TensorFlow's constant subgraphs into plain constants, which is what every later pattern looks for.
namespace tenon {
namespace {

// A plan must not grow out of proportion because a small constant was expanded: results above this size are folded only
// when they are not much larger than the constants that they come from.
constexpr int64_t kAlwaysFoldBytes = int64_t{1} << 20;
constexpr int64_t kLargestGrowth = 2;

bool may_fold(const Node& node) {
  int64_t inputs = 0;
  for (const Value* input : node.inputs()) {
    if (input == nullptr) continue;
    if (input->constant() == nullptr) return false;
    inputs += input->constant()->size_bytes();
  }
  for (const Value* output : node.outputs()) {
    const TensorType& type = output->type();
    if (type.dtype == DType::kString) continue;
    const auto dims = type.shape ? to_dims(*type.shape) : std::nullopt;
    if (!dims) continue;  // The shape depends on the data, which is at hand, and cannot exceed it by much.
    const int64_t bytes = bytes_for(type.dtype, dims->count());
    if (bytes > kAlwaysFoldBytes && bytes / kLargestGrowth > inputs) return false;
  }
  return true;
}

// The value of Shape and Size when the input's extents (those that are asked for) are known, else undefined.
Tensor known_shape(const Node& node) {
  const auto& shape = node.input(0)->type().shape;
  if (!shape) return {};
  const AttributeReader attributes(node, op_of(node));
  const auto rank = static_cast<int64_t>(shape->size());
  int64_t first = 0, last = rank;
  if (node.op() == "Shape") {
    const auto clamped = [&](int64_t axis) { return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank); };
    first = clamped(attributes.integer("start"));
    if (attributes.has("end")) last = clamped(attributes.integer("end"));
    last = std::max(first, last);
  }
  std::vector<int64_t> extents;
  for (int64_t axis = first; axis < last; ++axis) {
    const Dim& dim = (*shape)[static_cast<size_t>(axis)];
    if (!dim.is_constant()) return {};
    extents.push_back(dim.value());
  }
  if (node.op() == "Size") return Tensor::scalar<int64_t>(Dims(extents).count());
  return Tensor::from<int64_t>(extents, {static_cast<int64_t>(extents.size())});
}

std::vector<Tensor> folded(const Node& node) {
  if (node.op() == "Shape" || node.op() == "Size") {
    if (Tensor known = known_shape(node); known.defined()) return {std::move(known)};
    return {};
  }
  if (!may_fold(node)) return {};
  std::vector<const Tensor*> inputs;
  for (const Value* input : node.inputs()) inputs.push_back(input == nullptr ? nullptr : input->constant());
  return evaluate(node, inputs);
}

}  // namespace

void fold_constants(Graph& graph) {
  for (Node* node : graph.topological_order()) {
    infer_outputs(*node);
    if (!node->domain().empty()) continue;  // What a user's layer does on each run is the user's matter.
    std::vector<Tensor> results = folded(*node);
    for (size_t i = 0; i < results.size(); ++i) {
      Value* output = node->output(i);
      if (!results[i].defined()) continue;
      graph.replace_uses(output, graph.add_constant(graph.fresh_name(output->name()), std::move(results[i])));
    }
  }
  graph.remove_unreachable();
}

}  // namespace tenon
