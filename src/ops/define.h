// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/op.h"

#include <tenon/expr_functions.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Operators as formulas: what an operator means is said once, as expressions on symbolic tensors, which the reference
// backend interprets, and which are fused and compiled.
namespace tenon {

/// A node's meaning as a layer of formulas.
struct Definition {
  LayerExpr layer;  ///< Its outputs are the node's, in order.
  /// The node's input that input i of the layer is. Those that are left out, and those of which the values alone
  /// matter (axes, shapes …), are none.
  std::vector<size_t> inputs;
};

/// The definition of a standard node whose inputs are of these types and, where `values` has a tensor, values.
/// Dimensions that are constants or names stay so (a name that formulas cannot have is replaced); unknown ones get
/// fresh names.
///
/// Nullopt, and then why in `reason`, when the operator is not defined by formulas; when a dtype is none of
/// expressions' or a rank is not known; when a value is missing that the formulas depend on; and when dimensions are
/// not known to be equal that must be. Throws as infer_node() does.
[[nodiscard]] std::optional<Definition> definition_of(const Node& node, std::span<const TensorType> inputs,
                                                      std::span<const Tensor* const> values,
                                                      std::string* reason = nullptr);

/// Interprets the definition on concrete inputs (left-out ones have dtype kUndefined); outputs have the inferred types,
/// and may be inputs of the same type if the operator is pointwise. Throws kUnsupported naming the node when there is
/// no definition for these types.
void run_definition(const Node& node, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs);

/// What OpDef::define sees. The type rule has accepted the node, and every value that it asked for is known.
class DefineContext {
 public:
  DefineContext(const Node& node, const OpDef& op, std::span<const TensorType> inputs,
                std::span<const Tensor* const> values, std::span<const TensorType> outputs);

  [[nodiscard]] const Node& node() const noexcept { return *node_; }
  [[nodiscard]] const AttributeReader& attributes() const noexcept { return attributes_; }
  [[nodiscard]] size_t input_count() const noexcept { return inputs_.size(); }
  [[nodiscard]] bool has_input(size_t index) const noexcept;
  [[nodiscard]] DType dtype(size_t index) const { return inputs_[index].dtype; }
  [[nodiscard]] const Shape& shape(size_t index) const;
  [[nodiscard]] int64_t rank(size_t index) const { return static_cast<int64_t>(shape(index).size()); }
  /// The inferred types.
  [[nodiscard]] std::span<const TensorType> outputs() const noexcept { return outputs_; }

  /// The input as a symbolic tensor. Asking for it makes it an input of the layer.
  [[nodiscard]] const Expr& input(size_t index);
  /// An input of one element, whatever its rank: its value as a number if that is known, else the element.
  [[nodiscard]] Expr scalar(size_t index);
  /// The value of an input of integers.
  [[nodiscard]] std::vector<int64_t> integers(size_t index) const;
  /// The value of an input of numbers.
  [[nodiscard]] std::vector<double> numbers(size_t index) const;

  /// There is no definition for these types, because of what `reason` says.
  [[noreturn]] void fail(const std::string& reason) const;

  /// The layer with these outputs.
  [[nodiscard]] Definition finish(std::span<const Expr> outputs) const;

 private:
  [[nodiscard]] Dim named(const Dim& dim);
  [[nodiscard]] const Tensor& value(size_t index) const;

  const Node* node_;
  AttributeReader attributes_;
  std::span<const TensorType> inputs_;
  std::span<const Tensor* const> values_;
  std::span<const TensorType> outputs_;
  LayerBuilder layer_;
  std::vector<std::optional<Expr>> exprs_;  // Of the inputs that have been asked for.
  std::vector<size_t> asked_;
  std::vector<std::string> renamed_;  // Names of dimensions that formulas cannot have.
};

/// The tensor whose element at index i… is that of `x` at `place(i…)`: views are written with it.
template <typename F>
[[nodiscard]] Expr view_of(const Expr& x, std::span<const Expr> shape, F&& place) {
  return compute(shape, [&](std::span<const Expr> index) {
    std::vector<Expr> places(index.begin(), index.end());
    place(places);
    return x.at(places);
  });
}

}  // namespace tenon
