// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The standard operators: ONNX's, each declared once with its attributes, type rule and meaning.
namespace tenon {

/// An attribute that an operator knows. The kind of `fallback` is the attribute's kind.
struct AttributeSpec {
  std::string name;
  Attribute fallback;     ///< Used when the node does not have it; std::monostate kinds are not allowed.
  bool required = false;  ///< Then `fallback` only tells the kind.
  bool optional = false;  ///< It may be absent and has no default: ask has() first.
};

struct OpDef;

/// A node's attributes as its operator declares them: absent ones give the default.
/// Every getter throws kInvalidArgument naming node and attribute when the kind differs or a required one is missing,
/// and kInternal when the operator does not declare `name`.
class AttributeReader {
 public:
  AttributeReader(const Node& node, const OpDef& op) : node_(&node), op_(&op) {}

  [[nodiscard]] bool has(std::string_view name) const { return node_->attribute(name) != nullptr; }
  [[nodiscard]] int64_t integer(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const { return integer(name) != 0; }
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] const std::string& string(std::string_view name) const;
  [[nodiscard]] const std::vector<int64_t>& integers(std::string_view name) const;
  [[nodiscard]] const std::vector<double>& numbers(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& strings(std::string_view name) const;
  [[nodiscard]] const Tensor& tensor(std::string_view name) const;
  /// An ONNX dtype number stored as an int, or a dtype.
  [[nodiscard]] DType dtype(std::string_view name) const;

 private:
  const Attribute& get(std::string_view name) const;
  template <typename T>
  const T& get_as(std::string_view name) const;

  const Node* node_;
  const OpDef* op_;
};

/// What a type rule sees and sets. Works on symbolic shapes (when compiling) and on concrete ones (in a Context) alike.
class InferContext {
 public:
  /// `inputs[i]` is the type of input i (dtype kUndefined when left out); `values[i]` its tensor when known, else null.
  InferContext(const Node& node, const OpDef& op, std::span<const TensorType> inputs,
               std::span<const Tensor* const> values);

  [[nodiscard]] const Node& node() const noexcept { return *node_; }
  [[nodiscard]] const AttributeReader& attributes() const noexcept { return attributes_; }
  [[nodiscard]] size_t input_count() const noexcept { return inputs_.size(); }
  [[nodiscard]] bool has_input(size_t index) const noexcept;
  /// Throws kInvalidArgument when the input is left out.
  [[nodiscard]] const TensorType& input(size_t index) const;
  [[nodiscard]] DType dtype(size_t index) const { return input(index).dtype; }
  /// The shape, nullopt when the rank is unknown.
  [[nodiscard]] const std::optional<Shape>& shape(size_t index) const { return input(index).shape; }
  /// The input's tensor when it is known now, else null; then the rule leaves the shapes that depend on it unknown, and
  /// the runtime asks again once the value exists (see needs_value()).
  [[nodiscard]] const Tensor* value(size_t index);
  /// The known value as integers (any integer dtype), nullopt when it is not known yet or the input is left out.
  [[nodiscard]] std::optional<std::vector<int64_t>> integers(size_t index);
  /// Inputs whose value was asked for and not known.
  [[nodiscard]] const std::vector<size_t>& needs_value() const noexcept { return needs_value_; }

  void set_output(size_t index, DType dtype, std::optional<Shape> shape);
  /// Output `index` has the type of input `from`.
  void copy_type(size_t from, size_t index = 0) { set_output(index, dtype(from), shape(from)); }
  [[nodiscard]] std::vector<TensorType>& outputs() noexcept { return outputs_; }

  /// Throws kInvalidArgument: "<op> '<node>': <message>".
  [[noreturn]] void fail(const std::string& message) const;
  /// fail()s unless `condition`.
  void require(bool condition, const char* message) const {
    if (!condition) fail(message);
  }
  /// fail()s unless inputs `a` and `b` have the same dtype.
  void require_same_dtype(size_t a, size_t b) const;

 private:
  const Node* node_;
  AttributeReader attributes_;
  std::span<const TensorType> inputs_;
  std::span<const Tensor* const> values_;
  std::vector<size_t> needs_value_;
  std::vector<TensorType> outputs_;
};

/// What a reference kernel sees: concrete dense tensors. Outputs have the inferred dtype and shape and are writable,
/// except for operators with data-dependent shapes, which call allocate().
class ReferenceContext {
 public:
  using Allocate = std::function<MutableTensorView(size_t index, const Dims& dims)>;
  ReferenceContext(const Node& node, const OpDef& op, std::span<const TensorView> inputs,
                   std::span<const MutableTensorView> outputs, Allocate allocate = {});

