// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan/plan.h"

#include <tenon/compile.h>

namespace tenon {

/// compile() without the engine: lowers, runs the passes and returns the plan. Throws as compile() does.
[[nodiscard]] Plan compile_plan(const Graph& graph, const CompileOptions& options = {});

}  // namespace tenon
