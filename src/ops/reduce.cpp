// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/define.h"
#include "ops/pointwise.h"

#include <algorithm>

// The reductions: one row per operator.
namespace tenon {
namespace {

struct ReduceRow {
  std::string_view name;
  uint32_t dtypes;
  Expr (*formula)(const Expr& x, const Axes& axes, bool keep);
  std::string_view summary;
};

constexpr uint32_t kAll = kNumericDTypes;

bool is_whole(const Expr& x) { return !is_float(x.dtype()); }
// Functions that are no integers' give those of f64, truncated.
Expr real(const Expr& x) { return is_whole(x) ? cast(x, DType::kFloat64) : x; }

// How many elements become one.
Expr count(const Expr& x, const Axes& axes) {
  Expr result = 1;
  for (const int axis : *axes.list()) result = result * x.extent(axis);
  return result;
}

constexpr ReduceRow kRows[] = {
    {"ReduceL1", kAll, [](const Expr& x, const Axes& axes, bool keep) { return sum(abs(x), axes, keep); },
     "y = the sum of |x| over axes."},
    {"ReduceL2", kAll,
     [](const Expr& x, const Axes& axes, bool keep) { return sqrt(sum(square(real(x)), axes, keep)); },
     "y = sqrt(the sum of x^2 over axes)."},
    {"ReduceLogSum", kAll, [](const Expr& x, const Axes& axes, bool keep) { return log(sum(real(x), axes, keep)); },
     "y = ln(the sum of x over axes)."},
    {"ReduceLogSumExp", kAll,
     [](const Expr& x, const Axes& axes, bool keep) {
       // The largest element is subtracted first, so that no exponential overflows.
       const Expr largest = max(real(x), axes, true);
       const Expr shift = where(isinf(largest), 0.0, largest);
       const Expr result = log(sum(exp(real(x) - shift), axes, true)) + shift;
       return keep ? result : squeeze(result, axes);
     },
     "y = ln(the sum of e^x over axes)."},
    {"ReduceMax", kAll | dtype_bit(DType::kBool),
     [](const Expr& x, const Axes& axes, bool keep) {
       return x.dtype() == DType::kBool ? any(x, axes, keep) : max(x, axes, keep);
     },
     "y = the largest x over axes, NaN if there is one; of nothing, the dtype's lowest value."},
    {"ReduceMean", kAll,
     [](const Expr& x, const Axes& axes, bool keep) {
       if (!is_whole(x)) return mean(x, axes, keep);
       const DType wide = dtype_kind(x.dtype()) == DTypeKind::kUnsigned ? DType::kUInt64 : DType::kInt64;
       return sum(cast(x, wide), axes, keep) / cast(count(x, axes), wide);
     },
     "y = the mean of x over axes; integers truncate towards zero."},
    {"ReduceMin", kAll | dtype_bit(DType::kBool),
     [](const Expr& x, const Axes& axes, bool keep) {
       return x.dtype() == DType::kBool ? all(x, axes, keep) : min(x, axes, keep);
     },
     "y = the smallest x over axes, NaN if there is one; of nothing, the dtype's highest value."},
    {"ReduceProd", kAll, [](const Expr& x, const Axes& axes, bool keep) { return prod(x, axes, keep); },
     "y = the product of x over axes; of nothing, 1."},
    {"ReduceSum", kAll, [](const Expr& x, const Axes& axes, bool keep) { return sum(x, axes, keep); },
     "y = the sum of x over axes."},
    {"ReduceSumSquare", kAll, [](const Expr& x, const Axes& axes, bool keep) { return sum(square(x), axes, keep); },
     "y = the sum of x^2 over axes."},
};

const ReduceRow& row_of(const Node& node) {
  return *std::find_if(std::begin(kRows), std::end(kRows), [&](const ReduceRow& row) { return row.name == node.op(); });
}

// Which axes go, from the axes as given: none given means all of them, or with noop_with_empty_axes none.
std::vector<bool> reduced_axes(const std::vector<int64_t>& axes, int64_t rank, const AttributeReader& attributes) {
  std::vector<bool> reduced(static_cast<size_t>(rank), axes.empty() && !attributes.flag("noop_with_empty_axes"));
  for (const int64_t axis : axes) reduced[normalized_axis(axis, rank)] = true;
  return reduced;
}

void infer(InferContext& context) {
  require_dtype(context, 0, row_of(context.node()).dtypes);
  const bool keep = context.attributes().flag("keepdims");
  const auto& shape = context.shape(0);
  const auto axes = context.has_input(1) ? context.integers(1) : std::vector<int64_t>{};
  if (!shape || !axes) {
    // Kept dimensions keep the rank, whatever the axes are.
    return context.set_output(0, context.dtype(0), shape && keep ? std::optional(Shape(shape->size())) : std::nullopt);
  }
  const auto rank = static_cast<int64_t>(shape->size());
  for (const int64_t axis : *axes) (void)checked_axis(context, axis, rank);
  const std::vector<bool> reduced = reduced_axes(*axes, rank, context.attributes());
  Shape result;
  for (size_t i = 0; i < shape->size(); ++i) {
    if (!reduced[i])
      result.push_back((*shape)[i]);
    else if (keep)
      result.emplace_back(1);
  }
  context.set_output(0, context.dtype(0), std::move(result));
}

std::vector<Expr> define(DefineContext& context) {
  const auto axes = context.has_input(1) ? context.integers(1) : std::vector<int64_t>{};
  const std::vector<bool> reduced = reduced_axes(axes, context.rank(0), context.attributes());
  std::vector<int> chosen;
  for (size_t axis = 0; axis < reduced.size(); ++axis)
    if (reduced[axis]) chosen.push_back(static_cast<int>(axis));
  const Expr y = row_of(context.node()).formula(context.input(0), chosen, context.attributes().flag("keepdims"));
  return {cast(y, context.dtype(0))};
}

}  // namespace

std::vector<OpDef> reduce_ops() {
  std::vector<OpDef> ops;
  for (const ReduceRow& row : kRows) {
    ops.push_back({
        .name = std::string(row.name),
        .since_version = 18,
        .max_inputs = 2,
        .attributes = {{"keepdims", int64_t{1}}, {"noop_with_empty_axes", int64_t{0}}},
        .infer = infer,
        .define = define,
        .summary = std::string(row.summary),
    });
  }
  return ops;
}

}  // namespace tenon
