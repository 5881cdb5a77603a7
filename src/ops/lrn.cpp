// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/pointwise.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_dtype(context, 0, kFloatDTypes);
  if (const auto& shape = context.shape(0); shape && shape->size() < 2) {
    context.fail(
        fmt::format("the input has shape {} but a batch and a channel dimension are required", to_string(*shape)));
  }
  if (const int64_t size = context.attributes().integer("size"); size < 1) {
    context.fail(fmt::format("size is {} but 1 or more is required", size));
  }
  context.copy_type(0);
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  const int64_t size = context.attributes().integer("size");
  const size_t axis = channel_axis(x.rank(), context.attributes());
  const Expr squares = square(x);
  // Channels c - before … c + after; an even size reaches one further up.
  const Dim& channels = context.shape(0)[axis];
  const int64_t reach = channels.is_constant() ? channels.value() : size;
  const int64_t before = std::min((size - 1) / 2, reach);
  const int64_t after = std::min(size / 2, reach);
  const Expr sums = compute(x.shape(), [&](std::span<const Expr> index) {
    return reduce_over(Reduction::kSum, {before + 1 + after}, [&](const Expr& i) {
      std::vector<Expr> place(index.begin(), index.end());
      place[axis] = place[axis] + i - before;
      return squares.at(place, Outside::kValue, 0);
    });
  });
  const double scale = context.attributes().number("alpha") / static_cast<double>(size);
  return {x / pow(context.attributes().number("bias") + scale * sums, context.attributes().number("beta"))};
}

}  // namespace

OpDef lrn_op() {
  return {
      .name = "LRN",
      .since_version = 13,
      .attributes =
          {{"alpha", 1e-4}, {"beta", 0.75}, {"bias", 1.0}, {"channels_last", int64_t{0}}, {"size", int64_t{1}, true}},
      .infer = infer,
      .define = define,
      .summary = "y = x / (bias + alpha / size * s)^beta, where s sums the squares of the size channels around x's.",
  };
}

}  // namespace tenon
