// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conversion/conversion.h"

// The dialects that are converted to UFF.
namespace tenon::conversion {

/// "tf": what NVIDIA's converter made of TensorFlow's operators, and of those of later versions that mean the same.
[[nodiscard]] const Source& tensorflow_source();

}  // namespace tenon::conversion
