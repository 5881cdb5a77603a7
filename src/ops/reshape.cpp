// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "ops/all_ops.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon {
namespace {

// The extent that -1 stands for: input extents that the target repeats cancel, which keeps a symbolic batch; what is
// left must be constants whose quotient is whole.
Dim inferred_extent(const InferContext& context, const Shape& from, const Shape& to, size_t hole) {
  Shape left = from;
  int64_t divisor = 1;
  for (size_t i = 0; i < to.size(); ++i) {
    if (i == hole) continue;
    if (to[i].is_constant()) {
      divisor = checked_mul(divisor, to[i].value(), "the target shape");
      continue;
    }
    const auto same = std::find_if(left.begin(), left.end(), [&](const Dim& dim) { return known_equal(dim, to[i]); });
    if (same == left.end()) return {};
    left.erase(same);
  }
  int64_t dividend = 1;
  Dim symbol(1);
  for (const Dim& dim : left) {
    if (dim.is_constant())
      dividend = checked_mul(dividend, dim.value(), "the input shape");
    else if (symbol.is_constant())
      symbol = dim;
    else
      return {};
  }
  if (divisor == 0) context.fail("-1 stands beside an extent of 0, so it could be anything; give it as a number");
  if (!symbol.is_constant()) return dividend == divisor ? symbol : Dim();
  if (dividend % divisor != 0) {
    context.fail(fmt::format("shape {} cannot become {}: {} elements are no multiple of {}", to_string(from),
                             to_string(to), dividend, divisor));
  }
  return Dim(dividend / divisor);
}

void infer(InferContext& context) {
  const auto& shape = context.shape(0);
  const auto target = context.integers(1);
  if (!target) {
    std::optional<Shape> result;
    if (const auto& length = context.shape(1); length && length->size() == 1 && (*length)[0].is_constant()) {
      if ((*length)[0].value() > kMaxRank)
        context.fail(fmt::format("the target has more than {} dimensions", kMaxRank));
      result = Shape(static_cast<size_t>((*length)[0].value()));
    }
    return context.set_output(0, context.dtype(0), std::move(result));
  }
  if (target->size() > static_cast<size_t>(kMaxRank))
    context.fail(fmt::format("the target has more than {} dimensions", kMaxRank));
  const bool allow_zero = context.attributes().flag("allowzero");
  Shape result;
  std::optional<size_t> hole;
  for (size_t i = 0; i < target->size(); ++i) {
    const int64_t extent = (*target)[i];
    if (extent < -1) context.fail(fmt::format("the target extent {} is given but -1, 0 or more is required", extent));
    if (extent == -1) {
      if (hole) context.fail("the target has more than one -1");
      hole = i;
      result.emplace_back();
    } else if (extent == 0 && !allow_zero) {
      if (shape && i >= shape->size()) {
        context.fail(fmt::format("the target's 0 in place {} copies an extent that the input {} does not have", i,
                                 to_string(*shape)));
      }
      result.push_back(shape ? (*shape)[i] : Dim());
    } else {
      result.emplace_back(extent);
    }
  }
  if (shape && hole) result[*hole] = inferred_extent(context, *shape, result, *hole);
  if (shape) {
    const auto from = to_dims(*shape);
    const auto to = to_dims(result);
    if (from && to && from->count() != to->count()) {
      context.fail(fmt::format("shape {} with {} elements cannot become {} with {}", to_string(*from), from->count(),
                               to_string(*to), to->count()));
    }
  }
  context.set_output(0, context.dtype(0), std::move(result));
}

std::vector<Expr> define(DefineContext& context) {
  const Expr& x = context.input(0);
  const bool allow_zero = context.attributes().flag("allowzero");
  std::vector<Expr> shape;
  for (const int64_t extent : context.integers(1)) {
    const bool copies = extent == 0 && !allow_zero;
    shape.push_back(copies ? x.extent(static_cast<int>(shape.size())) : Expr(extent));
  }
  return {reshape(x, shape)};
}

}  // namespace

OpDef reshape_op() {
  return {
      .name = "Reshape",
      .since_version = 25,
      .min_inputs = 2,
      .max_inputs = 2,
      .attributes = {{"allowzero", int64_t{0}}},
      .infer = infer,
      .define = define,
      .reference = copy_input,
      .view = true,
      .summary =
          "y = x with the given shape; 0 copies the input's extent (unless allowzero), one -1 takes what is left.",
  };
}

}  // namespace tenon
