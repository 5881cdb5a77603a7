// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/compile.h>

#include <optional>

// TensorFlow nodes that cannot be compiled or converted because of what they are, not for want of a rule: control flow,
// variables, calls of functions.
namespace tenon::lowering::tensorflow {

/// What stands in the way and what to do about it; nullopt for nodes of other kinds.
[[nodiscard]] std::optional<UnsupportedNode> obstacle(const Node& node, const Graph& graph);

}  // namespace tenon::lowering::tensorflow
