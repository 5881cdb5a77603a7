// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

namespace tenon {
namespace {

// For each output axis, the input axis it comes from; reversed when perm is not given.
std::vector<size_t> permutation(const AttributeReader& attributes, size_t rank) {
  std::vector<size_t> result(rank);
  if (!attributes.has("perm")) {
    for (size_t i = 0; i < rank; ++i) result[i] = rank - 1 - i;
    return result;
  }
  const auto& perm = attributes.integers("perm");
  for (size_t i = 0; i < rank; ++i) result[i] = static_cast<size_t>(perm[i]);
  return result;
}

void infer(InferContext& context) {
  require_movable(context, 0);
  const auto& shape = context.shape(0);
  if (context.attributes().has("perm")) {
    const auto& perm = context.attributes().integers("perm");
    const auto rank = static_cast<int64_t>(shape ? shape->size() : perm.size());
    std::vector<bool> seen(static_cast<size_t>(rank), false);
    bool valid = static_cast<int64_t>(perm.size()) == rank;
    for (const int64_t axis : perm) {
      valid = valid && axis >= 0 && axis < rank && !seen[static_cast<size_t>(axis)];
      if (valid) seen[static_cast<size_t>(axis)] = true;
    }
    if (!valid) {
      context.fail(fmt::format("perm is {} but each of 0 to {} is required exactly once for rank {}",
                               to_string(Attribute(perm)), rank - 1, rank));
    }
  }
  if (!shape) return context.set_output(0, context.dtype(0), std::nullopt);
  Shape result;
  for (const size_t axis : permutation(context.attributes(), shape->size())) result.push_back((*shape)[axis]);
  context.set_output(0, context.dtype(0), std::move(result));
}

std::vector<Expr> define(DefineContext& context) {
  std::vector<int> axes;
  for (const size_t axis : permutation(context.attributes(), context.shape(0).size()))
    axes.push_back(static_cast<int>(axis));
  return {transpose(context.input(0), axes)};
}

}  // namespace

OpDef transpose_op() {
  return {.name = "Transpose",
          .since_version = 25,
          .attributes = {{.name = "perm", .fallback = std::vector<int64_t>{}, .optional = true}},
          .infer = infer,
          .define = define,
          .moves = true,
          .summary = "Permutes the axes: output axis i is input axis perm[i]; without perm, the axes in reverse."};
}

}  // namespace tenon
