// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <string_view>

// What must hold of a function before anything else looks at it.
namespace tenon::expr {

/// Limits on the parts of a function that are not nodes.
inline constexpr size_t kMaxInputs = 4096, kMaxOutputs = 4096, kMaxFields = 256;
/// Of an extent, written out; what is shared counts at each place.
inline constexpr int kMaxExtentNodes = 128;

/// Throws kInvalidArgument (kUnsupported for a limit) naming the layer, the part, what it is and what is required,
/// unless: names are identifiers and unique; operands come before their users; ops exist; types are what the operands
/// give; loads have the rank and dtype of their input; extents depend on no index and no element; every variable is
/// bound once, with the extent that its Index says; outputs read only their own axes.
void verify(const Function& function);

/// Letters, digits and _, not beginning with a digit, and no word of the printed form.
[[nodiscard]] bool is_name(std::string_view text) noexcept;

}  // namespace tenon::expr
