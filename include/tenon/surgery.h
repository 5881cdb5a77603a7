// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/export.h>
#include <tenon/graph.h>

#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Queries and edits on a graph of any dialect.
namespace tenon {

/// One pattern or several, any of which may match: "MatMul", {"Add", "AddV2"}. Empty ones are left out.
struct Patterns {
  Patterns() = default;
  Patterns(std::vector<std::string> patterns) : any(std::move(patterns)) { std::erase(any, ""); }
  Patterns(std::initializer_list<std::string> patterns) : Patterns(std::vector<std::string>(patterns)) {}
  Patterns(std::string pattern) : Patterns(std::vector<std::string>{std::move(pattern)}) {}
  Patterns(const char* pattern) : Patterns(std::string(pattern)) {}

  std::vector<std::string> any;
};

/// Which nodes an edit is about; the conditions that are set must all hold. Patterns are shell patterns (`*`, `?`) for
/// the whole text, or regular expressions; text that equals the pattern always matches.
struct Query {
  Patterns name = {};                             ///< The node's name.
  Patterns leaf = {};                             ///< The last component of the name: "Conv2D" finds "a/b/Conv2D".
  Patterns op = {};                               ///< The operator.
  std::string path = {};                          ///< A namespace: nodes named `path` or `path/...`.
  std::string attribute = {};                     ///< An attribute the node must have …
  std::optional<Attribute> value = std::nullopt;  ///< … and, if set, the value it must have.
  const Node* feeds = nullptr;                    ///< Nodes that this one reads.
  const Node* reads = nullptr;                    ///< Nodes that read this one.
  /// The patterns are regular expressions that match the whole, in RE2's syntax: Python's, but for look-around and
  /// back-references.
  bool regex = false;
};

/// "op 'ReLU6', path 'block1'": the query as messages show it.
[[nodiscard]] TENON_API std::string to_string(const Query& query);

/// What a node computes: a user's layer with fields, or an operator of the graph's own dialect with attributes.
struct LayerSpec {
  std::string name;
  Attributes fields = {};
  std::string domain = std::string(kLayerDomain);  ///< The layer's namespace; "" for the dialect's own operators.
};
/// A user's layer: `layer("Clip", {{"lo", 0.0}, {"hi", 6.0}})`.
[[nodiscard]] inline LayerSpec layer(std::string name, Attributes fields = {}) {
  return {std::move(name), std::move(fields)};
}
/// An operator of the graph's own dialect: `operation("ConcatV2", {{"axis", int64_t{2}}})`. In "tf" and "uff" graphs,
/// `dtype` may be a name and `shape` integers (-1: unknown); Const, Placeholder and Input without a dtype get that of
/// the value, or float32.
[[nodiscard]] inline LayerSpec operation(std::string op, Attributes attributes = {}) {
  return {std::move(op), std::move(attributes), ""};
}

/// Reads "Clip(lo=0, hi=6.0, axes=[1,2], mode='edge', flag=true)", "ns::Clip", or for an operator of the graph's own
/// dialect "::ConcatV2(axis=2)". Throws kInvalidArgument pointing at the place.
[[nodiscard]] TENON_API LayerSpec parse_layer(std::string_view text);

/// A node to be added to a graph.
struct NodeSpec {
  std::string name = {};                 ///< "": the name of the namespace that it replaces, or a fresh one.
  LayerSpec layer;                       ///< What it computes.
  std::vector<std::string> inputs = {};  ///< What it reads, as require_value() takes it.
};
/// Which node stands for each namespace. A key is the first components of names, whole ones, or one node's full name.
using NamespaceMap = std::map<std::string, NodeSpec, std::less<>>;

/// Reads a map from JSON: {"scope": "Layer(field=1)", "scope/node": {"layer": "Layer", "fields": {"field": 1}, "name":
/// "node", "inputs": ["x"]}}, where all but the layer may be left out. Throws kInvalidArgument naming what is wrong.
[[nodiscard]] TENON_API NamespaceMap parse_namespace_map(std::string_view json);
/// The same from a file. Throws kNotFound, kIo, kInvalidArgument naming the file.
[[nodiscard]] TENON_API NamespaceMap load_namespace_map(const std::string& path);

/// The graph's inputs, however its dialect has them: graph inputs, or the outputs of Placeholder (TensorFlow) and Input
/// (UFF) nodes.
[[nodiscard]] TENON_API std::vector<Value*> graph_inputs(const Graph& graph);

/// The nodes that compute the graph's results, however its dialect has them: in "tf" those with inputs that nobody
/// reads or waits for; in "uff" what the MarkOutputs mark, or, without any, the same; otherwise the producers of
/// outputs().
[[nodiscard]] TENON_API std::vector<Node*> output_nodes(const Graph& graph);

/// The nodes that match, in graph order (with `feeds`, in the order in which that node reads them); empty if none.
/// Throws kInvalidArgument for what is no regular expression.
[[nodiscard]] TENON_API std::vector<Node*> find_nodes(const Graph& graph, const Query& query);
/// The same, but nothing found is kNotFound and lists near names.
[[nodiscard]] TENON_API std::vector<Node*> require_nodes(const Graph& graph, const Query& query);

/// The chains of nodes, each reading the one before, whose operators match `ops` (shell patterns) in that order; where
/// a chain branches there are several. In graph order. Throws kInvalidArgument when there are more than 65536.
[[nodiscard]] TENON_API std::vector<std::vector<Node*>> find_chains(const Graph& graph,
                                                                    std::span<const std::string> ops);

/// The node named `name`. Throws kNotFound with near names.
[[nodiscard]] TENON_API Node* require_node(const Graph& graph, std::string_view name);
/// The value named `name`; or "node:1", output 1 of a node, and "node" for its first. In the "tf" dialect, whose files
/// do not say how many outputs a node has, "node:2" makes that output. Throws kNotFound with near names.
[[nodiscard]] TENON_API Value* require_value(Graph& graph, std::string_view name);

/// Puts `spec` in place of `node`: same name, inputs and outputs; its attributes become the fields.
TENON_API Node* replace_node(Graph& graph, Node* node, const LayerSpec& spec);
/// Replaces every node that matches; returns them. Nothing found is kNotFound.
TENON_API std::vector<Node*> replace_nodes(Graph& graph, const Query& query, const LayerSpec& spec);
/// How collapse_namespaces() goes about it.
struct CollapseOptions {
  std::vector<Node*> exclude = {};  ///< Nodes that stay although a key names them.
  bool unique_inputs = true;        ///< What a namespace reads several times is one input.
  /// The new nodes have one output, which everybody reads who read any; otherwise one for each value that is read.
  bool single_output = false;
};
/// Replaces whole namespaces by single nodes, and returns these. Of several keys that match a node the longest decides;
/// keys whose specs have the same name become one node. A key that matches nothing is no error, unlike elsewhere, and
/// its node is not made: maps list what some variants of a model have.
///
/// A new node's inputs are those that its spec names, then the values that its nodes read from outside, in the graph's
/// order; constants inside go with it. Its outputs are the values that are read outside or are graph outputs, and keep
/// their names. Where namespaces read one another so do their nodes; control inputs move likewise. A node that stands
/// for a graph input (Placeholder, Input) reads nothing.
///
/// Throws kInvalidArgument when that would make a cycle, a new node's name is taken, or two specs of one name differ;
/// kNotFound for inputs that specs name. Then the graph is unchanged.
TENON_API std::vector<Node*> collapse_namespaces(Graph& graph, const NamespaceMap& map,
                                                 const CollapseOptions& options = {});
/// collapse_namespaces() for one namespace, whose layer gets its name; but nothing found is kNotFound.
TENON_API Node* replace_namespace(Graph& graph, std::string_view path, const LayerSpec& spec);
/// "ReLU6=Clip(lo=0, hi=6)", "scope/block=MyBlock()": the left side is an operator, a node's name, or a namespace,
/// tried in that order. Shell patterns are allowed for operators and names. Returns the new nodes. An operator is
/// compared without regard to case when nothing matches exactly (TensorFlow writes Relu6 for what its users call
/// ReLU6).
TENON_API std::vector<Node*> map_to_layer(Graph& graph, std::string_view mapping);
/// The same with the two sides apart: map_to_layer(graph, "ReLU6", layer("Clip", {{"lo", 0.0}, {"hi", 6.0}})).
TENON_API std::vector<Node*> map_to_layer(Graph& graph, std::string_view what, const LayerSpec& spec);

/// What happens around nodes that are removed. Without `forward` and `detach`, that others read them is an error.
struct RemoveOptions {
  std::optional<size_t> forward = std::nullopt;  ///< What reads a node reads this input of it instead.
  bool dependencies = false;                     ///< Nodes that only they needed go, too, unless one is a graph output.
  bool detach = false;                           ///< Nodes that read them lose these inputs.
};
/// Removes nodes; they may read one another. What they computed is no graph output any more, and nodes that waited for
/// them (control inputs) do not. Throws kInvalidArgument for readers that stay, and for a node without input `forward`.
TENON_API void remove_nodes(Graph& graph, std::span<Node* const> nodes, const RemoveOptions& options = {});
/// The same for one node.
TENON_API void remove_node(Graph& graph, Node* node, std::optional<size_t> forward = std::nullopt);
/// Readers of the nodes' outputs read their first input instead, or with `all_inputs` all of them, in place; the nodes
/// go. They may be chains. A graph output becomes the first input. Nodes that wait for others (control inputs) stay and
/// are returned, since their readers would no longer wait. Throws kInvalidArgument for a node without inputs.
TENON_API std::vector<Node*> forward_inputs(Graph& graph, std::span<Node* const> nodes, bool all_inputs = false);
/// The same for one node; that it has to stay is kInvalidArgument.
TENON_API void forward_inputs(Graph& graph, Node* node);

/// Adds a node with one output, named like it. Throws kNotFound with near names for its inputs, kInvalidArgument for a
/// name that is taken.
TENON_API Node* add_node(Graph& graph, const NodeSpec& spec);
/// Makes `node` read `value`, too, as input number `at` (by default the last), unless it reads it already. Returns
/// whether it did not. Throws kInvalidArgument for an input number beyond the end.
TENON_API bool connect(Value* value, Node* node, std::optional<size_t> at = std::nullopt);
/// Takes `value` out of what `node` reads; later inputs move up. Returns how many inputs went.
TENON_API size_t disconnect(const Value* value, Node* node);
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
