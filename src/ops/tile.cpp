// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "ops/all_ops.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_movable(context, 0);
  require_index_list(context, 1, "repeats");
  const auto& shape = context.shape(0);
  const auto repeats = context.integers(1);
  if (!shape) return context.set_output(0, context.dtype(0), std::nullopt);
  if (const auto count = known_count(context, 1); count && *count != static_cast<int64_t>(shape->size())) {
    context.fail(fmt::format("repeats has {} numbers but input 0 has shape {}; one for each axis is required", *count,
                             to_string(*shape)));
  }
  if (!repeats) return context.set_output(0, context.dtype(0), Shape(shape->size()));
  Shape result = *shape;
  for (size_t axis = 0; axis < result.size(); ++axis) {
    const int64_t times = (*repeats)[axis];
    if (times < 0) context.fail(fmt::format("repeats has the number {} but 0 or more is required", times));
    if (times == 1) continue;
    if (result[axis].is_constant()) {
      result[axis] = Dim(checked_mul(result[axis].value(), times, "the tiled extent"));
    } else {
      result[axis] = times == 0 ? Dim(0) : Dim();
    }
  }
  context.set_output(0, context.dtype(0), std::move(result));
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  std::vector<Expr> shape = x.shape();
  const std::vector<int64_t> repeats = context.integers(1);
  for (size_t axis = 0; axis < shape.size(); ++axis) shape[axis] = shape[axis] * repeats[axis];
  return {view_of(x, shape, [&](std::vector<Expr>& place) {
    for (size_t axis = 0; axis < place.size(); ++axis) place[axis] = place[axis] % x.extent(static_cast<int>(axis));
  })};
}

}  // namespace

OpDef tile_op() {
  return {.name = "Tile",
          .since_version = 13,
          .min_inputs = 2,
          .max_inputs = 2,
          .infer = infer,
          .define = define,
          .moves = true,
          .summary = "Repeats the whole tensor repeats[i] times along axis i."};
}

}  // namespace tenon
