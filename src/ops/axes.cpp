// SPDX-License-Identifier: Apache-2.0
#include "ops/axes.h"

#include <fmt/core.h>

namespace tenon {

size_t checked_axis(const InferContext& context, int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    context.fail(
        rank == 0 ? fmt::format("axis {} is given but the input is a scalar, which has none", axis)
                  : fmt::format("axis {} is given but {} to {} is required for rank {}", axis, -rank, rank - 1, rank));
  }
  return normalized_axis(axis, rank);
}

}  // namespace tenon
