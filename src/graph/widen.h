// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <optional>

namespace tenon {

/// `given` as an attribute of the kind of `wanted`, where that loses nothing: bool to int, int to float, a scalar to a
/// list of one, a dtype's name to the dtype; nullopt elsewhere.
[[nodiscard]] std::optional<Attribute> widened(const Attribute& given, const Attribute& wanted);

}  // namespace tenon
