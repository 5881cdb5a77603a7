// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/axes.h"
#include "ops/broadcast.h"
#include "ops/define.h"
#include "ops/pointwise.h"
#include "ops/wide.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

// The reductions: one row per operator, whose formulas take all the elements that one result element is made of.
namespace tenon {
namespace {

template <typename T>
using Formula = T (*)(std::span<const T> values);

struct ReduceRow {
  std::string_view name;
  uint32_t dtypes;
  Formula<double> f64;    ///< For floats, and for integers where i64 is null; defines the result for no elements.
  Formula<int64_t> i64;   ///< For bool and integers; at least one element. Wraps.
  Formula<uint64_t> u64;  ///< For unsigned integers; null when i64 gives the same low bits.
  std::string_view summary;
};

constexpr uint32_t kAll = kNumericDTypes;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <typename T>
T largest(std::span<const T> values) {
  return *std::max_element(values.begin(), values.end());
}
template <typename T>
T smallest(std::span<const T> values) {
  return *std::min_element(values.begin(), values.end());
}
bool any_nan(std::span<const double> values) {
  return std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); });
}
double largest_f64(std::span<const double> values) {
  if (any_nan(values)) return std::numeric_limits<double>::quiet_NaN();
  return values.empty() ? -kInfinity : largest(values);
}
double smallest_f64(std::span<const double> values) {
  if (any_nan(values)) return std::numeric_limits<double>::quiet_NaN();
  return values.empty() ? kInfinity : smallest(values);
}

template <typename T>
T sum(std::span<const T> values) {
  return std::accumulate(values.begin(), values.end(), T{});
}
// Unsigned arithmetic wraps without undefined behaviour and has the low bits of signed arithmetic.
int64_t sum_i64(std::span<const int64_t> values) {
  uint64_t total = 0;
  for (const int64_t value : values) total += static_cast<uint64_t>(value);
  return static_cast<int64_t>(total);
}
int64_t product_i64(std::span<const int64_t> values) {
  uint64_t product = 1;
  for (const int64_t value : values) product *= static_cast<uint64_t>(value);
  return static_cast<int64_t>(product);
}
double sum_of_squares(std::span<const double> values) {
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
}
int64_t sum_of_squares_i64(std::span<const int64_t> values) {
  uint64_t total = 0;
  for (const int64_t value : values) total += static_cast<uint64_t>(value) * static_cast<uint64_t>(value);
  return static_cast<int64_t>(total);
}
double sum_of_magnitudes(std::span<const double> values) {
  double total = 0;
  for (const double value : values) total += std::fabs(value);
  return total;
}
int64_t sum_of_magnitudes_i64(std::span<const int64_t> values) {
  uint64_t total = 0;
  for (const int64_t value : values)
    total += value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  return static_cast<int64_t>(total);
}
double log_sum_exp(std::span<const double> values) {
  const double shift = largest_f64(values);
  if (!std::isfinite(shift)) return shift;
  double total = 0;
  for (const double value : values) total += std::exp(value - shift);
  return shift + std::log(total);
}

