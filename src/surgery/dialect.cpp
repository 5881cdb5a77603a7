// SPDX-License-Identifier: Apache-2.0
#include "surgery/dialect.h"

#include "base/near_names.h"

#include <tenon/surgery.h>

#include <fmt/core.h>

#include <charconv>

namespace tenon::surgery {
namespace {

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

Value* add_dialect_input(Graph& graph, const std::string& name, const TensorType& type) {
  if (graph.dialect() != "tf" && graph.dialect() != "uff") return graph.add_input(name, type);
  const bool tf = graph.dialect() == "tf";
  Attributes attributes{{"dtype", type.dtype}, {"shape", TensorType{DType::kUndefined, type.shape}}};
  Node* node = graph.add_node(tf ? "Placeholder" : "Input", name, {}, std::move(attributes));
  node->output()->set_type(type);
  return node->output();
}

bool is_input_node(const Graph& graph, const Node& node) {
  if (!node.domain().empty()) return false;
  if (graph.dialect() == "tf") return node.op() == "Placeholder" || node.op() == "PlaceholderV2";
  return graph.dialect() == "uff" && node.op() == "Input";
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

}  // namespace tenon::surgery

namespace tenon {

std::vector<Value*> graph_inputs(const Graph& graph) {
  std::vector<Value*> inputs(graph.inputs().begin(), graph.inputs().end());
  for (const Node* node : graph.nodes())
    if (surgery::is_input_node(graph, *node) && !node->outputs().empty()) inputs.push_back(node->output());
  return inputs;
}

}  // namespace tenon
