// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <string>

// The printed form; parse.h reads it.
namespace tenon::expr {

/// The whole layer, linear in the size of the formulas: what is used twice is named by a `let` line.
[[nodiscard]] std::string print(const Function& function);
/// One scalar for a message: "2 * n + 1"; deep parts are left out as "…".
[[nodiscard]] std::string print_node(const Function& function, NodeId id);

}  // namespace tenon::expr
