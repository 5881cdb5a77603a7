// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include "base/near_names.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <unordered_set>

// Putting layers in place of nodes and of whole namespaces.
namespace tenon {
namespace {

using NodeSet = std::unordered_set<const Node*>;

// True when following producers from `node` leads into `targets`.
bool reaches(const Node* node, const NodeSet& targets, NodeSet& seen) {
  std::vector<const Node*> pending{node};
  while (!pending.empty()) {
    const Node* current = pending.back();
    pending.pop_back();
    if (targets.contains(current)) return true;
    if (!seen.insert(current).second) continue;
    for (const Value* input : current->inputs())
      if (input != nullptr && input->producer() != nullptr) pending.push_back(input->producer());
    for (const Node* before : current->control_inputs()) pending.push_back(before);
  }
  return false;
}

bool read_outside(const Graph& graph, const Value* value, const NodeSet& inside) {
  if (graph.is_output(value)) return true;
  const auto uses = value->uses();
  return std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return !inside.contains(use.node); });
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::vector<Node*> find_op_ignoring_case(const Graph& graph, const std::string& op) {
  std::vector<Node*> found;
  for (Node* node : graph.nodes())
    if (lower(node->op()) == lower(op)) found.push_back(node);
  return found;
}

}  // namespace

Node* replace_node(Graph& graph, Node* node, const LayerSpec& spec) {
  (void)graph;
  node->set_op(spec.name, spec.domain);
  node->attributes() = spec.fields;
  return node;
}

std::vector<Node*> replace_nodes(Graph& graph, const Query& query, const LayerSpec& spec) {
  std::vector<Node*> nodes = require_nodes(graph, query);
  for (Node* node : nodes) replace_node(graph, node, spec);
  return nodes;
}

Node* replace_namespace(Graph& graph, std::string_view path, const LayerSpec& spec) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::vector<Node*> members = require_nodes(graph, {.path = std::string(path)});
  const NodeSet inside(members.begin(), members.end());

  std::vector<Value*> inputs, outputs;
  std::vector<Node*> before;
  const std::string prefix = std::string(path) + "/";
  for (Node* node : members) {
    for (Value* input : node->inputs()) {
      if (input == nullptr || (input->producer() != nullptr && inside.contains(input->producer()))) continue;
      if (input->constant() != nullptr && input->name().starts_with(prefix)) continue;
      if (std::find(inputs.begin(), inputs.end(), input) == inputs.end()) inputs.push_back(input);
    }
    for (Value* output : node->outputs())
      if (read_outside(graph, output, inside)) outputs.push_back(output);
    for (Node* other : node->control_inputs())
      if (!inside.contains(other) && std::find(before.begin(), before.end(), other) == before.end())
        before.push_back(other);
  }
  NodeSet seen;
  for (const Value* input : inputs) {
    if (input->producer() != nullptr && reaches(input->producer(), inside, seen)) {
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("the namespace '{}' cannot become one layer: its input '{}' depends on one of its own outputs; "
                      "replace a smaller part",
                      path, input->name()));
    }
  }

  // The new node takes over the names of the outputs, so the old values step aside first.
  std::vector<std::string> output_names;
  for (Value* output : outputs) {
    output_names.push_back(output->name());
    graph.rename(output, graph.fresh_name(output->name() + "/replaced"));
  }
  if (Node* same_name = graph.find_node(path)) graph.rename(same_name, graph.fresh_name(prefix + "replaced"));
  Node* layer = graph.add_node(spec.name, std::string(path), inputs, output_names, spec.fields, spec.domain);
  layer->set_control_inputs(std::move(before));
  for (size_t i = 0; i < outputs.size(); ++i) {
    layer->output(i)->set_type(outputs[i]->type());
    graph.replace_uses(outputs[i], layer->output(i));
  }
  for (Node* node : graph.nodes()) {
    if (inside.contains(node) || node == layer) continue;
    std::vector<Node*> control;
    for (Node* other : node->control_inputs()) {
      Node* mapped = inside.contains(other) ? layer : other;
      if (std::find(control.begin(), control.end(), mapped) == control.end()) control.push_back(mapped);
    }
    node->set_control_inputs(std::move(control));
  }
  for (Node* node : members) node->set_inputs({});
  for (Node* node : members) graph.remove(node);
  for (Value* value : graph.values()) {
    if (value->constant() != nullptr && value->uses().empty() && value->name().starts_with(prefix) &&
        !graph.is_output(value)) {
      graph.remove(value);
    }
  }
  return layer;
}

std::vector<Node*> map_to_layer(Graph& graph, std::string_view mapping) {
  const size_t equals = mapping.find('=');
  const size_t parenthesis = mapping.find('(');
  if (equals == mapping.npos || equals == 0 || (parenthesis != mapping.npos && parenthesis < equals)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the mapping '{}' must read WHAT=Layer(field=value, ...), as in 'ReLU6=Clip(lo=0, hi=6)'",
                            mapping));
  }
  return map_to_layer(graph, mapping.substr(0, equals), parse_layer(mapping.substr(equals + 1)));
}

std::vector<Node*> map_to_layer(Graph& graph, std::string_view wanted, const LayerSpec& spec) {
  const std::string what(wanted);
  std::vector<Node*> nodes = find_nodes(graph, {.op = what});
  if (nodes.empty()) nodes = find_nodes(graph, {.name = what});
  if (nodes.empty() && !find_nodes(graph, {.path = what}).empty()) {
    return {replace_namespace(graph, what, spec)};
  }
  if (nodes.empty()) nodes = find_op_ignoring_case(graph, what);
  if (nodes.empty()) {
    std::vector<std::string> names;
    for (const Node* node : graph.nodes()) {
      names.push_back(node->op());
      names.push_back(node->name());
    }
    throw Error(ErrorCode::kNotFound,
                fmt::format("the graph '{}' has no operator, node or namespace '{}' to map to the layer "
                            "'{}'{}",
                            graph.name(), what, spec.name, did_you_mean(what, names)));
  }
  for (Node* node : nodes) replace_node(graph, node, spec);
  return nodes;
}

}  // namespace tenon
