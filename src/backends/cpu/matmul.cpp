// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/kernels.h"
#include "backends/cpu/onednn.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/tile_epilogue.h"
#include "ops/op.h"

#include <fmt/core.h>

#include <numeric>

namespace tenon::cpu {
namespace {

using onednn::Argument;
using onednn::MemoryDesc;

/// Gemm and MatMul in one form: y = alpha op(A) op(B) + beta C.
struct Product {
  bool is_gemm = false, trans_a = false, trans_b = false;
  float alpha = 1, beta = 1;
  int bias_input = -1;  ///< Gemm's C.
};

Product product_of(const Problem& problem) {
  Product p;
  if (problem.node.op() != "Gemm") return p;
  const AttributeReader attributes(problem.node, op_of(problem.node));
  p.is_gemm = true;
  p.trans_a = attributes.flag("transA");
  p.trans_b = attributes.flag("transB");
  p.alpha = static_cast<float>(attributes.number("alpha"));
  p.beta = static_cast<float>(attributes.number("beta"));
  if (anchor_input_count(problem.node) > 2 && problem.inputs[2].dtype != DType::kUndefined) p.bias_input = 2;
  return p;
}

// --- our own product with constant weights

/// One bias number for each of `n` columns.
bool is_row(const Dims& dims, int64_t n) { return dims.rank() >= 1 && dims.count() == n && dims.back() == n; }

/// The epilogue of a packed product: what is added to rows first becomes the bias, if there is none yet.
TileEpilogue packed_epilogue(const Problem& problem, int& bias_input, int64_t n) {
  const std::vector<EpilogueStep> steps = epilogue_of(problem.node);
  std::span<const EpilogueStep> rest = steps;
  if (!rest.empty() && rest[0].op == "Add" && bias_input < 0 &&
      is_row(problem.inputs[static_cast<size_t>(rest[0].operand)].dims, n)) {
    bias_input = rest[0].operand;
    rest = rest.subspan(1);
  }
  TileEpilogue result = tile_epilogue(rest);
  for (const EpilogueStep& step : rest)
    if (step.operand >= 0) result.problem = fmt::format("its epilogue has {} with a tensor", step.op);
  return result;
}

Verdict accepts_packed(const Problem& problem) {
  if (Verdict verdict = onednn::all_f32(problem); !verdict.ok) return verdict;
  Product p = product_of(problem);
  const Dims& b = problem.inputs[1].dims;
  if (!problem.constants[1]) return Verdict::no("B is not constant; it packs B once");
  if (b.rank() != 2) return Verdict::no(fmt::format("B has rank {}; it takes 2", b.rank()));
  if (problem.inputs[0].dims.rank() < 1) return Verdict::no("A is a scalar");
  if (p.trans_a) return Verdict::no("A is transposed");
  const int64_t n = b[p.trans_b ? 0 : 1];
  if (p.bias_input >= 0 && (!is_row(problem.inputs[2].dims, n) || p.beta != 1))
    return Verdict::no("C is not one row with beta 1");
  const TileEpilogue epilogue = packed_epilogue(problem, p.bias_input, n);
  return epilogue.problem.empty() ? Verdict::yes() : Verdict::no(epilogue.problem);
}

class PackedGemm final : public Kernel {
 public:
  PackedGemm(const Problem& problem, const Product& p) : bias_input_(p.bias_input) {
    const Dims& b = problem.inputs[1].dims;
    task_.n = b[p.trans_b ? 0 : 1];
    task_.k = b[p.trans_b ? 1 : 0];
    task_.m = problem.outputs[0].dims.count() / task_.n;
    task_.lda = task_.k;
    task_.ldc = task_.n;
    epilogue_ = packed_epilogue(problem, bias_input_, task_.n);
    task_.clamp = epilogue_.clamp;
    task_.lo = epilogue_.lo;
    task_.hi = epilogue_.hi;
    panels_ = (task_.n + panel_ - 1) / panel_;

    const Tensor& source = *problem.constants[1];
    weights_ = problem.packed->get(source, fmt::format("gemm {} {} {} {}", panel_, p.trans_b, p.alpha, task_.n), [&] {
      Tensor packed = Tensor::empty(DType::kFloat32, {packed_b_count(panel_, task_.k, task_.n)});
      auto* to = packed.mutable_values<float>().data();
      pack_b(panel_, source.view().as<float>(), task_.k, task_.n, p.trans_b ? 1 : task_.n, p.trans_b ? task_.k : 1, to);
      if (p.alpha != 1) {
        for (float& value : packed.mutable_values<float>()) value *= p.alpha;
      }
      return packed;
    });
    task_.b = weights_.view().as<float>();

    // One core does about 60 GFLOP/s, and reads weights that are used once at the speed of the cache they are in.
    const double us =
        std::max(2.0 * static_cast<double>(task_.m * task_.n * task_.k) / 60e3, copy_us(weights_.size_bytes()));
    threads_ = useful_threads(problem.threads, us);
    by_rows_ = panels_ < 4 * threads_ && task_.m > panels_;
  }

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    GemmTask task = task_;
    task.a = inputs[0].as<float>();
    task.c = outputs[0].as<float>();
    if (bias_input_ >= 0) task.bias = inputs[static_cast<size_t>(bias_input_)].as<float>();
    if (by_rows_) {
      parallel_for(threads_, task.m, [&](int64_t first, int64_t last) {
        GemmTask part = task;
        part.a += first * task.lda;
        part.c += first * task.ldc;
        part.m = last - first;
        simd_.gemm(part, 0, panels_);
        finish(part, 0, task.n);
      });
    } else {
      parallel_for(threads_, panels_, [&](int64_t first, int64_t last) {
        simd_.gemm(task, first, last);
        finish(task, first * panel_, std::min(last * panel_, task.n));
      });
    }
  }
  [[nodiscard]] std::string detail() const override { return std::string(simd_.isa); }

