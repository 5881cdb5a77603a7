// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

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

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  const Expr indices = cast(context.input(1), DType::kInt64);
  const Dim& depth = context.shape(1).back();
  if (!depth.is_constant()) context.fail("how many axes the indices name is not known");
  const auto first = static_cast<size_t>(context.attributes().integer("batch_dims"));
  const size_t last = first + static_cast<size_t>(depth.value());
  // The result's axes are those of the tuples and, behind them, those of the slices.
  const auto tuples = static_cast<std::ptrdiff_t>(indices.rank() - 1);
  std::vector<Expr> shape = indices.shape();
  shape.pop_back();
  for (size_t axis = last; axis < static_cast<size_t>(x.rank()); ++axis)
    shape.push_back(x.extent(static_cast<int>(axis)));
  return {view_of(x, shape, [&](std::vector<Expr>& place) {
    std::vector<Expr> at(place.begin(), place.begin() + tuples);
    std::vector<Expr> from(place.begin(), place.begin() + static_cast<std::ptrdiff_t>(first));
    at.emplace_back(0);
    for (size_t axis = first; axis < last; ++axis) {
      at.back() = static_cast<int64_t>(axis - first);
      const Expr index = indices.at(at);
      from.push_back(where(index < 0, index + x.extent(static_cast<int>(axis)), index));
    }
    from.insert(from.end(), place.begin() + tuples, place.end());
    place = std::move(from);
  })};
}

}  // namespace

OpDef gather_nd_op() {
  return {.name = "GatherND",
          .since_version = 13,
          .min_inputs = 2,
          .max_inputs = 2,
          .attributes = {{"batch_dims", int64_t{0}}},
          .infer = infer,
          .define = define,
          .moves = true,
          .summary =
              "Takes the slices of data whose leading places the last axis of indices names: y[i...] = "
              "data[indices[i...]]."};
}

}  // namespace tenon
