// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/define.h"
#include "ops/move.h"
#include "ops/wide.h"

#include <fmt/core.h>

#include <cmath>
#include <limits>

namespace tenon {
namespace {

constexpr const char* kNames[] = {"start", "limit", "delta"};

// How many of start, start + delta, … come before limit. `delta` is not 0.
int64_t steps(const InferContext& context, double start, double limit, double delta) {
  const double count = std::ceil((limit - start) / delta);
  if (!(count < 9.0e18)) {  // Also NaN.
    context.fail(fmt::format("start {}, limit {} and delta {} give no finite number of elements", start, limit, delta));
  }
  return count > 0 ? static_cast<int64_t>(count) : 0;
}

int64_t steps(int64_t start, int64_t limit, int64_t delta) {
  if (delta > 0 ? limit <= start : limit >= start) return 0;
  // Differences of int64 fit in uint64.
  const uint64_t distance = delta > 0 ? static_cast<uint64_t>(limit) - static_cast<uint64_t>(start)
                                      : static_cast<uint64_t>(start) - static_cast<uint64_t>(limit);
  const uint64_t stride = delta > 0 ? static_cast<uint64_t>(delta) : 0 - static_cast<uint64_t>(delta);
  const uint64_t count = (distance - 1) / stride + 1;
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  return count > static_cast<uint64_t>(kMost) ? kMost : static_cast<int64_t>(count);
}

void infer(InferContext& context) {
  const DType dtype = context.dtype(0);
  if ((!is_float(dtype) && dtype_kind(dtype) != DTypeKind::kSigned) || dtype_bits(dtype) < 16) {
    context.fail(
        fmt::format("input 0 has dtype {} but f64, f32, f16, bf16, i64, i32 or i16 is required", dtype_name(dtype)));
  }
  const Tensor* values[3];
  for (size_t i = 0; i < 3; ++i) {
    context.require_same_dtype(0, i);
    if (const auto count = known_count(context, i); count && *count != 1) {
      context.fail(fmt::format("{} has shape {} but a scalar is required", kNames[i], to_string(*context.shape(i))));
    }
    values[i] = context.value(i);
  }
  if (values[0] == nullptr || values[1] == nullptr || values[2] == nullptr)
    return context.set_output(0, dtype, Shape(1));
  int64_t count = 0;
  if (is_float(dtype)) {
    const double delta = load<double>(values[2]->view(), 0);
    if (delta == 0) context.fail("delta is 0 but any other number is required");
    count = steps(context, load<double>(values[0]->view(), 0), load<double>(values[1]->view(), 0), delta);
  } else {
    const auto delta = load<int64_t>(values[2]->view(), 0);
    if (delta == 0) context.fail("delta is 0 but any other number is required");
    count = steps(load<int64_t>(values[0]->view(), 0), load<int64_t>(values[1]->view(), 0), delta);
  }
  context.set_output(0, dtype, Shape{Dim(count)});
}

std::vector<Expr> define(DefineContext& context) {
  const DType dtype = context.dtype(0);
  const Expr count = (*context.outputs()[0].shape)[0].value();
  return {cast(context.scalar(0) + cast(iota(count), dtype) * context.scalar(2), dtype)};
}

}  // namespace

OpDef range_op() {
  return {.name = "Range",
          .since_version = 27,
          .min_inputs = 3,
          .max_inputs = 3,
          // What ONNX computes f16 and bf16 in; here it is f64 for every float, so that no value of it matters.
          .attributes = {{"stash_type", int64_t{1}}},
          .infer = infer,
          .define = define,
          .summary =
              "start, start + delta, start + 2 delta, … up to but without limit: max(ceil((limit - start) / delta), 0) "
              "numbers."};
}

}  // namespace tenon
