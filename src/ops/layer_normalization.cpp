// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/broadcast.h"
#include "ops/define.h"
#include "ops/pointwise.h"
#include "ops/wide.h"

#include <fmt/core.h>

#include <cmath>

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

void reference(ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const MutableTensorView& y = context.output();
  const auto axis = static_cast<int>(normalized_axis(context.attributes().integer("axis"), x.dims.rank()));
  const double epsilon = context.attributes().number("epsilon");
  const int64_t rows = x.dims.count(0, axis);
  const int64_t length = x.dims.count(axis, x.dims.rank());
  const auto& scale = context.input(1);
  const bool has_bias = context.has_input(2);
  BroadcastIndex scale_index(scale.dims, x.dims);
  BroadcastIndex bias_index(has_bias ? context.input(2).dims : x.dims, x.dims);
  for (int64_t row = 0; row < rows; ++row) {
    double mean = 0;
    for (int64_t i = 0; i < length; ++i) mean += load<double>(x, row * length + i) / static_cast<double>(length);
    double variance = 0;
    for (int64_t i = 0; i < length; ++i) {
      const double distance = load<double>(x, row * length + i) - mean;
      variance += distance * distance / static_cast<double>(length);
    }
    const double inverse = 1 / std::sqrt(variance + epsilon);
    for (int64_t i = 0; i < length; ++i, scale_index.next(), bias_index.next()) {
      const double normal = (load<double>(x, row * length + i) - mean) * inverse;
      const double bias = has_bias ? load<double>(context.input(2), *bias_index) : 0;
      store<double>(y, row * length + i, normal * load<double>(scale, *scale_index) + bias);
    }
    if (context.output_count() > 1) store<double>(context.output(1), row, mean);
    if (context.output_count() > 2) store<double>(context.output(2), row, inverse);
  }
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
      .reference = reference,
      .summary =
          "y = (x - mean) / sqrt(variance + epsilon) * scale + bias, the mean and variance over axis and all after it.",
  };
}

}  // namespace tenon
