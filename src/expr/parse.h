// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <map>
#include <string>
#include <string_view>

// Reads the printed form.
namespace tenon::expr {

/// The longest text that is read.
inline constexpr size_t kMaxTextBytes = size_t{16} << 20;

/// The verified function. Throws kInvalidArgument "line 2, column 7: …" saying what was found and what is required;
/// kUnsupported above a limit.
[[nodiscard]] Function parse(std::string_view text);

/// One scalar, with names that mean nodes already: how the rules of simplification are read. A number has dtype `type`.
[[nodiscard]] NodeId parse_scalar(Function& function, std::string_view text, const std::map<std::string, NodeId>& names,
                                  ScalarType type);

}  // namespace tenon::expr
