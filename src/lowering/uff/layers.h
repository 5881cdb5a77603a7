// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/compile.h>
#include <tenon/graph.h>

#include <span>
#include <string>
#include <vector>

// Custom operations and what is computed: what has to be settled in a UFF graph before its nodes are rewritten.
namespace tenon::lowering::uff {

/// True for an operation that only a user's layer can be, "_Foo".
[[nodiscard]] bool is_custom(const Node& node);

/// Makes users' layers of the operations that a loaded layer has the name of: "_Foo", or "Foo" that is no operation of
/// UFF. Their fields are those that the layer may have: with the type's suffix, or else all that are not about types.
///
/// A layer with several outputs names them `<node>`, `<node>_1`, ...; whoever reads the node reads all of them, in
/// order, as UFF cannot name a single one.
void find_layers(Graph& graph);

/// The values that `outputs` name (or the graph's own), each once: a MarkOutput stands for what it marks, and a node
/// with several outputs for all of them. Throws as find_outputs().
[[nodiscard]] std::vector<Value*> computed_values(const Graph& graph, std::span<const std::string> outputs);

/// Says of a custom operation that its layer is missing.
[[nodiscard]] UnsupportedNode explain_layer(const Node& node);

}  // namespace tenon::lowering::uff
