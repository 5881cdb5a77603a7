// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "ops/all_ops.h"
#include "ops/move.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_index_list(context, 0, "input");
  DType dtype = DType::kFloat32;
  if (context.attributes().has("value")) {
    const Tensor& value = context.attributes().tensor("value");
    if (value.dtype() == DType::kString || value.dtype() == DType::kUndefined || value.count() != 1) {
      context.fail(fmt::format("value is {}{} but one number or bool is required", dtype_name(value.dtype()),
                               to_string(value.dims())));
    }
    dtype = value.dtype();
  }
  const auto count = known_count(context, 0);
  if (count) require_rank(context, static_cast<size_t>(*count));
  const auto extents = context.integers(0);
  if (!extents) {
    return context.set_output(0, dtype, count ? std::optional(Shape(static_cast<size_t>(*count))) : std::nullopt);
  }
  Shape result;
  for (const int64_t extent : *extents) {
    if (extent < 0) context.fail(fmt::format("the shape has the extent {} but 0 or more is required", extent));
    result.emplace_back(extent);
  }
  context.set_output(0, dtype, std::move(result));
}

void reference(ReferenceContext& context) {
  const MutableTensorView& y = context.output();
  if (!context.attributes().has("value")) return fill_zero(y);
  clear_tail(y);
  const Tensor& value = context.attributes().tensor("value");
  const int64_t count = y.dims.count();
  for (int64_t i = 0; i < count; ++i) copy_element(y.data, i, value.data(), 0, y.dtype);
}

}  // namespace

OpDef constant_of_shape_op() {
  return {.name = "ConstantOfShape",
          .since_version = 25,
          .attributes = {{.name = "value", .fallback = Tensor(), .optional = true}},
          .infer = infer,
          .reference = reference,
          .summary = "A tensor of the given shape full of value, a tensor of one element (by default 0 as f32)."};
}

}  // namespace tenon
