// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/kernels.h"
#include "backends/cpu/onednn.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/simd.h"
#include "ops/axes.h"
#include "ops/op.h"

#include <cmath>

// BatchNormalization that could not be folded into a neighbour, LRN, Softmax and LogSoftmax.
namespace tenon::cpu {
namespace {

size_t channel_axis_of(const Problem& problem) {
  const bool last = AttributeReader(problem.node, op_of(problem.node)).flag("channels_last");
  return last ? problem.inputs[0].dims.size() - 1 : 1;
}

// --- BatchNormalization: y = x * factor[c] + shift[c]

Verdict accepts_batch_norm(const Problem& problem) {
  if (Verdict verdict = onednn::all_f32(problem); !verdict.ok) return verdict;
  for (size_t i = 1; i < 5; ++i)
    if (!problem.constants[i]) return Verdict::no("a statistic is not constant");
  return Verdict::yes();
}

class BatchNormKernel final : public Kernel {
 public:
  explicit BatchNormKernel(const Problem& problem) : split_(problem.inputs[0].dims, channel_axis_of(problem)) {
    const double epsilon = AttributeReader(problem.node, op_of(problem.node)).number("epsilon");
    const auto at = [&](size_t input, int64_t c) { return static_cast<double>(problem.inputs[input].as<float>()[c]); };
    for (int64_t c = 0; c < split_.extent; ++c) {
      const double factor = at(1, c) / std::sqrt(at(4, c) + epsilon);
      factor_.push_back(static_cast<float>(factor));
      shift_.push_back(static_cast<float>(at(2, c) - at(3, c) * factor));
    }
    threads_ = useful_threads(problem.threads, copy_us(8 * problem.outputs[0].dims.count()));
  }

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    const auto* x = inputs[0].as<float>();
    auto* y = outputs[0].as<float>();
    // Rows of channels when they are innermost, else one row for each channel.
    const bool rows_of_channels = split_.inner == 1;
    const int64_t rows = rows_of_channels ? split_.outer : split_.outer * split_.extent;
    const int64_t extent = rows_of_channels ? split_.extent : split_.inner;
    parallel_for(threads_, rows, [&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        const int64_t channel = rows_of_channels ? 0 : row % split_.extent;
        const Scalar scalar = rows_of_channels ? Scalar::kNone : Scalar::kRight;
        float* to = y + row * extent;
        simd_.binary(BinaryOp::kMul, scalar, x + row * extent, factor_.data() + channel, to, extent);
        simd_.binary(BinaryOp::kAdd, scalar, to, shift_.data() + channel, to, extent);
      }
    });
  }
  [[nodiscard]] bool in_place(size_t index) const override { return index == 0; }
  [[nodiscard]] std::string detail() const override { return std::string(simd_.isa); }

 private:
  const Simd& simd_ = simd();
  AxisSplit split_;
  std::vector<float> factor_, shift_;
  int threads_;
};

std::unique_ptr<Kernel> create_batch_norm(const Problem& problem) { return std::make_unique<BatchNormKernel>(problem); }

// --- LRN

Verdict accepts_lrn(const Problem& problem) {
  if (Verdict verdict = onednn::all_f32(problem); !verdict.ok) return verdict;
  if (problem.inputs[0].dims.rank() != 4) return Verdict::no("its rank is not 4");
  const int64_t size = AttributeReader(problem.node, op_of(problem.node)).integer("size");
  return size % 2 == 1 ? Verdict::yes() : Verdict::no("the size is even");
}

