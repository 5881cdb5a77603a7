// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include "surgery/dialect.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <unordered_set>

namespace tenon {
namespace {

// Types that were derived from an input's shape are no longer true once it changes.
void forget_derived_types(Graph& graph) {
  for (Value* value : graph.values()) {
    if (value->producer() != nullptr && !surgery::is_input_node(graph, *value->producer())) value->set_type({});
  }
}

// The input that readers of `node` are to read in its place.
Value* forwarded_input(const Node& node, size_t index) {
  Value* input = node.input(index);
  if (input == nullptr) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} '{}' has no input {} to forward to its readers", node.op(), node.name(), index));
  }
  if (std::any_of(node.inputs().begin(), node.inputs().end(),
                  [&](const Value* read) { return read != nullptr && read->producer() == &node; })) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("{} '{}' reads itself, so there is nothing to forward to its readers", node.op(), node.name()));
  }
  return input;
}

// Chains of nodes that read one value twice would double it with each link.
constexpr size_t kMostInputs = 65536;

// Where a node reads `value`, it reads `inputs` instead, those that are left out excepted.
void replace_in_readers(const Value* value, std::span<Value* const> inputs) {
  const std::vector<Use> uses(value->uses().begin(), value->uses().end());
  std::unordered_set<const Node*> done;
  for (const auto& [reader, index] : uses) {
    if (!done.insert(reader).second) continue;
    std::vector<Value*> replaced;
    for (Value* input : reader->inputs()) {
      if (input != value)
        replaced.push_back(input);
      else
        std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(replaced),
                     [](const Value* forwarded) { return forwarded != nullptr; });
    }
    if (replaced.size() > kMostInputs) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("{} '{}' would read {} inputs, more than {}; forward fewer nodes", reader->op(),
                              reader->name(), replaced.size(), kMostInputs));
    }
    reader->set_inputs(replaced);
  }
}

// Adds the nodes that only removed nodes read or wait for, whatever these needed in turn, and so on.
void add_dependencies(const Graph& graph, std::unordered_set<const Node*>& gone, std::vector<Node*>& removed) {
  const auto each_needed = [](const Node& node, auto&& body) {
    for (const Value* input : node.inputs())
      if (input != nullptr && input->producer() != nullptr) body(input->producer());
    for (Node* before : node.control_inputs()) body(before);
  };
  std::unordered_map<const Node*, size_t> needs;  // How many inputs of nodes that stay each node is for.
  for (const Node* node : graph.nodes()) each_needed(*node, [&](const Node* needed) { ++needs[needed]; });
  for (const Value* output : graph.outputs())
    if (output->producer() != nullptr) ++needs[output->producer()];
  for (size_t i = 0; i < removed.size(); ++i) {
    each_needed(*removed[i], [&](Node* needed) {
      if (--needs[needed] == 0 && gone.insert(needed).second) removed.push_back(needed);
    });
  }
}

void remove_unread_constants(Graph& graph, const std::vector<Value*>& values) {
  const std::unordered_set<Value*> candidates(values.begin(), values.end());
  for (Value* value : graph.values()) {
    if (candidates.contains(value) && value->constant() != nullptr && value->uses().empty() && !graph.is_output(value))
      graph.remove(value);
  }
}

}  // namespace

void remove_nodes(Graph& graph, std::span<Node* const> nodes, const RemoveOptions& options) {
  for (Node* node : options.forward ? nodes : std::span<Node* const>()) {
    Value* input = forwarded_input(*node, *options.forward);
    for (Value* output : node->outputs()) graph.replace_uses(output, input);
  }
  std::unordered_set<const Node*> gone(nodes.begin(), nodes.end());
  std::vector<Node*> removed;
  for (Node* node : graph.nodes())
    if (gone.contains(node)) removed.push_back(node);
  if (options.dependencies) add_dependencies(graph, gone, removed);
  for (const Node* node : removed) {
    for (Value* output : node->outputs()) {
      for (const Use& use : std::vector<Use>(output->uses().begin(), output->uses().end())) {
        if (gone.contains(use.node)) continue;
        if (!options.detach) {
          throw Error(ErrorCode::kInvalidArgument,
                      fmt::format("{} '{}' cannot be removed: '{}' reads it; forward its input to the readers, detach "
                                  "them, or remove them first",
                                  node->op(), node->name(), use.node->name()));
        }
        disconnect(output, use.node);
      }
    }
  }
  std::vector<Value*> outputs(graph.outputs().begin(), graph.outputs().end());
  std::erase_if(outputs, [&](const Value* value) { return gone.contains(value->producer()); });
  graph.set_outputs(std::move(outputs));
  std::vector<Value*> read;
  for (const Node* node : removed) read.insert(read.end(), node->inputs().begin(), node->inputs().end());
  graph.remove(removed);
  if (options.dependencies) remove_unread_constants(graph, read);
}

void remove_node(Graph& graph, Node* node, std::optional<size_t> forward) {
  remove_nodes(graph, std::span<Node* const>(&node, 1), {.forward = forward});
}

std::vector<Node*> forward_inputs(Graph& graph, std::span<Node* const> nodes, bool all_inputs) {
  std::vector<Node*> stay, go;
  for (Node* node : nodes) (node->control_inputs().empty() ? go : stay).push_back(node);
  for (Node* node : go) {
    Value* first = forwarded_input(*node, 0);
    for (Value* output : node->outputs()) {
      if (all_inputs) replace_in_readers(output, node->inputs());
      graph.replace_uses(output, first);
    }
  }
  graph.remove(go);
  return stay;
}

void forward_inputs(Graph& graph, Node* node) {
  if (!forward_inputs(graph, std::span<Node* const>(&node, 1)).empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} '{}' cannot be bypassed: it waits for '{}', and its readers would not; remove its "
                            "control inputs first",
                            node->op(), node->name(), node->control_inputs().front()->name()));
  }
}

Node* add_node(Graph& graph, const NodeSpec& spec) {
  std::vector<Value*> inputs;
  for (const std::string& name : spec.inputs) inputs.push_back(require_value(graph, name));
  std::string name = spec.name.empty() ? graph.fresh_name(spec.layer.name) : spec.name;
  const std::string output = graph.find_value(name) == nullptr ? name : graph.fresh_name(name);
  Node* node = graph.add_node(spec.layer.name, std::move(name), inputs, std::span(&output, 1),
                              surgery::attributes_of(graph, spec.layer), spec.layer.domain);
  surgery::set_declared_type(graph, *node);
  return node;
}

bool connect(Value* value, Node* node, std::optional<size_t> at) {
  std::vector<Value*> inputs(node->inputs().begin(), node->inputs().end());
  if (std::find(inputs.begin(), inputs.end(), value) != inputs.end()) return false;
  if (at.value_or(0) > inputs.size()) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{} '{}' has {} inputs, so none can be put in as number {}",
                                                         node->op(), node->name(), inputs.size(), *at));
  }
  inputs.insert(inputs.begin() + static_cast<std::ptrdiff_t>(at.value_or(inputs.size())), value);
  node->set_inputs(inputs);
  return true;
}

size_t disconnect(const Value* value, Node* node) {
  std::vector<Value*> inputs(node->inputs().begin(), node->inputs().end());
  const size_t removed = std::erase(inputs, value);
  if (removed > 0) node->set_inputs(inputs);
  return removed;
}

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
