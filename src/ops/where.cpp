// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/broadcast.h"
#include "ops/define.h"
#include "ops/pointwise.h"

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_dtype(context, 0, dtype_bit(DType::kBool));
  context.require_same_dtype(1, 2);
  context.set_output(0, context.dtype(1), broadcast_inputs(context));
}

std::vector<Expr> define(DefineContext& context) {
  return {where(context.input(0), context.input(1), context.input(2))};
}

}  // namespace

OpDef where_op() {
  return {
      .name = "Where",
      .since_version = 16,
      .min_inputs = 3,
      .max_inputs = 3,
      .infer = infer,
      .define = define,
      .pointwise = true,
      .moves = true,
      .summary = "out = x where condition is true, else y; all three broadcast.",
  };
}

}  // namespace tenon
