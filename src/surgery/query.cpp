// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include "base/near_names.h"
#include "surgery/names.h"

#include <fmt/core.h>
#include <re2/re2.h>

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <unordered_map>
#include <unordered_set>

namespace tenon {
namespace {

// Patterns, ready to be compared with many names.
class Matcher {
 public:
  Matcher(const Patterns& patterns, bool regex) : patterns_(patterns.any) {
    if (!regex) return;
    for (const std::string& pattern : patterns_) {
      const auto& made = regexes_.emplace_back(std::make_unique<re2::RE2>(pattern, re2::RE2::Quiet));
      if (made->ok()) continue;
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("the regular expression '{}' cannot be read: {}; a \\ in front of a character takes it as it "
                      "is",
                      pattern, made->error()));
    }
  }

  // Without patterns, always. A name that equals the pattern matches even where it holds characters that are special in
  // patterns ("a[0]", "a.b+c").
  bool operator()(const std::string& text) const {
    if (patterns_.empty() || std::find(patterns_.begin(), patterns_.end(), text) != patterns_.end()) return true;
    if (!regexes_.empty()) {
      return std::any_of(regexes_.begin(), regexes_.end(),
                         [&](const auto& regex) { return re2::RE2::FullMatch(text, *regex); });
    }
    return std::any_of(patterns_.begin(), patterns_.end(),
                       [&](const std::string& pattern) { return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0; });
  }

 private:
  const std::vector<std::string>& patterns_;
  std::vector<std::unique_ptr<re2::RE2>> regexes_;
};

std::string last_component(const std::string& name) {
  const size_t slash = name.rfind('/');
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

bool in_namespace(std::string_view path, std::string_view name) {
  return name == path || (name.size() > path.size() && name.starts_with(path) && name[path.size()] == '/');
}

bool reads_from(const Node& reader, const Node& producer) {
  return std::any_of(reader.inputs().begin(), reader.inputs().end(),
                     [&](const Value* input) { return input != nullptr && input->producer() == &producer; });
}

// The producers of a node's inputs in their order, each once.
std::vector<Node*> producers_of(const Node& node) {
  std::vector<Node*> producers;
  std::unordered_set<const Node*> seen;
  for (const Value* input : node.inputs()) {
    Node* producer = input == nullptr ? nullptr : input->producer();
    if (producer != nullptr && seen.insert(producer).second) producers.push_back(producer);
  }
  return producers;
}

// The names that a failed query may have meant: those of the kind that its most telling condition is about.
std::string near_matches(const Graph& graph, const Query& query) {
  std::vector<std::string> candidates;
  for (const Node* node : graph.nodes()) {
    if (!query.op.any.empty()) {
      candidates.push_back(node->op());
    } else if (!query.path.empty()) {
      for (size_t slash = node->name().find('/'); slash != std::string::npos; slash = node->name().find('/', slash + 1))
        candidates.push_back(node->name().substr(0, slash));
    } else if (!query.name.any.empty()) {
      candidates.push_back(node->name());
    } else if (!query.leaf.any.empty()) {
      candidates.push_back(last_component(node->name()));
    } else {
      for (const auto& [name, value] : node->attributes()) candidates.push_back(name);
    }
  }
  const std::string& wanted = !query.op.any.empty()     ? query.op.any.front()
                              : !query.path.empty()     ? query.path
                              : !query.name.any.empty() ? query.name.any.front()
                              : !query.leaf.any.empty() ? query.leaf.any.front()
                                                        : query.attribute;
  return wanted.empty() ? "" : did_you_mean(wanted, candidates);
}

// TensorFlow's operators have at most a few dozen outputs (Split, Unpack); this bounds what a typing error can make.
constexpr size_t kMostOutputs = 1024;

struct Reference {
  std::string_view node;
  size_t output;
};

// Splits "node:2"; output 0 without a number at the end.
Reference split_reference(std::string_view name) {
  const size_t colon = name.rfind(':');
  if (colon == name.npos) return {name, 0};
  size_t output = 0;
  const char* end = name.data() + name.size();
  const auto [stop, status] = std::from_chars(name.data() + colon + 1, end, output);
  if (status != std::errc() || stop != end || output >= kMostOutputs) return {name, 0};
  return {name.substr(0, colon), output};
}

constexpr size_t kMostChains = 65536;

}  // namespace

std::string to_string(const Query& query) {
  std::string text;
  const auto add = [&](const char* what, const std::string& value) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", what, value);
  };
  const auto add_patterns = [&](const char* what, const Patterns& patterns) {
    std::string any;
    for (const std::string& pattern : patterns.any) any += fmt::format("{}'{}'", any.empty() ? "" : " or ", pattern);
    if (!any.empty()) add(what, any);
  };
  add_patterns("operator", query.op);
  add_patterns("name", query.name);
  add_patterns("last component", query.leaf);
  add_patterns("namespace", query.path);
  add_patterns("attribute", query.attribute);
  if (query.value) text += " = " + to_string(*query.value);
  if (query.feeds != nullptr) add("read by", fmt::format("'{}'", query.feeds->name()));
  if (query.reads != nullptr) add("reading", fmt::format("'{}'", query.reads->name()));
  return text.empty() ? "any node" : text;
}

