// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/passes.h"
#include "layers/infer.h"

// infer_types: gives every value its dtype and, as far as it is known, its shape, with named dimensions kept.
//
// Before:  graph inputs have types; layers are bound. Types on other values, which formats may bring along, are not
//          trusted.
// After:   every value has the type that its producer's type rule gives. A graph whose types do not fit has been
//          refused, with the node's name.
// Order:   before all rewrites, which ask for types, and once more at the end, so that a plan's types are those of
//          its nodes.
namespace tenon {

void infer_types(Graph& graph) {
  for (Node* node : graph.topological_order()) infer_outputs(*node);
}

}  // namespace tenon
