// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/kernel.h"

// Depthwise convolutions, 3 by 3, of images whose channels come last, as Simd::depthwise does them.
namespace tenon::cpu {

/// Whether the node is one, with constant weights and an epilogue that we can run.
[[nodiscard]] Verdict accepts_depthwise(const Problem& problem);
/// Its weights, packed for blocks of `width` channels, which divides their number: [block][3][3][width].
[[nodiscard]] Tensor depthwise_weights(const Problem& problem, int64_t width);

}  // namespace tenon::cpu