  [[nodiscard]] const Node& node() const noexcept { return *node_; }
  [[nodiscard]] const AttributeReader& attributes() const noexcept { return attributes_; }
  [[nodiscard]] size_t input_count() const noexcept { return inputs_.size(); }
  /// Left-out inputs have dtype kUndefined.
  [[nodiscard]] bool has_input(size_t index) const noexcept {
    return index < inputs_.size() && inputs_[index].dtype != DType::kUndefined;
  }
  [[nodiscard]] const TensorView& input(size_t index) const { return inputs_[index]; }
  [[nodiscard]] size_t output_count() const noexcept { return outputs_.size(); }
  [[nodiscard]] const MutableTensorView& output(size_t index = 0) const { return outputs_[index]; }
  /// Gives a data-dependent output its shape and memory.
  MutableTensorView allocate(size_t index, const Dims& dims) const { return allocate_(index, dims); }
  [[noreturn]] void fail(const std::string& message) const;

 private:
  const Node* node_;
  AttributeReader attributes_;
  std::span<const TensorView> inputs_;
  std::span<const MutableTensorView> outputs_;
  Allocate allocate_;
};

class Expr;           // <tenon/expr.h>
class DefineContext;  // ops/define.h

/// One operator of the vocabulary.
struct OpDef {
  std::string name;
  int since_version = 1;  ///< The ONNX opset whose meaning is implemented.
  int min_inputs = 1;
  int max_inputs = 1;  ///< kVariadic: any number.
  int min_outputs = 1;
  int max_outputs = 1;
  std::vector<AttributeSpec> attributes = {};
  void (*infer)(InferContext&) = nullptr;
  std::vector<Expr> (*define)(DefineContext&) =
      nullptr;  ///< The outputs as formulas; null for operators that are none.
  /// For what formulas do not say: slow, obvious, independent of every optimised kernel; any dtype the operator allows;
  /// accumulates in double. Null: the definition is interpreted.
  void (*reference)(ReferenceContext&) = nullptr;
  /// One output element from the elements at the same (broadcast) place of the inputs; so it commutes with any
  /// permutation of the layout, and its output may overwrite an input of the same type.
  bool pointwise = false;
  /// Output 0 has the very bytes of input 0, only its shape differs (Reshape, Flatten, Identity …).
  bool view = false;
  /// Every element of its outputs is one of an input of the same dtype, bit by bit. So that need not be expressions'.
  bool moves = false;
  /// Likewise, where the dtype is none of expressions'; with others it may compute.
  bool moves_others = false;
  /// It may carry an epilogue (ops/epilogue.h) on output 0.
  bool takes_epilogue = false;
  std::string summary;  ///< One sentence with the formula.
};

inline constexpr int kVariadic = -1;

/// The operator of that name, or null.
[[nodiscard]] const OpDef* find_op(std::string_view name);
/// Every operator, by name.
[[nodiscard]] std::span<const OpDef> all_ops();
/// The operator of a standard node; throws kUnsupported naming the node when there is none.
[[nodiscard]] const OpDef& op_of(const Node& node);
/// Checks input and output counts and that every attribute is declared and of its kind. Throws kInvalidArgument.
void check_node(const Node& node, const OpDef& op);

/// Applies the type rule of a standard node; errors carry the node's name. See InferContext for the arguments.
struct Inferred {
  std::vector<TensorType> outputs;
  std::vector<size_t> needs_value;
};
[[nodiscard]] Inferred infer_node(const Node& node, std::span<const TensorType> inputs,
                                  std::span<const Tensor* const> values);

/// Runs the reference kernel, or interprets the definition, and then the node's epilogue, if it has one
/// (ops/epilogue.h). Errors carry the node's name.
void run_reference(const Node& node, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                   ReferenceContext::Allocate allocate = {});
/// The outputs as new tensors, from known inputs (null: left out). Constant folding.
[[nodiscard]] std::vector<Tensor> evaluate(const Node& node, std::span<const Tensor* const> inputs);

}  // namespace tenon
