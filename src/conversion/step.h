// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conversion/conversion.h"
#include "lowering/node_reader.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What a rule that converts one node to UFF works with.
namespace tenon::conversion {

/// One node on its way into the UFF graph, for the sake of one of its outputs, the result.
class Step : public lowering::NodeReader {
 public:
  Step(Conversion& conversion, const Value& result, std::string_view target)
      : NodeReader(*result.producer()), conversion_(conversion), result_(result), target_(target) {}

  [[nodiscard]] const Value& result() const { return result_; }
  /// The UFF operation, or function of it, that the table names for this row.
  [[nodiscard]] std::string target() const { return std::string(target_); }
  /// True when the result is an output of the network.
  [[nodiscard]] bool is_wanted() const { return conversion_.is_wanted(result_); }

  // --- inputs: values of the source graph, behind those that only hand them on
  [[nodiscard]] size_t input_count() const { return node().inputs().size(); }
  [[nodiscard]] bool has_input(size_t index) const { return node().input(index) != nullptr; }
  /// Throws kInvalidArgument when the node does not have it.
  [[nodiscard]] const Value* input(size_t index) const;
  [[nodiscard]] std::vector<Operand> inputs() const;
  /// The tensor of a constant input; null when it is not constant.
  [[nodiscard]] const Tensor* constant(size_t index) const { return conversion_.constant(*input(index)); }
  /// The tensor of a constant input; throws NotLowered saying that `what` must be constant.
  [[nodiscard]] const Tensor& required_constant(size_t index, std::string_view what) const;
  /// The elements of a constant integer input; nullopt when it is not constant; see required_constant.
  [[nodiscard]] std::optional<std::vector<int64_t>> integers(size_t index) const;
  [[nodiscard]] std::vector<int64_t> required_integers(size_t index, std::string_view what) const;
  /// The one element of such an input.
  [[nodiscard]] int64_t required_integer(size_t index, std::string_view what) const;

  /// False when input `index` is a constant other than one zero; throws NotLowered when it is not constant.
  [[nodiscard]] bool is_zero(size_t index, std::string_view what) const;

  // --- types, where they are known
  [[nodiscard]] DType dtype(size_t index) const { return input(index)->type().dtype; }
  [[nodiscard]] const std::optional<Shape>& shape(size_t index) const { return input(index)->type().shape; }
  /// Throws NotLowered when not even the rank is known.
  [[nodiscard]] const Shape& required_shape(size_t index) const;
  [[nodiscard]] int64_t rank(size_t index) const { return static_cast<int64_t>(required_shape(index).size()); }
  /// How UFF holds elements of that type; throws NotLowered for what is no real number.
  [[nodiscard]] DType uff_type(DType dtype) const { return conversion_.held_as(dtype); }

  // --- writing
  /// The node's result.
  Node* emit(std::string op, std::vector<Operand> operands, Attributes fields = {}) {
    return conversion_.write(result_, std::move(op), std::move(operands), std::move(fields));
  }
  /// The result by the operation and function that the table names as "Unary:exp", of as many inputs as that has.
  void emit_function();
  /// The result by a Reduce whose function the table names.
  void emit_reduction(std::vector<int64_t> axes, bool keepdims);
  /// A node in front of the result.
  Node* helper(std::string op, std::vector<Operand> operands, Attributes fields = {}) {
    return conversion_.write_helper(result_, std::move(op), std::move(operands), std::move(fields));
  }
  /// The node of a constant input, here, in the given shape.
  Node* constant_input(size_t index, const Tensor& tensor) { return conversion_.write_constant(*input(index), tensor); }
  /// The result is this constant.
  void emit_constant(const Tensor& tensor) { conversion_.write_constant(result_, tensor); }
  /// A constant in front of the result.
  Node* constant(const Tensor& tensor) { return conversion_.write_helper_constant(result_, tensor); }
  /// A constant of int32; throws NotLowered for numbers that do not fit.
  Node* integers_constant(std::span<const int64_t> values, const Dims& dims);
  /// The same with one dimension.
  Node* vector(std::span<const int64_t> values) {
    return integers_constant(values, {static_cast<int64_t>(values.size())});
  }
  /// A scalar constant of the given dtype; throws NotLowered when that is kUndefined or no number.
  Node* scalar(DType dtype, double value);
  /// The result is an input of the network.
  void emit_input(const TensorType& type) { conversion_.write_input(result_, type); }

  /// Tells the user something about the result: "<kind>  <name>  <text>".
  void note(std::string_view kind, std::string_view text) { conversion_.note(kind, result_, text); }

 private:
  Conversion& conversion_;
  const Value& result_;
  std::string_view target_;
};

/// The field inputs_orders for operands of these orders ("N+C", "+CK").
[[nodiscard]] Attribute orders(std::initializer_list<std::string_view> names);

/// How UFF spells an element type: itself where UFF has it, else the nearest that has all its values as far as that is
/// possible (f64 becomes f32, bool becomes i32); nullopt for what is no real number. `narrow`: i64 becomes i32.
[[nodiscard]] std::optional<DType> uff_dtype(DType dtype, bool narrow = false);

}  // namespace tenon::conversion
