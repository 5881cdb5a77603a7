// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/surgery.h>

#include <string>
#include <string_view>

// The few places where surgery must know how a dialect says something: "input", "output", a dtype or a shape.
namespace tenon::surgery {

/// The attribute `shape` of an input node: in "uff" ints, -1 for what is not constant, none when the rank is not known.
[[nodiscard]] Attribute shape_attribute(const Graph& graph, const std::optional<Shape>& shape);
/// Adds an input to the graph as its dialect has it: a Placeholder node in "tf", an Input node in "uff", a graph input
/// otherwise. Returns the value that readers use.
Value* add_dialect_input(Graph& graph, const std::string& name, const TensorType& type);
/// True for the nodes that stand for inputs in the graph's dialect.
[[nodiscard]] bool is_input_node(const Graph& graph, const Node& node);
/// True when nodes with that layer will.
[[nodiscard]] bool is_input(const Graph& graph, const LayerSpec& layer);

/// The attributes of a node with that layer. Those of a dialect's own operator may be written as people write them: a
/// dtype's name, a shape as integers. Const and Placeholder get the dtype that they lack: that of the value, or
/// float32. Throws kInvalidArgument for a name that is no dtype.
[[nodiscard]] Attributes attributes_of(const Graph& graph, const LayerSpec& layer);
/// Gives the first output of an input or constant the type that its attributes state.
void set_declared_type(const Graph& graph, Node& node);

}  // namespace tenon::surgery
