// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <string>
#include <string_view>

// The few places where surgery must know how a dialect says "input".
namespace tenon::surgery {

/// The attribute `shape` of an input node: in "uff" ints, -1 for what is not constant, none when the rank is not known.
[[nodiscard]] Attribute shape_attribute(const Graph& graph, const std::optional<Shape>& shape);
/// Adds an input to the graph as its dialect has it: a Placeholder node in "tf", an Input node in "uff", a graph input
/// otherwise. Returns the value that readers use.
Value* add_dialect_input(Graph& graph, const std::string& name, const TensorType& type);
/// True for the nodes that stand for inputs in the graph's dialect.
[[nodiscard]] bool is_input_node(const Graph& graph, const Node& node);

}  // namespace tenon::surgery
