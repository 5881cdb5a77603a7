// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/pointwise.h"
#include "ops/wide.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_dtype(context, 0, kNumericDTypes);
  require_dtype(context, 1, dtype_bit(DType::kInt64));
  const auto k = context.integers(1);
  if (k && (k->size() != 1 || (*k)[0] < 0)) {
    context.fail(fmt::format("k is {} but one number of 0 or more is required",
                             k->size() == 1 ? fmt::format("{}", (*k)[0]) : fmt::format("a list of {}", k->size())));
  }
  std::optional<Shape> shape = context.shape(0);
  if (shape) {
    const size_t axis =
        checked_axis(context, context.attributes().integer("axis"), static_cast<int64_t>(shape->size()));
    Dim& extent = (*shape)[axis];
    if (k && extent.is_constant() && (*k)[0] > extent.value()) {
      context.fail(fmt::format("k is {} but axis {} of {} has {} elements", (*k)[0], axis, to_string(*context.shape(0)),
                               extent.value()));
    }
    extent = k ? Dim((*k)[0]) : Dim();
  }
  context.set_output(0, context.dtype(0), shape);
  context.set_output(1, DType::kInt64, std::move(shape));
}

// NaN counts as larger than any number; ties go to the lower index.
template <typename T>
bool before(T a, T b, bool largest) {
  if constexpr (std::is_same_v<T, double>) {
    if (std::isnan(a) || std::isnan(b))
      return largest ? std::isnan(a) && !std::isnan(b) : !std::isnan(a) && std::isnan(b);
  }
  return largest ? a > b : a < b;
}

template <typename T>
void select(const ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const MutableTensorView& y = context.output();
  const bool largest = context.attributes().flag("largest");
  const size_t axis = normalized_axis(context.attributes().integer("axis"), x.dims.rank());
  const AxisSplit from(x.dims, axis);
  const AxisSplit to(y.dims, axis);
  std::vector<int64_t> order(static_cast<size_t>(from.extent));
  for (int64_t outer = 0; outer < from.outer; ++outer) {
    for (int64_t inner = 0; inner < from.inner; ++inner) {
      std::iota(order.begin(), order.end(), 0);
      std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        const T left = load<T>(x, from.index(outer, a, inner));
        const T right = load<T>(x, from.index(outer, b, inner));
        if (before(left, right, largest)) return true;
        return a < b && !before(right, left, largest);
      });
      for (int64_t i = 0; i < to.extent; ++i) {
        const int64_t chosen = order[static_cast<size_t>(i)];
        const int64_t at = to.index(outer, i, inner);
        copy_element(y.data, at, x.data, from.index(outer, chosen, inner), x.dtype);
        if (context.output_count() > 1) store<int64_t>(context.output(1), at, chosen);
      }
    }
  }
}

void reference(ReferenceContext& context) {
  const DTypeKind kind = dtype_kind(context.input(0).dtype);
  if (kind == DTypeKind::kFloat)
    select<double>(context);
  else if (kind == DTypeKind::kUnsigned)
    select<uint64_t>(context);
  else
    select<int64_t>(context);
}

}  // namespace

OpDef top_k_op() {
  return {
      .name = "TopK",
      .since_version = 24,
      .min_inputs = 2,
      .max_inputs = 2,
      .max_outputs = 2,
      .attributes = {{"axis", int64_t{-1}}, {"largest", int64_t{1}}, {"sorted", int64_t{1}}},
      .infer = infer,
      .reference = reference,
      .summary =
          "The k largest (or smallest) elements along axis, always in order, and their indices; ties keep their order.",
  };
}

}  // namespace tenon
