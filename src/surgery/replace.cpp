// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include "base/near_names.h"
#include "surgery/dialect.h"

#include <fmt/core.h>

#include <cctype>

// Putting layers in place of nodes.
namespace tenon {
namespace {

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
  Attributes attributes = surgery::attributes_of(graph, spec);
  node->set_op(spec.name, spec.domain);
  node->attributes() = std::move(attributes);
  return node;
}

std::vector<Node*> replace_nodes(Graph& graph, const Query& query, const LayerSpec& spec) {
  std::vector<Node*> nodes = require_nodes(graph, query);
  for (Node* node : nodes) replace_node(graph, node, spec);
  return nodes;
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
