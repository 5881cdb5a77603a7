// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

// The parts of the extension module tenon._core: one function, in one source file, for each public header.
namespace tenon::python {

namespace nb = nanobind;

class GraphHandle;

void bind_error(nb::module_& module);
void bind_dtype(nb::module_& module);
void bind_shape(nb::module_& module);
[[nodiscard]] nb::class_<GraphHandle> bind_graph(nb::module_& module);
void bind_compile(nb::module_& module);
void bind_convert(nb::module_& module);
void bind_formats(nb::module_& module);
void bind_surgery(nb::module_& module, nb::class_<GraphHandle>& graph);
void bind_plugins(nb::module_& module);
void bind_expr(nb::module_& module);
void bind_expr_functions(nb::module_& module);
void bind_expr_call(nb::module_& module);
void bind_define_layer(nb::module_& module);
void bind_engine(nb::module_& module);
void bind_signing(nb::module_& module);
void bind_io(nb::module_& module);

/// Loads what TENON_PLUGINS names, the first time it is called; in case of an error again the next time. Releases the
/// GIL.
void load_environment_plugins_once();

}  // namespace tenon::python
