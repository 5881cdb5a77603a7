// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lowering/images.h"

#include <optional>
#include <vector>

// Convolutions, told by arguments what each dialect writes in its own way. The filter is input 1.
namespace tenon::lowering {

/// Which axes of a filter are which.
struct FilterLayout {
  size_t out, in;
  std::vector<size_t> spatial;

  [[nodiscard]] size_t rank() const { return spatial.size() + 2; }
};

/// The filter's extents along its spatial axes, where they are constant. Throws kInvalidArgument for another rank.
[[nodiscard]] std::vector<std::optional<int64_t>> filter_extents(Rewrite& rewrite, const FilterLayout& filter);

/// The node as a Conv of input 0 with `attributes` (strides, dilations, pads). Without `groups`, fewer channels in the
/// filter than in the image mean groups.
void conv(Rewrite& rewrite, const ImageLayout& layout, const FilterLayout& filter, Attributes attributes,
          std::optional<int64_t> groups = std::nullopt);

/// The node as a Conv of input 0 whose filter has `out` filters for each of the `in` channels, which are groups of one:
/// result channel c * out + m is filter m of channel c.
void depthwise_conv(Rewrite& rewrite, const ImageLayout& layout, const FilterLayout& filter, Attributes attributes);

/// What a transposed convolution is told beside its filter and window (which needs no extents of the image).
struct TransposedConv {
  size_t image;                    ///< Which input is the image.
  size_t sizes;                    ///< Which input says how large the result is, along all axes or the spatial ones.
  bool same = false;               ///< Padded by the rule SAME.
  std::vector<int64_t> pads = {};  ///< Explicit padding, if not empty: all begins, then all ends.
};
/// The node as a ConvTranspose: the gradient of a convolution by its input, whose size several images share, so it is
/// told. Throws NotLowered when that size is not constant.
void conv_transpose(Rewrite& rewrite, const ImageLayout& layout, const FilterLayout& filter, const WindowSpec& window,
                    const TransposedConv& transposed);

}  // namespace tenon::lowering
