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
  if (context.has_input(1)) require_index_list(context, 1, "axes");
  const auto& shape = context.shape(0);
  const auto axes = context.integers(1);
  if (!shape || (context.has_input(1) && !axes)) return context.set_output(0, context.dtype(0), std::nullopt);
  std::vector<bool> drop(shape->size(), false);
  if (axes) {
    for (const int64_t given : *axes) {
      const size_t axis = checked_axis(context, given, static_cast<int64_t>(shape->size()));
      if (drop[axis]) context.fail(fmt::format("axes has the axis {} twice", axis));
      const Dim& extent = (*shape)[axis];
      if (extent.is_constant() && extent.value() != 1) {
        context.fail(fmt::format("axis {} of shape {} has extent {} but only axes of extent 1 can be removed", axis,
                                 to_string(*shape), extent.value()));
      }
      drop[axis] = true;
    }
  } else {
    for (size_t axis = 0; axis < shape->size(); ++axis) {
      // Whether an extent that is not known is 1 decides the rank.
      if (!(*shape)[axis].is_constant()) return context.set_output(0, context.dtype(0), std::nullopt);
      drop[axis] = (*shape)[axis].value() == 1;
    }
  }
  Shape result;
  for (size_t axis = 0; axis < shape->size(); ++axis) {
    if (!drop[axis]) result.push_back((*shape)[axis]);
  }
  context.set_output(0, context.dtype(0), std::move(result));
}

std::vector<Expr> define(DefineContext& context) {
  if (!context.has_input(1)) return {squeeze(context.input(0))};
  std::vector<int> axes;
  for (const int64_t axis : context.integers(1)) axes.push_back(static_cast<int>(axis));
  return {squeeze(context.input(0), axes)};
}

}  // namespace

OpDef squeeze_op() {
  return {.name = "Squeeze",
          .since_version = 25,
          .min_inputs = 1,
          .max_inputs = 2,
          .infer = infer,
          .define = define,
          .reference = copy_input,
          .view = true,
          .summary = "Removes the given axes, which have extent 1; without axes, all that have."};
}

}  // namespace tenon
