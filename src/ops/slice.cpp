// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace tenon {
namespace {

struct Cut {
  int64_t start = 0;
  int64_t step = 1;
  int64_t count = 0;
};

// NumPy's rule for start:end:step on an axis of that extent. `step` is not 0.
Cut cut(int64_t start, int64_t end, int64_t step, int64_t extent) {
  // Below 0 counts from the end; then into the range of places, one beyond it on the far side allowed.
  const int64_t low = step > 0 ? 0 : -1;
  const int64_t high = step > 0 ? extent : extent - 1;
  start = std::clamp(start < 0 ? start + extent : start, low, high);
  end = std::clamp(end < 0 ? end + extent : end, low, high);
  const int64_t distance = step > 0 ? end - start : start - end;
  if (distance <= 0) return {start, step, 0};
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  return {start, step, static_cast<int64_t>((static_cast<uint64_t>(distance) - 1) / stride) + 1};
}

// Converters write "all of it" as ends far beyond any extent.
bool is_whole(int64_t start, int64_t end, int64_t step) {
  constexpr int64_t kFar = std::numeric_limits<int32_t>::max();
  return (step == 1 && start == 0 && end >= kFar) || (step == -1 && start == -1 && end <= -kFar);
}

constexpr const char* kNames[] = {"data", "starts", "ends", "axes", "steps"};

void infer(InferContext& context) {
  require_movable(context, 0);
  std::optional<int64_t> count;  // Of the axes that are cut.
  std::vector<int64_t> lists[5];
  bool known = true;
  for (size_t i = 1; i < 5; ++i) {
    if (!context.has_input(i)) {
      if (i < 3) context.fail(fmt::format("{} is left out but required", kNames[i]));
      continue;
    }
    require_index_list(context, i, kNames[i]);
    if (const auto length = known_count(context, i)) {
      if (count && *count != *length) {
        context.fail(fmt::format("starts has {} numbers and {} has {} but the same number is required", *count,
                                 kNames[i], *length));
      }
      count = length;
    }
    const auto values = context.integers(i);
    if (values) lists[i] = *values;
    known = known && values.has_value();
  }
  const auto& shape = context.shape(0);
  if (!shape) return context.set_output(0, context.dtype(0), std::nullopt);
  const auto rank = static_cast<int64_t>(shape->size());
  if (!known) {
    // The values say how many elements are left, but without axes it is still known which axes stay as they are.
    Shape result(shape->size());
    if (count && !context.has_input(3)) {
      for (size_t axis = static_cast<size_t>(*count); axis < shape->size(); ++axis) result[axis] = (*shape)[axis];
    }
    return context.set_output(0, context.dtype(0), std::move(result));
  }
  if (!context.has_input(3)) {
    for (int64_t i = 0; i < static_cast<int64_t>(lists[1].size()); ++i) lists[3].push_back(i);
  }
  Shape result = *shape;
  std::vector<bool> seen(shape->size(), false);
  for (size_t i = 0; i < lists[1].size(); ++i) {
    const size_t axis = checked_axis(context, lists[3][i], rank);
    if (seen[axis]) context.fail(fmt::format("axes has the axis {} twice", axis));
    seen[axis] = true;
    const int64_t start = lists[1][i];
    const int64_t end = lists[2][i];
    const int64_t step = context.has_input(4) ? lists[4][i] : 1;
    if (step == 0) context.fail("steps has a 0 but any other number is required");
    Dim& extent = result[axis];
    if (extent.is_constant()) {
      extent = Dim(cut(start, end, step, extent.value()).count);
      continue;
    }
    if (!is_whole(start, end, step)) extent = Dim();
  }
  context.set_output(0, context.dtype(0), std::move(result));
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  const std::vector<int64_t> starts = context.integers(1);
  const std::vector<int64_t> ends = context.integers(2);
  std::vector<Expr> first(context.shape(0).size(), Expr(0));
  std::vector<Expr> step(first.size(), Expr(1));
  std::vector<Expr> shape = x.shape();
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t axis = context.has_input(3) ? normalized_axis(context.integers(3)[i], x.rank()) : i;
    const int64_t stride = context.has_input(4) ? context.integers(4)[i] : 1;
    const Dim& extent = context.shape(0)[axis];
    step[axis] = stride;
    if (extent.is_constant()) {
      const Cut c = cut(starts[i], ends[i], stride, extent.value());
      first[axis] = c.start;
      shape[axis] = c.count;
    } else if (!is_whole(starts[i], ends[i], stride)) {
      context.fail(fmt::format("the extent of axis {} is not known", axis));
    } else if (stride < 0) {
      first[axis] = shape[axis] - 1;
    }
  }
  return {view_of(x, shape, [&](std::vector<Expr>& place) {
    for (size_t axis = 0; axis < place.size(); ++axis) place[axis] = first[axis] + step[axis] * place[axis];
  })};
}

}  // namespace

OpDef slice_op() {
  return {.name = "Slice",
          .since_version = 13,
          .min_inputs = 3,
          .max_inputs = 5,
          .infer = infer,
          .define = define,
          .moves = true,
          .summary =
              "x[starts:ends:steps] along axes (by default the first ones), with NumPy's meaning of negative and "
              "out-of-range numbers."};
}

}  // namespace tenon
