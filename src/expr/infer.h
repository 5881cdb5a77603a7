// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <tenon/shape.h>

#include <span>
#include <vector>

// The type rule of a function.
namespace tenon::expr {

/// The outputs' types for inputs of these types, which have dtypes. Named dimensions of the inputs go through to the
/// outputs; extents that cannot be said (sums of named ones, what depends on unknown ones) are unknown, as are shapes
/// for inputs of unknown rank. Throws kInvalidArgument naming the layer and the input when count, dtype, rank or
/// extents do not fit.
[[nodiscard]] std::vector<TensorType> infer(const Function& function, std::span<const TensorType> inputs);

}  // namespace tenon::expr
