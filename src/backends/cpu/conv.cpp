// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/conv_parts.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/onednn.h"
#include "ops/window.h"

#include <algorithm>
#include <utility>

namespace tenon::cpu {
namespace {

using onednn::Argument;
using onednn::MemoryDesc;
using onednn::PrimitiveDesc;

/// What both directions have in common: the window, and the shapes as oneDNN names them.
struct Geometry {
  Window window;
  int64_t groups = 1;
  Dims src, weights, dst;  // weights: [groups, out, in, k...] when groups > 1.
  bool has_bias = false;
  dnnl_dims_t strides = {}, dilations = {}, pad_begin = {}, pad_end = {};
};

Geometry geometry(const Problem& problem, bool transposed) {
  Geometry g;
  const Node& node = problem.node;
  const Shape x = to_shape(problem.inputs[0].dims), w = to_shape(problem.inputs[1].dims);
  g.window = transposed ? conv_transpose_window(node, x, &w) : conv_window(node, x, &w);
  g.groups = AttributeReader(node, op_of(node)).integer("group");
  g.src = onednn::channels_first(problem.inputs[0].dims, g.window.channels_last);
  g.dst = onednn::channels_first(problem.outputs[0].dims, g.window.channels_last);
  const Dims& given = problem.inputs[1].dims;
  // ONNX: Conv [out, in/g, k...], ConvTranspose [in, out/g, k...]. oneDNN: [g, out/g, in/g, k...] for both.
  if (g.groups > 1) g.weights.push_back(g.groups);
  g.weights.push_back(transposed ? given[1] : given[0] / g.groups);
  g.weights.push_back(transposed ? given[0] / g.groups : given[1]);
  for (size_t i = 2; i < given.size(); ++i) g.weights.push_back(given[i]);
  g.has_bias = anchor_input_count(node) > 2 && problem.inputs[2].dtype != DType::kUndefined;
  for (int i = 0; i < g.window.rank; ++i) {
    const WindowAxis& axis = g.window.axes[static_cast<size_t>(i)];
    g.strides[i] = axis.stride;
    g.dilations[i] = axis.dilation - 1;
    g.pad_begin[i] = axis.pad_begin;
    // oneDNN wants the end padding that the output extent implies, which may leave out a part that no window reaches.
    g.pad_end[i] = transposed ? (axis.in - 1) * axis.stride + axis.span() - axis.out - axis.pad_begin
                              : (axis.out - 1) * axis.stride + axis.span() - axis.in - axis.pad_begin;
  }
  return g;
}

/// The weights as they lie in the model.
MemoryDesc given_weights(const Geometry& g, bool transposed) {
  if (!transposed) return onednn::dense(g.weights);
  const int first = g.groups > 1 ? 1 : 0;  // [in, out] order within a group
  int order[kMaxRank];
  for (int i = 0; i < g.weights.rank(); ++i) order[i] = i;
  std::swap(order[first], order[first + 1]);
  return onednn::dense(g.weights, {order, g.weights.size()});
}

Verdict accepts(const Problem& problem) {
  if (Verdict verdict = onednn::all_f32(problem); !verdict.ok) return verdict;
  if (problem.inputs[0].dims.rank() < 3) return Verdict::no("it has no spatial axis");
  if (const std::string why = onednn::epilogue_problem(problem); !why.empty()) return Verdict::no(why);
  return Verdict::yes();
}

// A convolution that can also be run in parts.
class ConvKernel final : public Kernel {
 public:
  ConvKernel(std::unique_ptr<Kernel> whole, std::unique_ptr<Parts> parts)
      : whole_(std::move(whole)), parts_(std::move(parts)) {}

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
           void* workspace) const override {
    whole_->run(inputs, outputs, workspace);
  }
  [[nodiscard]] int64_t workspace_bytes() const override {
    return std::max(whole_->workspace_bytes(), parts_workspace_bytes(*parts_));
  }
  [[nodiscard]] bool in_place(size_t index) const override { return whole_->in_place(index); }
  [[nodiscard]] const Parts* parts() const override { return parts_.get(); }
  [[nodiscard]] std::string detail() const override { return whole_->detail(); }

