// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/error.h>
#include <tenon/export.h>
#include <tenon/shape.h>
#include <tenon/tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

// The one graph structure. A format's file, the standard operators and a compiled plan are all Graphs; they differ in
// dialect, that is, in what the operators' names mean.
namespace tenon {

class Graph;
class Node;

/// A named function with attributes, as TensorFlow's NameAttrList has it.
struct FunctionRef;

/// A node attribute. std::monostate is an attribute that is present without a value. A file's float and double are both
/// stored as double, which keeps each exactly.
using Attribute = std::variant<std::monostate, bool, int64_t, double, std::string, DType, TensorType, Tensor,
                               std::shared_ptr<const Graph>, std::shared_ptr<const FunctionRef>, std::vector<bool>,
                               std::vector<int64_t>, std::vector<double>, std::vector<std::string>, std::vector<DType>,
                               std::vector<TensorType>, std::vector<Tensor>, std::vector<std::shared_ptr<const Graph>>,
                               std::vector<std::shared_ptr<const FunctionRef>>>;

/// Attributes by name, in alphabetical order.
using Attributes = std::map<std::string, Attribute, std::less<>>;

struct FunctionRef {
  std::string name;
  Attributes attributes;
};

/// The kind of value an attribute holds: "int", "floats", "tensor", "graph", "none" …
[[nodiscard]] TENON_API std::string_view attribute_kind(const Attribute& attribute) noexcept;
/// One line for a person: numbers and strings in full up to `limit` characters, tensors as "f32[784,512]".
[[nodiscard]] TENON_API std::string to_string(const Attribute& attribute, size_t limit = 80);
/// Deep equality; tensors by their bits.
[[nodiscard]] TENON_API bool identical(const Attribute& a, const Attribute& b);

/// A use of a value: input number `index` of `node`.
struct Use {
  Node* node;
  int index;
};

/// An edge: produced by a node, fed as a graph input, or constant. Owned by its Graph; changed through it.
class TENON_API Value {
 public:
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;

  /// Unique among the graph's values, never empty.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const TensorType& type() const noexcept { return type_; }
  void set_type(TensorType type) { type_ = std::move(type); }
  /// The node that produces it; null for graph inputs and constants.
  [[nodiscard]] Node* producer() const noexcept { return producer_; }
  /// Which output of the producer; 0 without one.
  [[nodiscard]] int output_index() const noexcept { return output_index_; }
  /// The tensor of a constant; null otherwise.
  [[nodiscard]] const Tensor* constant() const noexcept { return constant_.defined() ? &constant_ : nullptr; }
  /// Who reads it (graph outputs not counted), in no order that means anything.
  [[nodiscard]] std::span<const Use> uses() const noexcept { return uses_; }

 private:
  friend class Graph;
  friend class Node;
  Value(std::string name, TensorType type) : name_(std::move(name)), type_(std::move(type)) {}

  std::string name_;
  TensorType type_;
  Node* producer_ = nullptr;
  int output_index_ = 0;
  Tensor constant_;
  std::vector<Use> uses_;
};

/// One application of an operator. Owned by its Graph.
class TENON_API Node {
 public:
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Unique among the graph's nodes, never empty.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The operator, in the graph's dialect.
  [[nodiscard]] const std::string& op() const noexcept { return op_; }
  /// "" for the dialect's own operators; the layer's namespace (kLayerDomain by default) for users' layers.
  [[nodiscard]] const std::string& domain() const noexcept { return domain_; }
  void set_op(std::string op, std::string domain = "");

  [[nodiscard]] const Attributes& attributes() const noexcept { return attributes_; }
  [[nodiscard]] Attributes& attributes() noexcept { return attributes_; }
  /// The attribute, or null.
  [[nodiscard]] const Attribute* attribute(std::string_view name) const noexcept;

  /// Inputs in order; null for an optional input that is left out.
  [[nodiscard]] std::span<Value* const> inputs() const noexcept { return inputs_; }
  [[nodiscard]] std::span<Value* const> outputs() const noexcept { return outputs_; }
  /// Input `index`, or null when it is left out or beyond the end.
  [[nodiscard]] Value* input(size_t index) const noexcept { return index < inputs_.size() ? inputs_[index] : nullptr; }
  /// Output `index`; throws kInvalidArgument beyond the end.
  [[nodiscard]] Value* output(size_t index = 0) const;

  void set_input(size_t index, Value* value);
  void append_input(Value* value);
  void set_inputs(std::span<Value* const> values);

  /// Nodes that must run before this one without handing it a tensor (TensorFlow's "^name").
  [[nodiscard]] const std::vector<Node*>& control_inputs() const noexcept { return control_inputs_; }
  void set_control_inputs(std::vector<Node*> nodes) { control_inputs_ = std::move(nodes); }

 private:
  friend class Graph;
  Node(std::string op, std::string name, std::string domain)
      : name_(std::move(name)), op_(std::move(op)), domain_(std::move(domain)) {}

  std::string name_, op_, domain_;
  Attributes attributes_;
  std::vector<Value*> inputs_, outputs_;
  std::vector<Node*> control_inputs_;
};

namespace detail {
/// Lets unordered maps of strings be searched by string_view.
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};
}  // namespace detail

