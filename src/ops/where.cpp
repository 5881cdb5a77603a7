// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
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

void reference(ReferenceContext& context) {
  const TensorView& condition = context.input(0);
  const TensorView& x = context.input(1);
  const TensorView& y = context.input(2);
  const MutableTensorView& out = context.output();
  BroadcastIndex ci(condition.dims, out.dims);
  BroadcastIndex xi(x.dims, out.dims);
  BroadcastIndex yi(y.dims, out.dims);
  const int64_t count = out.dims.count();
  for (int64_t i = 0; i < count; ++i, ci.next(), xi.next(), yi.next()) {
    const bool first = load_i64(condition.data, condition.dtype, *ci) != 0;
    copy_element(out.data, i, first ? x.data : y.data, first ? *xi : *yi, out.dtype);
  }
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
      .reference = reference,
      .pointwise = true,
      .summary = "out = x where condition is true, else y; all three broadcast.",
  };
}

}  // namespace tenon
