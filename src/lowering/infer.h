// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

namespace tenon::lowering {

/// Sets the types of a standard node's outputs, or a user's layer's, if enough is known of its inputs: their element
/// types; for a layer, which must be loaded, their ranks too. Throws what the type rule throws, naming the node.
void infer_if_known(const Node& node);

}  // namespace tenon::lowering
