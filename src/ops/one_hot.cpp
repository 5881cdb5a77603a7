// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/move.h"
#include "ops/wide.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void require_number(const InferContext& context, size_t index, const char* name) {
  if (!is_float(context.dtype(index)) && !is_integer(context.dtype(index))) {
    context.fail(fmt::format("{} have dtype {} but numbers are required", name, dtype_name(context.dtype(index))));
  }
}

void infer(InferContext& context) {
  require_number(context, 0, "indices");
  require_number(context, 1, "depth");
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

void reference(ReferenceContext& context) {
  const TensorView& indices = context.input(0);
  const TensorView& values = context.input(2);
  const MutableTensorView& y = context.output();
  clear_tail(y);
  const int64_t count = y.dims.count();
  if (count == 0) return;
  const AxisSplit split(y.dims, normalized_axis(context.attributes().integer("axis"), y.dims.rank()));
  for (int64_t i = 0; i < count; ++i) copy_element(y.data, i, values.data, 0, y.dtype);
  for (int64_t o = 0; o < split.outer; ++o) {
    for (int64_t n = 0; n < split.inner; ++n) {
      const auto index = load<int64_t>(indices, o * split.inner + n);
      if (index < -split.extent || index >= split.extent) continue;  // Nothing is on.
      const int64_t place = index < 0 ? index + split.extent : index;
      copy_element(y.data, split.index(o, place, n), values.data, 1, y.dtype);
    }
  }
}

}  // namespace

OpDef one_hot_op() {
  return {.name = "OneHot",
          .since_version = 28,
          .min_inputs = 3,
          .max_inputs = 3,
          .attributes = {{"axis", int64_t{-1}}},
          .infer = infer,
          .reference = reference,
          .summary =
              "A new axis of extent depth that is values[1] at the place each index names and values[0] elsewhere; "
              "negative "
              "indices count from the end, others out of range name no place."};
}

}  // namespace tenon
