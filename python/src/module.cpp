// SPDX-License-Identifier: Apache-2.0
#include "module.h"

#include "handles.h"

#include <tenon/version.h>

// tenon/tensor.h has no classes of its own here: in Python its tensors are NumPy arrays (array.h).
NB_MODULE(_core, module) {
  using namespace tenon::python;
  module.doc() = "The extension module behind tenon; use it through `import tenon`.";
  module.attr("__version__") = TENON_VERSION_STRING;
  bind_error(module);
  bind_dtype(module);
  bind_shape(module);
  auto graph = bind_graph(module);
  bind_formats(module);
  bind_surgery(module, graph);
  bind_plugins(module);
  bind_expr(module);
  bind_expr_functions(module);
  bind_expr_call(module);
  bind_define_layer(module);
  bind_engine(module);
  bind_signing(module);
  bind_compile(module);
  bind_convert(module);
  bind_io(module);
}
