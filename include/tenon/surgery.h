// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/export.h>
#include <tenon/graph.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Queries and edits on a graph of any dialect.
namespace tenon {

/// Which nodes an edit is about; the conditions that are set must all hold. Patterns are shell patterns: `*`, `?`.
struct Query {
  std::string name = {};                          ///< Pattern on the node's name.
  std::string op = {};                            ///< Pattern on the operator.
  std::string path = {};                          ///< A namespace: nodes named `path` or `path/...`.
  std::string attribute = {};                     ///< An attribute the node must have …
  std::optional<Attribute> value = std::nullopt;  ///< … and, if set, the value it must have.
};

/// "op 'ReLU6', path 'block1'": the query as messages show it.
[[nodiscard]] TENON_API std::string to_string(const Query& query);

/// A user's layer with fields, to put in place of something: `layer("Clip", {{"lo", 0.0}, {"hi", 6.0}})`.
struct LayerSpec {
  std::string name;
  Attributes fields = {};
  std::string domain = std::string(kLayerDomain);
};
[[nodiscard]] inline LayerSpec layer(std::string name, Attributes fields = {}) {
  return {std::move(name), std::move(fields)};
}

/// Reads "Clip(lo=0, hi=6.0, axes=[1,2], mode='edge', flag=true)" or "ns::Clip". Throws kInvalidArgument pointing at
/// the place.
[[nodiscard]] TENON_API LayerSpec parse_layer(std::string_view text);

/// The graph's inputs, however its dialect has them: graph inputs, or the outputs of Placeholder (TensorFlow) and Input
/// (UFF) nodes.
[[nodiscard]] TENON_API std::vector<Value*> graph_inputs(const Graph& graph);

/// The nodes that match, in graph order; empty if none.
[[nodiscard]] TENON_API std::vector<Node*> find_nodes(const Graph& graph, const Query& query);
/// The same, but nothing found is kNotFound and lists near names.
[[nodiscard]] TENON_API std::vector<Node*> require_nodes(const Graph& graph, const Query& query);

/// The node named `name`. Throws kNotFound with near names.
[[nodiscard]] TENON_API Node* require_node(const Graph& graph, std::string_view name);
/// The value named `name`, also by its longer spelling "node:0". In the "tf" dialect, whose files do not say how many
/// outputs a node has, "node:2" makes that output. Throws kNotFound with near names.
[[nodiscard]] TENON_API Value* require_value(Graph& graph, std::string_view name);

/// Puts `spec` in place of `node`: same name, inputs and outputs; its attributes become the fields.
TENON_API Node* replace_node(Graph& graph, Node* node, const LayerSpec& spec);
/// Replaces every node that matches; returns them. Nothing found is kNotFound.
TENON_API std::vector<Node*> replace_nodes(Graph& graph, const Query& query, const LayerSpec& spec);
/// Replaces the nodes of namespace `path` (named `path` or `path/...`), as one, by one layer node named `path`. Its
/// inputs are the values that the namespace reads from outside, in the order in which its nodes read them (constants
/// inside go with it); its outputs those that are read outside or are graph outputs, and keep their names. Throws
/// kNotFound; kInvalidArgument when that would make a cycle.
TENON_API Node* replace_namespace(Graph& graph, std::string_view path, const LayerSpec& spec);
/// "ReLU6=Clip(lo=0, hi=6)", "scope/block=MyBlock()": the left side is an operator, a node's name, or a namespace,
/// tried in that order. Shell patterns are allowed for operators and names. Returns the new nodes. An operator is
/// compared without regard to case when nothing matches exactly (TensorFlow writes Relu6 for what its users call
/// ReLU6).
TENON_API std::vector<Node*> map_to_layer(Graph& graph, std::string_view mapping);
/// The same with the two sides apart: map_to_layer(graph, "ReLU6", layer("Clip", {{"lo", 0.0}, {"hi", 6.0}})).
TENON_API std::vector<Node*> map_to_layer(Graph& graph, std::string_view what, const LayerSpec& spec);

/// Removes a node; its readers are an error (kInvalidArgument) unless `forward` is given, when they read input
/// `*forward` instead.
TENON_API void remove_node(Graph& graph, Node* node, std::optional<size_t> forward = std::nullopt);
/// Readers of the node's outputs read its first input instead; the node goes. Throws kInvalidArgument without inputs.
TENON_API void forward_inputs(Graph& graph, Node* node);
/// Appends a layer node after `value`; its readers, and the graph output if it was one, read the new node's output.
TENON_API Node* append_after(Graph& graph, Value* value, const LayerSpec& spec, std::string name = "");
/// The part between the given values: a new graph whose inputs are `inputs` and whose outputs are `outputs`; empty
/// `inputs` keeps the graph's own. Throws kNotFound with near names; kInvalidArgument when an output needs a graph
/// input that is cut off, naming it.
[[nodiscard]] TENON_API Graph extract(const Graph& graph, std::span<const std::string> inputs,
                                      std::span<const std::string> outputs);
/// Gives input `name` another shape (and dtype, unless kUndefined), and forgets the types that were derived from the
/// old one. For TensorFlow graphs the Placeholder's attributes change too. Throws kNotFound.
TENON_API void set_input_shape(Graph& graph, std::string_view name, const Shape& shape,
                               DType dtype = DType::kUndefined);
/// Makes the named values (TensorFlow: "node", "node:1") the graph's outputs. Throws kNotFound with near names.
TENON_API void set_outputs(Graph& graph, std::span<const std::string> names);
/// Renames a node, and its first output with it when that has the node's name. Throws kNotFound, kInvalidArgument.
TENON_API void rename_node(Graph& graph, std::string_view from, std::string to);

}  // namespace tenon
