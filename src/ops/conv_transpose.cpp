// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "ops/all_ops.h"
#include "ops/wide.h"
#include "ops/window.h"

#include <fmt/core.h>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_real_floats(context, 3);
  const auto& x = context.shape(0);
  const auto& w = context.shape(1);
  if (!x) return context.set_output(0, context.dtype(0), std::nullopt);
  const Window window = conv_transpose_window(context.node(), *x, w ? &*w : nullptr);
  const int64_t group = context.attributes().integer("group");
  if (group < 1) context.fail(fmt::format("group is {} but at least 1 is required", group));
  Dim filters;
  if (w) {
    const Dim& channels = (*x)[channel_axis(x->size(), window.channels_last)];
    if (channels.is_constant() && (*w)[0].is_constant() && !(channels == (*w)[0])) {
      context.fail(fmt::format("input 0 has {} channels but the weights {} take {}", channels.value(), to_string(*w),
                               (*w)[0].value()));
    }
    if ((*w)[0].is_constant() && (*w)[0].value() % group != 0) {
      context.fail(fmt::format("the weights {} take {} channels, which {} groups cannot share evenly", to_string(*w),
                               (*w)[0].value(), group));
    }
    if ((*w)[1].is_constant()) filters = Dim(checked_mul((*w)[1].value(), group, "the number of filters"));
  }
  if (context.has_input(2) && context.shape(2)) {
    const Shape& bias = *context.shape(2);
    if (bias.size() != 1 || (bias[0].is_constant() && filters.is_constant() && !(bias[0] == filters))) {
      context.fail(fmt::format("the bias has shape {} but [{}], one number for each filter, is required",
                               to_string(bias), filters.is_constant() ? std::to_string(filters.value()) : "M"));
    }
    if (filters.is_unknown()) filters = bias[0];
  }
  context.set_output(0, context.dtype(0), window_output(window, *x, filters));
}

void reference(ReferenceContext& context) {
  const Dims& x_dims = context.input(0).dims;
  const Dims& w_dims = context.input(1).dims;
  const MutableTensorView& out = context.output();
  if (out.dims.count() == 0) return;
  const Shape w_shape = to_shape(w_dims);
  const Window window = conv_transpose_window(context.node(), to_shape(x_dims), &w_shape);
  const WindowAxis& a = window.axes[0];
  const WindowAxis& b = window.axes[1];
  const WindowAxis& c = window.axes[2];
  const std::vector<double> x = load_all<double>(context.input(0));
  const std::vector<double> w = load_all<double>(context.input(1));
  const ImageStrides xs(x_dims, window.channels_last);
  const ImageStrides ys(out.dims, window.channels_last);
  const ImageStrides ws(w_dims, false);
  const int64_t channels = w_dims[0];
  const int64_t filters = w_dims[1];  // Per group.
  const int64_t channels_per_group = channels / context.attributes().integer("group");
  std::vector<double> y(static_cast<size_t>(out.dims.count()), 0.0);

  // Every input element adds its multiple of the kernel: y[n, m, i·stride - pad + k·dilation] += x[n,c,i] · w[c,m,k].
  const auto spread = [&](double value, int64_t w_base, int64_t y_base, int64_t ia, int64_t ib, int64_t ic) {
    for (int64_t ka = 0; ka < a.kernel; ++ka) {
      const int64_t ya = a.start(ia) + ka * a.dilation;
      if (ya < 0 || ya >= a.out) continue;
      for (int64_t kb = 0; kb < b.kernel; ++kb) {
        const int64_t yb = b.start(ib) + kb * b.dilation;
        if (yb < 0 || yb >= b.out) continue;
        for (int64_t kc = 0; kc < c.kernel; ++kc) {
          const int64_t yc = c.start(ic) + kc * c.dilation;
          if (yc < 0 || yc >= c.out) continue;
          y[static_cast<size_t>(y_base + ya * ys.spatial[0] + yb * ys.spatial[1] + yc * ys.spatial[2])] +=
              value * w[static_cast<size_t>(w_base + ka * ws.spatial[0] + kb * ws.spatial[1] + kc * ws.spatial[2])];
        }
      }
    }
  };
  for (int64_t n = 0; n < x_dims[0]; ++n) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      for (int64_t m = 0; m < filters; ++m) {
        const int64_t y_base = n * ys.n + (channel / channels_per_group * filters + m) * ys.c;
        const int64_t w_base = channel * ws.n + m * ws.c;
        for (int64_t ia = 0; ia < a.in; ++ia) {
          for (int64_t ib = 0; ib < b.in; ++ib) {
            for (int64_t ic = 0; ic < c.in; ++ic) {
              const int64_t from =
                  n * xs.n + channel * xs.c + ia * xs.spatial[0] + ib * xs.spatial[1] + ic * xs.spatial[2];
              spread(x[static_cast<size_t>(from)], w_base, y_base, ia, ib, ic);
            }
          }
        }
      }
    }
  }
  const std::vector<double> bias = context.has_input(2) ? load_all<double>(context.input(2)) : std::vector<double>();
  const int64_t all_filters = out.dims[channel_axis(out.dims.size(), window.channels_last)];
  for (size_t i = 0; i < y.size(); ++i) {
    const auto m = static_cast<size_t>(static_cast<int64_t>(i) / ys.c % all_filters);
    store_f64(out.data, out.dtype, static_cast<int64_t>(i), bias.empty() ? y[i] : y[i] + bias[m]);
  }
}

}  // namespace

OpDef conv_transpose_op() {
  return {
      .name = "ConvTranspose",
      .since_version = 22,
      .min_inputs = 2,
      .max_inputs = 3,
      .attributes = {{"auto_pad", std::string("NOTSET")},
                     {"channels_last", int64_t{0}},
                     {"dilations", std::vector<int64_t>{}},
                     {"group", int64_t{1}},
                     {"kernel_shape", std::vector<int64_t>{}},
                     {"output_padding", std::vector<int64_t>{}},
                     {"output_shape", std::vector<int64_t>{}},
                     {"pads", std::vector<int64_t>{}},
                     {"strides", std::vector<int64_t>{}}},
      .infer = infer,
      .reference = reference,
      .takes_epilogue = true,
      .summary =
          "Transposed convolution: every x[n,c,i] adds x[n,c,i] * W[c,m,k] to y[n,m,i*stride-pad+k*dilation]; then "
          "B[m] is added. With channels_last (internal), X and Y are [N, spatial..., C]; W stays [C, M/group, k...]."};
}

}  // namespace tenon
