// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"
#include "compiler/pipeline.h"
#include "formats/protobuf/text.h"
#include "formats/uff/dialect.h"
#include "formats/uff/schema.h"
#include "formats/uff/uff.h"
#include "formats/uff/write.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

// What the fuzz targets of UFF's two forms share.
namespace tenon::test {

/// Bytes in memory as a file.
template <typename Bytes>
std::shared_ptr<const MappedFile> fuzz_file(const Bytes& content) {
  const auto bytes = std::as_bytes(std::span(content));
  return MappedFile::from_memory("fuzz.uff", {bytes.begin(), bytes.end()});
}

inline void require(bool condition) {
  if (!condition) std::abort();
}

/// All that follows a UFF model that reads. It is written and read again in both forms, where nothing fails and nothing
/// changes, but that a model without any MarkOutput gains them; then it is compiled.
inline void try_uff(const Graph& graph) {
  const auto bytes_of = [](const Graph& model) {
    std::string bytes;
    uff::encode_meta_graph(model, [&](std::string_view piece) { bytes += piece; });
    return bytes;
  };
  const auto text_of = [](const std::string& bytes) {
    std::string text;
    protobuf::print_text(bytes, uff::meta_graph_schema(), bytes.size(), [&](std::string_view line) { text += line; });
    return text;
  };
  const std::string bytes = bytes_of(graph), text = text_of(bytes);
  const Graph again = uff::read_uff(fuzz_file(bytes));
  const auto nodes = graph.nodes();
  const bool is_marked =
      std::any_of(nodes.begin(), nodes.end(), [](const Node* node) { return node->op() == uff::kMarkOutput; });
  require(!is_marked || identical(graph, again));
  require(bytes_of(again) == bytes);
  require(text_of(bytes_of(uff::read_uff_text(fuzz_file(text)))) == text);
  try {
    graph.validate();
    (void)compile_plan(graph);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) throw;
  }
}

/// Reads a model and tries all that follows; what does not read is done with.
template <typename Read>
void fuzz_uff(const uint8_t* data, size_t size, Read&& read) {
  const auto file = fuzz_file(std::span(data, size));
  std::unique_ptr<const Graph> graph;
  try {
    graph = std::make_unique<const Graph>(read(file));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) throw;
    return;
  }
  try_uff(*graph);
}

}  // namespace tenon::test
