// SPDX-License-Identifier: Apache-2.0
#include "lowering/uff/images.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon::lowering::uff {

using tenon::uff::Order;

std::optional<std::vector<int64_t>> axes_of(const Order& order, size_t rank) {
  std::vector<int64_t> axes;
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i] < 0 || order[i] >= kMaxRank) return std::nullopt;
    const bool is_run = i + 1 < order.size() && order[i + 1] == tenon::uff::kIncrement;
    // A run has as many axes as the other entries leave: all but its own two.
    const size_t count = !is_run ? 1 : order.size() < rank + 2 ? rank + 2 - order.size() : 0;
    for (size_t step = 0; step < count; ++step) axes.push_back(order[i] + static_cast<int64_t>(step));
    if (is_run) ++i;
  }
  std::vector<int64_t> sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  for (size_t axis = 0; axis < sorted.size(); ++axis)
    if (sorted[axis] != static_cast<int64_t>(axis)) return std::nullopt;
  return sorted.size() == rank ? std::optional(std::move(axes)) : std::nullopt;
}

std::optional<bool> channels_last(const Order& order, size_t rank) {
  const auto axes = axes_of(order, rank);
  if (!axes || rank < 2) return std::nullopt;
  if (std::is_sorted(axes->begin(), axes->end())) return false;
  // N+C puts the canonical axes where turning them to the end puts them.
  return *axes == to_channels_last(rank) ? std::optional(true) : std::nullopt;
}

std::vector<Order> orders_of(const Rewrite& rewrite, std::initializer_list<std::string_view> fallback) {
  const Attribute* field = rewrite.node().attribute("inputs_orders");
  const auto orders =
      tenon::uff::orders_of(field != nullptr ? *field : tenon::uff::make_orders({fallback.begin(), fallback.size()}));
  if (!orders || orders->size() < fallback.size()) {
    rewrite.fail(fmt::format("its field 'inputs_orders' holds {} orders, but {} are required",
                             orders ? orders->size() : 0, fallback.size()));
  }
  return *orders;
}

ImageLayout image_layout(const Order& order, int spatial) {
  ImageLayout layout{true, spatial};
  const auto last = channels_last(order, layout.rank());
  if (!last) {
    Rewrite::decline(
        fmt::format("the order of its input's axes is {}, but N+C or NC+ is required", to_string(Attribute(order))));
  }
  layout.channels_last = *last;
  return layout;
}

FilterLayout filter_layout(const Rewrite& rewrite, const Order& order, int spatial) {
  const auto axes = axes_of(order, static_cast<size_t>(spatial) + 2);
  if (!axes) {
    rewrite.fail(fmt::format("the order of its filter's axes is {}, but one of {} axes is required",
                             to_string(Attribute(order)), spatial + 2));
  }
  const auto place_of = [&](int64_t index) {
    return static_cast<size_t>(std::find(axes->begin(), axes->end(), index) - axes->begin());
  };
  FilterLayout layout{place_of(0), place_of(1), {}};
  for (int axis = 0; axis < spatial; ++axis) layout.spatial.push_back(place_of(axis + 2));
  return layout;
}

std::vector<int64_t> spatial_field(const Rewrite& rewrite, std::string_view name, int spatial, int64_t fallback,
                                   int64_t least) {
  const auto size = static_cast<size_t>(spatial);
  std::vector<int64_t> list = rewrite.list(name, std::vector<int64_t>(size, fallback));
  if (list.size() != size)
    rewrite.fail(fmt::format("its field '{}' has {} elements, but {} are required", name, list.size(), size));
  if (std::any_of(list.begin(), list.end(), [&](int64_t element) { return element < least; }))
    rewrite.fail(
        fmt::format("its field '{}' is {}, but {} or more is required", name, to_string(Attribute(list)), least));
  return list;
}

bool pads_same(const Rewrite& rewrite) {
  const std::string padding = rewrite.text("implicit_padding", "");
  if (padding.empty() || padding == "same") return !padding.empty();
  Rewrite::decline(fmt::format("its implicit_padding is '{}', but 'same' is required", padding));
}

std::vector<int64_t> explicit_pads(const Rewrite& rewrite, int spatial) {
  std::vector<int64_t> pads = spatial_field(rewrite, "padding", spatial, 0, 0);
  if (std::all_of(pads.begin(), pads.end(), [](int64_t pad) { return pad == 0; })) return {};
  if (pads_same(rewrite))
    rewrite.fail("it has both 'padding' and 'implicit_padding', but only one of them is possible");
  const std::vector<int64_t> ends = pads;
  pads.insert(pads.end(), ends.begin(), ends.end());
  return pads;
}

Attributes window_attributes(const Rewrite& rewrite, const WindowSpec& window) {
  Attributes attributes = lowering::window_attributes(window);
  std::vector<int64_t> pads = explicit_pads(rewrite, static_cast<int>(window.strides.size()));
  if (!pads.empty()) attributes.emplace("pads", std::move(pads));
  if (pads_same(rewrite)) add_same_padding(attributes, window);
  return attributes;
}

}  // namespace tenon::lowering::uff
