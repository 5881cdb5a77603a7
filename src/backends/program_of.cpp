// SPDX-License-Identifier: Apache-2.0
#include "backends/kernel.h"
#include "codegen/loops.h"
#include "expr/trace.h"
#include "ops/expression.h"

namespace tenon {

codegen::Program program_of(const Problem& problem) {
  const LayerExpr formulas = formulas_of(problem.node);
  const expr::Function& function = formulas.impl().function;
  return codegen::loops_of(bind(function, expr::binding_of(function, problem.inputs)));
}

}  // namespace tenon
