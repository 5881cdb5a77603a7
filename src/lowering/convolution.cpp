// SPDX-License-Identifier: Apache-2.0
#include "lowering/convolution.h"

#include "base/checked.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon::lowering {
namespace {

// The number of channels of input 0, where it is constant.
std::optional<int64_t> channels_of(Rewrite& rewrite, const ImageLayout& layout) {
  const auto& shape = rewrite.shape(0);
  if (!shape || shape->size() != layout.rank() || !(*shape)[layout.channel_axis()].is_constant()) return std::nullopt;
  return (*shape)[layout.channel_axis()].value();
}

// An extent of the filter, where it is constant.
std::optional<int64_t> extent_of(Rewrite& rewrite, size_t axis) {
  const auto& shape = rewrite.shape(1);
  return shape && axis < shape->size() && (*shape)[axis].is_constant() ? std::optional((*shape)[axis].value())
                                                                       : std::nullopt;
}

// The filter as [first, second, spatial...].
Value* turned(Rewrite& rewrite, size_t first, size_t second, const FilterLayout& filter) {
  std::vector<int64_t> permutation = {static_cast<int64_t>(first), static_cast<int64_t>(second)};
  for (const size_t axis : filter.spatial) permutation.push_back(static_cast<int64_t>(axis));
  Value* value = rewrite.input(1);
  return std::is_sorted(permutation.begin(), permutation.end()) ? value : rewrite.transposed(value, permutation);
}

// The spatial extents of the result that input `sizes` asks for: all axes' or the spatial ones'.
std::vector<int64_t> asked_extents(Rewrite& rewrite, const ImageLayout& layout, size_t sizes_input) {
  const auto sizes = rewrite.extents(sizes_input);
  std::vector<int64_t> extents;
  for (int i = 0; sizes && i < layout.spatial; ++i) {
    const size_t at = sizes->size() == layout.rank() ? layout.spatial_axis(i) : static_cast<size_t>(i);
    if (at < sizes->size() && (*sizes)[at].value) extents.push_back(*(*sizes)[at].value);
  }
  if (static_cast<int>(extents.size()) != layout.spatial) {
    Rewrite::decline(
        "the height and width of its result are computed while the graph runs, but constants are required; give "
        "the graph's input a fixed height and width");
  }
  return extents;
}

}  // namespace

std::vector<std::optional<int64_t>> filter_extents(Rewrite& rewrite, const FilterLayout& filter) {
  if (const auto& shape = rewrite.shape(1); shape && shape->size() != filter.rank()) {
    rewrite.fail(
        fmt::format("its filter has the shape {}, but {} dimensions are required", to_string(*shape), filter.rank()));
  }
  std::vector<std::optional<int64_t>> extents;
  for (const size_t axis : filter.spatial) extents.push_back(extent_of(rewrite, axis));
  return extents;
}

void conv(Rewrite& rewrite, const ImageLayout& layout, const FilterLayout& filter, Attributes attributes,
          std::optional<int64_t> groups) {
  const auto channels = channels_of(rewrite, layout);
  const std::optional<int64_t> per_group = extent_of(rewrite, filter.in);
  if (!groups && channels && per_group && *per_group != *channels) {
    if (*per_group < 1 || *channels % *per_group != 0) {
      rewrite.fail(
          fmt::format("its image has {} channels and its filter {}; a multiple is required", *channels, *per_group));
    }
    groups = *channels / *per_group;
  }
  if (groups) attributes.emplace("group", *groups);
  Value* image = channels_first(rewrite, rewrite.input(0), layout);
  Value* weights = turned(rewrite, filter.out, filter.in, filter);
  finish_images(rewrite, rewrite.work("Conv", {image, weights}, std::move(attributes)), layout);
}

void depthwise_conv(Rewrite& rewrite, const ImageLayout& layout, const FilterLayout& filter, Attributes attributes) {
  const auto channels = extent_of(rewrite, filter.in), multiplier = extent_of(rewrite, filter.out);
  if (!channels || !multiplier) Rewrite::decline("the shape of its filter is not known");
  attributes.emplace("group", *channels);
  std::vector<int64_t> target = {checked_mul(*channels, *multiplier, "the number of filters"), 1};
  for (const auto& extent : filter_extents(rewrite, filter)) {
    if (!extent) Rewrite::decline("the shape of its filter is not known");
    target.push_back(*extent);
  }
  Value* weights = rewrite.reshaped(turned(rewrite, filter.in, filter.out, filter), target);
  Value* image = channels_first(rewrite, rewrite.input(0), layout);
  finish_images(rewrite, rewrite.work("Conv", {image, weights}, std::move(attributes)), layout);
}

void conv_transpose(Rewrite& rewrite, const ImageLayout& layout, const FilterLayout& filter, const WindowSpec& window,
                    const TransposedConv& transposed) {
  const std::vector<int64_t> out = asked_extents(rewrite, layout, transposed.sizes);
  std::vector<int64_t> begins, ends, surplus;
  for (size_t i = 0; i < out.size(); ++i) {
    if (!window.kernel[i]) Rewrite::decline("the shape of its filter is not known");
    const int64_t kernel = *window.kernel[i], stride = window.strides[i];
    const int64_t span =
        checked_add(checked_mul(kernel - 1, window.dilations[i], "a dilated kernel"), 1, "a dilated kernel");
    Padding padding;
    if (!transposed.pads.empty()) padding = {transposed.pads[i], transposed.pads[i + out.size()]};
    if (transposed.same) padding = same_padding(out[i], kernel, stride, window.dilations[i]);
    // The rows of the result that no window of the forward convolution reached.
    const int64_t reach = checked_add(out[i], padding.begin + padding.end, "a padded extent") - span;
    if (reach < 0)
      rewrite.fail(fmt::format("its result of extent {} is smaller than its filter, which spans {}", out[i], span));
    begins.push_back(padding.begin);
    ends.push_back(padding.end);
    surplus.push_back(reach % stride);
  }
  begins.insert(begins.end(), ends.begin(), ends.end());
  Attributes attributes{{"dilations", window.dilations}, {"pads", std::move(begins)}, {"strides", window.strides}};
  if (std::any_of(surplus.begin(), surplus.end(), [](int64_t extent) { return extent != 0; })) {
    attributes.emplace("output_padding", std::move(surplus));
  }
  Value* image = channels_first(rewrite, rewrite.input(transposed.image), layout);
  Value* weights = turned(rewrite, filter.in, filter.out, filter);
  finish_images(rewrite, rewrite.work("ConvTranspose", {image, weights}, std::move(attributes)), layout);
}

}  // namespace tenon::lowering