 private:
  void finish(const GemmTask& task, int64_t first_column, int64_t last_column) const {
    if (epilogue_.rest.empty()) return;
    for (int64_t row = 0; row < task.m; ++row)
      epilogue_.finish(simd_, 0, last_column - first_column, task.c + row * task.ldc + first_column, {});
  }

  const Simd& simd_ = simd();
  GemmTask task_;
  int64_t panel_ = simd_.width * task_.panel_vectors;  // Columns.
  TileEpilogue epilogue_;
  int bias_input_;
  Tensor weights_;
  int64_t panels_ = 0;
  int threads_ = 1;
  bool by_rows_ = false;
};

std::unique_ptr<Kernel> create_packed(const Problem& problem) {
  return std::make_unique<PackedGemm>(problem, product_of(problem));
}

// --- oneDNN's

Verdict accepts_onednn(const Problem& problem) {
  if (Verdict verdict = onednn::all_f32(problem); !verdict.ok) return verdict;
  const Product p = product_of(problem);
  if (p.alpha != 1 || (p.bias_input >= 0 && p.beta != 1)) return Verdict::no("alpha or beta is not 1");
  if (problem.inputs[0].dims.rank() < 2 || problem.inputs[1].dims.rank() < 2)
    return Verdict::no("an operand is a vector");
  if (const std::string why = onednn::epilogue_problem(problem); !why.empty()) return Verdict::no(why);
  return Verdict::yes();
}

/// `dims` with leading ones up to `rank`, the last two axes swapped if `transpose`.
Dims operand_dims(const Dims& dims, size_t rank, bool transpose) {
  Dims result;
  for (size_t i = dims.size(); i < rank; ++i) result.push_back(1);
  for (const int64_t extent : dims) result.push_back(extent);
  if (transpose) std::swap(result[rank - 1], result[rank - 2]);
  return result;
}

MemoryDesc operand(const Dims& dims, bool transpose) {
  int order[kMaxRank];
  std::iota(std::begin(order), std::end(order), 0);
  if (transpose) std::swap(order[dims.size() - 1], order[dims.size() - 2]);
  return onednn::dense(dims, {order, dims.size()});
}

std::unique_ptr<Kernel> create_onednn(const Problem& problem) {
  const Product p = product_of(problem);
  // A product of many matrices by one is one product of a tall matrix.
  const bool flatten = !p.is_gemm && problem.inputs[1].dims.rank() == 2 && epilogue_of(problem.node).empty();
  Dims a = problem.inputs[0].dims, y = problem.outputs[0].dims;
  const size_t rank = flatten ? 2 : y.size();
  if (flatten) {
    a = Dims{a.count() / a.back(), a.back()};
    y = Dims{a[0], y.back()};
  }
  const Dims a_dims = operand_dims(a, rank, p.trans_a), b_dims = operand_dims(problem.inputs[1].dims, rank, p.trans_b);
  const MemoryDesc src = operand(a_dims, p.trans_a), given = operand(b_dims, p.trans_b), dst = onednn::dense(y);
  const Tensor* constant = problem.constants[1];
  const MemoryDesc weights = constant ? onednn::any(b_dims) : operand(b_dims, p.trans_b);
  MemoryDesc bias = onednn::none();
  if (p.bias_input >= 0) bias = onednn::dense(operand_dims(problem.inputs[2].dims, rank, false));
  onednn::Epilogue epilogue = onednn::make_epilogue(problem, false, false);
  onednn::PrimitiveDesc desc = onednn::try_desc(dnnl_matmul_primitive_desc_create, src.get(), weights.get(), bias.get(),
                                                dst.get(), epilogue.attributes.get());
  if (!desc || onednn::is_slow(desc.get())) return nullptr;
  std::vector<Argument> arguments = std::move(epilogue.arguments);
  arguments.push_back({.arg = DNNL_ARG_SRC, .input = 0});
  arguments.push_back({.arg = DNNL_ARG_DST, .output = 0});
  if (constant) {
    const auto* chosen = onednn::layout(desc.get(), dnnl_query_weights_md);
    arguments.push_back(
        {.arg = DNNL_ARG_WEIGHTS, .fixed = onednn::packed(*constant, given.get(), chosen, *problem.packed)});
  } else {
    arguments.push_back({.arg = DNNL_ARG_WEIGHTS, .input = 1});
  }
  if (p.bias_input >= 0) arguments.push_back({.arg = DNNL_ARG_BIAS, .input = p.bias_input});
  return std::make_unique<onednn::PrimitiveKernel>(std::move(desc), std::move(arguments));
}

}  // namespace

const KernelEntry kPackedGemm{"packed_gemm_f32", accepts_packed, create_packed};
const KernelEntry kOnednnMatmul{"onednn_matmul", accepts_onednn, create_onednn};

}  // namespace tenon::cpu
