// SPDX-License-Identifier: Apache-2.0
#include "lowering/convolution.h"
#include "lowering/tensorflow/images.h"
#include "lowering/tensorflow/rules.h"

// Convolutions. TensorFlow's filters are [spatial..., in, out] in every data format; [spatial..., out, in] where they
// are used the other way round.
namespace tenon::lowering::tensorflow {
namespace {

FilterLayout filter_layout(size_t spatial, bool backward = false) {
  FilterLayout filter{spatial + (backward ? 0 : 1), spatial + (backward ? 1 : 0), {}};
  for (size_t axis = 0; axis < spatial; ++axis) filter.spatial.push_back(axis);
  return filter;
}

// The window; its extents of the image are those of input 0, if that is wanted.
WindowSpec window_of(Rewrite& rewrite, const ImageLayout& layout, const FilterLayout& filter, bool with_image = true) {
  WindowSpec window;
  if (with_image) window.in = spatial_extents(rewrite, 0, layout);
  window.kernel = filter_extents(rewrite, filter);
  window.strides = spatial_part(rewrite, layout, rewrite.required_list("strides"), "strides");
  window.dilations =
      spatial_part(rewrite, layout, rewrite.list("dilations", std::vector<int64_t>(layout.rank(), 1)), "dilations");
  return window;
}

template <int kSpatial>
void conv(Rewrite& rewrite) {
  const ImageLayout layout = image_layout(rewrite, kSpatial);
  const FilterLayout filter = filter_layout(kSpatial);
  lowering::conv(rewrite, layout, filter, window_attributes(rewrite, layout, window_of(rewrite, layout, filter)));
}

// The filter is [h, w, c, m].
void depthwise_conv(Rewrite& rewrite) {
  const ImageLayout layout = image_layout(rewrite, 2);
  const FilterLayout filter = filter_layout(2);
  lowering::depthwise_conv(rewrite, layout, filter,
                           window_attributes(rewrite, layout, window_of(rewrite, layout, filter)));
}

// Inputs: sizes, filter, image.
template <int kSpatial>
void conv_backprop_input(Rewrite& rewrite) {
  const ImageLayout layout = image_layout(rewrite, kSpatial);
  const FilterLayout filter = filter_layout(kSpatial, true);
  const WindowSpec window = window_of(rewrite, layout, filter, false);
  TransposedConv transposed{.image = 2, .sizes = 0};
  const std::string padding = rewrite.text("padding", "VALID");
  transposed.same = padding == "SAME";
  if (padding == "EXPLICIT") transposed.pads = explicit_pads(rewrite, layout);
  conv_transpose(rewrite, layout, filter, window, transposed);
}

constexpr Rule kRules[] = {
    {"Conv2D", conv<2>},
    {"Conv2DBackpropInput", conv_backprop_input<2>},
    {"Conv3D", conv<3>},
    {"Conv3DBackpropInputV2", conv_backprop_input<3>},
    {"DepthwiseConv2dNative", depthwise_conv},
};

}  // namespace

std::span<const Rule> convolution_rules() { return kRules; }

}  // namespace tenon::lowering::tensorflow
