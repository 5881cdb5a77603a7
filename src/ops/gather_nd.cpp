// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/move.h"
#include "ops/wide.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_movable(context, 0);
  require_indices(context, 1);
  const int64_t batch = context.attributes().integer("batch_dims");
  const auto& data = context.shape(0);
  const auto& indices = context.shape(1);
  if (!data || !indices) return context.set_output(0, context.dtype(0), std::nullopt);
  if (indices->empty() || data->empty()) {
    context.fail(fmt::format("data has shape {} and indices {} but rank 1 or more is required", to_string(*data),
                             to_string(*indices)));
  }
  const auto least = static_cast<int64_t>(std::min(data->size(), indices->size()));
  if (batch < 0 || batch >= least) {
    context.fail(fmt::format("batch_dims is {} but 0 to {} is required for data {} and indices {}", batch, least - 1,
                             to_string(*data), to_string(*indices)));
  }
  for (size_t i = 0; i < static_cast<size_t>(batch); ++i) {
    static_cast<void>(
        equal_extents(context, (*data)[i], (*indices)[i], fmt::format("the batch extents of axis {}", i)));
  }
  const Dim& depth = indices->back();
  if (!depth.is_constant()) return context.set_output(0, context.dtype(0), std::nullopt);
  const auto room = static_cast<int64_t>(data->size()) - batch;
  if (depth.value() < 1 || depth.value() > room) {
    context.fail(fmt::format("indices have shape {}, so each names {} axes, but 1 to {} is required for data {}",
                             to_string(*indices), depth.value(), room, to_string(*data)));
  }
  Shape result(indices->begin(), indices->end() - 1);
  result.insert(result.end(), data->begin() + static_cast<std::ptrdiff_t>(batch + depth.value()), data->end());
  require_rank(context, result.size());
  context.set_output(0, context.dtype(0), std::move(result));
}

void reference(ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const TensorView& indices = context.input(1);
  const MutableTensorView& y = context.output();
  clear_tail(y);
  if (y.dims.count() == 0) return;
  const auto batch = static_cast<int>(context.attributes().integer("batch_dims"));
  const int64_t depth = indices.dims.back();
  const std::vector<int64_t> strides = dense_strides(x.dims);
  const int64_t run = x.dims.count(batch + static_cast<int>(depth), x.dims.rank());
  const int64_t batches = x.dims.count(0, batch);
  const int64_t batch_stride = x.dims.count(batch, x.dims.rank());
  const int64_t tuples = indices.dims.count() / depth / batches;
  for (int64_t b = 0; b < batches; ++b) {
    for (int64_t t = 0; t < tuples; ++t) {
      int64_t from = b * batch_stride;
      for (int64_t k = 0; k < depth; ++k) {
        const auto axis = static_cast<size_t>(batch + k);
        const int64_t index = load<int64_t>(indices, (b * tuples + t) * depth + k);
        from += checked_index(context, index, x.dims[axis]) * strides[axis];
      }
      copy_run(y, (b * tuples + t) * run, x, from, run);
    }
  }
}

}  // namespace

OpDef gather_nd_op() {
  return {.name = "GatherND",
          .since_version = 13,
          .min_inputs = 2,
          .max_inputs = 2,
          .attributes = {{"batch_dims", int64_t{0}}},
          .infer = infer,
          .reference = reference,
          .summary =
              "Takes the slices of data whose leading places the last axis of indices names: y[i...] = "
              "data[indices[i...]]."};
}

}  // namespace tenon
