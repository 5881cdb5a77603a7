// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/move.h"

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_movable(context, 0);
  require_indices(context, 1);
  const auto& data = context.shape(0);
  const auto& indices = context.shape(1);
  if (!data || !indices) return context.set_output(0, context.dtype(0), std::nullopt);
  const size_t axis = checked_axis(context, context.attributes().integer("axis"), static_cast<int64_t>(data->size()));
  Shape result(data->begin(), data->begin() + static_cast<std::ptrdiff_t>(axis));
  result.insert(result.end(), indices->begin(), indices->end());
  result.insert(result.end(), data->begin() + static_cast<std::ptrdiff_t>(axis) + 1, data->end());
  require_rank(context, result.size());
  context.set_output(0, context.dtype(0), std::move(result));
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  const auto axis = static_cast<int>(context.attributes().integer("axis"));
  const Expr index = cast(context.input(1), DType::kInt64);
  return {take(x, where(index < 0, index + x.extent(axis), index), axis)};
}

}  // namespace

OpDef gather_op() {
  return {.name = "Gather",
          .since_version = 13,
          .min_inputs = 2,
          .max_inputs = 2,
          .attributes = {{"axis", int64_t{0}}},
          .infer = infer,
          .define = define,
          .moves = true,
          .summary =
              "Takes the slices of data along axis that indices name: y[i..., j..., k...] = data[i..., indices[j...], "
              "k...]."};
}

}  // namespace tenon
