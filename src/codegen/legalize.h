// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <span>
#include <vector>

// What is left of a bound function when loads are either known to lie inside of their tensors or say what is outside.
namespace tenon::codegen {

struct Legal {
  expr::Function function;           ///< Loads are kError, which cannot fail, or kValue.
  std::vector<expr::NodeId> faults;  ///< For each output a bool over its axes, true where a load failed; or -1.
};

/// `function` without loads that clamp, wrap, reflect or fail: index arithmetic, and formulas for the faults.
[[nodiscard]] Legal legalize(const expr::Function& function);

/// A bool: whether all of the indices lie in a tensor of these constant dimensions.
[[nodiscard]] expr::NodeId inside_of(expr::Nodes& nodes, std::span<const expr::NodeId> indices, const Shape& dims);

}  // namespace tenon::codegen
