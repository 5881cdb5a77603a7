// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conversion/conversion.h"

#include <span>

// TensorFlow's operators as UFF's: a table for each family, one file each.
namespace tenon::conversion::tensorflow {

[[nodiscard]] std::span<const Rule> image_rules();
[[nodiscard]] std::span<const Rule> pointwise_rules();
[[nodiscard]] std::span<const Rule> reshaping_rules();
[[nodiscard]] std::span<const Rule> selecting_rules();

}  // namespace tenon::conversion::tensorflow
