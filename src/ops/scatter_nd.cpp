// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/move.h"
#include "ops/wide.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_movable(context, 0);
  require_indices(context, 1);
  context.require_same_dtype(0, 2);
  const std::string& reduction = context.attributes().string("reduction");
  if (reduction != "none" && reduction != "add" && reduction != "mul" && reduction != "max" && reduction != "min") {
    context.fail(fmt::format("reduction is '{}' but none, add, mul, max or min is required", reduction));
  }
  if (reduction != "none" && !is_float(context.dtype(0)) && !is_integer(context.dtype(0))) {
    context.fail(fmt::format("reduction is '{}' but data has dtype {}, which is no number", reduction,
                             dtype_name(context.dtype(0))));
  }
  const auto& data = context.shape(0);
  const auto& indices = context.shape(1);
  const auto& updates = context.shape(2);
  if (data && indices) {
    if (indices->empty() || data->empty()) {
      context.fail(fmt::format("data has shape {} and indices {} but rank 1 or more is required", to_string(*data),
                               to_string(*indices)));
    }
    if (const Dim& depth = indices->back(); depth.is_constant()) {
      if (depth.value() < 1 || depth.value() > static_cast<int64_t>(data->size())) {
        context.fail(fmt::format("indices have shape {}, so each names {} axes, but 1 to {} is required for data {}",
                                 to_string(*indices), depth.value(), data->size(), to_string(*data)));
      }
      Shape wanted(indices->begin(), indices->end() - 1);
      wanted.insert(wanted.end(), data->begin() + static_cast<std::ptrdiff_t>(depth.value()), data->end());
      if (updates && updates->size() != wanted.size()) {
        context.fail(fmt::format("updates have shape {} but {} is required", to_string(*updates), to_string(wanted)));
      }
      for (size_t i = 0; updates && i < wanted.size(); ++i) {
        static_cast<void>(equal_extents(context, (*updates)[i], wanted[i],
                                        fmt::format("the given and required extents of axis {} of updates", i)));
      }
    }
  }
  context.copy_type(0);
}

template <typename T>
void combine(std::string_view reduction, const MutableTensorView& y, int64_t at, const TensorView& updates,
             int64_t from) {
  const T old = load<T>(y, at);
  const T update = load<T>(updates, from);
  // Integers wrap: sums and products in unsigned arithmetic have the same bits.
  using Wrapping = std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, T>;
  if (reduction == "add") {
    store<T>(y, at, static_cast<T>(static_cast<Wrapping>(old) + static_cast<Wrapping>(update)));
  } else if (reduction == "mul") {
    store<T>(y, at, static_cast<T>(static_cast<Wrapping>(old) * static_cast<Wrapping>(update)));
  } else if (old != old || update != update) {  // NaN
    store<T>(y, at, old != old ? old : update);
  } else {
    store<T>(y, at, reduction == "max" ? std::max(old, update) : std::min(old, update));
  }
}

void reference(ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const TensorView& indices = context.input(1);
  const TensorView& updates = context.input(2);
  const MutableTensorView& y = context.output();
  const std::string& reduction = context.attributes().string("reduction");
  clear_tail(y);
  copy_run(y, 0, x, 0, x.dims.count());
  if (updates.dims.count() == 0) return;
  const int64_t depth = indices.dims.back();
  const std::vector<int64_t> strides = dense_strides(x.dims);
  const int64_t run = x.dims.count(static_cast<int>(depth), x.dims.rank());
  for (int64_t t = 0; t < indices.dims.count() / depth; ++t) {
    int64_t to = 0;
    for (int64_t k = 0; k < depth; ++k) {
      const auto axis = static_cast<size_t>(k);
      to += checked_index(context, load<int64_t>(indices, t * depth + k), x.dims[axis]) * strides[axis];
    }
    if (reduction == "none") {
      copy_run(y, to, updates, t * run, run);
      continue;
    }
    for (int64_t i = 0; i < run; ++i) {
      if (is_float(x.dtype)) {
        combine<double>(reduction, y, to + i, updates, t * run + i);
      } else if (dtype_kind(x.dtype) == DTypeKind::kUnsigned) {
        combine<uint64_t>(reduction, y, to + i, updates, t * run + i);
      } else {
        combine<int64_t>(reduction, y, to + i, updates, t * run + i);
      }
    }
  }
}

}  // namespace

OpDef scatter_nd_op() {
  return {
      .name = "ScatterND",
      .since_version = 18,
      .min_inputs = 3,
      .max_inputs = 3,
      .attributes = {{"reduction", std::string("none")}},
      .infer = infer,
      .reference = reference,
      .summary =
          "data with the slices that indices name replaced by updates, or combined with them (add, mul, max, min), in "
          "order."};
}

}  // namespace tenon
