// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/passes.h"
#include "layers/layer_type.h"

// bind_layers: finds the layer of every custom node, checks the node's fields, and writes what was found into the node.
//
// Before:  nothing is known of custom nodes but their names; fields may be missing and of a wider or narrower kind.
// After:   every custom node names the version of its layer (kLayerVersionAttribute), for a callback also the function
//          (kLayerOriginAttribute), and has all of its layer's fields, of the declared kinds. So a plan keeps its
//          meaning when a newer version of the layer brings other defaults.
// Order:   first, since inference asks the layers for types.
namespace tenon {

void bind_layers(Graph& graph) {
  for (Node* node : graph.nodes()) {
    if (node->domain().empty()) continue;
    BoundLayer bound = layer_of(*node);
    node->attributes() = std::move(bound.fields);
    const LayerInfo& info = bound.type->info();
    node->attributes().insert_or_assign(std::string(kLayerVersionAttribute), int64_t{info.version});
    if (info.kind == LayerKind::kCallback)
      node->attributes().insert_or_assign(std::string(kLayerOriginAttribute), info.origin);
  }
}

}  // namespace tenon
