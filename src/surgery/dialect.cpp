// SPDX-License-Identifier: Apache-2.0
#include "surgery/dialect.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>

namespace tenon::surgery {
namespace {

bool is_input_op(const Graph& graph, std::string_view op, std::string_view domain) {
  if (!domain.empty()) return false;
  if (graph.dialect() == "tf") return op == "Placeholder" || op == "PlaceholderV2";
  return graph.dialect() == "uff" && op == "Input";
}

}  // namespace

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

bool is_input_node(const Graph& graph, const Node& node) { return is_input_op(graph, node.op(), node.domain()); }

bool is_input(const Graph& graph, const LayerSpec& layer) { return is_input_op(graph, layer.name, layer.domain); }

Attributes attributes_of(const Graph& graph, const LayerSpec& layer) {
  Attributes attributes = layer.fields;
  if (!layer.domain.empty() || (graph.dialect() != "tf" && graph.dialect() != "uff")) return attributes;
  const auto dtype = attributes.find("dtype");
  if (dtype == attributes.end()) {
    const auto value = attributes.find("value");
    const auto* tensor = value == attributes.end() ? nullptr : std::get_if<Tensor>(&value->second);
    if (tensor != nullptr || is_input(graph, layer))
      attributes.emplace("dtype", tensor == nullptr ? DType::kFloat32 : tensor->dtype());
  } else if (const auto* name = std::get_if<std::string>(&dtype->second)) {
    const std::optional<DType> known = dtype_from_name(*name);
    if (!known) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("{}: dtype is '{}' but the name of an element type is required, as in 'f32' or 'float32'",
                              layer.name, *name));
    }
    dtype->second = *known;
  }
  if (const auto shape = attributes.find("shape"); shape != attributes.end()) {
    if (const auto* sizes = std::get_if<std::vector<int64_t>>(&shape->second))
      shape->second = shape_attribute(graph, Shape(sizes->begin(), sizes->end()));
  }
  return attributes;
}

void set_declared_type(const Graph& graph, Node& node) {
  const auto* value = node.attribute("value");
  if (const auto* tensor = value == nullptr ? nullptr : std::get_if<Tensor>(value);
      tensor != nullptr && node.domain().empty() && node.op() == "Const") {
    node.output()->set_type({tensor->dtype(), to_shape(tensor->dims())});
  }
  if (!is_input_node(graph, node)) return;
  TensorType type;
  if (const Attribute* dtype = node.attribute("dtype"); dtype != nullptr && std::holds_alternative<DType>(*dtype))
    type.dtype = std::get<DType>(*dtype);
  if (const Attribute* shape = node.attribute("shape")) {
    // No sizes at all are UFF's way to say that the rank is not known.
    const auto* sizes = std::get_if<std::vector<int64_t>>(shape);
    if (sizes != nullptr && !sizes->empty()) type.shape = Shape(sizes->begin(), sizes->end());
    if (const auto* stated = std::get_if<TensorType>(shape)) type.shape = stated->shape;
  }
  node.output()->set_type(std::move(type));
}

}  // namespace tenon::surgery

namespace tenon {

std::vector<Value*> graph_inputs(const Graph& graph) {
  std::vector<Value*> inputs(graph.inputs().begin(), graph.inputs().end());
  for (const Node* node : graph.nodes())
    if (surgery::is_input_node(graph, *node) && !node->outputs().empty()) inputs.push_back(node->output());
  return inputs;
}

std::vector<Node*> output_nodes(const Graph& graph) {
  const std::vector<Node*> nodes = graph.nodes();
  std::vector<Node*> found;
  std::unordered_set<const Node*> seen;
  const auto add = [&](const Value* value) {
    Node* node = value == nullptr ? nullptr : value->producer();
    if (node != nullptr && seen.insert(node).second) found.push_back(node);
  };
  bool marked = false;
  for (const Node* node : nodes) {
    if (graph.dialect() != "uff" || node->op() != "MarkOutput" || !node->domain().empty()) continue;
    marked = true;
    std::for_each(node->inputs().begin(), node->inputs().end(), add);
  }
  if (marked) return found;
  if (graph.dialect() != "tf" && graph.dialect() != "uff") {
    std::for_each(graph.outputs().begin(), graph.outputs().end(), add);
    return found;
  }
  std::unordered_set<const Node*> waited_for;
  for (const Node* node : nodes) waited_for.insert(node->control_inputs().begin(), node->control_inputs().end());
  std::copy_if(nodes.begin(), nodes.end(), std::back_inserter(found), [&](const Node* node) {
    return !node->inputs().empty() && !waited_for.contains(node) &&
           std::all_of(node->outputs().begin(), node->outputs().end(),
                       [](const Value* output) { return output->uses().empty(); });
  });
  return found;
}

}  // namespace tenon