constexpr ReduceRow kRows[] = {
    {"ReduceL1", kAll, sum_of_magnitudes, sum_of_magnitudes_i64, sum<uint64_t>, "y = the sum of |x| over axes."},
    {"ReduceL2", kAll, [](std::span<const double> v) { return std::sqrt(sum_of_squares(v)); }, nullptr, nullptr,
     "y = sqrt(the sum of x^2 over axes)."},
    {"ReduceLogSum", kAll, [](std::span<const double> v) { return std::log(sum(v)); }, nullptr, nullptr,
     "y = ln(the sum of x over axes)."},
    {"ReduceLogSumExp", kAll, log_sum_exp, nullptr, nullptr, "y = ln(the sum of e^x over axes)."},
    {"ReduceMax", kAll | dtype_bit(DType::kBool), largest_f64, largest<int64_t>, largest<uint64_t>,
     "y = the largest x over axes, NaN if there is one; of nothing, the dtype's lowest value."},
    {"ReduceMean", kAll, [](std::span<const double> v) { return sum(v) / static_cast<double>(v.size()); },
     [](std::span<const int64_t> v) { return sum_i64(v) / static_cast<int64_t>(v.size()); },
     [](std::span<const uint64_t> v) { return sum(v) / v.size(); },
     "y = the mean of x over axes; integers truncate towards zero."},
    {"ReduceMin", kAll | dtype_bit(DType::kBool), smallest_f64, smallest<int64_t>, smallest<uint64_t>,
     "y = the smallest x over axes, NaN if there is one; of nothing, the dtype's highest value."},
    {"ReduceProd", kAll,
     [](std::span<const double> v) { return std::accumulate(v.begin(), v.end(), 1.0, std::multiplies<>()); },
     product_i64, nullptr, "y = the product of x over axes; of nothing, 1."},
    {"ReduceSum", kAll, sum<double>, sum_i64, nullptr, "y = the sum of x over axes."},
    {"ReduceSumSquare", kAll, sum_of_squares, sum_of_squares_i64, nullptr, "y = the sum of x^2 over axes."},
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

struct Reduced {
  std::string_view op;
  Expr (*formula)(const Expr& x, const Axes& axes, bool keep);
};

bool is_whole(const Expr& x) { return !is_float(x.dtype()); }
// Functions that are no integers' give those of f64, truncated.
Expr real(const Expr& x) { return is_whole(x) ? cast(x, DType::kFloat64) : x; }

// How many elements become one.
Expr count(const Expr& x, const Axes& axes) {
  Expr result = 1;
  for (const int axis : *axes.list()) result = result * x.extent(axis);
  return result;
}

constexpr Reduced kDefinitions[] = {
    {"ReduceL1", [](const Expr& x, const Axes& axes, bool keep) { return sum(abs(x), axes, keep); }},
    {"ReduceL2", [](const Expr& x, const Axes& axes, bool keep) { return sqrt(sum(square(real(x)), axes, keep)); }},
    {"ReduceLogSum", [](const Expr& x, const Axes& axes, bool keep) { return log(sum(real(x), axes, keep)); }},
    {"ReduceLogSumExp",
     [](const Expr& x, const Axes& axes, bool keep) {
       // The largest element is subtracted first, so that no exponential overflows.
       const Expr largest = max(real(x), axes, true);
       const Expr shift = where(isinf(largest), 0.0, largest);
       const Expr result = log(sum(exp(real(x) - shift), axes, true)) + shift;
       return keep ? result : squeeze(result, axes);
     }},
    {"ReduceMax", [](const Expr& x, const Axes& axes,
                     bool keep) { return x.dtype() == DType::kBool ? any(x, axes, keep) : max(x, axes, keep); }},
    {"ReduceMean",
     [](const Expr& x, const Axes& axes, bool keep) {
       if (!is_whole(x)) return mean(x, axes, keep);
       const DType wide = dtype_kind(x.dtype()) == DTypeKind::kUnsigned ? DType::kUInt64 : DType::kInt64;
       return sum(cast(x, wide), axes, keep) / cast(count(x, axes), wide);
     }},
    {"ReduceMin", [](const Expr& x, const Axes& axes,
                     bool keep) { return x.dtype() == DType::kBool ? all(x, axes, keep) : min(x, axes, keep); }},
    {"ReduceProd", [](const Expr& x, const Axes& axes, bool keep) { return prod(x, axes, keep); }},
    {"ReduceSum", [](const Expr& x, const Axes& axes, bool keep) { return sum(x, axes, keep); }},
    {"ReduceSumSquare", [](const Expr& x, const Axes& axes, bool keep) { return sum(square(x), axes, keep); }},
};

std::vector<Expr> define(DefineContext& context) {
  const auto axes = context.has_input(1) ? context.integers(1) : std::vector<int64_t>{};
  const std::vector<bool> reduced = reduced_axes(axes, context.rank(0), context.attributes());
  std::vector<int> chosen;
  for (size_t axis = 0; axis < reduced.size(); ++axis)
    if (reduced[axis]) chosen.push_back(static_cast<int>(axis));
  const auto* definition = std::find_if(std::begin(kDefinitions), std::end(kDefinitions),
                                        [&](const Reduced& row) { return row.op == context.node().op(); });
  const Expr y = definition->formula(context.input(0), chosen, context.attributes().flag("keepdims"));
  return {cast(y, context.dtype(0))};
}

template <typename T>
void reduce_all(const ReferenceContext& context, Formula<T> formula) {
  const TensorView& x = context.input(0);
  const MutableTensorView& y = context.output();
  const auto axes = context.has_input(1) ? load_all<int64_t>(context.input(1)) : std::vector<int64_t>{};
  const std::vector<bool> reduced = reduced_axes(axes, x.dims.rank(), context.attributes());
  Dims kept = x.dims;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (reduced[i]) kept[i] = 1;
  }
  // The elements of each result, gathered side by side.
  const auto results = static_cast<size_t>(kept.count());
  if (results == 0) return;
  const auto count = static_cast<size_t>(x.dims.count());
  const size_t group = count / results;
  std::vector<T> gathered(count);
  std::vector<size_t> filled(results);
  BroadcastIndex to(kept, x.dims);
  for (size_t i = 0; i < count; ++i, to.next()) {
    const auto result = static_cast<size_t>(*to);
    gathered[result * group + filled[result]++] = load<T>(x, static_cast<int64_t>(i));
  }
  for (size_t i = 0; i < results; ++i) {
    const std::span<const T> values(gathered.data() + i * group, group);
    store<T>(y, static_cast<int64_t>(i), formula(values));
  }
}

void reference(ReferenceContext& context) {
  const ReduceRow& row = row_of(context.node());
  const MutableTensorView& y = context.output();
  if (context.input(0).dims.count() == 0) {
    // Storing an infinity saturates to the extreme of an integer dtype; for bool that must be said.
    const double nothing = row.f64({});
    for (int64_t i = 0; i < y.dims.count(); ++i) store<double>(y, i, y.dtype == DType::kBool ? nothing > 0 : nothing);
    return;
  }
  const DTypeKind kind = dtype_kind(y.dtype);
  if (kind == DTypeKind::kFloat || row.i64 == nullptr)
    reduce_all<double>(context, row.f64);
  else if (kind == DTypeKind::kUnsigned && row.u64 != nullptr)
    reduce_all<uint64_t>(context, row.u64);
  else
    reduce_all<int64_t>(context, row.i64);
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
        .reference = reference,
        .summary = std::string(row.summary),
    });
  }
  return ops;
}

}  // namespace tenon
