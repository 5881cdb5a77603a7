// SPDX-License-Identifier: Apache-2.0
#include "lowering/operators.h"
#include "lowering/uff/images.h"
#include "lowering/uff/rules.h"

#include <fmt/core.h>

// Windows that slide over images: convolutions and pooling. Orders that are not given are TensorFlow's default, N+C.
namespace tenon::lowering::uff {
namespace {

// Both operands of a convolution, as their orders tell.
struct ConvLayouts {
  ImageLayout image;
  FilterLayout filter;
};

ConvLayouts conv_layouts(Rewrite& rewrite, std::string_view filter) {
  const std::vector<tenon::uff::Order> orders = orders_of(rewrite, {"N+C", filter});
  const int64_t rank = rewrite.rank(1);
  if (rank < 3 || rank > 5) {
    rewrite.fail(
        fmt::format("its filter has the shape {}, but 3 to 5 dimensions are required", to_string(*rewrite.shape(1))));
  }
  const int spatial = static_cast<int>(rank) - 2;
  return {image_layout(orders[0], spatial), filter_layout(rewrite, orders[1], spatial)};
}

WindowSpec conv_window(Rewrite& rewrite, const ConvLayouts& layouts) {
  const int spatial = layouts.image.spatial;
  return {{},
          filter_extents(rewrite, layouts.filter),
          spatial_field(rewrite, "strides", spatial, 1, 1),
          spatial_field(rewrite, "dilation", spatial, 1, 1)};
}

// True when the filter has `groups` channels, and M filters for each, as TensorFlow's depthwise convolutions have,
// rather than the channels of one group.
bool is_depthwise(Rewrite& rewrite, const ConvLayouts& layouts, int64_t groups) {
  const auto& image = rewrite.shape(0);
  const Dim channels = image && image->size() == layouts.image.rank() ? (*image)[layouts.image.channel_axis()] : Dim();
  return (*rewrite.shape(1))[layouts.filter.in] == Dim(groups) && (!channels.is_constant() || channels == Dim(groups));
}

void conv(Rewrite& rewrite) {
  const ConvLayouts layouts = conv_layouts(rewrite, "+CK");
  WindowSpec window = conv_window(rewrite, layouts);
  window.in = spatial_extents(rewrite, 0, layouts.image);
  Attributes attributes = window_attributes(rewrite, window);
  if (rewrite.node().attribute("number_groups") == nullptr)
    return lowering::conv(rewrite, layouts.image, layouts.filter, std::move(attributes));
  const int64_t groups = rewrite.integer("number_groups", 1);
  if (groups < 1) rewrite.fail(fmt::format("its field 'number_groups' is {}, but 1 or more is required", groups));
  if (is_depthwise(rewrite, layouts, groups)) {
    depthwise_conv(rewrite, layouts.image, layouts.filter, std::move(attributes));
  } else {
    lowering::conv(rewrite, layouts.image, layouts.filter, std::move(attributes), groups);
  }
}

// Inputs: image, filter, sizes.
void conv_transpose(Rewrite& rewrite) {
  const ConvLayouts layouts = conv_layouts(rewrite, "+KC");
  if (rewrite.integer("number_groups", 1) != 1) Rewrite::decline("it is a transposed convolution in groups");
  lowering::conv_transpose(
      rewrite, layouts.image, layouts.filter, conv_window(rewrite, layouts),
      {.image = 0, .sizes = 2, .same = pads_same(rewrite), .pads = explicit_pads(rewrite, layouts.image.spatial)});
}

// Zeros that `padding` adds count in a mean: the converter made it of a Pad in front. Those of SAME do not.
void pool(Rewrite& rewrite) {
  const std::vector<int64_t> kernel = rewrite.required_list("kernel");
  const auto spatial = static_cast<int>(kernel.size());
  if (kernel.empty() || kernel.size() > 3)
    rewrite.fail(fmt::format("its field 'kernel' has {} elements, but 1 to 3 are required", kernel.size()));
  (void)spatial_field(rewrite, "kernel", spatial, 1, 1);
  const ImageLayout layout = image_layout(orders_of(rewrite, {"N+C"})[0], spatial);
  const WindowSpec window{spatial_extents(rewrite, 0, layout),
                          {kernel.begin(), kernel.end()},
                          spatial_field(rewrite, "strides", spatial, 1, 1),
                          std::vector<int64_t>(kernel.size(), 1)};
  Attributes attributes = window_attributes(rewrite, window);
  if (rewrite.target() == "AveragePool" && attributes.contains("pads") && !pads_same(rewrite))
    attributes.emplace("count_include_pad", int64_t{1});
  lowering::pool(rewrite, layout, kernel, std::move(attributes));
}

constexpr Rule kRules[] = {
    {"Conv", conv},
    {"ConvTranspose", conv_transpose},
    {"Pool avg", pool, "AveragePool"},
    {"Pool max", pool, "MaxPool"},
};

}  // namespace

std::span<const Rule> window_rules() { return kRules; }

}  // namespace tenon::lowering::uff
