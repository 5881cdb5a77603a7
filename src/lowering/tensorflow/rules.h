// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lowering/rewrite.h"

#include <span>

// TensorFlow's rewrites: a table for each family, one file each.
namespace tenon::lowering::tensorflow {

/// The rule for a TensorFlow operator, or null.
[[nodiscard]] const Rule* find_rule(std::string_view op);

[[nodiscard]] std::span<const Rule> convolution_rules();
[[nodiscard]] std::span<const Rule> joining_rules();
[[nodiscard]] std::span<const Rule> matmul_rules();
[[nodiscard]] std::span<const Rule> normalization_rules();
[[nodiscard]] std::span<const Rule> padding_rules();
[[nodiscard]] std::span<const Rule> pointwise_rules();
[[nodiscard]] std::span<const Rule> pooling_rules();
[[nodiscard]] std::span<const Rule> reduction_rules();
[[nodiscard]] std::span<const Rule> reshaping_rules();
[[nodiscard]] std::span<const Rule> resizing_rules();
[[nodiscard]] std::span<const Rule> slicing_rules();
[[nodiscard]] std::span<const Rule> source_rules();

}  // namespace tenon::lowering::tensorflow
