// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include "base/near_names.h"

#include <fmt/core.h>

#include <fnmatch.h>

#include <charconv>

namespace tenon {
namespace {

// A name that equals the pattern matches even where it holds characters that are special in patterns ("a[0]").
bool matches(const std::string& pattern, const std::string& text) {
  return pattern == text || ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

bool in_namespace(std::string_view path, std::string_view name) {
  return name == path || (name.size() > path.size() && name.starts_with(path) && name[path.size()] == '/');
}

std::string_view without_trailing_slash(std::string_view path) {
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  return path;
}

// The names that a failed query may have meant: those of the kind that its most telling condition is about.
std::string near_matches(const Graph& graph, const Query& query) {
  std::vector<std::string> candidates;
  for (const Node* node : graph.nodes()) {
    if (!query.op.empty()) {
      candidates.push_back(node->op());
    } else if (!query.path.empty()) {
      for (size_t slash = node->name().find('/'); slash != std::string::npos; slash = node->name().find('/', slash + 1))
        candidates.push_back(node->name().substr(0, slash));
    } else if (!query.name.empty()) {
      candidates.push_back(node->name());
    } else {
      for (const auto& [name, value] : node->attributes()) candidates.push_back(name);
    }
  }
  const std::string& wanted = !query.op.empty()     ? query.op
                              : !query.path.empty() ? query.path
                              : !query.name.empty() ? query.name
                                                    : query.attribute;
  return did_you_mean(wanted, candidates);
}

// TensorFlow's operators have at most a few dozen outputs (Split, Unpack); this bounds what a typing error can make.
constexpr size_t kMostOutputs = 1024;

struct Reference {
  std::string_view node;
  size_t output;
};

// Splits "node:2"; nullopt without a number at the end.
std::optional<Reference> split_reference(std::string_view name) {
  const size_t colon = name.rfind(':');
  if (colon == name.npos) return std::nullopt;
  size_t output = 0;
  const char* end = name.data() + name.size();
  const auto [stop, status] = std::from_chars(name.data() + colon + 1, end, output);
  if (status != std::errc() || stop != end || output >= kMostOutputs) return std::nullopt;
  return Reference{name.substr(0, colon), output};
}

}  // namespace

std::string to_string(const Query& query) {
  std::string text;
  const auto add = [&](const char* what, const std::string& value) {
    if (!value.empty()) text += fmt::format("{}{} '{}'", text.empty() ? "" : ", ", what, value);
  };
  add("operator", query.op);
  add("name", query.name);
  add("namespace", query.path);
  add("attribute", query.attribute);
  if (query.value) text += " = " + to_string(*query.value);
  return text.empty() ? "any node" : text;
}

std::vector<Node*> find_nodes(const Graph& graph, const Query& query) {
  const std::string_view path = without_trailing_slash(query.path);
  std::vector<Node*> found;
  for (Node* node : graph.nodes()) {
    if (!query.name.empty() && !matches(query.name, node->name())) continue;
    if (!query.op.empty() && !matches(query.op, node->op())) continue;
    if (!path.empty() && !in_namespace(path, node->name())) continue;
    if (!query.attribute.empty()) {
      const Attribute* attribute = node->attribute(query.attribute);
      if (attribute == nullptr || (query.value && !identical(*attribute, *query.value))) continue;
    }
    found.push_back(node);
  }
  return found;
}

std::vector<Node*> require_nodes(const Graph& graph, const Query& query) {
  std::vector<Node*> found = find_nodes(graph, query);
  if (found.empty()) {
    throw Error(ErrorCode::kNotFound, fmt::format("no node of the graph '{}' matches {}{}", graph.name(),
                                                  to_string(query), near_matches(graph, query)));
  }
  return found;
}

Node* require_node(const Graph& graph, std::string_view name) {
  if (Node* node = graph.find_node(name)) return node;
  std::vector<std::string> names;
  for (const Node* node : graph.nodes()) names.push_back(node->name());
  throw Error(ErrorCode::kNotFound,
              fmt::format("the graph '{}' has no node named '{}'{}", graph.name(), name, did_you_mean(name, names)));
}

Value* require_value(Graph& graph, std::string_view name) {
  if (Value* value = graph.find_value(name)) return value;
  if (const auto reference = split_reference(name)) {
    if (Node* node = graph.find_node(reference->node)) {
      while (graph.dialect() == "tf" && node->outputs().size() <= reference->output) {
        const size_t next = node->outputs().size();
        graph.add_output_value(node, next == 0 ? node->name() : fmt::format("{}:{}", node->name(), next));
      }
      if (reference->output < node->outputs().size()) return node->output(reference->output);
    }
  }
  std::vector<std::string> names;
  for (const Value* value : graph.values()) names.push_back(value->name());
  throw Error(ErrorCode::kNotFound,
              fmt::format("the graph '{}' has no tensor named '{}'{}", graph.name(), name, did_you_mean(name, names)));
}

}  // namespace tenon
