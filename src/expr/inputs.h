// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <optional>
#include <vector>

// What a function has its inputs for, when it is taken apart.
namespace tenon::expr {

/// A function, and the numbers that its inputs had.
struct Narrowed {
  Function function;
  std::vector<size_t> inputs;
};
/// `function` without the inputs that it neither reads nor needs for a dimension that no other one names; simplified
/// and verified.
[[nodiscard]] Narrowed without_unread(const Function& function);

/// The input that the output is, element by element; nullopt if it is something else.
[[nodiscard]] std::optional<size_t> passed_input(const Function& function, const Output& output);

}  // namespace tenon::expr
