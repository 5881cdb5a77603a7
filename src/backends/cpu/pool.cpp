// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/kernels.h"
#include "backends/cpu/onednn.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/simd.h"
#include "ops/window.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace tenon::cpu {
namespace {

bool is_max(const Problem& problem) { return problem.node.op() == "MaxPool"; }

bool includes_padding(const Problem& problem) {
  return !is_max(problem) && AttributeReader(problem.node, op_of(problem.node)).flag("count_include_pad");
}

Verdict accepts_any(const Problem& problem) {
  if (Verdict verdict = onednn::all_f32(problem); !verdict.ok) return verdict;
  if (problem.outputs.size() > 1) return Verdict::no("Indices are wanted");
  return epilogue_of(problem.node).empty() ? Verdict::yes() : Verdict::no("it has an epilogue");
}

// --- channels last: whole rows of channels at a time

Verdict accepts_channels_last(const Problem& problem) {
  if (Verdict verdict = accepts_any(problem); !verdict.ok) return verdict;
  const Window window = pool_window(problem.node, to_shape(problem.inputs[0].dims));
  return window.channels_last ? Verdict::yes() : Verdict::no("the channels are not last");
}

class ChannelsLastPool final : public Kernel {
 public:
  explicit ChannelsLastPool(const Problem& problem)
      : window_(pool_window(problem.node, to_shape(problem.inputs[0].dims))),
        max_(is_max(problem)),
        includes_padding_(includes_padding(problem)),
        channels_(problem.inputs[0].dims.back()),
        batch_(problem.inputs[0].dims[0]) {
    const auto& [a, b, c] = window_.axes;
    const int64_t work = problem.outputs[0].dims.count() * a.kernel * b.kernel * c.kernel;
    threads_ = useful_threads(problem.threads, copy_us(4 * work));
  }

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    const auto* x = inputs[0].as<float>();
    auto* y = outputs[0].as<float>();
    const WindowAxis& a = window_.axes[0];
    const WindowAxis& b = window_.axes[1];
    const WindowAxis& c = window_.axes[2];
    const int64_t image = a.in * b.in * c.in * channels_, row = b.out * c.out * channels_;
    parallel_for(threads_, batch_ * a.out, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) pool_row(x + i / a.out * image, y + i * row, i % a.out);
    });
  }
  [[nodiscard]] std::string detail() const override { return std::string(simd_.isa); }

 private:
  /// All results at place `oa` of the first spatial axis; `x` is the image.
  void pool_row(const float* x, float* y, int64_t oa) const {
    const auto& [a, b, c] = window_.axes;
    const auto [a_first, a_last] = a.inside(oa);
    for (int64_t ob = 0; ob < b.out; ++ob) {
      const auto [b_first, b_last] = b.inside(ob);
      for (int64_t oc = 0; oc < c.out; ++oc, y += channels_) {
        const auto [c_first, c_last] = c.inside(oc);
        int64_t seen = 0;
        for (int64_t ka = a_first; ka < a_last; ++ka) {
          for (int64_t kb = b_first; kb < b_last; ++kb) {
            for (int64_t kc = c_first; kc < c_last; ++kc) {
              const int64_t place = ((a.start(oa) + ka * a.dilation) * b.in + b.start(ob) + kb * b.dilation) * c.in +
                                    c.start(oc) + kc * c.dilation;
              const float* from = x + place * channels_;
              if (seen++ == 0) {
                std::memcpy(y, from, static_cast<size_t>(channels_) * sizeof(float));
              } else {
                simd_.accumulate(max_ ? ReduceOp::kMax : ReduceOp::kSum, from, y, channels_);
              }
            }
          }
        }
        if (seen == 0) {
          std::fill(y, y + channels_, max_ ? -std::numeric_limits<float>::infinity() : 0.0F);
        } else if (!max_) {
          const int64_t count = includes_padding_ ? a.padded_count(oa) * b.padded_count(ob) * c.padded_count(oc) : seen;
          const auto divisor = static_cast<float>(count);
          simd_.binary(BinaryOp::kDiv, Scalar::kRight, y, &divisor, y, channels_);
        }
      }
    }
  }

  const Simd& simd_ = simd();
  Window window_;
  bool max_, includes_padding_;
  int64_t channels_, batch_;
  int threads_;
};

std::unique_ptr<Kernel> create_channels_last(const Problem& problem) {
  return std::make_unique<ChannelsLastPool>(problem);
}

// --- channels first: oneDNN

/// The padding at the end that the output's extent implies.
int64_t pad_end(const WindowAxis& axis) {
  return (axis.out - 1) * axis.stride + axis.span() - axis.in - axis.pad_begin;
}

Verdict accepts_onednn(const Problem& problem) {
  if (Verdict verdict = accepts_any(problem); !verdict.ok) return verdict;
  const Window window = pool_window(problem.node, to_shape(problem.inputs[0].dims));
  for (int i = 0; i < window.rank; ++i) {
    const WindowAxis& axis = window.axes[static_cast<size_t>(i)];
    if (axis.pad_begin >= axis.span() || pad_end(axis) >= axis.span())
      return Verdict::no("a window lies in the padding");
    if (includes_padding(problem) && pad_end(axis) > axis.pad_end)
      return Verdict::no("a window reaches beyond the padding, which does not count");
  }
  return Verdict::yes();
}

std::unique_ptr<Kernel> create_onednn(const Problem& problem) {
  const Window window = pool_window(problem.node, to_shape(problem.inputs[0].dims));
  dnnl_dims_t strides = {}, kernel = {}, dilation = {}, begin = {}, end = {};
  for (int i = 0; i < window.rank; ++i) {
    const WindowAxis& axis = window.axes[static_cast<size_t>(i)];
    strides[i] = axis.stride;
    kernel[i] = axis.kernel;
    dilation[i] = axis.dilation - 1;
    begin[i] = axis.pad_begin;
    end[i] = std::max<int64_t>(pad_end(axis), 0);
  }
  const auto algorithm = is_max(problem)             ? dnnl_pooling_max
                         : includes_padding(problem) ? dnnl_pooling_avg_include_padding
                                                     : dnnl_pooling_avg_exclude_padding;
  const auto src = onednn::image(problem.inputs[0].dims, window.channels_last);
  const auto dst = onednn::image(problem.outputs[0].dims, window.channels_last);
  const onednn::Epilogue plain = onednn::make_epilogue(problem, window.channels_last, false);
  auto desc = onednn::try_desc(dnnl_pooling_forward_primitive_desc_create, dnnl_forward_inference, algorithm, src.get(),
                               dst.get(), strides, kernel, dilation, begin, end, plain.attributes.get());
  if (!desc || onednn::is_slow(desc.get())) return nullptr;
  return std::make_unique<onednn::PrimitiveKernel>(
      std::move(desc),
      std::vector<onednn::Argument>{{.arg = DNNL_ARG_SRC, .input = 0}, {.arg = DNNL_ARG_DST, .output = 0}});
}

}  // namespace

const KernelEntry kChannelsLastPool{"pool_nhwc_f32", accepts_channels_last, create_channels_last};
const KernelEntry kOnednnPool{"onednn_pool", accepts_onednn, create_onednn};

}  // namespace tenon::cpu
