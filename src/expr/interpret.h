// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <tenon/tensor.h>

#include <map>
#include <span>
#include <string>
#include <vector>

// The oracle: what a function means, straight from its nodes, element by element.
namespace tenon::expr {

struct InterpretOptions {
  std::map<std::string, double> fields = {};  ///< By name; the others have their defaults.
  int64_t max_steps = int64_t{1} << 32;       ///< Nodes evaluated at most; more work than that is kUnsupported.
};

/// The outputs on these inputs. Floats are computed in double, rounded to narrower types by casts and stores only;
/// integers are exact in 64 bits and wrap to their type after every operation; reductions go through their variables in
/// row-major order. Throws kInvalidArgument (inputs, fields or extents do not fit; a load outside of its tensor), and
/// kUnsupported.
[[nodiscard]] std::vector<Tensor> interpret(const Function& function, std::span<const TensorView> inputs,
                                            const InterpretOptions& options = {});

/// The same into memory that has the outputs' dtypes and shapes. It may be that of inputs of which each element of an
/// output reads the element at its own place alone.
void interpret(const Function& function, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
               const InterpretOptions& options = {});

}  // namespace tenon::expr