 private:
  std::unique_ptr<Kernel> whole_;
  std::unique_ptr<Parts> parts_;
};

/// The parts of a convolution of channels-last images whose weights are packed for `whole`; null where there are none.
std::unique_ptr<Parts> parts_of(const Problem& problem, const Geometry& g, const_dnnl_primitive_desc_t whole,
                                const onednn::Epilogue& epilogue, const Tensor& weights) {
  if (!problem.followed || !g.window.channels_last || g.window.rank != 2 || !epilogue.arguments.empty() ||
      epilogue.sum_input >= 0) {
    return nullptr;
  }
  const WindowAxis& rows = g.window.axes[0];
  const Dims &x = problem.inputs[0].dims, &y = problem.outputs[0].dims;
  const ConvBands bands{.images = x[0],
                        .in_rows = x[1],
                        .out_rows = y[1],
                        .in_row_elements = x[2] * x[3],
                        .out_row_elements = y[2] * y[3],
                        .stride = rows.stride,
                        .span = rows.span(),
                        .pad_begin = rows.pad_begin,
                        .threads = problem.threads,
                        .weights = weights.data(),
                        .bias_input = g.has_bias ? 2 : -1};
  return make_conv_parts(bands, [&](const Band& band) {
    Geometry part = g;
    part.pad_begin[0] = band.pad_begin;
    part.pad_end[0] = band.pad_end;
    const MemoryDesc src = onednn::image({1, band.rows_in, x[2], x[3]}, true);
    const MemoryDesc dst = onednn::image({1, band.rows_out, y[2], y[3]}, true);
    const MemoryDesc bias = g.has_bias ? onednn::dense(problem.inputs[2].dims) : onednn::none();
    PrimitiveDesc desc = onednn::try_desc(
        dnnl_convolution_forward_primitive_desc_create, dnnl_forward_inference, dnnl_convolution_direct, src.get(),
        onednn::layout(whole, dnnl_query_weights_md), bias.get(), dst.get(), part.strides, part.dilations,
        part.pad_begin, part.pad_end, epilogue.attributes.get());
    return desc && !onednn::is_slow(desc.get()) ? std::move(desc) : nullptr;
  });
}

std::unique_ptr<Kernel> create(const Problem& problem, bool transposed) {
  const Geometry g = geometry(problem, transposed);
  const MemoryDesc src = onednn::image(problem.inputs[0].dims, g.window.channels_last);
  const MemoryDesc dst = onednn::image(problem.outputs[0].dims, g.window.channels_last);
  const MemoryDesc from = given_weights(g, transposed);
  const Tensor* constant = problem.constants[1];
  const MemoryDesc bias = g.has_bias ? onednn::dense(problem.inputs[2].dims) : onednn::none();

  // Accumulating a residual into the destination is the quicker way; not every implementation has it.
  for (const bool accumulate : {true, false}) {
    onednn::Epilogue epilogue = onednn::make_epilogue(problem, g.window.channels_last, accumulate);
    if (!accumulate && epilogue.descs.empty()) break;
    for (const bool choose_layout : {true, false}) {
      // Weights that are not constant are taken as they are.
      if (choose_layout && !constant) continue;
      const MemoryDesc weights = choose_layout ? onednn::any(g.weights) : given_weights(g, transposed);
      PrimitiveDesc desc =
          transposed ? onednn::try_desc(dnnl_deconvolution_forward_primitive_desc_create, dnnl_forward_inference,
                                        dnnl_deconvolution_direct, src.get(), weights.get(), bias.get(), dst.get(),
                                        g.strides, g.dilations, g.pad_begin, g.pad_end, epilogue.attributes.get())
                     : onednn::try_desc(dnnl_convolution_forward_primitive_desc_create, dnnl_forward_inference,
                                        dnnl_convolution_direct, src.get(), weights.get(), bias.get(), dst.get(),
                                        g.strides, g.dilations, g.pad_begin, g.pad_end, epilogue.attributes.get());
      if (!desc || (onednn::is_slow(desc.get()) && (choose_layout || accumulate))) continue;
      Tensor packed;
      std::unique_ptr<Parts> parts;
      if (constant) {
        const auto* chosen = onednn::layout(desc.get(), dnnl_query_weights_md);
        packed = onednn::packed(*constant, from.get(), chosen, *problem.packed);
        if (!transposed) parts = parts_of(problem, g, desc.get(), epilogue, packed);
      }
      std::vector<Argument> arguments = std::move(epilogue.arguments);
      arguments.push_back({.arg = DNNL_ARG_SRC, .input = 0});
      arguments.push_back({.arg = DNNL_ARG_DST, .output = 0});
      if (constant) {
        arguments.push_back({.arg = DNNL_ARG_WEIGHTS, .fixed = std::move(packed)});
      } else {
        arguments.push_back({.arg = DNNL_ARG_WEIGHTS, .input = 1});
      }
      if (g.has_bias) arguments.push_back({.arg = DNNL_ARG_BIAS, .input = 2});
      auto whole = std::make_unique<onednn::PrimitiveKernel>(std::move(desc), std::move(arguments), epilogue.sum_input);
      if (parts) return std::make_unique<ConvKernel>(std::move(whole), std::move(parts));
      return whole;
    }
  }
  return nullptr;
}

std::unique_ptr<Kernel> create_conv(const Problem& problem) { return create(problem, false); }
std::unique_ptr<Kernel> create_conv_transpose(const Problem& problem) { return create(problem, true); }

}  // namespace

const KernelEntry kOnednnConv{"onednn_conv", accepts, create_conv};
const KernelEntry kOnednnConvTranspose{"onednn_conv_transpose", accepts, create_conv_transpose};

}  // namespace tenon::cpu
