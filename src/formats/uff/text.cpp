// SPDX-License-Identifier: Apache-2.0
#include "formats/protobuf/text.h"
#include "formats/uff/read.h"
#include "formats/uff/schema.h"
#include "formats/uff/write.h"

#include <fmt/core.h>

namespace tenon::uff {
namespace {

Graph read_text(const std::shared_ptr<const MappedFile>& file) {
  const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  const protobuf::EncodedText encoded = protobuf::encode_text(text, meta_graph_schema());
  const auto bytes = std::as_bytes(std::span(encoded.bytes));
  return read_meta_graph(MappedFile::from_memory(file->path(), {bytes.begin(), bytes.end()}),
                         [&](size_t offset) { return fmt::format("in line {}", encoded.line(offset)); });
}

}  // namespace

Graph read_uff_text(const std::shared_ptr<const MappedFile>& file) {
  return with_context([&] { return read_text(file); },
                      [&] { return fmt::format("while reading the UFF text '{}'", file->path()); });
}

void write_uff_text(const Graph& graph, FileSink& sink, size_t blob_limit) {
  std::string bytes;
  encode_meta_graph(graph, [&](std::string_view piece) { bytes += piece; });
  protobuf::print_text(bytes, meta_graph_schema(), blob_limit, [&](std::string_view line) { sink.write(line); });
}

}  // namespace tenon::uff
