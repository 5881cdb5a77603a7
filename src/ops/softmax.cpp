// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/pointwise.h"

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_dtype(context, 0, kFloatDTypes);
  if (const auto& shape = context.shape(0)) {
    (void)checked_axis(context, context.attributes().integer("axis"), static_cast<int64_t>(shape->size()));
  }
  context.copy_type(0);
}

template <bool kLog>
std::vector<Expr> define(DefineContext& context) {
  const auto axis = static_cast<int>(context.attributes().integer("axis"));
  const Expr& x = context.input(0);
  if (!kLog) return {softmax(x, axis)};
  const Expr shifted = x - max(x, axis, true);
  return {shifted - log(sum(exp(shifted), axis, true))};
}

OpDef softmax_op(const char* name, std::vector<Expr> (*define)(DefineContext&), const char* summary) {
  return {
      .name = name,
      .since_version = 13,
      .attributes = {{"axis", int64_t{-1}}},
      .infer = infer,
      .define = define,
      .summary = summary,
  };
}

}  // namespace

std::vector<OpDef> softmax_ops() {
  return {
      softmax_op("LogSoftmax", define<true>, "y = x - ln(sum of e^x along axis)."),
      softmax_op("Softmax", define<false>, "y = e^x / (sum of e^x along axis)."),
  };
}

}  // namespace tenon
