// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/passes.h"

// remove_dead: removes nodes and constants that no graph output depends on.
//
// Before:  nothing.
// After:   every node and constant is reachable from an output. Inputs stay, read or not: they are the caller's
// interface. Order:   after passes that leave things behind; in particular before those that ask how many readers a
// value has.
namespace tenon {

void remove_dead(Graph& graph) { graph.remove_unreachable(); }

}  // namespace tenon
