// SPDX-License-Identifier: Apache-2.0
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
  const Window window = conv_window(context.node(), *x, w ? &*w : nullptr);
  const int64_t group = context.attributes().integer("group");
  if (group < 1) context.fail(fmt::format("group is {} but at least 1 is required", group));
  Dim filters;
  if (w) {
    filters = (*w)[0];
    const Dim& channels = (*x)[channel_axis(x->size(), window.channels_last)];
    const Dim& per_group = (*w)[1];
    // By division, which cannot overflow.
    if (channels.is_constant() && per_group.is_constant() &&
        (channels.value() % group != 0 || channels.value() / group != per_group.value())) {
      context.fail(fmt::format("input 0 has {} channels but the weights {} with group {} take {} per group",
                               channels.value(), to_string(*w), group, per_group.value()));
    }
    if (filters.is_constant() && filters.value() % group != 0) {
      context.fail(fmt::format("the weights {} have {} filters, which {} groups cannot share evenly", to_string(*w),
                               filters.value(), group));
    }
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
  const MutableTensorView& y = context.output();
  if (y.dims.count() == 0) return;
  const Shape w_shape = to_shape(w_dims);
  const Window window = conv_window(context.node(), to_shape(x_dims), &w_shape);
  const WindowAxis& a = window.axes[0];
  const WindowAxis& b = window.axes[1];
  const WindowAxis& c = window.axes[2];
  const std::vector<double> x = load_all<double>(context.input(0));
  const std::vector<double> w = load_all<double>(context.input(1));
  const std::vector<double> bias = context.has_input(2) ? load_all<double>(context.input(2)) : std::vector<double>();
  const ImageStrides xs(x_dims, window.channels_last);
  const ImageStrides ys(y.dims, window.channels_last);
  const ImageStrides ws(w_dims, false);
  const int64_t per_group = w_dims[1];
  const int64_t filters = w_dims[0];
  const int64_t filters_per_group = filters / context.attributes().integer("group");

  // y[n,m,o] = bias[m] + Σ_c,k x[n, group·C/g + c, o·stride - pad + k·dilation] · w[m,c,k]
  const auto at = [&](int64_t n, int64_t m, int64_t oa, int64_t ob, int64_t oc) {
    double sum = bias.empty() ? 0 : bias[static_cast<size_t>(m)];
    const auto [a_first, a_last] = a.inside(oa);
    const auto [b_first, b_last] = b.inside(ob);
    const auto [c_first, c_last] = c.inside(oc);
    for (int64_t channel = 0; channel < per_group; ++channel) {
      const int64_t x_channel = n * xs.n + (m / filters_per_group * per_group + channel) * xs.c;
      const int64_t w_channel = m * ws.n + channel * ws.c;
      for (int64_t ka = a_first; ka < a_last; ++ka) {
        const int64_t xa = x_channel + (a.start(oa) + ka * a.dilation) * xs.spatial[0];
        for (int64_t kb = b_first; kb < b_last; ++kb) {
          const int64_t xb = xa + (b.start(ob) + kb * b.dilation) * xs.spatial[1];
          const int64_t wb = w_channel + ka * ws.spatial[0] + kb * ws.spatial[1];
          for (int64_t kc = c_first; kc < c_last; ++kc) {
            sum += x[static_cast<size_t>(xb + (c.start(oc) + kc * c.dilation) * xs.spatial[2])] *
                   w[static_cast<size_t>(wb + kc * ws.spatial[2])];
          }
        }
      }
    }
    return sum;
  };
  for (int64_t n = 0; n < x_dims[0]; ++n) {
    for (int64_t m = 0; m < filters; ++m) {
      for (int64_t oa = 0; oa < a.out; ++oa) {
        for (int64_t ob = 0; ob < b.out; ++ob) {
          for (int64_t oc = 0; oc < c.out; ++oc) {
            const int64_t index = n * ys.n + m * ys.c + oa * ys.spatial[0] + ob * ys.spatial[1] + oc * ys.spatial[2];
            store_f64(y.data, y.dtype, index, at(n, m, oa, ob, oc));
          }
        }
      }
    }
  }
}

}  // namespace

OpDef conv_op() {
  return {
      .name = "Conv",
      .since_version = 22,
      .min_inputs = 2,
      .max_inputs = 3,
      .attributes = {{"auto_pad", std::string("NOTSET")},
                     {"channels_last", int64_t{0}},
                     {"dilations", std::vector<int64_t>{}},
                     {"group", int64_t{1}},
                     {"kernel_shape", std::vector<int64_t>{}},
                     {"pads", std::vector<int64_t>{}},
                     {"strides", std::vector<int64_t>{}}},
      .infer = infer,
      .reference = reference,
      .takes_epilogue = true,
      .summary =
          "Convolution over 1 to 3 spatial axes: y[n,m,o] = B[m] + sum over c, k of x[n,c,o*stride-pad+k*dilation] * "
          "W[m,c,k]. With channels_last (internal), X and Y are [N, spatial..., C]; W stays [M, C/group, k...]."};
}

}  // namespace tenon
