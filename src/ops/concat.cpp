// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void infer(InferContext& context) {
  const int64_t axis_given = context.attributes().integer("axis");
  std::optional<Shape> result;
  size_t known = 0;
  int64_t total = 0;
  std::optional<Dim> open;  // The one extent along the axis that is not a constant, unknown when there are several.
  for (size_t i = 0; i < context.input_count(); ++i) {
    require_movable(context, i);
    context.require_same_dtype(0, i);
    const auto& shape = context.shape(i);
    if (!shape) continue;
    const size_t axis = checked_axis(context, axis_given, static_cast<int64_t>(shape->size()));
    if (result && result->size() != shape->size()) {
      context.fail(fmt::format("inputs have shapes {} and {} but equal ranks are required", to_string(*result),
                               to_string(*shape)));
    }
    ++known;
    const Dim& extent = (*shape)[axis];
    if (extent.is_constant()) {
      total = checked_add(total, extent.value(), "the concatenated extent");
    } else {
      open = open ? Dim() : extent;
    }
    if (!result) {
      result = *shape;
      continue;
    }
    for (size_t k = 0; k < shape->size(); ++k) {
      if (k == axis) continue;
      (*result)[k] = equal_extents(context, (*result)[k], (*shape)[k],
                                   fmt::format("the extents of axis {} of inputs 0 and {}", k, i));
    }
  }
  if (result) {
    Dim& extent = (*result)[checked_axis(context, axis_given, static_cast<int64_t>(result->size()))];
    if (known < context.input_count() || (open && total > 0)) {
      extent = Dim();
    } else {
      extent = open ? *open : Dim(total);
    }
  }
  context.set_output(0, context.dtype(0), std::move(result));
}

std::vector<Expr> define(DefineContext& context) {
  std::vector<Expr> parts;
  for (size_t i = 0; i < context.input_count(); ++i) parts.push_back(context.input(i));
  return {concat(parts, static_cast<int>(context.attributes().integer("axis")))};
}

}  // namespace

OpDef concat_op() {
  return {.name = "Concat",
          .since_version = 13,
          .min_inputs = 1,
          .max_inputs = kVariadic,
          .attributes = {{"axis", int64_t{0}, /*required=*/true}},
          .infer = infer,
          .define = define,
          .moves = true,
          .summary = "Joins tensors of equal shape but for one axis along that axis."};
}

}  // namespace tenon
