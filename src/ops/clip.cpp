// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/define.h"
#include "ops/pointwise.h"
#include "ops/wide.h"

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

// The upper bound wins when the bounds cross; NaN stays NaN.
template <typename T>
void clip(const ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const bool has_min = context.has_input(1);
  const bool has_max = context.has_input(2);
  const T min = has_min ? load<T>(context.input(1), 0) : T{};
  const T max = has_max ? load<T>(context.input(2), 0) : T{};
  const int64_t count = x.dims.count();
  for (int64_t i = 0; i < count; ++i) {
    T value = load<T>(x, i);
    if (has_min && value < min) value = min;
    if (has_max && value > max) value = max;
    store<T>(context.output(), i, value);
  }
}

void reference(ReferenceContext& context) {
  const DTypeKind kind = dtype_kind(context.input(0).dtype);
  if (kind == DTypeKind::kFloat)
    clip<double>(context);
  else if (kind == DTypeKind::kUnsigned)
    clip<uint64_t>(context);
  else
    clip<int64_t>(context);
}

}  // namespace

OpDef clip_op() {
  return {
      .name = "Clip",
      .since_version = 13,
      .max_inputs = 3,
      .infer = infer,
      .define = define,
      .reference = reference,
      .pointwise = true,
      .summary = "y = min(max(x, min), max); a bound that is left out does not bound; max wins where they cross.",
  };
}

}  // namespace tenon
