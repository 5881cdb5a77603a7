// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/tensor.h>

#include <span>
#include <string>

// What is required of layers that say that they are element-wise, whatever kind they are of.
namespace tenon {

/// Throws kInvalidArgument unless each further input has the shape of input 0 or one element, where that is known.
void require_elementwise_inputs(std::span<const TensorType> inputs);

/// What contradicts it in the outputs' types; "" if nothing.
[[nodiscard]] std::string elementwise_contradiction(std::span<const TensorType> inputs,
                                                    std::span<const TensorType> outputs);

/// When a run contradicts it.
inline constexpr const char* kNotElementwise =
    "it is declared to be element-wise, but gives other results in place or in parts; every element must depend on "
    "those at the same place only, and inputs be read before the outputs there are written";

}  // namespace tenon
