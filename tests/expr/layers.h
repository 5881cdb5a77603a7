// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/expr_functions.h>

#include <span>
#include <string>
#include <vector>

// Layers to test with, written as a user would write them.
namespace tenon::test {

/// Layers with dimensions by name: ReLU6, LayerNorm …; the dtype is that of input 0 ("f32"), the inputs' shapes are
/// the layer's own.
[[nodiscard]] std::vector<std::string> named_layers();
[[nodiscard]] LayerExpr named_layer(const std::string& name, const std::string& dtype = "f32");

/// A layer of one function ("exp", "sum_last", "pad_reflect_1") on inputs of these types.
[[nodiscard]] LayerExpr function_layer(const std::string& name, std::span<const Tensor> inputs);

}  // namespace tenon::test
