// SPDX-License-Identifier: Apache-2.0
#include "surgery/dialect.h"

#include <tenon/surgery.h>

namespace tenon::surgery {

Attribute shape_attribute(const Graph& graph, const std::optional<Shape>& shape) {
  if (graph.dialect() != "uff") return TensorType{DType::kUndefined, shape};
  std::vector<int64_t> sizes;
  for (const Dim& dim : shape.value_or(Shape())) sizes.push_back(dim.value());
  return sizes;
}

Value* add_dialect_input(Graph& graph, const std::string& name, const TensorType& type) {
  if (graph.dialect() != "tf" && graph.dialect() != "uff") return graph.add_input(name, type);
  const bool tf = graph.dialect() == "tf";
  Attributes attributes{{"dtype", type.dtype}, {"shape", shape_attribute(graph, type.shape)}};
  Node* node = graph.add_node(tf ? "Placeholder" : "Input", name, {}, std::move(attributes));
  node->output()->set_type(type);
  return node->output();
}

bool is_input_node(const Graph& graph, const Node& node) {
  if (!node.domain().empty()) return false;
  if (graph.dialect() == "tf") return node.op() == "Placeholder" || node.op() == "PlaceholderV2";
  return graph.dialect() == "uff" && node.op() == "Input";
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
