// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/define.h"
#include "ops/pointwise.h"

#include <fmt/core.h>

namespace tenon {
namespace {

constexpr uint32_t kDTypes = kNumericDTypes | dtype_bit(DType::kBool);

void infer(InferContext& context) {
  require_dtype(context, 0, kDTypes);
  const DType dtype = context.attributes().has("dtype") ? context.attributes().dtype("dtype") : context.dtype(0);
  if ((dtype_bit(dtype) & kDTypes) == 0) {
    context.fail(fmt::format("the result would have dtype {} but numbers or bool are required", dtype_name(dtype)));
  }
  const auto& shape = context.shape(0);
  if (shape && shape->size() != 2) {
    context.fail(fmt::format("input 0 has shape {} but a matrix (rank 2) is required", to_string(*shape)));
  }
  context.set_output(0, dtype, shape ? shape : Shape(2));
}

std::vector<Expr> define(DefineContext& context) {
  const int64_t k = context.attributes().integer("k");
  const std::vector<Expr> shape = context.input(0).shape();
  return {cast(compute(std::span(shape), [&](const Expr& row, const Expr& column) { return column - row == k; }),
               context.outputs()[0].dtype)};
}

}  // namespace

OpDef eye_like_op() {
  return {
      .name = "EyeLike",
      .since_version = 22,
      .attributes = {{.name = "dtype", .fallback = DType::kUndefined, .optional = true}, {"k", int64_t{0}}},
      .infer = infer,
      .define = define,
      .summary =
          "Ones on diagonal k (above the main one if positive) and zeros elsewhere, in the input's shape and, unless "
          "given, dtype."};
}

}  // namespace tenon
