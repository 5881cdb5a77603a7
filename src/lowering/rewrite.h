// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lowering/extents.h"
#include "lowering/node_reader.h"

#include <tenon/compile.h>
#include <tenon/graph.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What a rewrite of one node of a format's dialect works with, and the tables that rewrites stand in.
namespace tenon::lowering {

class Lowering;

/// One node on its way into the standard graph.
///
/// The result of the node keeps the node's name; helpers in front of it are named `<node>/<what>`. Nodes whose inputs
/// are constants are computed at once, where that is small.
class Rewrite : public NodeReader {
 public:
  Rewrite(Lowering& lowering, const Node& node, std::string_view target)
      : NodeReader(node), lowering_(lowering), target_(target) {}

  /// The standard operator that the table names for this row.
  [[nodiscard]] std::string target() const { return std::string(target_); }

  // --- inputs, as values of the standard graph
  [[nodiscard]] size_t input_count() const { return node().inputs().size(); }
  /// Throws kInvalidArgument when the node has fewer inputs.
  [[nodiscard]] Value* input(size_t index);
  [[nodiscard]] std::vector<Value*> inputs();
  /// The dtype of input `index`, or what attribute "T" says; kUndefined if nothing is known.
  [[nodiscard]] DType dtype(size_t index = 0);
  [[nodiscard]] const std::optional<Shape>& shape(size_t index) { return input(index)->type().shape; }
  /// The rank; throws NotLowered when it is not known.
  [[nodiscard]] int64_t rank(size_t index);
  /// The tensor of a constant input; null when it is not constant.
  [[nodiscard]] const Tensor* constant(size_t index) { return input(index)->constant(); }
  /// The tensor of a constant input; throws NotLowered saying that `what` must be constant.
  [[nodiscard]] const Tensor& required_constant(size_t index, std::string_view what);
  /// The elements of a constant integer input; nullopt when it is not constant; see required_constant.
  [[nodiscard]] std::optional<std::vector<int64_t>> integers(size_t index);
  [[nodiscard]] std::vector<int64_t> required_integers(size_t index, std::string_view what);
  /// The integers of an input that is computed from shapes.
  [[nodiscard]] std::optional<Extents> extents(size_t index);

  // --- building
  /// The node's result: a node of its name, whose output 0 is the node's output 0.
  Value* emit(std::string op, std::initializer_list<Value*> inputs, Attributes attributes = {});
  Value* emit(std::string op, std::span<Value* const> inputs, Attributes attributes = {});
  /// The same with `count` outputs.
  void emit_all(std::string op, std::initializer_list<Value*> inputs, size_t count, Attributes attributes = {});
  /// The node that does the work, under the node's name, where emit() or alias() follows for the result.
  Value* work(std::string op, std::span<Value* const> inputs, Attributes attributes = {});
  Value* work(std::string op, std::initializer_list<Value*> inputs, Attributes attributes = {});
  std::vector<Value*> work_all(std::string op, std::initializer_list<Value*> inputs, size_t count,
                               Attributes attributes = {});
  /// A node in front of or behind the result.
  Value* step(std::string op, std::initializer_list<Value*> inputs, Attributes attributes = {});
  Value* step(std::string op, std::span<Value* const> inputs, Attributes attributes = {});
  /// The node's output `index` is this value.
  void alias(size_t index, Value* value);
  /// The node's output `index` is this value, which this rewrite has made; it takes the output's name.
  void result(Value* value, size_t index = 0);
  /// What output `index` has become.
  [[nodiscard]] Value* output(size_t index) const;
  /// True when somebody reads output `index`, or it is a graph output.
  [[nodiscard]] bool is_used(size_t index) const;

  /// Makes the node's output 0 a graph input, with a name for every unknown dimension.
  void add_input(DType dtype, const std::optional<Shape>& shape);
  /// A constant under the node's own name.
  Value* named_constant(const Tensor& tensor);
  /// A helper constant.
  Value* constant(Tensor tensor);
  /// A one-dimensional int64 constant.
  Value* vector(std::span<const int64_t> values);
  Value* vector(std::initializer_list<int64_t> values) { return vector(std::span(values.begin(), values.size())); }
  /// A scalar of the given dtype; throws NotLowered when that is kUndefined or no number.
  Value* scalar(DType dtype, double value);
  /// The value with its axes permuted: a permuted constant, or a Transpose.
  Value* transposed(Value* value, std::span<const int64_t> permutation);
  Value* transposed(Value* value, std::initializer_list<int64_t> permutation) {
    return transposed(value, std::span(permutation.begin(), permutation.size()));
  }
  /// The value as `dtype`; itself when it has it.
  Value* cast(Value* value, DType dtype);
  /// The value, an integer scalar or vector, as a one-dimensional int64 vector.
  Value* as_vector(Value* value);
  /// The value under another constant shape.
  Value* reshaped(Value* value, std::span<const int64_t> target);

 private:
  Lowering& lowering_;
  std::string_view target_;
};

/// A row of the table of rewrites.
struct Rule {
  std::string_view op;           ///< The dialect's operator.
  void (*apply)(Rewrite&);       ///< Must give every output that is_used() a value.
  std::string_view target = "";  ///< For functions that serve several operators.
};

/// How a dialect becomes standard.
struct Dialect {
  std::string_view input_op;  ///< The operator of the nodes that stand for the graph's inputs.
  /// The rule for a node, or null.
  const Rule* (*find_rule)(const Node& node);
  /// Why a node that no rule covers cannot be lowered, and what to do about it.
  UnsupportedNode (*explain)(const Node& node, const Graph& graph);
};

/// "map it to a layer of yours: --map ...": what can always be done about a node.
[[nodiscard]] std::string map_option(const Node& node);

}  // namespace tenon::lowering
