// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <tenon/tensor.h>

#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Layers that tests generate code for.
namespace tenon::test {

/// A well-known layer with extents for its dimensions.
struct ExampleLayer {
  std::string_view name;
  std::string_view text;
  std::map<std::string, int64_t> extents;
};
[[nodiscard]] std::span<const ExampleLayer> example_layers();

/// The layer in its printed form, with extents for its named dimensions and the defaults of its fields.
[[nodiscard]] expr::Function bound(std::string_view text, const std::map<std::string, int64_t>& extents);
/// A function whose fields have their defaults and whose extents are those of the inputs.
[[nodiscard]] expr::Function bound(const expr::Function& function, std::span<const TensorView> inputs);

}  // namespace tenon::test
