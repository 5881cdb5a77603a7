// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "lowering/tensorflow/images.h"
#include "lowering/tensorflow/rules.h"

#include <fmt/core.h>

#include <algorithm>

// Convolutions. TensorFlow's filters are [spatial..., in, out] in every data format, the standard's [out, in,
// spatial...].
namespace tenon::lowering::tensorflow {
namespace {

// What is known of a filter's extents: spatial ones, then the last two.
std::vector<std::optional<int64_t>> filter_extents(Rewrite& rewrite, size_t input, const ImageLayout& layout) {
  std::vector<std::optional<int64_t>> extents(layout.rank());
  const auto& shape = rewrite.shape(input);
  if (!shape) return extents;
  if (shape->size() != layout.rank()) {
    rewrite.fail(
        fmt::format("its filter has the shape {}, but {} dimensions are required", to_string(*shape), layout.rank()));
  }
  for (size_t axis = 0; axis < shape->size(); ++axis)
    if ((*shape)[axis].is_constant()) extents[axis] = (*shape)[axis].value();
  return extents;
}

// [spatial..., a, b] as [b, a, spatial...].
Value* filter_first(Rewrite& rewrite, size_t input, const ImageLayout& layout) {
  std::vector<int64_t> permutation = {layout.spatial + 1, layout.spatial};
  for (int64_t axis = 0; axis < layout.spatial; ++axis) permutation.push_back(axis);
  return rewrite.transposed(rewrite.input(input), permutation);
}

WindowSpec window_of(Rewrite& rewrite, const ImageLayout& layout, size_t image,
                     const std::vector<std::optional<int64_t>>& filter) {
  WindowSpec window;
  if (image < rewrite.input_count()) window.in = spatial_extents(rewrite, image, layout);
  window.kernel.assign(filter.begin(), filter.begin() + layout.spatial);
  window.strides = spatial_part(rewrite, layout, rewrite.required_list("strides"), "strides");
  window.dilations =
      spatial_part(rewrite, layout, rewrite.list("dilations", std::vector<int64_t>(layout.rank(), 1)), "dilations");
  return window;
}

// The number of channels of input 0, where it is constant.
std::optional<int64_t> channels_of(Rewrite& rewrite, const ImageLayout& layout) {
  const auto& shape = rewrite.shape(0);
  if (!shape || shape->size() != layout.rank() || !(*shape)[layout.channel_axis()].is_constant()) return std::nullopt;
  return (*shape)[layout.channel_axis()].value();
}

template <int kSpatial>
void conv(Rewrite& rewrite) {
  const ImageLayout layout = image_layout(rewrite, kSpatial);
  const auto filter = filter_extents(rewrite, 1, layout);
  Attributes attributes = window_attributes(rewrite, layout, window_of(rewrite, layout, 0, filter));
  // Fewer channels in the filter than in the image mean groups.
  const auto channels = channels_of(rewrite, layout);
  const std::optional<int64_t> per_group = filter[kSpatial];
  if (channels && per_group && *per_group != *channels) {
    if (*per_group < 1 || *channels % *per_group != 0) {
      rewrite.fail(
          fmt::format("its image has {} channels and its filter {}; a multiple is required", *channels, *per_group));
    }
    attributes.emplace("group", *channels / *per_group);
  }
  Value* image = channels_first(rewrite, rewrite.input(0), layout);
  finish_images(rewrite, rewrite.work("Conv", {image, filter_first(rewrite, 1, layout)}, std::move(attributes)),
                layout);
}

// The filter is [h, w, c, m]: m filters for each of the c channels, which are groups of one.
void depthwise_conv(Rewrite& rewrite) {
  const ImageLayout layout = image_layout(rewrite, 2);
  const auto filter = filter_extents(rewrite, 1, layout);
  Attributes attributes = window_attributes(rewrite, layout, window_of(rewrite, layout, 0, filter));
  if (!filter[0] || !filter[1] || !filter[2] || !filter[3]) Rewrite::decline("the shape of its filter is not known");
  attributes.emplace("group", *filter[2]);
  const int64_t filters = checked_mul(*filter[2], *filter[3], "the number of filters");
  Value* weights = rewrite.transposed(rewrite.input(1), {2, 3, 0, 1});
  weights = rewrite.reshaped(weights, std::vector<int64_t>{filters, 1, *filter[0], *filter[1]});
  Value* image = channels_first(rewrite, rewrite.input(0), layout);
  finish_images(rewrite, rewrite.work("Conv", {image, weights}, std::move(attributes)), layout);
}

// The spatial extents of the result that input 0 asks for: all axes' or the spatial ones'.
std::vector<int64_t> asked_extents(Rewrite& rewrite, const ImageLayout& layout) {
  const auto sizes = rewrite.extents(0);
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

// The gradient of a convolution by its input, used as a transposed convolution: input 0 says how large the result is,
// since several sizes lead to the same gradient.
template <int kSpatial>
void conv_backprop_input(Rewrite& rewrite) {
  const ImageLayout layout = image_layout(rewrite, kSpatial);
  const auto filter = filter_extents(rewrite, 1, layout);
  const WindowSpec window = window_of(rewrite, layout, rewrite.input_count(), filter);
  const std::vector<int64_t> out = asked_extents(rewrite, layout);
  Attributes attributes;
  if (rewrite.text("padding", "VALID") == "EXPLICIT") attributes = window_attributes(rewrite, layout, window);
  const auto* explicit_pads =
      attributes.contains("pads") ? std::get_if<std::vector<int64_t>>(&attributes.at("pads")) : nullptr;
  std::vector<int64_t> begins, ends, surplus;
  for (size_t i = 0; i < kSpatial; ++i) {
    if (!window.kernel[i]) Rewrite::decline("the shape of its filter is not known");
    const int64_t kernel = *window.kernel[i], stride = window.strides[i];
    const int64_t span =
        checked_add(checked_mul(kernel - 1, window.dilations[i], "a dilated kernel"), 1, "a dilated kernel");
    Padding padding;
    if (explicit_pads != nullptr) padding = {(*explicit_pads)[i], (*explicit_pads)[i + kSpatial]};
    if (rewrite.text("padding", "VALID") == "SAME") padding = same_padding(out[i], kernel, stride, window.dilations[i]);
    // The rows of the result that no window of the forward convolution reached.
    const int64_t reach = checked_add(out[i], padding.begin + padding.end, "a padded extent") - span;
    if (reach < 0)
      rewrite.fail(fmt::format("its result of extent {} is smaller than its filter, which spans {}", out[i], span));
    begins.push_back(padding.begin);
    ends.push_back(padding.end);
    surplus.push_back(reach % stride);
  }
  begins.insert(begins.end(), ends.begin(), ends.end());
  attributes.insert_or_assign("pads", std::move(begins));
  attributes.insert_or_assign("strides", window.strides);
  attributes.insert_or_assign("dilations", window.dilations);
  if (std::any_of(surplus.begin(), surplus.end(), [](int64_t extent) { return extent != 0; })) {
    attributes.emplace("output_padding", std::move(surplus));
  }
  Value* image = channels_first(rewrite, rewrite.input(2), layout);
  Value* weights = filter_first(rewrite, 1, layout);
  finish_images(rewrite, rewrite.work("ConvTranspose", {image, weights}, std::move(attributes)), layout);
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
