// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_movable(context, 0);
  require_index_list(context, 1, "axes");
  const auto& shape = context.shape(0);
  const auto count = known_count(context, 1);
  if (shape && count) require_rank(context, shape->size() + static_cast<size_t>(*count));
  const auto axes = context.integers(1);
  if (!shape || !axes) {
    std::optional<Shape> result;
    if (shape && count) result = Shape(shape->size() + static_cast<size_t>(*count));
    return context.set_output(0, context.dtype(0), std::move(result));
  }
  const size_t rank = shape->size() + axes->size();
  std::vector<bool> added(rank, false);
  for (const int64_t given : *axes) {
    const size_t axis = checked_axis(context, given, static_cast<int64_t>(rank));
    if (added[axis]) context.fail(fmt::format("axes has the axis {} twice", axis));
    added[axis] = true;
  }
  Shape result;
  auto next = shape->begin();
  for (size_t axis = 0; axis < rank; ++axis) result.push_back(added[axis] ? Dim(1) : *next++);
  context.set_output(0, context.dtype(0), std::move(result));
}

std::vector<Expr> define(DefineContext& context) {
  std::vector<int> axes;
  for (const int64_t axis : context.integers(1)) axes.push_back(static_cast<int>(axis));
  return {unsqueeze(context.input(0), axes)};
}

}  // namespace

OpDef unsqueeze_op() {
  return {.name = "Unsqueeze",
          .since_version = 25,
          .min_inputs = 2,
          .max_inputs = 2,
          .infer = infer,
          .define = define,
          .reference = copy_input,
          .view = true,
          .summary = "Inserts axes of extent 1 so that they are the given axes of the result."};
}

}  // namespace tenon
