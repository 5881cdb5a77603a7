// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lowering/images.h"

#include <span>
#include <vector>

// How TensorFlow's attributes describe images and windows.
namespace tenon::lowering::tensorflow {

/// The layout of a node on images with `spatial` axes (1 to 3), from its attribute data_format. Throws NotLowered for
/// formats of other kinds (NCHW_VECT_C).
[[nodiscard]] ImageLayout image_layout(Rewrite& rewrite, int spatial);

/// The spatial part of a list with one element per axis, as strides, dilations and ksize are. Throws NotLowered unless
/// the elements for batch and channels are 1; kInvalidArgument for a wrong length or an element below 1.
[[nodiscard]] std::vector<int64_t> spatial_part(Rewrite& rewrite, const ImageLayout& layout,
                                                std::span<const int64_t> list, const char* name);

/// The paddings of attribute explicit_paddings along the spatial axes: all begins, then all ends. Throws NotLowered
/// when others are padded; kInvalidArgument for a wrong length.
[[nodiscard]] std::vector<int64_t> explicit_pads(Rewrite& rewrite, const ImageLayout& layout);

/// The attributes strides, dilations (where not 1) and pads or auto_pad of a standard convolution or pooling.
[[nodiscard]] Attributes window_attributes(Rewrite& rewrite, const ImageLayout& layout, const WindowSpec& window);

}  // namespace tenon::lowering::tensorflow
