// SPDX-License-Identifier: Apache-2.0

// The GraphDef reader on any bytes, and all that follows a model that reads: writing, reading again, lowering,
// compiling.
#include "base/files.h"
#include "compiler/pipeline.h"
#include "formats/tensorflow/graphdef.h"

#include <tenon/compile.h>

#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto file = tenon::MappedFile::from_memory("fuzz.pb", {bytes.begin(), bytes.end()});
  try {
    const tenon::Graph graph = tenon::tensorflow::read_graphdef(file);
    graph.validate();
    (void)tenon::compile_plan(graph);
  } catch (const tenon::Error& error) {
    if (error.code() == tenon::ErrorCode::kInternal) throw;
  }
  return 0;
}