std::vector<Node*> find_nodes(const Graph& graph, const Query& query) {
  const std::string_view path = surgery::without_trailing_slash(query.path);
  const Matcher name(query.name, query.regex), leaf(query.leaf, query.regex), op(query.op, query.regex);
  std::vector<Node*> found;
  for (Node* node : query.feeds == nullptr ? graph.nodes() : producers_of(*query.feeds)) {
    if (!name(node->name()) || !leaf(last_component(node->name())) || !op(node->op())) continue;
    if (!path.empty() && !in_namespace(path, node->name())) continue;
    if (query.reads != nullptr && !reads_from(*node, *query.reads)) continue;
    if (!query.attribute.empty()) {
      const Attribute* attribute = node->attribute(query.attribute);
      if (attribute == nullptr || (query.value && !identical(*attribute, *query.value))) continue;
    }
    found.push_back(node);
  }
  return found;
}

std::vector<std::vector<Node*>> find_chains(const Graph& graph, std::span<const std::string> ops) {
  // From the last link to the first: the nodes from which the rest of the chain can be reached, in graph order, and
  // which of the next link's nodes read them. So the search below never follows a link that leads nowhere.
  std::vector<Node*> links;
  std::vector<std::unordered_map<const Node*, std::vector<Node*>>> readers(ops.size());
  for (size_t i = ops.size(); i-- > 0;) {
    const bool is_last = i + 1 == ops.size();
    links = find_nodes(graph, {.op = ops[i]});
    std::erase_if(links, [&](const Node* node) { return !is_last && !readers[i].contains(node); });
    if (i == 0) break;
    for (Node* node : links)
      for (const Node* producer : producers_of(*node)) readers[i - 1][producer].push_back(node);
  }
  struct Level {
    const std::vector<Node*>* choices;
    size_t next;
  };
  std::vector<std::vector<Node*>> chains;
  std::vector<Level> levels{{&links, 0}};
  while (!levels.empty()) {
    auto& [choices, next] = levels.back();
    if (next == choices->size()) {
      levels.pop_back();
      continue;
    }
    const Node* node = (*choices)[next++];
    if (levels.size() < ops.size()) {
      levels.push_back({&readers[levels.size() - 1].at(node), 0});
      continue;
    }
    if (chains.size() == kMostChains) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("the graph '{}' has more than {} chains of these {} operators; ask for a shorter part",
                              graph.name(), kMostChains, ops.size()));
    }
    std::vector<Node*>& chain = chains.emplace_back();
    for (const Level& level : levels) chain.push_back((*level.choices)[level.next - 1]);
  }
  return chains;
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
  const auto [node_name, output] = split_reference(name);
  if (Node* node = graph.find_node(node_name)) {
    while (graph.dialect() == "tf" && node->outputs().size() <= output) {
      const size_t next = node->outputs().size();
      graph.add_output_value(node, next == 0 ? node->name() : fmt::format("{}:{}", node->name(), next));
    }
    if (output < node->outputs().size()) return node->output(output);
  }
  std::vector<std::string> names;
  for (const Value* value : graph.values()) names.push_back(value->name());
  throw Error(ErrorCode::kNotFound,
              fmt::format("the graph '{}' has no tensor named '{}'{}", graph.name(), name, did_you_mean(name, names)));
}

}  // namespace tenon
