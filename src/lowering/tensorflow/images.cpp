// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/images.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon::lowering::tensorflow {

ImageLayout image_layout(Rewrite& rewrite, int spatial) {
  const std::string format = rewrite.text("data_format", "");
  constexpr const char* kLast[] = {"NWC", "NHWC", "NDHWC"};
  constexpr const char* kFirst[] = {"NCW", "NCHW", "NCDHW"};
  const auto index = static_cast<size_t>(spatial - 1);
  if (!format.empty() && format != kLast[index] && format != kFirst[index]) {
    Rewrite::decline(
        fmt::format("its data_format is '{}', but {} or {} is required", format, kLast[index], kFirst[index]));
  }
  return {format != kFirst[index], spatial};
}

std::vector<int64_t> spatial_part(Rewrite& rewrite, const ImageLayout& layout, std::span<const int64_t> list,
                                  const char* name) {
  if (list.size() != layout.rank()) {
    rewrite.fail(fmt::format("its {} has {} elements, but {} are required", name, list.size(), layout.rank()));
  }
  if (*std::min_element(list.begin(), list.end()) < 1) rewrite.fail(fmt::format("its {} must be 1 or more", name));
  if (list[0] != 1 || list[layout.channel_axis()] != 1) {
    Rewrite::decline(fmt::format("its {} reaches over the batch or the channels", name));
  }
  std::vector<int64_t> part;
  for (int i = 0; i < layout.spatial; ++i) part.push_back(list[layout.spatial_axis(i)]);
  return part;
}

std::vector<int64_t> explicit_pads(Rewrite& rewrite, const ImageLayout& layout) {
  const std::vector<int64_t> pairs = rewrite.required_list("explicit_paddings");
  if (pairs.size() != 2 * layout.rank()) {
    rewrite.fail(fmt::format("its attribute 'explicit_paddings' has {} elements, but {} are required", pairs.size(),
                             2 * layout.rank()));
  }
  std::vector<int64_t> begins, ends;
  for (int i = 0; i < layout.spatial; ++i) {
    begins.push_back(pairs[2 * layout.spatial_axis(i)]);
    ends.push_back(pairs[2 * layout.spatial_axis(i) + 1]);
  }
  for (const size_t axis : {size_t{0}, layout.channel_axis()}) {
    if (pairs[2 * axis] != 0 || pairs[2 * axis + 1] != 0) Rewrite::decline("it pads the batch or the channels");
  }
  begins.insert(begins.end(), ends.begin(), ends.end());
  return begins;
}

Attributes window_attributes(Rewrite& rewrite, const ImageLayout& layout, const WindowSpec& window) {
  Attributes attributes = lowering::window_attributes(window);
  const std::string padding = rewrite.text("padding", "VALID");
  if (padding == "EXPLICIT") {
    attributes.emplace("pads", explicit_pads(rewrite, layout));
  } else if (padding == "SAME") {
    add_same_padding(attributes, window);
  } else if (padding != "VALID") {
    Rewrite::decline(fmt::format("its padding is '{}', but SAME, VALID or EXPLICIT is required", padding));
  }
  return attributes;
}

}  // namespace tenon::lowering::tensorflow
