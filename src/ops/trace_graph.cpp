// SPDX-License-Identifier: Apache-2.0
#include "expr/infer.h"
#include "expr/inputs.h"
#include "expr/simplify.h"
#include "expr/trace.h"
#include "ops/expression.h"

#include <fmt/core.h>

#include <utility>

// A trace as a graph: between the operators that it calls lie its formulas.
namespace tenon {
namespace {

using expr::NodeKind;

class TraceGraph {
 public:
  explicit TraceGraph(const LayerBuilder::Impl& trace) : trace_(trace), values_(trace.function.inputs.size()) {
    graph_.set_name(trace.function.name);
    std::vector<bool> is_result(values_.size());
    for (const expr::OperatorCall& call : trace.calls)
      for (size_t i = 0; i < call.results; ++i) is_result[call.first_result + i] = true;
    for (size_t i = 0; i < values_.size(); ++i) {
      const expr::Input& input = trace.function.inputs[i];
      if (is_result[i]) continue;
      if (input.type.is_variable()) {
        expr::misuse(fmt::format("layer '{}'", trace.function.name),
                     fmt::format("the dtype of input '{}' is the open {}, but the layer calls operators, which need to "
                                 "know it; give it one",
                                 input.name, trace.function.type_name(input.type)));
      }
      values_[i] = graph_.add_input(input.name, {input.type.dtype(), input.dims});
    }
  }

  Graph build(std::span<const expr::Output> outputs) {
    for (const expr::OperatorCall& call : trace_.calls) add(call);
    graph_.set_outputs(formulas(outputs, trace_.function.requirements.size(), trace_.function.name));
    return std::move(graph_);
  }

 private:
  void add(const expr::OperatorCall& call) {
    const std::string name = graph_.fresh_name(call.op);
    std::vector<Value*> inputs;
    for (const auto& operand : call.operands) {
      Value*& input = inputs.emplace_back();
      const std::string stem = fmt::format("{}/input{}", name, inputs.size() - 1);
      if (const auto* tensor = std::get_if<Tensor>(&operand))
        input = graph_.add_constant(graph_.fresh_name(stem), *tensor);
      if (const auto* output = std::get_if<expr::Output>(&operand))
        input = formulas({output, 1}, call.requirements, stem)[0];
    }
    std::vector<TensorType> types;
    for (size_t i = 0; i < call.results; ++i) {
      const expr::Input& result = trace_.function.inputs[call.first_result + i];
      types.push_back({result.type.dtype(), result.dims});
    }
    const Node* node = add_node(call.op, name, inputs, types, call.attributes);
    for (size_t i = 0; i < call.results; ++i) values_[call.first_result + i] = node->output(i);
  }

  // A node with values of these types, which are called like it.
  Node* add_node(std::string op, std::string_view stem, std::span<Value* const> inputs,
                 std::span<const TensorType> types, Attributes attributes) {
    const std::string name = graph_.fresh_name(stem);
    std::vector<std::string> outputs = {name};
    while (outputs.size() < types.size())
      outputs.push_back(graph_.fresh_name(fmt::format("{}/output{}", name, outputs.size())));
    Node* node = graph_.add_node(std::move(op), name, inputs, outputs, std::move(attributes));
    for (size_t i = 0; i < types.size(); ++i) node->output(i)->set_type(types[i]);
    return node;
  }

  // The outputs, each passed through as it is or computed by one Expression, which checks the first `requirements`.
  std::vector<Value*> formulas(std::span<const expr::Output> outputs, size_t requirements, const std::string& name) {
    std::vector<Value*> results;
    std::vector<expr::Output> computed;
    for (const expr::Output& output : outputs) {
      const auto passed = expr::passed_input(trace_.function, output);
      results.push_back(passed ? values_[*passed] : nullptr);
      if (!passed) computed.push_back(output);
    }
    if (computed.empty()) return results;
    expr::Function function = trace_.function;
    function.outputs = std::move(computed);
    function.requirements.resize(requirements);
    if (trace_.fast) function = expr::simplify(function, /*fast=*/true);
    expr::Narrowed narrowed = expr::without_unread(function);
    if (narrowed.inputs.empty()) {  // An Expression has an input.
      narrowed.inputs.push_back(0);
      narrowed.function.inputs.push_back(function.inputs[0]);
    }
    std::vector<Value*> inputs;
    std::vector<TensorType> types;
    for (const size_t input : narrowed.inputs) {
      inputs.push_back(values_[input]);
      types.push_back(inputs.back()->type());
    }
    types = expr::infer(narrowed.function, types);
    const LayerExpr formulas(std::make_shared<const LayerExpr::Impl>(LayerExpr::Impl{std::move(narrowed.function)}));
    const Node* node = add_node(std::string(kExpressionOp), name, inputs, types,
                                expression_attributes(formulas, trace_.function.name, trace_.function.doc));
    size_t next = 0;
    for (Value*& result : results)
      if (result == nullptr) result = node->output(next++);
    return results;
  }

  const LayerBuilder::Impl& trace_;
  std::vector<Value*> values_;  // Of the function's inputs, results of operators among them.
  Graph graph_;
};

}  // namespace

Graph LayerBuilder::build_graph(std::span<const Expr> outputs) const {
  std::vector<expr::Output> finished;
  for (const Expr& output : outputs) {
    const std::string name = outputs.size() == 1 ? "y" : fmt::format("y{}", finished.size());
    finished.push_back(expr::output_of(impl_, expr::fresh_name(impl_->function, name), output));
  }
  return TraceGraph(*impl_).build(finished);
}

bool LayerBuilder::calls_operators() const noexcept { return !impl_->calls.empty(); }

}  // namespace tenon
