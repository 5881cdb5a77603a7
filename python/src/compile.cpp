// SPDX-License-Identifier: Apache-2.0
#include <tenon/compile.h>
#include <tenon/formats.h>

#include "engine.h"
#include "error.h"
#include "handles.h"
#include "module.h"
#include "shape.h"

#include <fmt/core.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

namespace tenon::python {
namespace {

using Model = std::variant<GraphHandle, std::filesystem::path>;

// A graph of its own: another thread may edit the given one meanwhile.
Graph graph_of(const Model& model) {
  if (const auto* graph = std::get_if<GraphHandle>(&model)) return graph->graph().clone();
  return with_file(std::get<std::filesystem::path>(model), &load);
}

using OrderNames = std::map<std::string, std::string>;

CompileOptions options_of(std::vector<std::string> outputs, std::map<std::string, Shape> input_shapes,
                          const OrderNames& input_orders, std::vector<std::string> disabled_passes) {
  CompileOptions options;
  options.outputs = std::move(outputs);
  options.input_shapes = std::move(input_shapes);
  for (const auto& [input, name] : input_orders) {
    const auto order = input_order_named(name);
    if (!order) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("the order of the input '{}' is '{}', but NCHW, NHWC or NC is required", input, name));
    }
    options.input_orders.emplace(input, *order);
  }
  options.disabled_passes = std::move(disabled_passes);
  return options;
}

}  // namespace

void bind_compile(nb::module_& module) {
  nb::class_<UnsupportedNode>(module, "UnsupportedNode", "A node that cannot be compiled as it is.")
      .def_ro("node", &UnsupportedNode::node, "Its name.")
      .def_ro("op", &UnsupportedNode::op, "Its operator.")
      .def_ro("reason", &UnsupportedNode::reason, "Why no rule covers it.")
      .def_ro("remedy", &UnsupportedNode::remedy, "The option of the command line that maps it to a layer.")
      .def("__repr__", [](const UnsupportedNode& self) {
        return fmt::format("<tenon.UnsupportedNode {} '{}'>", self.op, self.node);
      });

  module.def(
      "compile",
      [](const Model& model, std::vector<std::string> outputs, std::map<std::string, Shape> input_shapes,
         const OrderNames& input_orders, std::vector<std::string> disabled_passes) {
        load_environment_plugins_once();
        const CompileOptions options =
            options_of(std::move(outputs), std::move(input_shapes), input_orders, std::move(disabled_passes));
        const Graph graph = graph_of(model);
        const nb::gil_scoped_release no_gil;
        return EngineHandle(compile(graph, options));
      },
      nb::arg("model"), nb::kw_only(), nb::arg("outputs") = std::vector<std::string>{},
      nb::arg("input_shapes") = std::map<std::string, Shape>{}, nb::arg("input_orders") = OrderNames{},
      nb::arg("disabled_passes") = std::vector<std::string>{},
      nb::sig("def compile(model: Graph | str | os.PathLike, *, outputs: collections.abc.Sequence[str] = (), "
              "input_shapes: collections.abc.Mapping[str, collections.abc.Sequence[int | str | None]] = {}, "
              "input_orders: collections.abc.Mapping[str, str] = {}, "
              "disabled_passes: collections.abc.Sequence[str] = ()) -> Engine"),
      R"(Compiles a graph, or the model in a file, into an engine.

outputs:          values to compute; by default what nothing reads
input_shapes:     other shapes for inputs, by name: {"x": ("N", 3, 224, 224)}; those of a UFF model may be given without
                  the batch, as its parser was: {"x": (3, 224, 224)}
input_orders:     for UFF models, how the inputs' data lies: {"x": "NHWC"}; "NCHW" if only a shape is given
disabled_passes:  compiler passes to leave out; for finding out what a pass does

Raises UnsupportedError with every node that no rule covers in `nodes`; InvalidArgumentError when types do not fit, naming the
node; NotFoundError for a layer that is not loaded.)");

  module.def(
      "lower",
      [](const GraphHandle& graph) {
        load_environment_plugins_once();
        const Graph copy = graph.graph().clone();
        const nb::gil_scoped_release no_gil;
        return GraphHandle(lower(copy));
      },
      nb::arg("graph"),
      R"(The graph in standard (ONNX) operators, not optimised. Raises UnsupportedError as compile() does.)");
}

}  // namespace tenon::python
