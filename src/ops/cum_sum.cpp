// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/move.h"
#include "ops/wide.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void infer(InferContext& context) {
  const DType dtype = context.dtype(0);
  if (!is_float(dtype) && !is_integer(dtype)) {
    context.fail(fmt::format("input 0 has dtype {} but numbers are required", dtype_name(dtype)));
  }
  require_index_list(context, 1, "axis");
  if (const auto count = known_count(context, 1); count && *count != 1) {
    context.fail(fmt::format("axis has shape {} but a scalar is required", to_string(*context.shape(1))));
  }
  context.copy_type(0);
}

// `T` is double for floats; integers add up as uint64, which wraps and has the bits of either sign.
template <typename T>
void sum(const TensorView& x, const MutableTensorView& y, const AxisSplit& split, bool exclusive, bool reverse) {
  for (int64_t o = 0; o < split.outer; ++o) {
    for (int64_t n = 0; n < split.inner; ++n) {
      T total = 0;
      for (int64_t i = 0; i < split.extent; ++i) {
        const int64_t at = split.index(o, reverse ? split.extent - 1 - i : i, n);
        const T value = load<T>(x, at);
        if (!exclusive) total += value;
        store<T>(y, at, total);
        if (exclusive) total += value;
      }
    }
  }
}

void reference(ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const MutableTensorView& y = context.output();
  const auto axis = load<int64_t>(context.input(1), 0);
  const int64_t rank = x.dims.rank();
  if (axis < -rank || axis >= rank) {
    context.fail(
        fmt::format("axis is {} but {} to {} is required for shape {}", axis, -rank, rank - 1, to_string(x.dims)));
  }
  clear_tail(y);
  if (x.dims.count() == 0) return;
  const AxisSplit split(x.dims, normalized_axis(axis, rank));
  const bool exclusive = context.attributes().flag("exclusive");
  const bool reverse = context.attributes().flag("reverse");
  if (is_float(x.dtype)) {
    sum<double>(x, y, split, exclusive, reverse);
  } else {
    sum<uint64_t>(x, y, split, exclusive, reverse);
  }
}

}  // namespace

OpDef cum_sum_op() {
  return {.name = "CumSum",
          .since_version = 14,
          .min_inputs = 2,
          .max_inputs = 2,
          .attributes = {{"exclusive", int64_t{0}}, {"reverse", int64_t{0}}},
          .infer = infer,
          .reference = reference,
          .summary =
              "Running sums along an axis: y[i] = x[0] + … + x[i], without x[i] itself if exclusive, from the end if "
              "reverse."};
}

}  // namespace tenon
