// SPDX-License-Identifier: Apache-2.0
#include "compiler/pipeline.h"

#include <tenon/compile.h>

namespace tenon {

Engine compile(const Graph& graph, const CompileOptions& options) { return Engine(compile_plan(graph, options)); }

}  // namespace tenon
