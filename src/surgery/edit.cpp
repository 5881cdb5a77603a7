// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include "surgery/dialect.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon {
namespace {

// Types that were derived from an input's shape are no longer true once it changes.
void forget_derived_types(Graph& graph) {
  for (Value* value : graph.values()) {
    if (value->producer() != nullptr && !surgery::is_input_node(graph, *value->producer())) value->set_type({});
  }
}

}  // namespace

void remove_node(Graph& graph, Node* node, std::optional<size_t> forward) {
  if (forward) {
    Value* input = node->input(*forward);
    if (input == nullptr) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("{} '{}' has no input {} to forward to its readers", node->op(), node->name(), *forward));
    }
    for (Value* output : node->outputs()) graph.replace_uses(output, input);
  }
  for (const Value* output : node->outputs()) {
    if (!output->uses().empty()) {
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format(
              "{} '{}' cannot be removed: '{}' reads it; forward its input to the readers, or remove them first",
              node->op(), node->name(), output->uses()[0].node->name()));
    }
  }
  std::vector<Value*> outputs(graph.outputs().begin(), graph.outputs().end());
  std::erase_if(outputs, [&](const Value* value) { return value->producer() == node; });
  graph.set_outputs(std::move(outputs));
  graph.remove(node);
}

void forward_inputs(Graph& graph, Node* node) { remove_node(graph, node, 0); }

Node* append_after(Graph& graph, Value* value, const LayerSpec& spec, std::string name) {
  if (name.empty()) name = graph.fresh_name(value->name() + "/" + spec.name);
  const std::vector<Use> readers(value->uses().begin(), value->uses().end());
  Node* node = graph.add_node(spec.name, std::move(name), {value}, spec.fields, spec.domain);
  for (const Use& use : readers) use.node->set_input(static_cast<size_t>(use.index), node->output());
  std::vector<Value*> outputs(graph.outputs().begin(), graph.outputs().end());
  std::replace(outputs.begin(), outputs.end(), value, node->output());
  graph.set_outputs(std::move(outputs));
  return node;
}

Graph extract(const Graph& graph, std::span<const std::string> inputs, std::span<const std::string> outputs) {
  Graph part = graph.clone();
  std::vector<Value*> cut;
  for (const std::string& name : inputs) {
    Value* value = require_value(part, name);
    const bool is_input =
        value->producer() == nullptr ? value->constant() == nullptr : surgery::is_input_node(part, *value->producer());
    if (!is_input) {
      // The new input takes the value's name, and in dialects whose inputs are nodes, the node's.
      const std::string wanted = value->name();
      part.rename(value, part.fresh_name(wanted + "/cut"));
      if (Node* node = part.find_node(wanted)) part.rename(node, part.fresh_name(wanted + "/cut"));
      Value* input = surgery::add_dialect_input(part, wanted, value->type());
      part.replace_uses(value, input);
      value = input;
    }
    cut.push_back(value);
  }
  std::vector<Value*> results;
  for (const std::string& name : outputs) results.push_back(require_value(part, name));
  if (!results.empty()) part.set_outputs(results);
  part.remove_unreachable();

  const auto listed = [&](const Value* value) {
    return inputs.empty() || std::find(cut.begin(), cut.end(), value) != cut.end();
  };
  const auto refuse = [&](const Value* value) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("the part between the given tensors still needs the input '{}': name it among the inputs, or cut "
                    "before it is read",
                    value->name()));
  };
  std::vector<Value*> kept;
  for (Value* value : std::vector<Value*>(part.inputs().begin(), part.inputs().end())) {
    const bool used = !value->uses().empty() || part.is_output(value);
    if (used && !listed(value)) refuse(value);
    if (used || (!inputs.empty() && listed(value)))
      kept.push_back(value);
    else
      part.remove(value);
  }
  // In the order in which the caller named them.
  if (!inputs.empty()) {
    std::stable_sort(kept.begin(), kept.end(), [&](const Value* a, const Value* b) {
      return std::find(cut.begin(), cut.end(), a) < std::find(cut.begin(), cut.end(), b);
    });
  }
  part.set_inputs(std::move(kept));
  for (const Node* node : part.nodes())
    if (surgery::is_input_node(part, *node) && !listed(node->output())) refuse(node->output());
  return part;
}

void set_input_shape(Graph& graph, std::string_view name, const Shape& shape, DType dtype) {
  std::vector<std::string> names;
  for (Value* input : graph_inputs(graph)) {
    names.push_back(input->name());
    if (input->name() != name) continue;
    const DType kept = dtype == DType::kUndefined ? input->type().dtype : dtype;
    if (Node* node = input->producer()) {
      node->attributes()["shape"] = surgery::shape_attribute(graph, shape);
      if (dtype != DType::kUndefined) node->attributes()["dtype"] = dtype;
    }
    forget_derived_types(graph);
    input->set_type({kept, shape});
    return;
  }
  std::string all;
  for (const std::string& known : names) all += (all.empty() ? "'" : ", '") + known + "'";
  throw Error(ErrorCode::kNotFound, fmt::format("the graph '{}' has no input named '{}'; it has {}", graph.name(), name,
                                                all.empty() ? "none" : all));
}

void set_outputs(Graph& graph, std::span<const std::string> names) {
  std::vector<Value*> outputs;
  for (const std::string& name : names) outputs.push_back(require_value(graph, name));
  graph.set_outputs(std::move(outputs));
}

void rename_node(Graph& graph, std::string_view from, std::string to) {
  Node* node = require_node(graph, from);
  const std::string old(from);
  graph.rename(node, to);
  for (Value* output : node->outputs()) {
    if (output->name() == old)
      graph.rename(output, to);
    else if (output->name() == fmt::format("{}:{}", old, output->output_index()))
      graph.rename(output, fmt::format("{}:{}", to, output->output_index()));
  }
}

}  // namespace tenon
