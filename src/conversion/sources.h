// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conversion/conversion.h"

// The dialects that are converted to UFF.
namespace tenon::conversion {

/// "tf": what NVIDIA's converter made of TensorFlow's operators, and of those of later versions that mean the same.
[[nodiscard]] const Source& tensorflow_source();

/// "standard": what UFF can say of the standard operators. The graph must be typed_standard().
[[nodiscard]] const Source& standard_source();
/// The graph with the types of all values, as far as they are known, and Constant nodes as constants.
[[nodiscard]] Graph typed_standard(const Graph& graph);

}  // namespace tenon::conversion
