// SPDX-License-Identifier: Apache-2.0
#include <tenon/formats.h>

#include "error.h"
#include "handles.h"
#include "module.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>

namespace tenon::python {

void bind_formats(nb::module_& module) {
  module.def(
      "load", [](const std::filesystem::path& path) { return GraphHandle(with_file(path, &load)); }, nb::arg("path"),
      nb::sig("def load(path: str | os.PathLike) -> Graph"),
      R"(Reads a model (a TensorFlow frozen graph, or a UFF file in its binary or text form); its content says what it is.

Every node, attribute and name is the file's own. Weights stay in the file, which is mapped into memory: do not change
it in place while the graph, or an engine made from it, lives. Raises MissingFileError, IoError, CorruptError naming the
place in the file, and UnsupportedError for what is recognised but not readable (a SavedModel folder, an HDF5 file),
saying how to get there.)");

  module.def(
      "save",
      [](const GraphHandle& graph, const std::filesystem::path& path) {
        const Graph copy = graph.graph().clone();  // Another thread may edit the graph meanwhile.
        with_file(path, [&](const std::string& file) { save(copy, file); });
      },
      nb::arg("graph"), nb::arg("path"), nb::sig("def save(graph: Graph, path: str | os.PathLike) -> None"),
      R"(Writes a graph in the format of its dialect ("tf": a GraphDef, "uff": a UFF file).

The file appears whole or not at all. Raises UnsupportedError when the dialect has no writer, IoError.)");

  module.def(
      "save_text",
      [](const GraphHandle& graph, const std::filesystem::path& path, bool shorten) {
        const Graph copy = graph.graph().clone();  // Another thread may edit the graph meanwhile.
        with_file(path, [&](const std::string& file) { save_text(copy, file, shorten); });
      },
      nb::arg("graph"), nb::arg("path"), nb::kw_only(), nb::arg("shorten") = false,
      nb::sig("def save_text(graph: Graph, path: str | os.PathLike, *, shorten: bool = False) -> None"),
      R"(Writes a graph in the text form of its dialect's format ("uff": a .pbtxt), which load() reads, too.

shorten=True replaces long weights by a note of their size: a file to look at, which has no weights any more. The file
appears whole or not at all. Raises UnsupportedError when the format has no text form, IoError.)");
}

}  // namespace tenon::python
