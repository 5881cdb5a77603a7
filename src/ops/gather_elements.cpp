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
  require_indices(context, 1);
  const auto& data = context.shape(0);
  const auto& indices = context.shape(1);
  if (data && indices) {
    if (data->size() != indices->size()) {
      context.fail(fmt::format("data has shape {} and indices {} but equal ranks are required", to_string(*data),
                               to_string(*indices)));
    }
    const size_t axis = checked_axis(context, context.attributes().integer("axis"), static_cast<int64_t>(data->size()));
    for (size_t i = 0; i < data->size(); ++i) {
      const Dim& have = (*data)[i];
      const Dim& want = (*indices)[i];
      if (i != axis && have.is_constant() && want.is_constant() && want.value() > have.value()) {
        context.fail(
            fmt::format("indices have extent {} along axis {} but data has only {}", want.value(), i, have.value()));
      }
    }
  }
  context.set_output(0, context.dtype(0), indices);
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  const size_t axis = normalized_axis(context.attributes().integer("axis"), x.rank());
  const Expr indices = cast(context.input(1), DType::kInt64);
  return {view_of(x, indices.shape(), [&](std::vector<Expr>& place) {
    const Expr index = indices.at(place);
    place[axis] = where(index < 0, index + x.extent(static_cast<int>(axis)), index);
  })};
}

}  // namespace

OpDef gather_elements_op() {
  return {.name = "GatherElements",
          .since_version = 13,
          .min_inputs = 2,
          .max_inputs = 2,
          .attributes = {{"axis", int64_t{0}}},
          .infer = infer,
          .define = define,
          .moves = true,
          .summary = "Takes one element of data for each index: y[i, j, k] = data[i, indices[i, j, k], k] for axis 1."};
}

}  // namespace tenon
