// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conversion/conversion.h"

#include <span>

// The standard operators as UFF's: a table for each family, one file each. Images are in the order NC+, filters in KC+.
namespace tenon::conversion::standard {

[[nodiscard]] std::span<const Rule> arranging_rules();
[[nodiscard]] std::span<const Rule> image_rules();
[[nodiscard]] std::span<const Rule> pointwise_rules();
[[nodiscard]] std::span<const Rule> reduction_rules();

}  // namespace tenon::conversion::standard
