// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"

#include <tenon/graph.h>

#include <memory>
#include <string>
#include <string_view>

// UFF (Universal Framework Format, versions 0.5 to 0.6.9 of NVIDIA's converter): a MetaGraph, read 1:1 from its binary
// or its text form and written back. formats/uff/dialect.h says how the graph holds it.
namespace tenon::uff {

/// Reads the binary form. Blobs refer to the file. Throws kCorrupt with the file, node and offset.
[[nodiscard]] Graph read_uff(const std::shared_ptr<const MappedFile>& file);
/// Reads the text form (.pbtxt). Throws kCorrupt with the file, line and column; the message for a blob that was left
/// out when the text was written ("(...12345 bytes...)") comes when its weights are needed, not here.
[[nodiscard]] Graph read_uff_text(const std::shared_ptr<const MappedFile>& file);

/// Writes a graph of dialect "uff"; map entries are sorted, so the same graph gives the same bytes. Graph outputs that
/// no MarkOutput stands for get one, after all other nodes (so a file without any gains them); one whose values are
/// graph outputs no more is left out. What a graph that was not read lacks is written as NVIDIA's converter does:
/// versions 1, the descriptor tensorflow_extension, and custom when there are custom operations. Throws kUnsupported
/// for what UFF cannot say (a left-out or a control input, an output that is read without the others of its node,
/// attributes without a Data), naming the node; kInvalidArgument for an input or constant named as a node; kIo.
void write_uff(const Graph& graph, FileSink& sink);

/// The text form. Blobs longer than `blob_limit` bytes are replaced by a note of their size, as NVIDIA's converter did;
/// such text can be looked at, but not run.
void write_uff_text(const Graph& graph, FileSink& sink, size_t blob_limit = static_cast<size_t>(-1));

}  // namespace tenon::uff
