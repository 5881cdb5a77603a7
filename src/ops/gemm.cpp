// SPDX-License-Identifier: Apache-2.0
#include "ops/all_ops.h"
#include "ops/broadcast.h"
#include "ops/pointwise.h"
#include "ops/wide.h"

#include <fmt/core.h>

namespace tenon {
namespace {

constexpr uint32_t kDTypes = kFloatDTypes | dtype_bit(DType::kInt32) | dtype_bit(DType::kInt64) |
                             dtype_bit(DType::kUInt32) | dtype_bit(DType::kUInt64);

void infer(InferContext& context) {
  require_dtype(context, 0, kDTypes);
  context.require_same_dtype(0, 1);
  for (size_t i = 0; i < 2; ++i) {
    const auto& shape = context.shape(i);
    if (shape && shape->size() != 2) {
      context.fail(fmt::format("input {} has shape {} but a matrix (rank 2) is required", i, to_string(*shape)));
    }
  }
  const bool trans_a = context.attributes().flag("transA");
  const bool trans_b = context.attributes().flag("transB");
  Dim rows;
  Dim inner_a;
  Dim inner_b;
  Dim columns;
  if (const auto& a = context.shape(0)) rows = (*a)[trans_a ? 1 : 0], inner_a = (*a)[trans_a ? 0 : 1];
  if (const auto& b = context.shape(1)) inner_b = (*b)[trans_b ? 1 : 0], columns = (*b)[trans_b ? 0 : 1];
  if (inner_a.is_constant() && inner_b.is_constant() && !(inner_a == inner_b)) {
    context.fail(
        fmt::format("the inputs have shapes {} and {} (transA = {}, transB = {}) but the inner dimensions {} and {} "
                    "must be equal",
                    to_string(*context.shape(0)), to_string(*context.shape(1)), trans_a ? 1 : 0, trans_b ? 1 : 0,
                    inner_a.value(), inner_b.value()));
  }
  const Shape result{rows, columns};
  if (context.has_input(2)) {
    context.require_same_dtype(0, 2);
    if (const auto& c = context.shape(2); c && !may_broadcast_to(*c, result)) {
      context.fail(
          fmt::format("input 2 has shape {}, which does not broadcast to {}", to_string(*c), to_string(result)));
    }
  }
  context.set_output(0, context.dtype(0), result);
}

// In double for integers, too: alpha and beta are floats. Exact up to 2^53.
void reference(ReferenceContext& context) {
  const TensorView& a = context.input(0);
  const TensorView& b = context.input(1);
  const MutableTensorView& y = context.output();
  const bool trans_a = context.attributes().flag("transA");
  const bool trans_b = context.attributes().flag("transB");
  const double alpha = context.attributes().number("alpha");
  const double beta = context.attributes().number("beta");
  const int64_t m = y.dims[0];
  const int64_t n = y.dims[1];
  const int64_t k = a.dims[trans_a ? 0 : 1];
  const std::vector<double> left = load_all<double>(a);
  const std::vector<double> right = load_all<double>(b);
  const bool has_bias = context.has_input(2);
  const TensorView bias = has_bias ? context.input(2) : TensorView{};
  BroadcastIndex bias_index(has_bias ? bias.dims : y.dims, y.dims);
  for (int64_t r = 0; r < m; ++r) {
    for (int64_t c = 0; c < n; ++c, bias_index.next()) {
      double sum = 0;
      for (int64_t i = 0; i < k; ++i) {
        sum += left[static_cast<size_t>(trans_a ? i * m + r : r * k + i)] *
               right[static_cast<size_t>(trans_b ? c * k + i : i * n + c)];
      }
      sum *= alpha;
      if (has_bias) sum += beta * load<double>(bias, *bias_index);
      store<double>(y, r * n + c, sum);
    }
  }
}

}  // namespace

OpDef gemm_op() {
  return {
      .name = "Gemm",
      .since_version = 13,
      .min_inputs = 2,
      .max_inputs = 3,
      .attributes = {{"alpha", 1.0}, {"beta", 1.0}, {"transA", int64_t{0}}, {"transB", int64_t{0}}},
      .infer = infer,
      .reference = reference,
      .takes_epilogue = true,
      .summary =
          "y = alpha * A @ B + beta * c, with A and B transposed first where transA, transB say so; c broadcasts.",
  };
}

}  // namespace tenon
