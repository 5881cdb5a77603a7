// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/define.h"
#include "ops/window.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_real_floats(context, 3);
  const auto& x = context.shape(0);
  if (x && x->size() < 3) {
    context.fail(fmt::format("input 0 has shape {} but [N, C, spatial...] is required", to_string(*x)));
  }
  for (size_t i = 1; i < 3; ++i) {
    const auto& shape = context.shape(i);
    if (!shape) continue;
    const Dim channels = x ? (*x)[1] : Dim();
    if (shape->size() != 1 || ((*shape)[0].is_constant() && channels.is_constant() && !((*shape)[0] == channels))) {
      context.fail(fmt::format("{} has shape {} but [{}], one number for each channel, is required",
                               i == 1 ? "scale" : "B", to_string(*shape),
                               channels.is_constant() ? std::to_string(channels.value()) : "C"));
    }
  }
  context.copy_type(0);
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  std::vector<int> spatial;
  for (int axis = 2; axis < x.rank(); ++axis) spatial.push_back(axis);
  std::vector<int> trailing;
  for (const int axis : spatial) trailing.push_back(axis - 1);
  const auto parameter = [&](size_t index) { return unsqueeze(context.input(index), trailing); };
  const Expr inverse = rsqrt(variance(x, spatial, true) + context.attributes().number("epsilon"));
  return {(x - mean(x, spatial, true)) * (inverse * parameter(1)) + parameter(2)};
}

}  // namespace

OpDef instance_normalization_op() {
  return {.name = "InstanceNormalization",
          .since_version = 22,
          .min_inputs = 3,
          .max_inputs = 3,
          .attributes = {{"epsilon", 1e-5}},
          .infer = infer,
          .define = define,
          .summary =
              "Normalises each channel of each image: scale * (x - mean) / sqrt(variance + epsilon) + B, mean and "
              "(population) variance over the spatial axes."};
}

}  // namespace tenon
