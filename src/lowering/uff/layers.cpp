// SPDX-License-Identifier: Apache-2.0
#include "lowering/uff/layers.h"

#include "formats/uff/dialect.h"
#include "layers/layer_type.h"
#include "lowering/lower.h"
#include "lowering/uff/rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>

namespace tenon::lowering::uff {
namespace {

// What TensorFlow keeps in attributes about types and for itself; no layer has fields of these kinds.
bool is_bookkeeping(const std::string& name, const Attribute& value) {
  return name == "shape" || name.starts_with('_') || std::holds_alternative<std::monostate>(value) ||
         std::holds_alternative<DType>(value) || std::holds_alternative<std::vector<DType>>(value) ||
         std::holds_alternative<std::shared_ptr<const FunctionRef>>(value);
}

Attributes fields_for(const LayerInfo& layer, const Attributes& given) {
  Attributes fields = tenon::uff::layer_fields(given);
  std::erase_if(fields, [&](const auto& field) {
    const bool is_declared = std::any_of(layer.fields.begin(), layer.fields.end(),
                                         [&](const FieldSpec& declared) { return declared.name == field.first; });
    return !is_declared && is_bookkeeping(field.first, field.second);
  });
  return fields;
}

// Gives the node its layer's outputs, and all of them to its readers.
void spread_outputs(Graph& graph, Node* node, int count) {
  const auto had = node->outputs().size();
  for (auto k = had; k < static_cast<size_t>(std::max(count, 0)); ++k) {
    std::string name = fmt::format("{}_{}", node->name(), k);
    graph.add_output_value(node, graph.find_value(name) == nullptr ? name : graph.fresh_name(name));
  }
  if (node->outputs().size() == had || had != 1) return;
  const std::vector<Use> uses(node->output()->uses().begin(), node->output()->uses().end());
  std::unordered_set<const Node*> seen;
  for (const Use& use : uses) {
    Node* reader = use.node;
    if (!seen.insert(reader).second) continue;
    std::vector<Value*> inputs;
    for (Value* input : reader->inputs()) {
      if (input == node->output()) {
        inputs.insert(inputs.end(), node->outputs().begin(), node->outputs().end());
      } else {
        inputs.push_back(input);
      }
    }
    reader->set_inputs(inputs);
  }
}

}  // namespace

bool is_custom(const Node& node) { return node.domain().empty() && node.op().size() > 1 && node.op()[0] == '_'; }

void find_layers(Graph& graph) {
  for (Node* node : graph.nodes()) {
    const bool is_known = !is_custom(*node) && (find_rule(*node) != nullptr || node->op() == tenon::uff::kMarkOutput);
    if (node->domain().empty() && is_known) continue;
    const std::string name = is_custom(*node) ? node->op().substr(1) : node->op();
    const auto layer = LayerRegistry::global().find(node->domain(), name);
    if (layer != nullptr) {
      if (node->domain().empty()) {
        node->attributes() = fields_for(layer->info(), node->attributes());
        node->set_op(name, layer->info().domain);
      }
      spread_outputs(graph, node, layer->info().outputs);
    } else if (node->domain().empty() && find_rule(*node) != nullptr) {
      node->attributes() = tenon::uff::layer_fields(node->attributes());  // Without Python's quotes.
    }
  }
}

std::vector<Value*> computed_values(const Graph& graph, std::span<const std::string> outputs) {
  std::vector<Value*> values;
  std::unordered_set<const Value*> seen;
  const auto add = [&](std::span<Value* const> more) {
    for (Value* value : more)
      if (value != nullptr && seen.insert(value).second) values.push_back(value);
  };
  for (Value* value : find_outputs(graph, outputs)) {
    const Node* producer = value->producer();
    if (producer != nullptr && producer->op() == tenon::uff::kMarkOutput && producer->domain().empty()) {
      add(producer->inputs());
    } else if (producer != nullptr && value->output_index() == 0) {
      add(producer->outputs());
    } else {
      add({&value, 1});
    }
  }
  return values;
}

UnsupportedNode explain_layer(const Node& node) {
  const std::string name = node.op().substr(1);
  return {node.name(), node.op(), fmt::format("no layer '{}' is loaded", name),
          fmt::format("load the plugin that has it with --plugin FILE, or map it to a layer of another name: --map "
                      "'{}=My{}()'",
                      node.op(), name)};
}

}  // namespace tenon::lowering::uff
