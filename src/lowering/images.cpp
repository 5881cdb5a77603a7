// SPDX-License-Identifier: Apache-2.0
#include "lowering/images.h"

#include "base/checked.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

namespace tenon::lowering {
std::vector<int64_t> to_channels_first(size_t rank) {
  std::vector<int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  std::rotate(axes.begin() + 1, axes.end() - 1, axes.end());
  return axes;
}

std::vector<int64_t> to_channels_last(size_t rank) {
  std::vector<int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  std::rotate(axes.begin() + 1, axes.begin() + 2, axes.end());
  return axes;
}

Value* channels_first(Rewrite& rewrite, Value* value, const ImageLayout& layout) {
  return layout.channels_last ? rewrite.transposed(value, to_channels_first(layout.rank())) : value;
}

void finish_images(Rewrite& rewrite, Value* value, const ImageLayout& layout) {
  rewrite.result(layout.channels_last ? rewrite.step("Transpose", {value}, {{"perm", to_channels_last(layout.rank())}})
                                      : value);
}

Padding same_padding(int64_t in, int64_t kernel, int64_t stride, int64_t dilation) {
  const int64_t out = in / stride + (in % stride != 0 ? 1 : 0);
  const int64_t span = checked_add(checked_mul(kernel - 1, dilation, "a dilated kernel"), 1, "a dilated kernel");
  const int64_t covered = checked_add(checked_mul(out - 1, stride, "a stride"), span, "a dilated kernel");
  const int64_t total = std::max<int64_t>(covered - in, 0);
  return {total / 2, total - total / 2};
}

Attributes window_attributes(const WindowSpec& window) {
  Attributes attributes{{"strides", window.strides}};
  if (std::any_of(window.dilations.begin(), window.dilations.end(), [](int64_t dilation) { return dilation != 1; })) {
    attributes.emplace("dilations", window.dilations);
  }
  return attributes;
}

void add_same_padding(Attributes& attributes, const WindowSpec& window) {
  std::vector<int64_t> begins, ends;
  for (size_t i = 0; i < window.strides.size(); ++i) {
    // With stride 1 the padding does not depend on the extent.
    const std::optional<int64_t> in = window.strides[i] == 1 ? std::optional<int64_t>(1) : window.in[i];
    if (!in || !window.kernel[i]) {
      attributes.emplace("auto_pad", "SAME_UPPER");
      return;
    }
    const Padding same = same_padding(*in, *window.kernel[i], window.strides[i], window.dilations[i]);
    begins.push_back(same.begin);
    ends.push_back(same.end);
  }
  begins.insert(begins.end(), ends.begin(), ends.end());
  attributes.emplace("pads", std::move(begins));
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

}  // namespace tenon::lowering
