// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

namespace tenon {

/// Sets the types of the node's outputs from those of its inputs, by the operator's type rule or the user's layer;
/// inputs that are constants count as known values. Throws what the rule throws, naming the node.
void infer_outputs(Node& node);

}  // namespace tenon
