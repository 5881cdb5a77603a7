// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/compile.h>
#include <tenon/export.h>
#include <tenon/graph.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// From one format's dialect to another's.
namespace tenon {

struct ConvertOptions {
  /// Values to keep as outputs, by node name ("node", "node:0"); empty: the graph's own.
  std::vector<std::string> outputs = {};
  /// Called with one line for each thing that a reader of the new file should know: inputs and outputs that were
  /// deduced, a pattern that was recognised, a node that becomes a custom operation.
  std::function<void(std::string_view)> note = {};
};

/// A graph of dialect `dialect` that means the same. Supported: "tf" and "standard" to "uff". Only nodes that the
/// outputs need are converted. Throws UnsupportedError with every node that the dialect cannot express, kNotFound (an
/// output), kInvalidArgument (types do not fit; names the node), kUnsupported (no such conversion; lists those there
/// are).
[[nodiscard]] TENON_API Graph convert(const Graph& graph, std::string_view dialect, const ConvertOptions& options = {});

}  // namespace tenon
