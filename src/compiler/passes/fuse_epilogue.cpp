// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/passes.h"
#include "compiler/rewrite.h"
#include "layers/infer.h"
#include "ops/epilogue.h"
#include "ops/op.h"

#include <limits>

// fuse_epilogue: what is computed from a product's result, element by element, is done while the result is in
// registers.
//
// Before:  clamps are Clip, scales are folded into the weights.
// After:   Conv, ConvTranspose, Gemm and MatMul carry the activations and the additions and products with tensors that
//          follow them, as long as nobody else reads what is in between (ops/epilogue.h).
// Order:   last of the fusions: what fold_scale could have folded must not end here.
namespace tenon {
namespace {

// Kernels take a short epilogue; longer ones are no faster than a pass of their own.
constexpr size_t kMostSteps = 8;

std::optional<EpilogueStep> unary_step(const Node& node) {
  if (!is_epilogue_unary(node.op())) return std::nullopt;
  EpilogueStep step{.op = node.op()};
  const AttributeReader attributes(node, op_of(node));
  if (node.op() == "Clip") {
    step.alpha = -std::numeric_limits<double>::infinity();
    step.beta = std::numeric_limits<double>::infinity();
    for (size_t i = 1; i < 3; ++i) {
      if (node.input(i) == nullptr) continue;
      const auto bound = scalar_of(node.input(i));
      if (!bound) return std::nullopt;
      (i == 1 ? step.alpha : step.beta) = *bound;
    }
  } else if (node.op() == "Gelu") {
    if (attributes.string("approximate") != "none") return std::nullopt;
  } else if (node.op() == "Elu" || node.op() == "LeakyRelu" || node.op() == "Swish" || node.op() == "HardSigmoid") {
    step.alpha = attributes.number("alpha");
    if (node.op() == "HardSigmoid") step.beta = attributes.number("beta");
  }
  return step;
}

// The step that `reader` makes of the anchor's result, and its other operand.
struct Fusable {
  EpilogueStep step;
  Value* operand = nullptr;
};

std::optional<Fusable> fusable(const Node& reader, const Value* result) {
  if (!reader.domain().empty() || reader.outputs().size() != 1 || !same_type(reader.output(), result))
    return std::nullopt;
  if (const auto step = unary_step(reader)) {
    if (reader.input(0) != result) return std::nullopt;
    return Fusable{*step};
  }
  if (!is_epilogue_binary(reader.op()) || reader.inputs().size() != 2) return std::nullopt;
  const bool commutes = reader.op() != "Sub" && reader.op() != "Div";
  const size_t side = reader.input(0) == result ? 0 : 1;
  Value* operand = reader.input(1 - side);
  if ((side == 1 && !commutes) || operand == result || operand->type().dtype != result->type().dtype)
    return std::nullopt;
  // The operand is a tensor of the result's shape, or a constant that broadcasts to it.
  if (operand->constant() == nullptr && !same_shape(operand, result)) return std::nullopt;
  return Fusable{{.op = reader.op()}, operand};
}

bool is_anchor(const Node* node) {
  return is_op(node, "Conv") || is_op(node, "ConvTranspose") || is_op(node, "Gemm") || is_op(node, "MatMul");
}

}  // namespace

void fuse_epilogue(Graph& graph) {
  // From the last anchor to the first: of two that an Add joins, the later one takes it, when the other's result is
  // there.
  std::vector<Node*> order = graph.topological_order();
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    Node* anchor = *it;
    if (!is_anchor(anchor)) continue;
    while (epilogue_of(*anchor).size() < kMostSteps) {
      Value* result = anchor->output();
      Node* reader = only_reader(graph, result);
      if (reader == nullptr) break;
      const auto found = fusable(*reader, result);
      if (!found) break;
      append_epilogue(*anchor, found->step, found->operand);
      graph.replace_uses(reader->output(), result);
      reader->set_inputs({});
    }
  }
  graph.remove_unreachable();
}

}  // namespace tenon
