// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lowering/tensorflow/rewrite.h"

#include <span>
#include <vector>

// Images: TensorFlow has them as [n, spatial..., c] (NHWC) by default, the standard operators as [n, c, spatial...]
// (NCHW). A rule for images turns its input around, works, and turns the result back; the compiler cancels what meets.
namespace tenon::tensorflow {

/// How a node's images lie, from its attribute data_format.
struct ImageLayout {
  bool channels_last = true;
  int spatial = 2;  ///< How many spatial axes.

  [[nodiscard]] size_t rank() const { return static_cast<size_t>(spatial) + 2; }
  [[nodiscard]] size_t channel_axis() const { return channels_last ? rank() - 1 : 1; }
  [[nodiscard]] size_t spatial_axis(int index) const { return static_cast<size_t>(index) + (channels_last ? 1 : 2); }
};

/// The layout of a node on images with `spatial` axes (1 to 3). Throws NotLowered for formats of other kinds
/// (NCHW_VECT_C).
[[nodiscard]] ImageLayout image_layout(Rewrite& rewrite, int spatial);

/// The images as [n, c, spatial...].
[[nodiscard]] Value* channels_first(Rewrite& rewrite, Value* value, const ImageLayout& layout);
/// Makes [n, c, spatial...] images the result of the node, in its own layout.
void finish_images(Rewrite& rewrite, Value* value, const ImageLayout& layout);

/// The spatial part of a list with one element per axis, as strides, dilations and ksize are. Throws NotLowered unless
/// the elements for batch and channels are 1; kInvalidArgument for a wrong length or an element below 1.
[[nodiscard]] std::vector<int64_t> spatial_part(Rewrite& rewrite, const ImageLayout& layout,
                                                std::span<const int64_t> list, const char* name);

/// The geometry of windows that slide over images.
struct WindowSpec {
  std::vector<std::optional<int64_t>> in;      ///< Spatial extents, where they are constant.
  std::vector<std::optional<int64_t>> kernel;  ///< Likewise.
  std::vector<int64_t> strides, dilations;
};

/// Padding of one axis by TensorFlow's rule for SAME: the result has ceil(in / stride) places, and the surplus goes to
/// the end (tensorflow/core/framework/kernel_shape_util.cc, GetWindowedOutputSizeVerbose). Throws kInvalidArgument on
/// overflow.
struct Padding {
  int64_t begin = 0, end = 0;
};
[[nodiscard]] Padding same_padding(int64_t in, int64_t kernel, int64_t stride, int64_t dilation);

/// The attributes strides, dilations (where not 1) and pads or auto_pad of a standard convolution or pooling.
[[nodiscard]] Attributes window_attributes(Rewrite& rewrite, const ImageLayout& layout, const WindowSpec& window);

/// The constant spatial extents of input `index`.
[[nodiscard]] std::vector<std::optional<int64_t>> spatial_extents(Rewrite& rewrite, size_t index,
                                                                  const ImageLayout& layout);

}  // namespace tenon::tensorflow
