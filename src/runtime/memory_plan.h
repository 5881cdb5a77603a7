// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

// Where in one arena the values of a run lie: buffers that are never alive at the same step share memory.
namespace tenon {

/// A buffer and the steps (inclusive) between which its content matters.
struct BufferLife {
  int64_t bytes = 0;
  int first = 0, last = 0;
};

struct MemoryPlan {
  std::vector<int64_t> offsets;  ///< Per buffer, multiples of kTensorAlignment.
  int64_t bytes = 0;             ///< The arena's size.
  int64_t lower_bound = 0;       ///< The most that is alive at one step, each buffer rounded up to the alignment.
};

/// Places the buffers. Greedy: in a fixed order (several are tried, the best result is kept), each buffer goes into the
/// tightest gap between those already placed that are alive together with it. O(orders * n^2).
/// Throws kInvalidArgument when the sizes exceed int64.
[[nodiscard]] MemoryPlan plan_memory(std::span<const BufferLife> buffers);

}  // namespace tenon
