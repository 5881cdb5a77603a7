// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/move.h"
#include "ops/wide.h"

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_movable(context, 0);
  const auto& shape = context.shape(0);
  // How many there are is known only when the kernel has seen the elements.
  context.set_output(0, DType::kInt64, Shape{shape ? Dim(static_cast<int64_t>(shape->size())) : Dim(), Dim()});
}

void reference(ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const int64_t count = x.dims.count();
  std::vector<int64_t> found;
  for (int64_t i = 0; i < count; ++i) {
    // As a double: a fraction, NaN and integers of either sign are all different from 0.
    if (load<double>(x, i) != 0) found.push_back(i);
  }
  const auto columns = static_cast<int64_t>(found.size());
  const MutableTensorView y = context.allocate(0, {x.dims.rank(), columns});
  auto* places = y.as<int64_t>();
  for (int64_t column = 0; column < columns; ++column) {
    int64_t rest = found[static_cast<size_t>(column)];
    for (int64_t axis = x.dims.rank() - 1; axis >= 0; --axis) {
      const int64_t extent = x.dims[static_cast<size_t>(axis)];
      places[axis * columns + column] = rest % extent;
      rest /= extent;
    }
  }
}

}  // namespace

OpDef non_zero_op() {
  return {
      .name = "NonZero",
      .since_version = 13,
      .infer = infer,
      .reference = reference,
      .summary =
          "The places of the elements that are not 0, in row-major order: one column for each, one row for each axis."};
}

}  // namespace tenon