std::unique_ptr<Kernel> create_lrn(const Problem& problem) {
  const AttributeReader attributes(problem.node, op_of(problem.node));
  const bool channels_last = attributes.flag("channels_last");
  const auto src = onednn::image(problem.inputs[0].dims, channels_last);
  const auto dst = onednn::image(problem.outputs[0].dims, channels_last);
  const onednn::Epilogue plain = onednn::make_epilogue(problem, channels_last, false);
  auto desc =
      onednn::try_desc(dnnl_lrn_forward_primitive_desc_create, dnnl_forward_inference, dnnl_lrn_across_channels,
                       src.get(), dst.get(), attributes.integer("size"), static_cast<float>(attributes.number("alpha")),
                       static_cast<float>(attributes.number("beta")), static_cast<float>(attributes.number("bias")),
                       plain.attributes.get());
  if (!desc) return nullptr;  // Its reference implementation is still far quicker than ours.
  return std::make_unique<onednn::PrimitiveKernel>(
      std::move(desc),
      std::vector<onednn::Argument>{{.arg = DNNL_ARG_SRC, .input = 0}, {.arg = DNNL_ARG_DST, .output = 0}});
}

// --- Softmax

size_t softmax_axis(const Problem& problem) {
  const int64_t axis = AttributeReader(problem.node, op_of(problem.node)).integer("axis");
  return normalized_axis(axis, problem.inputs[0].dims.rank());
}

bool is_log(const Problem& problem) { return problem.node.op() == "LogSoftmax"; }

Verdict accepts_softmax(const Problem& problem) {
  if (Verdict verdict = onednn::all_f32(problem); !verdict.ok) return verdict;
  const Dims& x = problem.inputs[0].dims;
  if (x.rank() == 0) return Verdict::no("the input is a scalar");
  return AxisSplit(x, softmax_axis(problem)).inner == 1 ? Verdict::yes()
                                                        : Verdict::no("the axis is not the innermost one");
}

class SoftmaxKernel final : public Kernel {
 public:
  explicit SoftmaxKernel(const Problem& problem)
      : split_(problem.inputs[0].dims, softmax_axis(problem)), log_(is_log(problem)) {
    threads_ = useful_threads(problem.threads, 1e-3 * static_cast<double>(problem.outputs[0].dims.count()));
  }

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    const auto* x = inputs[0].as<float>();
    auto* y = outputs[0].as<float>();
    parallel_for(threads_, split_.outer, [&](int64_t first, int64_t last) {
      simd_.softmax(x + first * split_.extent, y + first * split_.extent, last - first, split_.extent, log_);
    });
  }
  [[nodiscard]] bool in_place(size_t index) const override { return index == 0; }
  [[nodiscard]] std::string detail() const override { return std::string(simd_.isa); }

 private:
  const Simd& simd_ = simd();
  AxisSplit split_;
  bool log_;
  int threads_;
};

std::unique_ptr<Kernel> create_softmax(const Problem& problem) { return std::make_unique<SoftmaxKernel>(problem); }

Verdict accepts_onednn_softmax(const Problem& problem) { return onednn::all_f32(problem); }

std::unique_ptr<Kernel> create_onednn_softmax(const Problem& problem) {
  const auto desc_of_both = onednn::dense(problem.inputs[0].dims);
  const onednn::Epilogue plain = onednn::make_epilogue(problem, false, false);
  auto desc = onednn::try_desc(dnnl_softmax_forward_primitive_desc_create, dnnl_forward_inference,
                               is_log(problem) ? dnnl_softmax_log : dnnl_softmax_accurate, desc_of_both.get(),
                               desc_of_both.get(), static_cast<int>(softmax_axis(problem)), plain.attributes.get());
  if (!desc) return nullptr;
  auto kernel = std::make_unique<onednn::PrimitiveKernel>(
      std::move(desc),
      std::vector<onednn::Argument>{{.arg = DNNL_ARG_SRC, .input = 0}, {.arg = DNNL_ARG_DST, .output = 0}});
  kernel->allow_in_place();
  return kernel;
}

}  // namespace

const KernelEntry kBatchNormalization{"batch_normalization_f32", accepts_batch_norm, create_batch_norm};
const KernelEntry kOnednnLrn{"onednn_lrn", accepts_lrn, create_lrn};
const KernelEntry kSoftmax{"softmax_f32", accepts_softmax, create_softmax};
const KernelEntry kOnednnSoftmax{"onednn_softmax", accepts_onednn_softmax, create_onednn_softmax};

}  // namespace tenon::cpu
