// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/define.h"
#include "ops/pointwise.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_dtype(context, 0, kNumericDTypes);
  for (size_t i = 1; i < context.input_count(); ++i) {
    if (!context.has_input(i)) continue;
    context.require_same_dtype(0, i);
    const auto& shape = context.shape(i);
    // ONNX requires a scalar; exporters write a one-element vector, too.
    if (shape && (shape->size() > 1 || (shape->size() == 1 && (*shape)[0].is_constant() && (*shape)[0].value() != 1))) {
      context.fail(fmt::format("the bound in input {} has shape {} but a scalar is required", i, to_string(*shape)));
    }
  }
  context.copy_type(0);
}

std::vector<Expr> define(DefineContext& context) {
  Expr y = context.input(0);
  if (context.has_input(1)) y = maximum(y, context.scalar(1));
  if (context.has_input(2)) y = minimum(y, context.scalar(2));
  return {y};
}

}  // namespace

OpDef clip_op() {
  return {
      .name = "Clip",
      .since_version = 13,
      .max_inputs = 3,
      .infer = infer,
      .define = define,
      .pointwise = true,
      .summary = "y = min(max(x, min), max); a bound that is left out does not bound; max wins where they cross.",
  };
}

}  // namespace tenon
