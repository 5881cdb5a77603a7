// SPDX-License-Identifier: Apache-2.0
#include "cli/support.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace tenon::cli {
namespace {

struct Parts {
  std::string left, right;
};

// Splits "LEFT=RIGHT" at the first `separator`.
Parts split(const Edit& edit, char separator, const char* form) {
  const size_t at = edit.text.find(separator);
  if (at == std::string::npos || at == 0)
    throw UsageError(fmt::format("--{} '{}' must read {}", edit.kind, edit.text, form));
  return {edit.text.substr(0, at), edit.text.substr(at + 1)};
}

Node* node_named(const Graph& graph, const std::string& name) { return require_nodes(graph, {.name = name}).front(); }

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

void apply(Graph& graph, const Edit& edit) {
  if (edit.kind == "map") {
    (void)map_to_layer(graph, edit.text);
  } else if (edit.kind == "remove") {
    for (Node* node : require_nodes(graph, {.name = edit.text})) remove_node(graph, node);
  } else if (edit.kind == "forward") {
    for (Node* node : require_nodes(graph, {.name = edit.text})) forward_inputs(graph, node);
  } else if (edit.kind == "append") {
    const auto [value, layer] = split(edit, '=', "TENSOR=Layer(field=value, ...)");
    const std::vector<std::string> name{value};
    Value* target = graph.find_value(value);
    if (target == nullptr) target = node_named(graph, value)->output();
    (void)append_after(graph, target, parse_layer(layer));
  } else if (edit.kind == "set") {
    const auto [place, text] = split(edit, '=', "NODE.ATTRIBUTE=VALUE");
    const size_t dot = place.rfind('.');
    if (dot == std::string::npos) throw UsageError(fmt::format("--set '{}' must read NODE.ATTRIBUTE=VALUE", edit.text));
    const Attribute value = parse_value(text);
    for (Node* node : require_nodes(graph, {.name = place.substr(0, dot)}))
      node->attributes()[place.substr(dot + 1)] = value;
  } else if (edit.kind == "rename") {
    const auto [from, to] = split(edit, '=', "OLD=NEW");
    rename_node(graph, from, to);
  } else if (edit.kind == "input") {
    const size_t colon = edit.text.rfind(':');
    if (colon == std::string::npos) throw UsageError(fmt::format("--input '{}' must read NAME:SHAPE", edit.text));
    set_input_shape(graph, edit.text.substr(0, colon), parse_shape(edit.text.substr(colon + 1)));
  } else if (edit.kind == "outputs") {
    set_outputs(graph, split_list(edit.text));
    graph.remove_unreachable();
  } else {  // "extract": INPUTS:OUTPUTS, where tensor names may hold single colons themselves
    const size_t arrow = edit.text.find("->");
    if (arrow == std::string::npos)
      throw UsageError(fmt::format("--extract '{}' must read INPUT,...->OUTPUT,...", edit.text));
    graph = extract(graph, split_list(edit.text.substr(0, arrow)), split_list(edit.text.substr(arrow + 2)));
  }
}

// "op=MatMul,path=dense": the conditions of a query.
Query parse_query(const std::string& text) {
  Query query;
  for (const std::string& part : split_list(text)) {
    const auto [key, value] =
        split({"find", part}, '=', "name=..., op=..., path=... or attribute=..., with commas between");
    if (key == "name")
      query.name = value;
    else if (key == "op")
      query.op = value;
    else if (key == "path")
      query.path = value;
    else if (key == "attribute")
      query.attribute = value;
    else
      throw UsageError(fmt::format("--find '{}': '{}' is none of name, op, path, attribute", text, key));
  }
  return query;
}

}  // namespace

int surgery(const SurgeryArgs& args) {
  Graph graph = load(args.path);
  const size_t before = graph.node_count();
  for (const Edit& edit : args.edits) {
    with_context([&] { apply(graph, edit); },
                 [&] { return fmt::format("while applying --{} '{}' to '{}'", edit.kind, edit.text, args.path); });
  }
  nlohmann::json found = nlohmann::json::array();
  for (const std::string& text : args.find) {
    for (const Node* node : require_nodes(graph, parse_query(text))) {
      if (!args.json) fmt::print("{}  {}\n", node->name(), node->op());
      found.push_back({{"name", node->name()}, {"op", node->op()}});
    }
  }
  graph.validate();
  if (!args.output.empty()) save(graph, args.output);
  if (args.json) {
    print_json({{"file", args.path},
                {"output", args.output},
                {"nodes_before", before},
                {"nodes", graph.node_count()},
                {"found", found}});
  } else if (!args.output.empty()) {
    fmt::print("{}: {} nodes before, {} after\n", args.output, before, graph.node_count());
  } else if (args.find.empty()) {
    fmt::print("{}", graph.to_string());
  }
  return kOk;
}

}  // namespace tenon::cli
