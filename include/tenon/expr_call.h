// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/export.h>
#include <tenon/expr.h>
#include <tenon/graph.h>
#include <tenon/tensor.h>

#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// Standard operators within the formulas of a layer.
//
//   tenon::define_layer("ConvSwish", {}, [](const Expr& x, const Expr& w, const LayerFields&) {
//     const Expr y = call("Conv", {x, w}, {{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
//     return y * sigmoid(y);
//   });
//
// An operator that is defined by formulas becomes a part of them. Any other one stays itself: compiling a graph puts
// in the layer's place the formulas of its inputs, the operator, and the formulas that read its results.
namespace tenon {

/// An input of an operator: none where it is left out, a symbolic tensor, or a constant of any size. Whole numbers are
/// i64, as axes and shapes are; other numbers, and constants of f64, take the dtype of the first input of floats.
using OperatorInput = std::variant<std::monostate, Expr, Tensor>;

/// The first `outputs` outputs of a standard operator, whose attributes are those of ONNX; they are widened where that
/// loses nothing, as fields are. Extents that its type rule cannot say are new dimensions, each unlike all others.
///
/// Throws kNotFound for an unknown operator, with near names; kInvalidArgument naming the operator when its type rule
/// refuses the inputs, when none of them is made of the layer's, when one has no dtype or belongs to an index of a
/// compute(), and when the rank of a result is not known.
[[nodiscard]] TENON_API std::vector<Expr> call(std::string_view op, std::span<const OperatorInput> inputs,
                                               const Attributes& attributes, int outputs);

/// Output 0.
[[nodiscard]] inline Expr call(std::string_view op, std::initializer_list<OperatorInput> inputs,
                               const Attributes& attributes = {}) {
  return std::move(call(op, std::span(inputs.begin(), inputs.size()), attributes, 1).front());
}
/// Several outputs: `auto [values, places] = call<2>("TopK", {x, 5});`.
template <size_t kOutputs>
[[nodiscard]] std::array<Expr, kOutputs> call(std::string_view op, std::initializer_list<OperatorInput> inputs,
                                              const Attributes& attributes = {}) {
  const auto all = call(op, std::span(inputs.begin(), inputs.size()), attributes, static_cast<int>(kOutputs));
  return [&]<size_t... kAt>(std::index_sequence<kAt...>) {
    return std::array{all[kAt]...};
  }(std::make_index_sequence<kOutputs>());
}

}  // namespace tenon
