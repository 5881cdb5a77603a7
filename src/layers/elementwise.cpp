// SPDX-License-Identifier: Apache-2.0
#include "layers/elementwise.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <optional>

namespace tenon {

void require_elementwise_inputs(std::span<const TensorType> inputs) {
  const auto dims_of = [](const TensorType& type) { return type.shape ? to_dims(*type.shape) : std::nullopt; };
  const std::optional<Dims> wanted = dims_of(inputs[0]);
  for (size_t i = 1; i < inputs.size() && wanted; ++i) {
    const std::optional<Dims> dims = dims_of(inputs[i]);
    if (inputs[i].dtype == DType::kUndefined || !dims || *dims == *wanted || dims->count() == 1) continue;
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("input {} is {}, but the layer is element-wise: it must have the shape of input 0, {}, or one "
                    "element",
                    i, to_string(inputs[i]), to_string(*wanted)));
  }
}

std::string elementwise_contradiction(std::span<const TensorType> inputs, std::span<const TensorType> outputs) {
  for (const TensorType& output : outputs) {
    if (output.shape == inputs[0].shape) continue;
    return fmt::format("it is declared to be element-wise, but makes {} of {}", to_string(output),
                       to_string(inputs[0]));
  }
  return "";
}

}  // namespace tenon
