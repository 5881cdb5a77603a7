// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/passes.h"
#include "compiler/recognise.h"
#include "compiler/rewrite.h"
#include "expr/trace.h"
#include "layers/infer.h"
#include "layers/layer_type.h"
#include "ops/expression.h"

#include <fmt/core.h>

// inline_layers: writes users' expression layers into the graph as what they compute.
//
// Before:  custom nodes are bound, and values have types.
// After:   a node whose layer is formulas needs its layer no more, the plan holds it whole. Where a standard operator
//          is defined by these very formulas, the node is that operator, which a convolution may take as its epilogue;
//          else it is an Expression, with its label and documentation for people.
// Order:   as soon as types are known, so that all that follows treats users' formulas as it treats its own.
namespace tenon {
namespace {

// "relu6(lo=0.0, hi=6.0)".
std::string label_of(const Node& node) {
  std::string fields;
  for (const auto& [name, value] : node.attributes()) {
    if (!is_field_name(name)) continue;
    fields += fmt::format("{}{}={}", fields.empty() ? "" : ", ", name, to_string(value));
  }
  return fmt::format("{}({})", node.op(), fields);
}

void make_builtin(Graph& graph, Node* node, const BuiltIn& builtin) {
  node->set_op(builtin.op);
  node->attributes() = builtin.attributes;
  const Rewriter rewriter(graph);
  const DType dtype = node->input(0)->type().dtype;
  for (const double value : builtin.scalars) {
    node->append_input(rewriter.constant(node->name() + "/bound", scalar_tensor(value, dtype)));
  }
}

void make_expression(Node* node, const LayerExpr& formulas, const std::string& doc) {
  node->attributes() = expression_attributes(formulas, label_of(*node), doc);
  node->set_op(std::string(kExpressionOp));
}

}  // namespace

void inline_layers(Graph& graph) {
  for (Node* node : graph.topological_order()) {
    if (node->domain().empty()) continue;
    const BoundLayer bound = layer_of(*node);
    if (bound.type->info().kind != LayerKind::kExpression) continue;
    std::vector<TensorType> inputs;
    for (const Value* input : node->inputs()) inputs.push_back(input == nullptr ? TensorType() : input->type());
    const auto formulas = with_context([&] { return bound.type->formulas(inputs, bound.fields); },
                                       [&] { return fmt::format("in the layer of '{}'", node->name()); });
    if (const auto builtin = recognise(*formulas, inputs)) {
      make_builtin(graph, node, *builtin);
    } else {
      make_expression(node, *formulas, bound.type->info().doc);
    }
    infer_outputs(*node);
  }
}

}  // namespace tenon
