// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/move.h"
#include "ops/pointwise.h"
#include "ops/wide.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_dtype(context, 0, kNumericDTypes);
  require_dtype(context, 1, kNumericDTypes);
  require_movable(context, 2);
  if (const auto count = known_count(context, 1); count && *count != 1) {
    context.fail(fmt::format("depth has shape {} but a scalar is required", to_string(*context.shape(1))));
  }
  if (const auto count = known_count(context, 2); count && *count != 2) {
    context.fail(fmt::format("values have shape {} but [2], the off and the on value, is required",
                             to_string(*context.shape(2))));
  }
  Dim depth;
  if (const Tensor* value = context.value(1)) {
    const auto extent = load<int64_t>(value->view(), 0);
    if (extent < 1) context.fail(fmt::format("depth is {} but at least 1 is required", extent));
    depth = Dim(extent);
  }
  const auto& shape = context.shape(0);
  if (!shape) return context.set_output(0, context.dtype(2), std::nullopt);
  require_rank(context, shape->size() + 1);
  const size_t axis =
      checked_axis(context, context.attributes().integer("axis"), static_cast<int64_t>(shape->size()) + 1);
  Shape result = *shape;
  result.insert(result.begin() + static_cast<std::ptrdiff_t>(axis), depth);
  context.set_output(0, context.dtype(2), std::move(result));
}

std::vector<Expr> define(DefineContext& context) {
  const Expr indices = cast(context.input(0), DType::kInt64);
  const Expr& values = context.input(2);
  const auto rank = static_cast<int64_t>(indices.rank()) + 1;
  const auto axis = static_cast<std::ptrdiff_t>(normalized_axis(context.attributes().integer("axis"), rank));
  const Expr depth = (*context.outputs()[0].shape)[static_cast<size_t>(axis)].value();
  std::vector<Expr> shape = indices.shape();
  shape.insert(shape.begin() + axis, depth);
  return {compute(std::span(shape), [&](std::span<const Expr> index) {
    std::vector<Expr> place(index.begin(), index.end());
    place.erase(place.begin() + axis);
    const Expr hot = indices.at(place);
    const Expr& i = index[static_cast<size_t>(axis)];
    return where((hot == i) | (hot == i - depth), values(1), values(0));
  })};
}

}  // namespace

OpDef one_hot_op() {
  return {.name = "OneHot",
          .since_version = 28,
          .min_inputs = 3,
          .max_inputs = 3,
          .attributes = {{"axis", int64_t{-1}}},
          .infer = infer,
          .define = define,
          .moves_others = true,
          .summary =
              "A new axis of extent depth that is values[1] at the place each index names and values[0] elsewhere; "
              "negative indices count from the end, others out of range name no place."};
}

}  // namespace tenon
