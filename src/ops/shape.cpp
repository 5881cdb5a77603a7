// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"

#include <algorithm>

namespace tenon {
namespace {

// The axes [first, last) that start and end leave, NumPy's slicing rule.
std::pair<int64_t, int64_t> range(const AttributeReader& attributes, int64_t rank) {
  const auto clamped = [&](int64_t axis) { return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank); };
  const int64_t first = clamped(attributes.integer("start"));
  const int64_t last = attributes.has("end") ? clamped(attributes.integer("end")) : rank;
  return {first, std::max(first, last)};
}

void infer(InferContext& context) {
  const auto& shape = context.shape(0);
  if (!shape) return context.set_output(0, DType::kInt64, Shape(1));
  const auto [first, last] = range(context.attributes(), static_cast<int64_t>(shape->size()));
  context.set_output(0, DType::kInt64, Shape{Dim(last - first)});
}

void reference(ReferenceContext& context) {
  const Dims& dims = context.input(0).dims;
  const auto [first, last] = range(context.attributes(), dims.rank());
  auto* y = context.output().as<int64_t>();
  for (int64_t axis = first; axis < last; ++axis) y[axis - first] = dims[static_cast<size_t>(axis)];
}

}  // namespace

OpDef shape_op() {
  return {
      .name = "Shape",
      .since_version = 25,
      .attributes = {{.name = "end", .fallback = int64_t{0}, .optional = true}, {"start", int64_t{0}}},
      .infer = infer,
      .reference = reference,
      .summary = "The extents of axes [start, end) as a list of i64; reads the input's shape only, not its elements."};
}

}  // namespace tenon
