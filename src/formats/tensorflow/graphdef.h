// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"

#include <tenon/graph.h>

#include <memory>
#include <string_view>

// GraphDef (tensorflow/core/framework/graph.proto, node_def.proto): a frozen TensorFlow graph, read 1:1 and written
// back.
//
// Every NodeDef is a node of dialect "tf", Placeholder and Const too, in the file's order. Output 0 of a node is the
// value "name", output k the value "name:k"; there is one for each that a node reads or that the operator is known to
// have. The graph has no inputs() of its own (Placeholders are nodes); its outputs() are what nobody reads.
//
// What a NodeDef has beside its attributes is kept as attributes whose names no TensorFlow attribute can have, and what
// the GraphDef has beside its nodes as properties:
//   node.device, node.debug_info, node.type, node.unknown     strings; the last three as the file's bytes
//   producer, min_consumer, version (ints), bad_consumers (ints), library, debug_info, unknown (strings: the file's
//   bytes) functions (strings)                                       the names in `library`, for people and messages
namespace tenon::tensorflow {

inline constexpr std::string_view kDevice = "node.device";
inline constexpr std::string_view kDebugInfo = "node.debug_info";
inline constexpr std::string_view kFullType = "node.type";
inline constexpr std::string_view kUnknownFields = "node.unknown";
/// Attributes that keep, in a file, what a graph has outside of the attributes of a user's layer: its domain and its
/// number of outputs.
inline constexpr std::string_view kDomain = "_tenon_domain";
inline constexpr std::string_view kOutputs = "_tenon_outputs";

/// Reads a GraphDef. Tensors refer to the file where they can. Throws kCorrupt and kUnsupported with the file, node and
/// offset.
[[nodiscard]] Graph read_graphdef(const std::shared_ptr<const MappedFile>& file);

/// Writes a graph of dialect "tf". The same graph gives the same bytes. Throws kUnsupported for attributes that a
/// GraphDef cannot hold, kInvalidArgument for a value that is not a node's output, kIo.
void write_graphdef(const Graph& graph, FileSink& sink);

}  // namespace tenon::tensorflow
