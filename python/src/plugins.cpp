// SPDX-License-Identifier: Apache-2.0
#include <tenon/plugins.h>

#include "attribute.h"
#include "error.h"
#include "module.h"

#include <fmt/core.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <mutex>

namespace tenon::python {

void load_environment_plugins_once() {
  // Without the GIL throughout: a thread that waits here for another one must not hold what that one needs to go on.
  const nb::gil_scoped_release no_gil;
  static std::once_flag once;
  std::call_once(once, [] { (void)load_plugins_from_environment(); });
}

void bind_plugins(nb::module_& module) {
  nb::class_<LayerFieldInfo>(module, "LayerField", "A field of a layer.")
      .def_ro("name", &LayerFieldInfo::name, "The field's name.")
      .def_prop_ro(
          "default", [](const LayerFieldInfo& self) { return attribute_to_python(self.fallback); },
          "The value it has when none is given; None for a required field.")
      .def_ro("required", &LayerFieldInfo::required, "Whether a value must be given.")
      .def_ro("doc", &LayerFieldInfo::doc, "What its author says about it.")
      .def("__repr__", [](const LayerFieldInfo& self) {
        return self.required ? fmt::format("<tenon.LayerField {}>", self.name)
                             : fmt::format("<tenon.LayerField {}={}>", self.name, to_string(self.fallback));
      });

  nb::class_<LayerSummary>(module, "LayerSummary", "A layer that is known: from a plugin, or defined by the program.")
      .def_ro("domain", &LayerSummary::domain, "Its namespace.")
      .def_ro("name", &LayerSummary::name, "Its name.")
      .def_ro("version", &LayerSummary::version, "Its version.")
      .def_ro("doc", &LayerSummary::doc, "What its author says about it.")
      .def_ro("kind", &LayerSummary::kind, "'native', 'expression' or 'callback'.")
      .def_ro("origin", &LayerSummary::origin, "The plugin's path, or where the program defines the layer.")
      .def_ro("fields", &LayerSummary::fields, "Its fields.")
      .def_ro("min_inputs", &LayerSummary::min_inputs, "The fewest inputs it takes.")
      .def_ro("max_inputs", &LayerSummary::max_inputs, "The most inputs it takes; -1 for any number.")
      .def_ro("outputs", &LayerSummary::outputs, "How many outputs it has.")
      .def_ro("elementwise", &LayerSummary::elementwise, "Whether it works on each element alone, in any layout.")
      .def_ro("data_dependent", &LayerSummary::data_dependent, "Whether the shape of its output depends on values.")
      .def_ro("cpu", &LayerSummary::cpu, "Whether it runs on the CPU.")
      .def_ro("cuda", &LayerSummary::cuda, "Whether it runs on NVIDIA GPUs.")
      .def("__repr__", [](const LayerSummary& self) {
        return fmt::format("<tenon.LayerSummary {}::{} version {}>", self.domain, self.name, self.version);
      });

  module.def(
      "load_plugin", [](const std::filesystem::path& path) { return with_file(path, &load_plugin); }, nb::arg("path"),
      nb::sig("def load_plugin(path: str | os.PathLike) -> list[str]"),
      R"(Loads a shared library of layers; returns their names. This runs the library's code.

The plugin stays loaded until the process ends; loading the same file again does nothing. Raises MissingFileError,
InvalidArgumentError when the file is no plugin, UnsupportedError for one built for another version of the interface.)");

  module.def(
      "layers",
      [] {
        load_environment_plugins_once();
        return layers();
      },
      R"(The layers that are loaded, by namespace, name and version.

Plugins that the environment variable TENON_PLUGINS names (paths separated by ':') are loaded at the first call of
layers(), compile() or Engine.load().)");
}

}  // namespace tenon::python
