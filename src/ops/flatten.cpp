// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

namespace tenon {
namespace {

// The product of the extents: a symbol survives when all others are 1.
Dim product(const Shape& shape, size_t first, size_t last) {
  Dim result(1);
  for (size_t i = first; i < last; ++i) {
    const Dim& dim = shape[i];
    if (dim.is_constant() && dim.value() == 0) return Dim(0);
    if (dim.is_constant() && dim.value() == 1) continue;
    if (result.is_constant() && result.value() == 1)
      result = dim;
    else if (result.is_constant() && dim.is_constant())
      result = Dim(Dims{result.value(), dim.value()}.count());
    else
      result = Dim();
  }
  return result;
}

void infer(InferContext& context) {
  const auto& shape = context.shape(0);
  if (!shape) return context.set_output(0, context.dtype(0), Shape(2));
  const auto rank = static_cast<int64_t>(shape->size());
  int64_t axis = context.attributes().integer("axis");
  if (axis < -rank || axis > rank) {
    context.fail(fmt::format("axis {} is given but {} to {} is required for rank {}", axis, -rank, rank, rank));
  }
  if (axis < 0) axis += rank;
  const auto split = static_cast<size_t>(axis);
  context.set_output(0, context.dtype(0), Shape{product(*shape, 0, split), product(*shape, split, shape->size())});
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  const int64_t given = context.attributes().integer("axis");
  const int64_t axis = given < 0 ? given + x.rank() : given;
  Expr rows = 1;
  Expr columns = 1;
  for (int i = 0; i < x.rank(); ++i) (i < axis ? rows : columns) = (i < axis ? rows : columns) * x.extent(i);
  return {reshape(x, {rows, columns})};
}

}  // namespace

OpDef flatten_op() {
  return {
      .name = "Flatten",
      .since_version = 25,
      .attributes = {{"axis", int64_t{1}}},
      .infer = infer,
      .define = define,
      .reference = copy_input,
      .view = true,
      .summary = "y = x as a matrix: the dimensions before axis are its rows, the others its columns.",
  };
}

}  // namespace tenon
