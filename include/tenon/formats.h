// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/export.h>
#include <tenon/graph.h>

#include <string>

// Model files, told by content.
namespace tenon {

/// Reads a model into a graph of its format's dialect, 1:1: every node, attribute and name is the file's own. Weights
/// stay in the file, which is memory-mapped while any tensor refers to it. Throws kNotFound, kIo, kCorrupt (naming the
/// file and the offset or node), and kUnsupported for what is recognised but not readable (a SavedModel folder, an HDF5
/// file, a checkpoint, a plan), saying how to get there.
[[nodiscard]] TENON_API Graph load(const std::string& path);

/// Writes a graph in the format of its dialect, through a temporary file. Throws kUnsupported when the dialect has no
/// writer.
TENON_API void save(const Graph& graph, const std::string& path);

/// Writes the format's text form, where it has one (UFF: .pbtxt), through a temporary file. `shorten` replaces long
/// blobs by a note of their size, for looking at; such a file has no weights. Throws kUnsupported for other dialects.
TENON_API void save_text(const Graph& graph, const std::string& path, bool shorten = false);

}  // namespace tenon
