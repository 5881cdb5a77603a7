// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/move.h"

#include <fmt/core.h>

#include <array>
#include <string_view>

namespace tenon {
namespace {

constexpr std::array<std::string_view, 5> kForms = {"value", "value_float", "value_floats", "value_int", "value_ints"};

// The value, in whichever of its forms it is given; undefined when there is not exactly one.
Tensor value_of(const AttributeReader& attributes) {
  int given = 0;
  for (const std::string_view form : kForms) given += attributes.has(form) ? 1 : 0;
  if (given != 1) return {};
  if (attributes.has("value")) return attributes.tensor("value");
  if (attributes.has("value_int")) return Tensor::scalar(attributes.integer("value_int"));
  if (attributes.has("value_float")) return Tensor::scalar(static_cast<float>(attributes.number("value_float")));
  if (attributes.has("value_ints")) {
    const auto& values = attributes.integers("value_ints");
    return Tensor::from(std::span<const int64_t>(values), Dims{static_cast<int64_t>(values.size())});
  }
  const auto& values = attributes.numbers("value_floats");
  const std::vector<float> floats(values.begin(), values.end());
  return Tensor::from(std::span<const float>(floats), Dims{static_cast<int64_t>(floats.size())});
}

void infer(InferContext& context) {
  const Tensor value = value_of(context.attributes());
  if (!value.defined()) {
    context.fail(
        "exactly one of the attributes value, value_float, value_floats, value_int and value_ints is required");
  }
  if (value.dtype() == DType::kString) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("Constant '{}': its value has dtype string; Tenon computes with numbers and "
                            "bool only",
                            context.node().name()));
  }
  context.set_output(0, value.dtype(), to_shape(value.dims()));
}

void reference(ReferenceContext& context) {
  const Tensor value = value_of(context.attributes());
  clear_tail(context.output());
  copy_run(context.output(), 0, value.view(), 0, value.count());
}

}  // namespace

OpDef constant_op() {
  return {.name = "Constant",
          .since_version = 25,
          .min_inputs = 0,
          .max_inputs = 0,
          .attributes = {{.name = "value", .fallback = Tensor(), .optional = true},
                         {.name = "value_float", .fallback = 0.0, .optional = true},
                         {.name = "value_floats", .fallback = std::vector<double>{}, .optional = true},
                         {.name = "value_int", .fallback = int64_t{0}, .optional = true},
                         {.name = "value_ints", .fallback = std::vector<int64_t>{}, .optional = true}},
          .infer = infer,
          .reference = reference,
          .summary =
              "The tensor in its attribute value, or the f32 or i64 numbers in value_float, value_floats, value_int or "
              "value_ints."};
}

}  // namespace tenon
