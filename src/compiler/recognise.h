// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/expr.h>
#include <tenon/graph.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

// Finds the standard operator that a user's formulas are.
namespace tenon {

/// A standard operator on the formulas' inputs, in their order.
struct BuiltIn {
  std::string op;
  Attributes attributes = {};
  std::vector<double> scalars = {};  ///< Further inputs: constants of the first input's dtype without dimensions.
};

/// One of BuiltIn::scalars as a tensor.
[[nodiscard]] Tensor scalar_tensor(double value, DType dtype);

/// The operator of an epilogue (ops/epilogue.h) whose definition is `formulas`, to the node, for inputs of these types.
/// What the definitions say is all that this knows: parameters are looked for among the constants of the formulas.
[[nodiscard]] std::optional<BuiltIn> recognise(const LayerExpr& formulas, std::span<const TensorType> inputs);

}  // namespace tenon
