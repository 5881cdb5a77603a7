// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/passes.h"
#include "compiler/recognise.h"
#include "compiler/rewrite.h"
#include "layers/infer.h"
#include "layers/layer_type.h"
#include "ops/expression.h"

#include <fmt/core.h>

#include <unordered_map>
#include <unordered_set>
#include <utility>

// inline_layers: writes users' expression layers into the graph as what they compute.
//
// Before:  custom nodes are bound, and values have types.
// After:   a node whose layer is formulas, and operators that they call, needs its layer no more, the plan holds it
//          whole. What lies between the operators are Expressions, with the layer's label and documentation for people;
//          where a standard operator is defined by the very formulas, it is that operator, which a convolution may take
//          as its epilogue.
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

// Writes a layer's graph in its node's place.
class Inlining {
 public:
  Inlining(Graph& graph, Node* node, const Graph& body) : graph_(graph), node_(node), body_(body) {}

  void run() {
    for (size_t i = 0; i < body_.inputs().size(); ++i) values_[body_.inputs()[i]] = node_->input(i);
    for (const Node* node : body_.topological_order()) add(*node);
    std::vector<std::pair<Value*, std::string>> outputs;
    for (size_t i = 0; i < body_.outputs().size(); ++i) {
      outputs.emplace_back(values_.at(body_.outputs()[i]), node_->output(i)->name());
      graph_.replace_uses(node_->output(i), outputs.back().first);
    }
    const std::string name = node_->name();
    graph_.remove(node_);
    // What gives the outputs has their names and, the first one, the node's.
    for (const auto& [value, output_name] : outputs) {
      if (!is_added(value)) continue;
      if (graph_.find_value(output_name) == nullptr) graph_.rename(value, output_name);
      if (graph_.find_node(name) == nullptr) graph_.rename(value->producer(), name);
    }
  }

 private:
  void add(const Node& node) {
    const auto name_of = [&](const std::string& name) { return fmt::format("{}/{}", node_->name(), name); };
    std::vector<Value*> inputs;
    for (const Value* input : node.inputs()) {
      Value*& value = inputs.emplace_back();
      if (input == nullptr) continue;
      if (input->constant() != nullptr && !values_.contains(input)) {
        values_[input] = graph_.add_constant(graph_.fresh_name(name_of(input->name())), *input->constant());
      }
      value = values_.at(input);
    }
    std::vector<std::string> outputs;
    for (const Value* output : node.outputs()) outputs.push_back(graph_.fresh_name(name_of(output->name())));
    const std::string name = graph_.fresh_name(name_of(node.name()));
    Node* added = graph_.add_node(node.op(), name, inputs, outputs, node.attributes());
    if (is_op(added, kExpressionOp)) settle(added);
    infer_outputs(*added);
    for (size_t i = 0; i < outputs.size(); ++i) values_[node.output(i)] = added->output(i);
    added_.insert(added);
  }

  void settle(Node* expression) {
    std::vector<TensorType> inputs;
    for (const Value* input : expression->inputs()) inputs.push_back(input->type());
    if (const auto builtin = recognise(formulas_of(*expression), inputs)) {
      make_builtin(graph_, expression, *builtin);
    } else {
      expression->attributes()["label"] = label_of(*node_);
    }
  }

  [[nodiscard]] bool is_added(const Value* value) const { return added_.contains(value->producer()); }

  Graph& graph_;
  Node* node_;
  const Graph& body_;
  std::unordered_map<const Value*, Value*> values_;  // Those of the body, in the graph.
  std::unordered_set<const Node*> added_;
};

}  // namespace

void inline_layers(Graph& graph) {
  for (Node* node : graph.topological_order()) {
    if (node->domain().empty()) continue;
    const BoundLayer bound = layer_of(*node);
    if (bound.type->info().kind != LayerKind::kExpression) continue;
    std::vector<TensorType> inputs;
    for (const Value* input : node->inputs()) inputs.push_back(input == nullptr ? TensorType() : input->type());
    const auto body = with_context([&] { return bound.type->trace(inputs, bound.fields); },
                                   [&] { return fmt::format("in the layer of '{}'", node->name()); });
    Inlining(graph, node, *body).run();
  }
}

}  // namespace tenon