/// The domain of users' layers that name no namespace of their own.
inline constexpr std::string_view kLayerDomain = "custom";

/// A dataflow graph. Move-only; clone() copies (constants are shared, not copied).
class TENON_API Graph {
 public:
  /// `dialect`: "standard" (ONNX operators), "tf", "uff" or "onnx".
  explicit Graph(std::string dialect = "standard");
  Graph(Graph&&) noexcept;
  Graph& operator=(Graph&&) noexcept;
  ~Graph();

  [[nodiscard]] const std::string& dialect() const noexcept { return dialect_; }
  void set_dialect(std::string dialect) { dialect_ = std::move(dialect); }
  /// What the model is called: the file it came from, "" if none.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }
  /// What the format holds beside nodes (function library, producer, versions), by format-specific names.
  [[nodiscard]] Attributes& properties() noexcept { return properties_; }
  [[nodiscard]] const Attributes& properties() const noexcept { return properties_; }

  // --- building. Names must be new (kInvalidArgument) ; an empty name is replaced by a fresh one.
  Value* add_input(std::string name, TensorType type);
  Value* add_constant(std::string name, Tensor tensor);
  /// Adds a node with one output value for each of `output_names`.
  Node* add_node(std::string op, std::string name, std::span<Value* const> inputs,
                 std::span<const std::string> output_names, Attributes attributes = {}, std::string domain = "");
  /// Adds a node with one output, named like the node.
  Node* add_node(std::string op, std::string name, std::initializer_list<Value*> inputs, Attributes attributes = {},
                 std::string domain = "");
  /// Adds one more output to `node`.
  Value* add_output_value(Node* node, std::string name, TensorType type = {});
  void set_outputs(std::vector<Value*> outputs);
  void set_inputs(std::vector<Value*> inputs);
  /// A name that no node and no value has yet: `stem`, or `stem_1`, `stem_2`, …
  [[nodiscard]] std::string fresh_name(std::string_view stem) const;

  // --- looking
  [[nodiscard]] std::span<Value* const> inputs() const noexcept { return inputs_; }
  [[nodiscard]] std::span<Value* const> outputs() const noexcept { return outputs_; }
  /// All nodes in the order they were added. The pointers stay valid until the node is removed.
  [[nodiscard]] std::vector<Node*> nodes() const;
  [[nodiscard]] size_t node_count() const noexcept { return nodes_.size(); }
  /// All values, in the order they were added.
  [[nodiscard]] std::vector<Value*> values() const;
  /// By name; null if there is none.
  [[nodiscard]] Node* find_node(std::string_view name) const noexcept;
  [[nodiscard]] Value* find_value(std::string_view name) const noexcept;
  /// Nodes so that producers and control inputs come before their users; ties in the order of addition.
  /// Throws kCorrupt naming the nodes of a cycle.
  [[nodiscard]] std::vector<Node*> topological_order() const;
  [[nodiscard]] bool is_output(const Value* value) const noexcept;

  // --- changing
  /// Every reader of `from`, graph outputs included, reads `to` instead.
  void replace_uses(Value* from, Value* to);
  /// Removes a node and its output values. Throws kInvalidArgument while an output is still read or a graph output.
  void remove(Node* node);
  /// Removes nodes and their output values, all at once; they may read one another. Throws kInvalidArgument, and
  /// changes nothing, while another node reads an output or it is a graph output.
  void remove(std::span<Node* const> nodes);
  /// Removes a graph input or constant that nobody reads; throws kInvalidArgument otherwise.
  void remove(Value* value);
  /// Removes `node`'s output values from the end until `count` are left; throws kInvalidArgument while one is used.
  void truncate_outputs(Node* node, size_t count);
  /// Removes nodes, then constants, from which no graph output can be reached; inputs stay. Returns how many nodes
  /// went.
  size_t remove_unreachable();
  void rename(Node* node, std::string name);
  void rename(Value* value, std::string name);

  /// Checks every invariant that the classes promise (names, uses, producers, outputs exist, no cycle); throws
  /// kInternal or kCorrupt with the first one that fails.
  void validate() const;
  [[nodiscard]] Graph clone() const;
  /// The graph as text that a person can read: inputs, one line a node, outputs.
  [[nodiscard]] std::string to_string() const;

 private:
  Value* new_value(std::string name, TensorType type);
  void erase_value(Value* value);
  void erase(const std::unordered_set<const Node*>& nodes, std::unordered_set<const Value*> values);

  std::string dialect_, name_;
  Attributes properties_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Value>> values_;
  std::vector<Value*> inputs_, outputs_;
  std::unordered_map<std::string, Node*, detail::StringHash, std::equal_to<>> node_by_name_;
  std::unordered_map<std::string, Value*, detail::StringHash, std::equal_to<>> value_by_name_;
};

/// True when both graphs have the same dialect, properties, inputs, outputs, nodes (by name, in order) and bits in
/// tensors.
[[nodiscard]] TENON_API bool identical(const Graph& a, const Graph& b);

}  // namespace tenon
