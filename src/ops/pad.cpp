// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "base/elements.h"
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/move.h"
#include "ops/wide.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace tenon {
namespace {

/// What happens along one axis. Negative pads take elements away first; the others then extend what is left.
struct AxisPad {
  int64_t first = 0;  ///< The first element that is left.
  int64_t left = 0;   ///< How many are left.
  int64_t begin = 0;
  int64_t end = 0;

  // The source place of output place `o`, or kOutside.
  int64_t source(int64_t o, std::string_view mode) const {
    int64_t at = o - begin;
    if (mode == "constant") {
      if (at < 0 || at >= left) return kOutside;
    } else if (mode == "edge") {
      at = std::clamp<int64_t>(at, 0, left - 1);
    } else {
      // Reflection does not repeat the edges, so it has the period 2 (left - 1); wrapping has the period left.
      const int64_t period = mode == "wrap" ? left : std::max<int64_t>(2 * (left - 1), 1);
      at %= period;
      if (at < 0) at += period;
      if (at >= left) at = period - at;
    }
    return first + at;
  }
};

// The pads of each axis; an axis whose extent is not known has left = -1.
std::vector<AxisPad> axis_pads(const std::vector<int64_t>& pads, const std::vector<size_t>& axes, const Shape& shape) {
  std::vector<AxisPad> result(shape.size());
  for (size_t axis = 0; axis < shape.size(); ++axis) result[axis].left = shape[axis].value();
  for (size_t i = 0; i < axes.size(); ++i) {
    AxisPad& pad = result[axes[i]];
    const int64_t begin = pads[i];
    const int64_t end = pads[axes.size() + i];
    pad.begin = std::max<int64_t>(begin, 0);
    pad.end = std::max<int64_t>(end, 0);
    if (begin < 0) pad.first = checked_mul(begin, -1, "the negative pad");
    if (pad.left < 0) continue;
    // As much as there is when they take away more: the result is then negative, which the type rule refuses.
    pad.left =
        checked_add(checked_add(pad.left, std::min<int64_t>(begin, 0), "a pad"), std::min<int64_t>(end, 0), "a pad");
  }
  return result;
}

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
  const std::vector<AxisPad> resolved = axis_pads(*pads, axes, *shape);
  Shape result = *shape;
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = axes[i];
    if ((*pads)[i] == 0 && (*pads)[axes.size() + i] == 0) continue;
    const AxisPad& pad = resolved[axis];
    if (!(*shape)[axis].is_constant()) {
      result[axis] = Dim();
      continue;
    }
    if (pad.left < 0) {
      context.fail(fmt::format("pads {} and {} take more away from axis {} than its extent {}", (*pads)[i],
                               (*pads)[axes.size() + i], axis, (*shape)[axis].value()));
    }
    if (pad.left == 0 && mode != "constant" && (pad.begin > 0 || pad.end > 0)) {
      context.fail(fmt::format("axis {} has no elements that mode '{}' could repeat", axis, mode));
    }
    result[axis] =
        Dim(checked_add(checked_add(pad.left, pad.begin, "the padded extent"), pad.end, "the padded extent"));
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
    if (begin < 0 || end < 0) inside = slice(inside, axis, std::max<int64_t>(-begin, 0), last);
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

void reference(ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const MutableTensorView& y = context.output();
  const int64_t count = y.dims.count();
  if (count == 0) return;
  const std::string& mode = context.attributes().string("mode");
  std::vector<size_t> axes = all_axes(x.dims.size());
  if (context.has_input(3)) {
    axes.clear();
    for (const int64_t axis : load_all<int64_t>(context.input(3))) axes.push_back(normalized_axis(axis, x.dims.rank()));
  }
  const std::vector<AxisPad> pads = axis_pads(load_all<int64_t>(context.input(1)), axes, to_shape(x.dims));
  const std::vector<int64_t> strides = dense_strides(x.dims);
  SourceIndex index(x.dims.size());
  for (size_t axis = 0; axis < x.dims.size(); ++axis) {
    for (int64_t o = 0; o < y.dims[axis]; ++o) {
      const int64_t place = pads[axis].source(o, mode);
      index[axis].push_back(place == kOutside ? kOutside : place * strides[axis]);
    }
  }
  if (mode == "constant") {
    fill_zero(y);
    for (int64_t i = 0; context.has_input(2) && i < count; ++i)
      copy_element(y.data, i, context.input(2).data, 0, y.dtype);
  }
  gather_elements(y, x, index);
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
          .reference = reference,
          .summary =
              "Adds elements at the ends of axes: constant_value (mode constant), the mirrored inside (reflect), the "
              "outermost "
              "ones (edge) or those of the other end (wrap); negative pads take elements away."};
}

}  // namespace tenon
