// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/node.h"

#include <tenon/shape.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A layer in the IR: what it reads, its fields, and a formula for each output.
namespace tenon::expr {

struct Input {
  std::string name;
  ScalarType type;
  Shape dims;  ///< Constants and names; no unknown ones.

  friend bool operator==(const Input&, const Input&) = default;
};

struct Field {
  std::string name;
  ScalarType kind;  ///< kF64, kI64 or kBool: what it holds. A node of it has the type that its formula needs.
  Scalar fallback;

  friend bool operator==(const Field&, const Field&) = default;
};

struct Output {
  std::string name;
  ScalarType type;
  std::vector<NodeId> shape;  ///< i64 scalars of constants, extents and fields.
  NodeId value;               ///< A formula of `type` over Index(a, shape[a]) for the axes a.

  friend bool operator==(const Output&, const Output&) = default;
};

/// Two dimensions that must have one extent, for a reason that only concrete shapes can tell (a reshape).
struct Requirement {
  NodeId left, right;

  friend bool operator==(const Requirement&, const Requirement&) = default;
};

/// Once verify() has accepted it, immutable and shared between threads.
struct Function {
  std::string name, doc;
  std::vector<std::string> dtype_variables;  ///< Of the inputs, by ScalarType::variable_number().
  std::vector<std::string> symbols;          ///< The named dimensions, by the number in an Extent.
  std::vector<Input> inputs;
  std::vector<Field> fields;
  std::vector<Requirement> requirements;
  std::vector<Output> outputs;
  Nodes nodes;

  /// The number of that symbol, added when it is new.
  int symbol(std::string_view symbol_name);
  /// The number of that symbol; nullopt if there is none.
  [[nodiscard]] std::optional<int> find_symbol(std::string_view symbol_name) const;
  /// The extent of an input's axis: a constant or an Extent.
  NodeId dim(const Dim& dim);
  /// Everything that is needed: outputs, their shapes, requirements.
  [[nodiscard]] std::vector<NodeId> roots() const;
  /// "f32", or the name of a variable.
  [[nodiscard]] std::string type_name(ScalarType type) const;
};

/// The same functions; `doc` does not count, nor does anything that nodes are not made of.
[[nodiscard]] bool identical(const Function& a, const Function& b);

/// `function` without the nodes that it does not need; equal functions have equal lists of nodes then.
[[nodiscard]] Function compact(const Function& function);
/// `function` with every node made again by `make` (see rebuild()), in a list of its own.
[[nodiscard]] Function rebuild(const Function& function,
                               const std::function<NodeId(Nodes& nodes, const Node& node, NodeId old)>& make);

/// What a function is specialised to.
struct Binding {
  std::map<int, DType> dtypes = {};     ///< By number of the dtype variable.
  std::map<int, Scalar> fields = {};    ///< By number of the field, of its kind.
  std::map<int, int64_t> extents = {};  ///< By number of the symbol.
};
/// `function` with constants in place of what is bound. A bound dtype variable becomes its dtype, its arithmetic f32
/// where that is f16 or bf16; the list of variables keeps its numbers. Throws kInvalidArgument when a formula does not
/// fit the dtype.
[[nodiscard]] Function bind(const Function& function, const Binding& binding);

/// The dtype variables and symbols that inputs of these types give, as far as their extents are constants. Throws
/// kInvalidArgument naming layer and input when count, dtype, rank or extents do not fit.
[[nodiscard]] Binding binding_of(const Function& function, std::span<const TensorType> inputs);
/// The same for concrete inputs.
[[nodiscard]] Binding binding_of(const Function& function, std::span<const TensorView> inputs);

/// `number` as a value of the field; throws kInvalidArgument naming both when its kind does not have it.
[[nodiscard]] Scalar field_value(const Field& field, double number);

}  // namespace tenon::expr
