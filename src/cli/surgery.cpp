// SPDX-License-Identifier: Apache-2.0
#include "cli/support.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <span>

namespace tenon::cli {
namespace {

struct Parts {
  std::string left, right;
};

// Splits "LEFT=RIGHT" at the first `separator`.
Parts split(const Edit& edit, std::string_view separator, const char* form) {
  const size_t at = edit.text.find(separator);
  if (at == std::string::npos || at == 0)
    throw UsageError(fmt::format("--{} '{}' must read {}", edit.kind, edit.text, form));
  return {edit.text.substr(0, at), edit.text.substr(at + separator.size())};
}

// One value as parse_layer() reads it: the text is made the only field of a layer.
Attribute parse_value(const std::string& text) { return parse_layer("value(v=" + text + ")").fields.at("v"); }

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> items;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) items.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

// A name, or "op=MatMul,path=dense": the conditions of a query.
Query parse_query(const Graph& graph, const std::string& text, bool regex) {
  Query query{.regex = regex};
  if (text.find('=') == std::string::npos) {
    query.name = text;
    return query;
  }
  for (const std::string& part : split_list(text)) {
    const size_t equals = part.find('=');
    const std::string key = part.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
    if (key == "name")
      query.name.any.push_back(value);
    else if (key == "leaf")
      query.leaf.any.push_back(value);
    else if (key == "op")
      query.op.any.push_back(value);
    else if (key == "path")
      query.path = value;
    else if (key == "attribute")
      query.attribute = value;
    else if (key == "feeds")
      query.feeds = require_node(graph, value);
    else if (key == "reads")
      query.reads = require_node(graph, value);
    else
      throw UsageError(
          fmt::format("the nodes '{}': '{}' is none of name, leaf, op, path, attribute, feeds, reads", text, key));
  }
  return query;
}

void add_namespaces(NamespaceMap& map, const Edit& edit) {
  if (edit.text.ends_with(".json")) {
    for (auto& [path, spec] : load_namespace_map(edit.text)) map.insert_or_assign(path, spec);
    return;
  }
  const auto [path, layer] = split(edit, "=", "NAMESPACE=Layer(field=value, ...), or be a file FILE.json");
  map.insert_or_assign(path, NodeSpec{.layer = parse_layer(layer)});
}

// Applies the first of the edits, with those that belong to it; returns how many these are.
size_t apply(Graph& graph, std::span<const Edit> edits, const SurgeryArgs& args) {
  const Edit& edit = edits.front();
  if (edit.kind == "map") {
    (void)map_to_layer(graph, edit.text);
  } else if (edit.kind == "collapse") {
    NamespaceMap map;
    size_t count = 0;
    for (; count < edits.size() && edits[count].kind == "collapse"; ++count) add_namespaces(map, edits[count]);
    CollapseOptions options{.unique_inputs = !args.repeat_inputs, .single_output = args.single_output};
    for (const std::string& name : args.exclude) options.exclude.push_back(require_node(graph, name));
    (void)collapse_namespaces(graph, map, options);
    return count;
  } else if (edit.kind == "remove") {
    remove_nodes(graph, require_nodes(graph, parse_query(graph, edit.text, args.regex)),
                 {.dependencies = args.with_dependencies, .detach = args.detach});
  } else if (edit.kind == "forward") {
    const auto nodes = require_nodes(graph, parse_query(graph, edit.text, args.regex));
    for (const Node* node : forward_inputs(graph, nodes, args.all_inputs)) {
      fmt::print(stderr, "tenon: {} '{}' stays: it waits for '{}', and its readers would not\n", node->op(),
                 node->name(), node->control_inputs().front()->name());
    }
  } else if (edit.kind == "append") {
    const auto [value, layer] = split(edit, "=", "TENSOR=Layer(field=value, ...)");
    (void)append_after(graph, require_value(graph, value), parse_layer(layer));
  } else if (edit.kind == "connect") {
    const auto [value, node] = split(edit, "->", "TENSOR->NODE");
    (void)connect(require_value(graph, value), require_node(graph, node));
  } else if (edit.kind == "disconnect") {
    const auto [value, node] = split(edit, "->", "TENSOR->NODE");
    (void)disconnect(require_value(graph, value), require_node(graph, node));
  } else if (edit.kind == "set") {
    const auto [place, text] = split(edit, "=", "NODE.ATTRIBUTE=VALUE");
    const size_t dot = place.rfind('.');
    if (dot == std::string::npos) throw UsageError(fmt::format("--set '{}' must read NODE.ATTRIBUTE=VALUE", edit.text));
    const Attribute value = parse_value(text);
    for (Node* node : require_nodes(graph, {.name = place.substr(0, dot)}))
      node->attributes()[place.substr(dot + 1)] = value;
  } else if (edit.kind == "set-op") {
    const auto [from, to] = split(edit, "=", "OLD=NEW");
    for (Node* node : require_nodes(graph, {.op = from})) node->set_op(to, node->domain());
  } else if (edit.kind == "rename") {
    const auto [from, to] = split(edit, "=", "OLD=NEW");
    rename_node(graph, from, to);
  } else if (edit.kind == "input") {
    const size_t colon = edit.text.rfind(':');
    if (colon == std::string::npos) throw UsageError(fmt::format("--input '{}' must read NAME:SHAPE", edit.text));
    set_input_shape(graph, edit.text.substr(0, colon), parse_shape(edit.text.substr(colon + 1)));
  } else if (edit.kind == "outputs") {
    set_outputs(graph, split_list(edit.text));
    graph.remove_unreachable();
  } else {  // "extract": empty sides keep the graph's own ends
    const size_t arrow = edit.text.find("->");
    if (arrow == std::string::npos)
      throw UsageError(fmt::format("--extract '{}' must read INPUT,...->OUTPUT,...", edit.text));
    graph = extract(graph, split_list(edit.text.substr(0, arrow)), split_list(edit.text.substr(arrow + 2)));
  }
  return 1;
}

}  // namespace

int surgery(const SurgeryArgs& args) {
  Graph graph = load(args.path);
  const size_t before = graph.node_count();
  for (std::span<const Edit> rest = args.edits; !rest.empty();) {
    const Edit& edit = rest.front();
    rest = rest.subspan(
        with_context([&] { return apply(graph, rest, args); },
                     [&] { return fmt::format("while applying --{} '{}' to '{}'", edit.kind, edit.text, args.path); }));
  }
  nlohmann::json found = nlohmann::json::array();
  for (const std::string& text : args.find) {
    for (const Node* node : require_nodes(graph, parse_query(graph, text, args.regex))) {
      if (!args.json) fmt::print("{}  {}\n", node->name(), node->op());
      found.push_back({{"name", node->name()}, {"op", node->op()}});
    }
  }
  graph.validate();
  if (!args.output.empty()) save(graph, args.output);
  if (!args.text.empty()) save_text(graph.to_string(), args.text);
  if (args.json) {
    print_json({{"file", args.path},
                {"output", args.output},
                {"nodes_before", before},
                {"nodes", graph.node_count()},
                {"found", found}});
  } else if (!args.output.empty()) {
    fmt::print("{}: {} nodes before, {} after\n", args.output, before, graph.node_count());
  } else if (args.find.empty() && args.text.empty()) {
    fmt::print("{}", graph.to_string());
  }
  return kOk;
}

}  // namespace tenon::cli
