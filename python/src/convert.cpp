// SPDX-License-Identifier: Apache-2.0
#include <tenon/convert.h>

#include "handles.h"
#include "module.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>

namespace tenon::python {

void bind_convert(nb::module_& module) {
  module.def(
      "convert",
      [](const GraphHandle& graph, const std::string& dialect, std::vector<std::string> outputs,
         const std::optional<nb::callable>& note) {
        load_environment_plugins_once();
        const Graph copy = graph.graph().clone();  // Another thread may edit the graph meanwhile.
        std::vector<std::string> notes;
        ConvertOptions options;
        options.outputs = std::move(outputs);
        options.note = [&](std::string_view line) { notes.emplace_back(line); };
        GraphHandle result = [&] {
          const nb::gil_scoped_release no_gil;
          return GraphHandle(convert(copy, dialect, options));
        }();
        if (note)
          for (const std::string& line : notes) (*note)(line);
        return result;
      },
      nb::arg("graph"), nb::arg("dialect"), nb::kw_only(), nb::arg("outputs") = std::vector<std::string>{},
      nb::arg("note") = nb::none(),
      nb::sig("def convert(graph: Graph, dialect: str, *, outputs: collections.abc.Sequence[str] = (), "
              "note: collections.abc.Callable[[str], object] | None = None) -> Graph"),
      R"(A graph of dialect `dialect` that means the same: "uff", from TensorFlow's operators or the standard ones.

outputs:  values to keep as outputs; by default the graph's own
note:     called with one line for each thing that a reader of the new file should know: inputs, outputs that were
          deduced, patterns that were recognised, nodes that become custom operations

Only nodes that the outputs need are converted. Raises UnsupportedError with every node that the dialect cannot express in
`nodes`, and for conversions that there are not; NotFoundError for an output.)");
}

}  // namespace tenon::python
