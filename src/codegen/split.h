// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <cstddef>
#include <cstdint>
#include <vector>

// Axes whose formulas ask for digits of their index, or for the part of the axis that it is in.
namespace tenon::codegen {

/// The elements of an output that a formula gives: element (i, j …) lies at offset + steps[0] * i + steps[1] * j + ….
struct Part {
  size_t output;  ///< Of the function that was split.
  int64_t offset;
  std::vector<int64_t> steps;
};

struct Split {
  expr::Function function;
  std::vector<Part> parts;  ///< By output of `function`.
};

/// The bound function with simpler formulas over other axes of the same memory:
///
/// An axis i of which a formula needs i // k or mod(i, k) becomes two, so that what depends on the one is not computed
/// again for each of the other: the statistics of a group of channels, say.
///
/// An axis whose equal parts a formula tells apart (i < 32, where two halves were joined) becomes that part, with a
/// formula for each.
///
/// The outermost axis, whose loop threads share and whose code serves all extents, stays whole; but for digits that a
/// reduction depends on.
[[nodiscard]] Split split_axes(const expr::Function& function);

/// The steps of a dense tensor.
[[nodiscard]] std::vector<int64_t> row_major(const std::vector<int64_t>& dims);

}  // namespace tenon::codegen
