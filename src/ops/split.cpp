// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_movable(context, 0);
  const AttributeReader& attributes = context.attributes();
  const auto parts = static_cast<int64_t>(context.outputs().size());
  if (attributes.has("num_outputs")) {
    if (context.has_input(1)) context.fail("both split and num_outputs are given but only one of them may be");
    if (const int64_t count = attributes.integer("num_outputs"); count != parts) {
      context.fail(fmt::format("num_outputs is {} but the node has {} outputs", count, parts));
    }
  }
  if (context.has_input(1)) require_index_list(context, 1, "split");
  const auto& shape = context.shape(0);
  if (!shape) {
    for (size_t i = 0; i < context.outputs().size(); ++i) context.set_output(i, context.dtype(0), std::nullopt);
    return;
  }
  const size_t axis = checked_axis(context, attributes.integer("axis"), static_cast<int64_t>(shape->size()));
  const Dim& extent = (*shape)[axis];
  std::vector<Dim> sizes(static_cast<size_t>(parts));
  if (context.has_input(1)) {
    if (const auto given = context.integers(1)) {
      if (given->size() != sizes.size()) {
        context.fail(fmt::format("split has {} sizes but the node has {} outputs", given->size(), parts));
      }
      int64_t total = 0;
      for (size_t i = 0; i < sizes.size(); ++i) {
        if ((*given)[i] < 0) context.fail(fmt::format("split has the size {} but 0 or more is required", (*given)[i]));
        total = checked_add(total, (*given)[i], "the sum of split");
        sizes[i] = Dim((*given)[i]);
      }
      if (extent.is_constant() && extent.value() != total) {
        context.fail(
            fmt::format("the sizes of split add up to {} but axis {} has extent {}", total, axis, extent.value()));
      }
    }
  } else if (parts == 1) {
    sizes[0] = extent;
  } else if (extent.is_constant()) {
    // Equal parts; the last ones are smaller when it does not divide.
    const int64_t part = extent.value() / parts + (extent.value() % parts != 0 ? 1 : 0);
    int64_t left = extent.value();
    for (Dim& size : sizes) {
      size = Dim(std::min(part, left));
      left -= size.value();
    }
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    Shape part = *shape;
    part[axis] = sizes[i];
    context.set_output(i, context.dtype(0), std::move(part));
  }
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  const size_t axis = normalized_axis(context.attributes().integer("axis"), x.rank());
  std::vector<Expr> parts;
  Expr first = 0;
  for (const TensorType& part : context.outputs()) {
    const Dim& extent = (*part.shape)[axis];
    if (!extent.is_constant() && context.outputs().size() > 1) context.fail("the sizes of the parts are not known");
    std::vector<Expr> shape = x.shape();
    if (extent.is_constant()) shape[axis] = extent.value();
    parts.push_back(view_of(x, shape, [&](std::vector<Expr>& place) { place[axis] = place[axis] + first; }));
    first = first + shape[axis];
  }
  return parts;
}

}  // namespace

OpDef split_op() {
  return {
      .name = "Split",
      .since_version = 18,
      .min_inputs = 1,
      .max_inputs = 2,
      .min_outputs = 1,
      .max_outputs = kVariadic,
      .attributes = {{"axis", int64_t{0}}, {.name = "num_outputs", .fallback = int64_t{0}, .optional = true}},
      .infer = infer,
      .define = define,
      .moves = true,
      .summary =
          "Cuts a tensor along one axis into parts of the sizes in split, or into equal parts, the last ones smaller "
          "when it does not divide."};
}

}  // namespace tenon
