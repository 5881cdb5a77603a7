// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/uff/dialect.h"
#include "lowering/convolution.h"
#include "lowering/images.h"

#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

// How UFF's fields describe images, filters and windows.
namespace tenon::lowering::uff {

/// The canonical index of each of `rank` axes: batch (or output channels) 0, channels 1, space from 2. nullopt when
/// the order is none of that many axes.
[[nodiscard]] std::optional<std::vector<int64_t>> axes_of(const tenon::uff::Order& order, size_t rank);

/// Whether images of this order have their channels last ("N+C") or first ("NC+"); nullopt for other orders.
[[nodiscard]] std::optional<bool> channels_last(const tenon::uff::Order& order, size_t rank);

/// The operands' orders from the field inputs_orders, or `fallback` where there is no such field. Throws
/// kInvalidArgument when it holds fewer, or its data is missing.
[[nodiscard]] std::vector<tenon::uff::Order> orders_of(const Rewrite& rewrite,
                                                       std::initializer_list<std::string_view> fallback);

/// How images of this order lie. Throws NotLowered when that is neither N+C nor NC+.
[[nodiscard]] ImageLayout image_layout(const tenon::uff::Order& order, int spatial);

/// Throws kInvalidArgument when the order is none of a filter with `spatial` spatial axes.
[[nodiscard]] FilterLayout filter_layout(const Rewrite& rewrite, const tenon::uff::Order& order, int spatial);

/// The field, a list with an element for each spatial axis; `fallback` for each when it is absent. Throws
/// kInvalidArgument for another length or an element below `least`.
[[nodiscard]] std::vector<int64_t> spatial_field(const Rewrite& rewrite, std::string_view name, int spatial,
                                                 int64_t fallback, int64_t least);

/// True when the field implicit_padding asks for TensorFlow's SAME. Throws NotLowered for other paddings.
[[nodiscard]] bool pads_same(const Rewrite& rewrite);

/// The explicit padding of the field `padding`: all begins, then all ends, which are equal; empty when it is absent
/// or 0. Throws kInvalidArgument when the node asks for SAME too.
[[nodiscard]] std::vector<int64_t> explicit_pads(const Rewrite& rewrite, int spatial);

/// The attributes strides, dilations (where not 1) and pads or auto_pad of a standard convolution or pooling.
[[nodiscard]] Attributes window_attributes(const Rewrite& rewrite, const WindowSpec& window);

}  // namespace tenon::lowering::uff
