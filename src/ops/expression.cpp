// SPDX-License-Identifier: Apache-2.0
#include "ops/expression.h"

#include "expr/infer.h"
#include "expr/interpret.h"
#include "expr/trace.h"
#include "ops/all_ops.h"

#include <fmt/core.h>

#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace tenon {
namespace {

// Formulas that were parsed lately, by their text.
class ParsedFormulas {
 public:
  static ParsedFormulas& global() {
    static ParsedFormulas& formulas = *new ParsedFormulas;
    return formulas;
  }

  LayerExpr get(const std::string& text) {
    const std::lock_guard lock(mutex_);
    const auto found = formulas_.find(text);
    if (found != formulas_.end()) return found->second;
    LayerExpr parsed = LayerExpr::parse(text);
    if (formulas_.size() >= kMost) formulas_.clear();
    return formulas_.emplace(text, std::move(parsed)).first->second;
  }

 private:
  static constexpr size_t kMost = 1024;
  std::mutex mutex_;
  std::unordered_map<std::string, LayerExpr> formulas_;
};

void infer(InferContext& context) {
  std::vector<TensorType> inputs;
  for (size_t i = 0; i < context.input_count(); ++i) inputs.push_back(context.input(i));
  const LayerExpr formulas = formulas_of(context.node());
  if (formulas.output_count() != context.node().outputs().size()) {
    context.fail(fmt::format("the node has {} outputs, but its formulas give {}", context.node().outputs().size(),
                             formulas.output_count()));
  }
  const std::vector<TensorType> outputs = expr::infer(formulas.impl().function, inputs);
  for (size_t i = 0; i < outputs.size(); ++i) context.set_output(i, outputs[i].dtype, outputs[i].shape);
}

void reference(ReferenceContext& context) {
  std::vector<TensorView> inputs;
  for (size_t i = 0; i < context.input_count(); ++i) inputs.push_back(context.input(i));
  const std::vector<Tensor> results = expr::interpret(formulas_of(context.node()).impl().function, inputs);
  for (size_t i = 0; i < results.size(); ++i) {
    std::memcpy(context.output(i).data, results[i].data(), static_cast<size_t>(results[i].size_bytes()));
  }
}

}  // namespace

OpDef expression_op() {
  return {.name = std::string(kExpressionOp),
          .min_inputs = 1,
          .max_inputs = kVariadic,
          .min_outputs = 1,
          .max_outputs = kVariadic,
          .attributes = {{.name = "formulas", .fallback = std::string(), .required = true},
                         {.name = "label", .fallback = std::string()},
                         {.name = "doc", .fallback = std::string()}},
          .infer = infer,
          .reference = reference,
          .summary = "The outputs by formulas, which an attribute has in their printed form."};
}

Attributes expression_attributes(const LayerExpr& formulas, std::string label, std::string doc) {
  Attributes attributes{{"formulas", formulas.to_string()}, {"label", std::move(label)}};
  if (!doc.empty()) attributes.emplace("doc", std::move(doc));
  return attributes;
}

LayerExpr formulas_of(const Node& node) {
  const std::string text = AttributeReader(node, op_of(node)).string("formulas");
  return with_context([&] { return ParsedFormulas::global().get(text); },
                      [&] { return fmt::format("in the formulas of '{}'", node.name()); });
}

std::string display_name(const Node& node) {
  if (!node.domain().empty() || node.op() != kExpressionOp) return node.op();
  const std::string label = AttributeReader(node, op_of(node)).string("label");
  return label.empty() ? node.op() : label.substr(0, label.find('('));
}

}  // namespace tenon
