// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/broadcast.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_movable(context, 0);
  require_index_list(context, 1, "shape");
  const auto count = known_count(context, 1);
  if (count) require_rank(context, static_cast<size_t>(*count));
  const auto target = context.integers(1);
  const auto& shape = context.shape(0);
  if (!shape || (!target && !count)) return context.set_output(0, context.dtype(0), std::nullopt);
  Shape wanted(static_cast<size_t>(*count));
  for (size_t i = 0; target && i < wanted.size(); ++i) {
    if ((*target)[i] < 0) context.fail(fmt::format("shape has the extent {} but 0 or more is required", (*target)[i]));
    wanted[i] = Dim((*target)[i]);
  }
  auto result = broadcast(*shape, wanted);
  if (!result)
    context.fail(fmt::format("shapes {} and {} do not broadcast together", to_string(*shape), to_string(wanted)));
  context.set_output(0, context.dtype(0), std::move(result));
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  std::vector<Expr> shape;
  for (const int64_t extent : context.integers(1)) shape.emplace_back(extent);
  while (shape.size() < context.shape(0).size()) shape.insert(shape.begin(), Expr(1));
  const size_t added = shape.size() - context.shape(0).size();
  const std::vector<int64_t> target = context.integers(1);
  const size_t absent = shape.size() - target.size();
  for (size_t axis = added; axis < shape.size(); ++axis) {
    if (axis < absent || target[axis - absent] == 1) shape[axis] = x.extent(static_cast<int>(axis - added));
  }
  return {broadcast_to(x, shape)};
}

}  // namespace

OpDef expand_op() {
  return {.name = "Expand",
          .since_version = 13,
          .min_inputs = 2,
          .max_inputs = 2,
          .infer = infer,
          .define = define,
          .moves = true,
          .summary = "Broadcasts the input with the given shape; extents of 1 on either side give way to the other."};
}

}  // namespace tenon
