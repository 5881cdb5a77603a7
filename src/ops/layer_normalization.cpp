// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/broadcast.h"
#include "ops/define.h"
#include "ops/pointwise.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_dtype(context, 0, kFloatDTypes);
  for (size_t i = 1; i < context.input_count(); ++i) {
    if (!context.has_input(i)) continue;
    context.require_same_dtype(0, i);
    if (context.shape(0) && context.shape(i) && !may_broadcast_to(*context.shape(i), *context.shape(0))) {
      context.fail(fmt::format("the {} has shape {}, which does not broadcast to {}", i == 1 ? "scale" : "bias",
                               to_string(*context.shape(i)), to_string(*context.shape(0))));
    }
  }
  std::optional<Shape> statistics = context.shape(0);
  if (statistics) {
    const auto rank = static_cast<int64_t>(statistics->size());
    for (size_t i = checked_axis(context, context.attributes().integer("axis"), rank); i < statistics->size(); ++i) {
      (*statistics)[i] = Dim(1);
    }
  }
  context.copy_type(0);
  // stash_type names the dtype of the statistics; the mean and the variance are computed in double here all the same.
  const DType stash = context.attributes().dtype("stash_type");
  context.set_output(1, stash, statistics);
  context.set_output(2, stash, std::move(statistics));
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  std::vector<int> axes;
  const int64_t rank = context.rank(0);
  for (auto i = normalized_axis(context.attributes().integer("axis"), rank); i < static_cast<size_t>(rank); ++i)
    axes.push_back(static_cast<int>(i));
  const Expr center = mean(x, axes, true);
  const Expr inverse = rsqrt(variance(x, axes, true) + context.attributes().number("epsilon"));
  Expr y = (x - center) * inverse * context.input(1);
  if (context.has_input(2)) y = y + context.input(2);
  const DType stash = context.attributes().dtype("stash_type");
  std::vector<Expr> outputs = {y, cast(center, stash), cast(inverse, stash)};
  outputs.resize(context.outputs().size(), y);
  return outputs;
}

}  // namespace

OpDef layer_normalization_op() {
  return {
      .name = "LayerNormalization",
      .since_version = 17,
      .min_inputs = 2,
      .max_inputs = 3,
      .max_outputs = 3,
      .attributes = {{"axis", int64_t{-1}}, {"epsilon", 1e-5}, {"stash_type", DType::kFloat32}},
      .infer = infer,
      .define = define,
      .summary =
          "y = (x - mean) / sqrt(variance + epsilon) * scale + bias, the mean and variance over axis and all after it.",
  };
}

}  // namespace tenon
