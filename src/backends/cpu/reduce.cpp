// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/kernels.h"
#include "backends/cpu/onednn.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/simd.h"
#include "base/elements.h"
#include "ops/axes.h"
#include "ops/op.h"

#include <cmath>
#include <optional>

namespace tenon::cpu {
namespace {

struct Row {
  std::string_view op;
  ReduceOp fold;
  bool mean;  ///< Divided by the count.
  bool root;
};

constexpr Row kRows[] = {
    {"GlobalAveragePool", ReduceOp::kSum, true, false}, {"GlobalMaxPool", ReduceOp::kMax, false, false},
    {"ReduceL1", ReduceOp::kSumAbs, false, false},      {"ReduceL2", ReduceOp::kSumSquare, false, true},
    {"ReduceMax", ReduceOp::kMax, false, false},        {"ReduceMean", ReduceOp::kSum, true, false},
    {"ReduceMin", ReduceOp::kMin, false, false},        {"ReduceProd", ReduceOp::kProd, false, false},
    {"ReduceSum", ReduceOp::kSum, false, false},        {"ReduceSumSquare", ReduceOp::kSumSquare, false, false},
};

const Row& row_of(const Problem& problem) {
  for (const Row& row : kRows)
    if (row.op == problem.node.op()) return row;
  throw Error(ErrorCode::kInternal, "no reduction is called " + problem.node.op() + "; this is a bug in Tenon");
}

/// [outer, extent, inner] around the reduced axes.
struct Split {
  int64_t outer = 1, extent = 1, inner = 1;
};

/// By axis, whether it is reduced; nullopt when that is known only in the run.
std::optional<std::vector<bool>> reduced_axes(const Problem& problem) {
  const Dims& x = problem.inputs[0].dims;
  const AttributeReader attributes(problem.node, op_of(problem.node));
  std::vector<bool> reduced(x.size(), false);
  if (problem.node.op().starts_with("Global")) {
    const bool channels_last = attributes.flag("channels_last");
    for (size_t axis = 1; axis < x.size(); ++axis) reduced[axis] = axis != (channels_last ? x.size() - 1 : 1);
    return reduced;
  }
  if (problem.inputs.size() > 1 && problem.inputs[1].dtype != DType::kUndefined) {
    if (!problem.constants[1]) return std::nullopt;
    const TensorView& axes = problem.inputs[1];
    for (int64_t i = 0; i < axes.dims.count(); ++i)
      reduced[normalized_axis(load_i64(axes.data, axes.dtype, i), x.rank())] = true;
    if (axes.dims.count() > 0) return reduced;
  }
  if (!attributes.flag("noop_with_empty_axes")) reduced.assign(x.size(), true);
  return reduced;
}

/// Nullopt when the reduced axes are not neighbours.
std::optional<Split> split_of(const Dims& x, const std::vector<bool>& reduced) {
  Split split;
  int phase = 0;  // 0: before the reduced axes, 1: among them, 2: behind
  for (size_t axis = 0; axis < x.size(); ++axis) {
    if (x[axis] == 1) continue;
    if (reduced[axis]) {
      if (phase == 2) return std::nullopt;
      phase = 1;
      split.extent *= x[axis];
    } else {
      if (phase == 1) phase = 2;
      (phase == 0 ? split.outer : split.inner) *= x[axis];
    }
  }
  return split;
}

Verdict accepts(const Problem& problem) {
  if (problem.inputs[0].dtype != DType::kFloat32)
    return Verdict::no("input 0 is " + std::string(dtype_name(problem.inputs[0].dtype)) + "; it takes f32");
  if (problem.inputs[0].dims.count() == 0) return Verdict::no("the input is empty");
  const auto reduced = reduced_axes(problem);
  if (!reduced) return Verdict::no("the axes are known only in the run");
  if (!split_of(problem.inputs[0].dims, *reduced)) return Verdict::no("the reduced axes are not neighbours");
  return Verdict::yes();
}

class ReduceKernel final : public Kernel {
 public:
  explicit ReduceKernel(const Problem& problem)
      : row_(row_of(problem)), split_(*split_of(problem.inputs[0].dims, *reduced_axes(problem))) {
    threads_ = useful_threads(problem.threads, copy_us(4 * problem.inputs[0].dims.count()));
  }

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    const auto* x = inputs[0].as<float>();
    auto* y = outputs[0].as<float>();
    if (split_.inner == 1) {
      parallel_for(threads_, split_.outer, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
          double value = simd_.reduce(row_.fold, x + i * split_.extent, split_.extent);
          if (row_.mean) value /= static_cast<double>(split_.extent);
          y[i] = static_cast<float>(row_.root ? std::sqrt(value) : value);
        }
      });
      return;
    }
    if (split_.outer >= threads_) {
      parallel_for(threads_, split_.outer, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) reduce_columns(x, y, i, 0, split_.inner);
      });
    } else {
      for (int64_t i = 0; i < split_.outer; ++i)
        parallel_for(threads_, split_.inner,
                     [&](int64_t first, int64_t last) { reduce_columns(x, y, i, first, last); });
    }
  }
  [[nodiscard]] std::string detail() const override { return std::string(simd_.isa); }

 private:
  /// Columns [first, last) of outer row `outer`: rows of them are folded into the result.
  void reduce_columns(const float* x, float* y, int64_t outer, int64_t first, int64_t last) const {
    const float* from = x + outer * split_.extent * split_.inner + first;
    float* to = y + outer * split_.inner + first;
    const int64_t count = last - first;
    const bool sums =
        row_.fold == ReduceOp::kSum || row_.fold == ReduceOp::kSumAbs || row_.fold == ReduceOp::kSumSquare;
    if (sums || row_.fold == ReduceOp::kProd) {
      std::fill(to, to + count, sums ? 0.0F : 1.0F);
      simd_.accumulate(row_.fold, from, to, count);
    } else {
      std::copy(from, from + count, to);
    }
    for (int64_t i = 1; i < split_.extent; ++i) simd_.accumulate(row_.fold, from + i * split_.inner, to, count);
    if (row_.mean) {
      const auto divisor = static_cast<float>(split_.extent);
      simd_.binary(BinaryOp::kDiv, Scalar::kRight, to, &divisor, to, count);
    }
    if (row_.root) simd_.unary(UnaryOp::kSqrt, 0, 0, to, to, count);
  }

  const Simd& simd_ = simd();
  Row row_;
  Split split_;
  int threads_;
};

std::unique_ptr<Kernel> create(const Problem& problem) { return std::make_unique<ReduceKernel>(problem); }

}  // namespace

const KernelEntry kReduce{"reduce_f32", accepts, create};

}  // namespace tenon::cpu
