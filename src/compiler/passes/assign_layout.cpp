// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/passes.h"
#include "compiler/rewrite.h"
#include "layers/infer.h"
#include "layers/layer_type.h"
#include "ops/op.h"

#include <algorithm>
#include <array>

// assign_layout: computes on images with their channels last, which is what the fast kernels want.
//
// Convolutions, pooling and normalisations of rank 4 get the internal attribute channels_last, with a Transpose in
// front and one behind. In a TensorFlow model these meet the transposes of the lowering and cancel. Elsewhere they are
// moved down through operators that do not mind the order of axes until they meet one that undoes them.
//
// Before:  types are inferred, clamps are Clip, transposes of constants are folded.
// After:   every such operator has channels last. Transposes stand at the edges of the graph, and at operators that
// need
//          the original order; simplify, which follows, takes those that cancel or move nothing.
// Order:   before fold_pad and fold_scale, which look past no transposes.
namespace tenon {
namespace {

using Perm = std::vector<int64_t>;
// NOLINTBEGIN(bugprone-throwing-static-initialization): eight numbers
const Perm kToLast = {0, 2, 3, 1};   // NCHW -> NHWC
const Perm kToFirst = {0, 3, 1, 2};  // NHWC -> NCHW
// NOLINTEND(bugprone-throwing-static-initialization)

constexpr std::array<std::string_view, 8> kImageOps = {
    "AveragePool",       "BatchNormalization", "Conv", "ConvTranspose",
    "GlobalAveragePool", "GlobalMaxPool",      "LRN",  "MaxPool"};

bool wants_channels_last(const Node& node) {
  if (!node.domain().empty() || std::find(kImageOps.begin(), kImageOps.end(), node.op()) == kImageOps.end())
    return false;
  return rank_of(node.input(0)) == 4 && node.outputs().size() == 1 && integer_attribute(node, "channels_last") == 0;
}

void put_channels_last(const Rewriter& rewriter, Node* node) {
  Value* x = rewriter.add("Transpose", node->name() + "/to_last", {node->input(0)}, {{"perm", kToLast}});
  Value* y = node->output();
  // The transpose behind takes over the readers; it is typed once its input is.
  const std::string name = rewriter.graph().fresh_name(y->name() + "/to_first");
  Node* back = rewriter.graph().add_node("Transpose", name, {}, {{"perm", kToFirst}});
  rewriter.graph().replace_uses(y, back->output());
  back->append_input(y);
  node->set_input(0, x);
  node->attributes()["channels_last"] = int64_t{1};
  infer_outputs(*node);
  infer_outputs(*back);
}

std::optional<Perm> transposed_by(const Value* value) {
  const Node* node = produced_by(value, "Transpose");
  if (node == nullptr) return std::nullopt;
  Perm perm = AttributeReader(*node, op_of(*node)).integers("perm");
  if (perm.empty()) return std::nullopt;
  return perm;
}

bool is_elementwise(const Node& node) {
  if (node.outputs().size() != 1) return false;
  if (node.domain().empty()) return find_op(node.op()) != nullptr && op_of(node).pointwise;
  const auto layer = LayerRegistry::global().find(node.domain(), node.op());
  return layer != nullptr && layer->info().elementwise && node.inputs().size() == 1;
}

Perm inverse(const Perm& perm) {
  Perm result(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) result[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
  return result;
}

// The constant as it broadcasts against the untransposed operands: extended to full rank, then with the axes put back.
Value* restored_constant(const Rewriter& rewriter, Value* constant, const Perm& perm) {
  const Tensor& tensor = *constant->constant();
  if (tensor.count() == 1) return constant;
  Dims dims;
  for (size_t i = static_cast<size_t>(tensor.dims().rank()); i < perm.size(); ++i) dims.push_back(1);
  for (const int64_t extent : tensor.dims()) dims.push_back(extent);
  Value* full = rewriter.constant(constant->name(), tensor.reshaped(dims));
  return rewriter.add("Transpose", constant->name(), {full}, {{"perm", inverse(perm)}});
}

// What `value` is before the transposition `perm`: the input of the Transpose that makes it, or an inverse Transpose of
// it that is there already; null when there is neither.
Value* untransposed(Value* value, const Perm& perm) {
  if (transposed_by(value) == perm) return value->producer()->input(0);
  for (const Use& use : value->uses())
    if (is_op(use.node, "Transpose") && transposed_by(use.node->output()) == inverse(perm)) return use.node->output();
  return nullptr;
}

// op(T(a), T(b), constant) = T(op(a, b, T⁻¹(constant))): returns true when the node was changed so.
bool sink_through(const Rewriter& rewriter, Node* node) {
  const bool concat = is_op(node, "Concat");
  if (!concat && !is_elementwise(*node)) return false;
  std::optional<Perm> perm;
  for (const Value* input : node->inputs())
    if (input != nullptr && !perm) perm = transposed_by(input);
  if (!perm || rank_of(node->output()) != static_cast<int64_t>(perm->size())) return false;
  std::vector<Value*> inputs;
  for (Value* input : node->inputs()) {
    if (input == nullptr) {
      inputs.push_back(nullptr);
    } else if (input->constant() != nullptr && !concat) {
      inputs.push_back(restored_constant(rewriter, input, *perm));
    } else {
      inputs.push_back(untransposed(input, *perm));
      if (inputs.back() == nullptr) return false;
    }
  }
  Value* y = node->output();
  const std::string name = rewriter.graph().fresh_name(y->name() + "/sunk");
  Node* back = rewriter.graph().add_node("Transpose", name, {}, {{"perm", *perm}});
  rewriter.graph().replace_uses(y, back->output());
  back->append_input(y);
  node->set_inputs(inputs);
  if (concat) {
    const int64_t rank = static_cast<int64_t>(perm->size());
    const int64_t axis = integer_attribute(*node, "axis");
    node->attributes()["axis"] = (*perm)[static_cast<size_t>(axis < 0 ? axis + rank : axis)];
  }
  infer_outputs(*node);
  infer_outputs(*back);
  return true;
}

}  // namespace

void assign_layout(Graph& graph) {
  const Rewriter rewriter(graph);
  for (Node* node : graph.topological_order())
    if (wants_channels_last(*node)) put_channels_last(rewriter, node);
  simplify(graph);
  // One pass in order takes a transpose as far down as it goes, since its readers come later; cancelling in between
  // lets those behind start where it ended.
  for (Node* node : graph.topological_order()) (void)sink_through(rewriter, node);
  simplify(graph);
}

}  // namespace tenon
