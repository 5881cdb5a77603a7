// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/cpu/simd.h"

#include <optional>
#include <string_view>

namespace tenon::cpu {

/// The vector function of a standard operator or epilogue step; nullopt when there is none. `alpha` of Gelu: 1 for the
/// tanh form.
[[nodiscard]] std::optional<UnaryOp> find_unary(std::string_view op, double alpha = 0);
[[nodiscard]] std::optional<BinaryOp> find_binary(std::string_view op);

}  // namespace tenon::cpu
