// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/pointwise.h"

#include <fmt/core.h>

namespace tenon {
namespace {

constexpr const char* kNames[] = {"input", "scale", "bias", "mean", "variance"};

void infer(InferContext& context) {
  if (context.attributes().flag("training_mode") || context.outputs().size() > 1) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("BatchNormalization '{}': training is asked for (training_mode = 1 or more than one "
                            "output) but Tenon runs models and does not train "
                            "them; export the model for inference",
                            context.node().name()));
  }
  for (size_t i = 0; i < 5; ++i) require_dtype(context, i, kFloatDTypes);
  const auto& shape = context.shape(0);
  if (shape && shape->size() < 2) {
    context.fail(
        fmt::format("the input has shape {} but a batch and a channel dimension are required", to_string(*shape)));
  }
  for (size_t i = 1; i < 5; ++i) {
    const auto& parameter = context.shape(i);
    if (!parameter) continue;
    const Dim channels = shape ? channel_dim(*shape, context.attributes()) : Dim();
    if (parameter->size() != 1 || !may_be_equal((*parameter)[0], channels)) {
      context.fail(fmt::format("the {} has shape {} but one element for each of the {} channels of {} is required",
                               kNames[i], to_string(*parameter), to_string(Shape{channels}),
                               to_string(context.input(0))));
    }
  }
  context.copy_type(0);
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  // A parameter beside the axes that follow the channels.
  std::vector<int> trailing;
  for (auto axis = channel_axis(context.rank(0), context.attributes()) + 1; axis < context.shape(0).size(); ++axis)
    trailing.push_back(static_cast<int>(trailing.size()) + 1);
  const auto parameter = [&](size_t index) { return unsqueeze(context.input(index), trailing); };
  const Expr deviation = sqrt(parameter(4) + context.attributes().number("epsilon"));
  return {cast((x - parameter(3)) / deviation * parameter(1) + parameter(2), context.dtype(0))};
}

}  // namespace

OpDef batch_normalization_op() {
  return {
      .name = "BatchNormalization",
      .since_version = 15,
      .min_inputs = 5,
      .max_inputs = 5,
      .max_outputs = 3,
      .attributes = {{"channels_last", int64_t{0}},
                     {"epsilon", 1e-5},
                     {"momentum", 0.9},
                     {"training_mode", int64_t{0}}},
      .infer = infer,
      .define = define,
      .summary = "y = (x - mean) / sqrt(variance + epsilon) * scale + bias, for each channel; inference only.",
  };
}

}  // namespace tenon
