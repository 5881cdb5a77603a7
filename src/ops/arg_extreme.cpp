// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/pointwise.h"

// ArgMax and ArgMin.
namespace tenon {
namespace {

void infer(InferContext& context) {
  require_dtype(context, 0, kNumericDTypes);
  const bool keep = context.attributes().flag("keepdims");
  if (!context.shape(0)) return context.set_output(0, DType::kInt64, std::nullopt);
  Shape shape = *context.shape(0);
  const size_t axis = checked_axis(context, context.attributes().integer("axis"), static_cast<int64_t>(shape.size()));
  if (shape[axis].is_constant() && shape[axis].value() == 0) context.fail("the axis has no elements to choose from");
  if (keep)
    shape[axis] = Dim(1);
  else
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  context.set_output(0, DType::kInt64, std::move(shape));
}

// From the back, the last of equal ones comes first.
std::vector<Expr> define(DefineContext& context) {
  const auto axis = static_cast<int>(normalized_axis(context.attributes().integer("axis"), context.rank(0)));
  const Reduction reduction = context.node().op() == "ArgMax" ? Reduction::kArgMax : Reduction::kArgMin;
  const bool keep = context.attributes().flag("keepdims");
  const Expr& x = context.input(0);
  if (!context.attributes().flag("select_last_index")) return {reduce(reduction, x, axis, keep)};
  return {x.extent(axis) - 1 - reduce(reduction, flip(x, axis), axis, keep)};
}

OpDef arg_extreme(const char* name, const char* summary) {
  return {
      .name = name,
      .since_version = 13,
      .attributes = {{"axis", int64_t{0}}, {"keepdims", int64_t{1}}, {"select_last_index", int64_t{0}}},
      .infer = infer,
      .define = define,
      .summary = summary,
  };
}

}  // namespace

std::vector<OpDef> arg_extreme_ops() {
  return {
      arg_extreme("ArgMax",
                  "y = where along axis the largest x is: the first such place, or the last; NaN counts as largest."),
      arg_extreme("ArgMin",
                  "y = where along axis the smallest x is: the first such place, or the last; NaN counts as smallest."),
  };
}

}  // namespace tenon
