// SPDX-License-Identifier: Apache-2.0
#include "compiler/infer.h"
#include "compiler/passes/passes.h"
#include "expr/trace.h"
#include "layers/layer_type.h"
#include "ops/expression.h"

#include <fmt/core.h>

// inline_layers: writes users' expression layers into the graph as what they compute.
//
// Before:  custom nodes are bound, and values have types.
// After:   a node whose layer is formulas is an Expression, and needs its layer no more: the plan holds it whole. Its
//          label and documentation stay for people.
// Order:   as soon as types are known, so that all that follows treats users' formulas as it treats its own.
namespace tenon {
namespace {

// "relu6(lo=0.0, hi=6.0)".
std::string label_of(const Node& node) {
  std::string fields;
  for (const auto& [name, value] : node.attributes()) {
    if (name == kLayerVersionAttribute) continue;
    fields += fmt::format("{}{}={}", fields.empty() ? "" : ", ", name, to_string(value));
  }
  return fmt::format("{}({})", node.op(), fields);
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
    Attributes attributes = expression_attributes(*formulas, label_of(*node), bound.type->info().doc);
    std::vector<std::string> names;
    for (const Value* output : node->outputs()) names.push_back(output->name());
    node->attributes() = std::move(attributes);
    node->set_op(std::string(kExpressionOp), "");
    infer_outputs(*node);
  }
}

}  // namespace tenon
