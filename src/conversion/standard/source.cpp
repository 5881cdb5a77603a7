// SPDX-License-Identifier: Apache-2.0
#include "conversion/sources.h"
#include "conversion/standard/rules.h"
#include "conversion/step.h"
#include "lowering/infer.h"
#include "lowering/rewrite.h"
#include "ops/op.h"

namespace tenon::conversion {
namespace standard {
namespace {

const Rule* find_rule(std::string_view op) {
  static const RuleTable table({arranging_rules(), image_rules(), pointwise_rules(), reduction_rules()});
  return table.find(op);
}

// Integers are 32 bits wide in UFF's shapes, so casts to and from 64 bits mean nothing there.
bool is_void_cast(const Node& node) {
  if (node.op() != "Cast" || node.input(0) == nullptr) return false;
  const DType from = node.input(0)->type().dtype, to = node.output()->type().dtype;
  return to != DType::kBool && uff_dtype(from, true).has_value() && uff_dtype(from, true) == uff_dtype(to, true);
}

const Value* forwarded(const Value& value) {
  const Node* node = value.producer();
  if (node == nullptr || !node->domain().empty() || value.output_index() != 0) return nullptr;
  return node->op() == "Identity" || node->op() == "Dropout" || is_void_cast(*node) ? node->input(0) : nullptr;
}

const Tensor* constant(const Value& value) { return value.constant(); }

UnsupportedNode explain(const Node& node, const Graph& /*graph*/) {
  return {node.name(), node.op(), "UFF has no form of this operator", lowering::map_option(node)};
}

}  // namespace
}  // namespace standard

const Source& standard_source() {
  static constexpr Source kSource{standard::find_rule, standard::forwarded, standard::constant, standard::explain,
                                  true};
  return kSource;
}

Graph typed_standard(const Graph& graph) {
  Graph typed = graph.clone();
  for (Node* node : typed.topological_order()) {
    lowering::infer_if_known(*node);
    if (node->op() != "Constant" || !node->domain().empty()) continue;
    Value* made = node->output();
    const std::string name = made->name();
    Value* constant = typed.add_constant("", evaluate(*node, {})[0]);
    typed.replace_uses(made, constant);
    typed.remove(node);
    typed.rename(constant, name);
  }
  return typed;
}

}  // namespace tenon::conversion
