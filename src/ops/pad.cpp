// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace tenon {
namespace {

Outside outside_of(std::string_view mode) {
  return mode == "constant" ? Outside::kValue
         : mode == "edge"   ? Outside::kClamp
         : mode == "wrap"   ? Outside::kWrap
                            : Outside::kReflect;
}

std::vector<size_t> all_axes(size_t rank) {
  std::vector<size_t> axes(rank);
  for (size_t i = 0; i < rank; ++i) axes[i] = i;
  return axes;
}

void infer(InferContext& context) {
  require_movable(context, 0);
  require_index_list(context, 1, "pads");
  if (context.has_input(2)) context.require_same_dtype(0, 2);
  if (context.has_input(3)) require_index_list(context, 3, "axes");
  const std::string& mode = context.attributes().string("mode");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap") {
    context.fail(fmt::format("mode is '{}' but constant, reflect, edge or wrap is required", mode));
  }
  if (context.has_input(2)) {
    if (const auto count = known_count(context, 2); count && *count != 1) {
      context.fail(fmt::format("constant_value has {} elements but one is required", *count));
    }
  }
  const auto pads = context.integers(1);
  const auto axes_given = context.integers(3);
  const auto& shape = context.shape(0);
  if (!shape) return context.set_output(0, context.dtype(0), std::nullopt);
  if (!pads || (context.has_input(3) && !axes_given))
    return context.set_output(0, context.dtype(0), Shape(shape->size()));
  std::vector<size_t> axes = all_axes(shape->size());
  if (axes_given) {
    axes.clear();
    for (const int64_t axis : *axes_given) {
      axes.push_back(checked_axis(context, axis, static_cast<int64_t>(shape->size())));
      if (std::count(axes.begin(), axes.end(), axes.back()) > 1)
        context.fail(fmt::format("axes has the axis {} twice", axes.back()));
    }
  }
  if (pads->size() != 2 * axes.size()) {
    context.fail(fmt::format("pads has {} numbers but {} are required, a begin and an end for each of {} axes",
                             pads->size(), 2 * axes.size(), axes.size()));
  }
  Shape result = *shape;
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = axes[i];
    const int64_t begin = (*pads)[i];
    const int64_t end = (*pads)[axes.size() + i];
    if (begin == 0 && end == 0) continue;
    if (!(*shape)[axis].is_constant()) {
      result[axis] = Dim();
      continue;
    }
    // Negative pads take elements away first; the others then extend what is left.
    const int64_t extent = (*shape)[axis].value();
    const int64_t left =
        checked_add(checked_add(extent, std::min<int64_t>(begin, 0), "a pad"), std::min<int64_t>(end, 0), "a pad");
    if (left < 0) {
      context.fail(
          fmt::format("pads {} and {} take more away from axis {} than its extent {}", begin, end, axis, extent));
    }
    if (left == 0 && mode != "constant" && (begin > 0 || end > 0)) {
      context.fail(fmt::format("axis {} has no elements that mode '{}' could repeat", axis, mode));
    }
    const int64_t begun = checked_add(left, std::max<int64_t>(begin, 0), "the padded extent");
    result[axis] = Dim(checked_add(begun, std::max<int64_t>(end, 0), "the padded extent"));
  }
  context.set_output(0, context.dtype(0), std::move(result));
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  std::vector<size_t> axes = all_axes(context.shape(0).size());
  if (context.has_input(3)) {
    axes.clear();
    for (const int64_t axis : context.integers(3)) axes.push_back(normalized_axis(axis, x.rank()));
  }
  const std::vector<int64_t> pads = context.integers(1);
  Expr inside = x;
  std::vector<Expr> before(context.shape(0).size(), Expr(0));
  std::vector<Expr> shape = x.shape();
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t begin = pads[i];
    const int64_t end = pads[axes.size() + i];
    const auto axis = static_cast<int>(axes[i]);
    const Expr last = x.extent(axis) + std::min<int64_t>(end, 0);
    if (begin < 0 || end < 0) inside = slice(inside, axis, begin < 0 ? -Expr(begin) : Expr(0), last);
    before[axes[i]] = std::max<int64_t>(begin, 0);
    shape[axes[i]] = shape[axes[i]] + begin + end;
  }
  const Outside outside = outside_of(context.attributes().string("mode"));
  const Expr value = context.has_input(2) ? context.scalar(2) : Expr(0);
  return {compute(shape, [&](std::span<const Expr> index) {
    std::vector<Expr> place;
    for (size_t axis = 0; axis < index.size(); ++axis) place.push_back(index[axis] - before[axis]);
    return inside.at(place, outside, value);
  })};
}

}  // namespace

OpDef pad_op() {
  return {.name = "Pad",
          .since_version = 25,
          .min_inputs = 2,
          .max_inputs = 4,
          .attributes = {{"mode", std::string("constant")}},
          .infer = infer,
          .define = define,
          .moves = true,
          .summary =
              "Adds elements at the ends of axes: constant_value (mode constant), the mirrored inside (reflect), the "
              "outermost "
              "ones (edge) or those of the other end (wrap); negative pads take elements away."};
}

}  // namespace tenon
