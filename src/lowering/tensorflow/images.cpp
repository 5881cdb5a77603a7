// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/images.h"

#include "base/checked.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace tenon::tensorflow {
namespace {

// The permutation between the two layouts: of the channels to place 1, or back to the end.
std::vector<int64_t> permutation(const ImageLayout& layout, bool to_first) {
  const auto rank = static_cast<int64_t>(layout.rank());
  std::vector<int64_t> axes = {0};
  if (to_first) axes.push_back(rank - 1);
  for (int64_t axis = to_first ? 1 : 2; axis < (to_first ? rank - 1 : rank); ++axis) axes.push_back(axis);
  if (!to_first) axes.push_back(1);
  return axes;
}

// EXPLICIT: a pair for each axis, those of batch and channels 0.
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

}  // namespace

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

Value* channels_first(Rewrite& rewrite, Value* value, const ImageLayout& layout) {
  return layout.channels_last ? rewrite.transposed(value, permutation(layout, true)) : value;
}

void finish_images(Rewrite& rewrite, Value* value, const ImageLayout& layout) {
  rewrite.result(layout.channels_last ? rewrite.step("Transpose", {value}, {{"perm", permutation(layout, false)}})
                                      : value);
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

Padding same_padding(int64_t in, int64_t kernel, int64_t stride, int64_t dilation) {
  const int64_t out = in / stride + (in % stride != 0 ? 1 : 0);
  const int64_t span = checked_add(checked_mul(kernel - 1, dilation, "a dilated kernel"), 1, "a dilated kernel");
  const int64_t covered = checked_add(checked_mul(out - 1, stride, "a stride"), span, "a dilated kernel");
  const int64_t total = std::max<int64_t>(covered - in, 0);
  return {total / 2, total - total / 2};
}

Attributes window_attributes(Rewrite& rewrite, const ImageLayout& layout, const WindowSpec& window) {
  Attributes attributes{{"strides", window.strides}};
  if (std::any_of(window.dilations.begin(), window.dilations.end(), [](int64_t dilation) { return dilation != 1; })) {
    attributes.emplace("dilations", window.dilations);
  }
  const std::string padding = rewrite.text("padding", "VALID");
  if (padding == "EXPLICIT") {
    attributes.emplace("pads", explicit_pads(rewrite, layout));
  } else if (padding == "SAME") {
    std::vector<int64_t> begins, ends;
    for (size_t i = 0; i < window.strides.size(); ++i) {
      // With stride 1 the padding does not depend on the extent.
      const std::optional<int64_t> in = window.strides[i] == 1 ? std::optional<int64_t>(1) : window.in[i];
      if (!in || !window.kernel[i]) {
        attributes.emplace("auto_pad", "SAME_UPPER");
        return attributes;
      }
      const Padding same = same_padding(*in, *window.kernel[i], window.strides[i], window.dilations[i]);
      begins.push_back(same.begin);
      ends.push_back(same.end);
    }
    begins.insert(begins.end(), ends.begin(), ends.end());
    attributes.emplace("pads", std::move(begins));
  } else if (padding != "VALID") {
    Rewrite::decline(fmt::format("its padding is '{}', but SAME, VALID or EXPLICIT is required", padding));
  }
  return attributes;
}

std::vector<std::optional<int64_t>> spatial_extents(Rewrite& rewrite, size_t index, const ImageLayout& layout) {
  std::vector<std::optional<int64_t>> extents(static_cast<size_t>(layout.spatial));
  const auto& shape = rewrite.shape(index);
  if (!shape) return extents;
  if (shape->size() != layout.rank()) {
    rewrite.fail(fmt::format("its input {} has the shape {}, but {} dimensions are required", index, to_string(*shape),
                             layout.rank()));
  }
  for (int i = 0; i < layout.spatial; ++i) {
    const Dim& dim = (*shape)[layout.spatial_axis(i)];
    if (dim.is_constant()) extents[static_cast<size_t>(i)] = dim.value();
  }
  return extents;
}

}  // namespace tenon::tensorflow
