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
  if (!context.shape(0) || !context.shape(1)) return context.set_output(0, context.dtype(0), std::nullopt);
  Shape a = *context.shape(0);
  Shape b = *context.shape(1);
  const auto shapes = [&] {
    return fmt::format("{} and {}", to_string(*context.shape(0)), to_string(*context.shape(1)));
  };
  if (a.empty() || b.empty())
    context.fail(fmt::format("the inputs have shapes {} but a scalar cannot be multiplied", shapes()));
  // A vector is a row on the left and a column on the right; its 1 is taken out of the result again.
  const bool row = a.size() == 1;
  const bool column = b.size() == 1;
  if (row) a.insert(a.begin(), Dim(1));
  if (column) b.emplace_back(1);
  const Dim& inner_a = a[a.size() - 1];
  const Dim& inner_b = b[b.size() - 2];
  if (inner_a.is_constant() && inner_b.is_constant() && !(inner_a == inner_b)) {
    context.fail(fmt::format("the inputs have shapes {} but the inner dimensions {} and {} must be equal", shapes(),
                             inner_a.value(), inner_b.value()));
  }
  auto result = broadcast(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
  if (!result)
    context.fail(fmt::format("the inputs have shapes {}, whose batch dimensions do not broadcast", shapes()));
  if (!row) result->push_back(a[a.size() - 2]);
  if (!column) result->push_back(b.back());
  context.set_output(0, context.dtype(0), std::move(result));
}

template <typename T>
void multiply(const ReferenceContext& context) {
  Dims a_batch;
  Dims b_batch;
  Dims batch;
  const TensorView& a = context.input(0);
  const TensorView& b = context.input(1);
  const MutableTensorView& y = context.output();
  const bool row = a.dims.rank() == 1;
  const bool column = b.dims.rank() == 1;
  for (size_t i = 0; i + 2 < a.dims.size(); ++i) a_batch.push_back(a.dims[i]);
  for (size_t i = 0; i + 2 < b.dims.size(); ++i) b_batch.push_back(b.dims[i]);
  const size_t batch_rank = y.dims.size() - (row ? 0 : 1) - (column ? 0 : 1);
  for (size_t i = 0; i < batch_rank; ++i) batch.push_back(y.dims[i]);
  const int64_t m = row ? 1 : a.dims[a.dims.size() - 2];
  const int64_t k = a.dims.back();
  const int64_t n = column ? 1 : b.dims.back();
  const std::vector<T> left = load_all<T>(a);
  const std::vector<T> right = load_all<T>(b);

  BroadcastIndex ai(a_batch, batch);
  BroadcastIndex bi(b_batch, batch);
  std::vector<T> sums(static_cast<size_t>(n));
  for (int64_t p = 0; p < batch.count(); ++p, ai.next(), bi.next()) {
    for (int64_t r = 0; r < m; ++r) {
      const T* a_row = left.data() + (*ai * m + r) * k;
      std::fill(sums.begin(), sums.end(), T{});
      for (int64_t i = 0; i < k; ++i) {
        const T* b_row = right.data() + (*bi * k + i) * n;
        for (int64_t c = 0; c < n; ++c) sums[static_cast<size_t>(c)] += a_row[i] * b_row[c];
      }
      for (int64_t c = 0; c < n; ++c) store<T>(y, (p * m + r) * n + c, sums[static_cast<size_t>(c)]);
    }
  }
}

void reference(ReferenceContext& context) {
  if (is_float(context.input(0).dtype))
    multiply<double>(context);
  else
    multiply<uint64_t>(context);  // Wraps; the low bits are those of signed arithmetic, too.
}

}  // namespace

OpDef matmul_op() {
  return {
      .name = "MatMul",
      .since_version = 13,
      .min_inputs = 2,
      .max_inputs = 2,
      .infer = infer,
      .reference = reference,
      .takes_epilogue = true,
      .summary = "y = a @ b, as numpy.matmul: matrices in the last two dimensions, the others broadcast.",
  };
}

}  // namespace tenon
