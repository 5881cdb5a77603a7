// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/pointwise.h"
#include "ops/wide.h"

#include <cmath>
#include <limits>

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

// The largest element is subtracted first, so that no exponential overflows.
template <bool kLog>
void reference(ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const MutableTensorView& y = context.output();
  const AxisSplit split(x.dims, normalized_axis(context.attributes().integer("axis"), x.dims.rank()));
  for (int64_t outer = 0; outer < split.outer; ++outer) {
    for (int64_t inner = 0; inner < split.inner; ++inner) {
      double largest = -std::numeric_limits<double>::infinity();
      for (int64_t i = 0; i < split.extent; ++i) {
        const double value = load<double>(x, split.index(outer, i, inner));
        if (value > largest || std::isnan(value)) largest = value;
      }
      double sum = 0;
      for (int64_t i = 0; i < split.extent; ++i)
        sum += std::exp(load<double>(x, split.index(outer, i, inner)) - largest);
      for (int64_t i = 0; i < split.extent; ++i) {
        const int64_t at = split.index(outer, i, inner);
        const double shifted = load<double>(x, at) - largest;
        store<double>(y, at, kLog ? shifted - std::log(sum) : std::exp(shifted) / sum);
      }
    }
  }
}

OpDef softmax_op(const char* name, std::vector<Expr> (*define)(DefineContext&), void (*kernel)(ReferenceContext&),
                 const char* summary) {
  return {
      .name = name,
      .since_version = 13,
      .attributes = {{"axis", int64_t{-1}}},
      .infer = infer,
      .define = define,
      .reference = kernel,
      .summary = summary,
  };
}

}  // namespace

std::vector<OpDef> softmax_ops() {
  return {
      softmax_op("LogSoftmax", define<true>, reference<true>, "y = x - ln(sum of e^x along axis)."),
      softmax_op("Softmax", define<false>, reference<false>, "y = e^x / (sum of e^x along axis)."),
  };
}

}  // namespace tenon
