// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lowering/rewrite.h"

#include <span>
#include <vector>

// Images: TensorFlow and UFF have them as [n, spatial..., c] (NHWC) by default, the standard operators as
// [n, c, spatial...] (NCHW). A rule for images turns its input around, works, and turns the result back; the compiler
// cancels what meets.
namespace tenon::lowering {

/// How a node's images lie.
struct ImageLayout {
  bool channels_last = true;
  int spatial = 2;  ///< How many spatial axes.

  [[nodiscard]] size_t rank() const { return static_cast<size_t>(spatial) + 2; }
  [[nodiscard]] size_t channel_axis() const { return channels_last ? rank() - 1 : 1; }
  [[nodiscard]] size_t spatial_axis(int index) const { return static_cast<size_t>(index) + (channels_last ? 1 : 2); }
};

/// The permutation of [n, spatial..., c] to [n, c, spatial...], and the one back. At least 2 dimensions.
[[nodiscard]] std::vector<int64_t> to_channels_first(size_t rank);
[[nodiscard]] std::vector<int64_t> to_channels_last(size_t rank);

/// The images as [n, c, spatial...].
[[nodiscard]] Value* channels_first(Rewrite& rewrite, Value* value, const ImageLayout& layout);
/// Makes [n, c, spatial...] images the result of the node, in its own layout.
void finish_images(Rewrite& rewrite, Value* value, const ImageLayout& layout);

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

/// The attributes strides and dilations (where not 1) of a standard convolution or pooling.
[[nodiscard]] Attributes window_attributes(const WindowSpec& window);
/// Adds what pads by the rule SAME: `pads` where the extents are constant, `auto_pad` where they are not.
void add_same_padding(Attributes& attributes, const WindowSpec& window);

/// The constant spatial extents of input `index`.
[[nodiscard]] std::vector<std::optional<int64_t>> spatial_extents(Rewrite& rewrite, size_t index,
                                                                  const ImageLayout& layout);

}  // namespace tenon::lowering
