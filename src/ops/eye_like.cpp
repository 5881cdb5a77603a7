// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/move.h"
#include "ops/wide.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void infer(InferContext& context) {
  const DType dtype = context.attributes().has("dtype") ? context.attributes().dtype("dtype") : context.dtype(0);
  const DTypeKind kind = dtype_kind(dtype);
  if (!is_float(dtype) && !is_integer(dtype) && kind != DTypeKind::kBool) {
    context.fail(fmt::format("the result would have dtype {} but numbers or bool are required", dtype_name(dtype)));
  }
  const auto& shape = context.shape(0);
  if (shape && shape->size() != 2) {
    context.fail(fmt::format("input 0 has shape {} but a matrix (rank 2) is required", to_string(*shape)));
  }
  context.set_output(0, dtype, shape ? shape : Shape(2));
}

void reference(ReferenceContext& context) {
  const MutableTensorView& y = context.output();
  fill_zero(y);
  const int64_t k = context.attributes().integer("k");
  const int64_t columns = y.dims[1];
  // Row r has its 1 in column r + k, compared without adding, which could overflow.
  for (int64_t column = 0; column < columns; ++column) {
    if (k > column || column - y.dims[0] >= k) continue;
    store<double>(y, (column - k) * columns + column, 1);
  }
}

}  // namespace

OpDef eye_like_op() {
  return {
      .name = "EyeLike",
      .since_version = 22,
      .attributes = {{.name = "dtype", .fallback = DType::kUndefined, .optional = true}, {"k", int64_t{0}}},
      .infer = infer,
      .reference = reference,
      .summary =
          "Ones on diagonal k (above the main one if positive) and zeros elsewhere, in the input's shape and, unless "
          "given, dtype."};
}

}  // namespace tenon
