// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/parallel.h"

#include <algorithm>
#include <cstdint>

// When parallel loops pay.
namespace tenon::cpu {

/// How many threads to give work that takes one thread about `us` microseconds. Waking and joining a team costs some
/// microseconds, so each thread must get several.
inline int useful_threads(int threads, double us) {
  constexpr double kLeastUsPerThread = 6;
  return static_cast<int>(std::clamp(us / kLeastUsPerThread, 1.0, static_cast<double>(threads)));
}

/// The time to move `bytes` through one core, for useful_threads(): between what the second and the third cache give.
inline double copy_us(int64_t bytes) { return static_cast<double>(bytes) / 20e3; }

}  // namespace tenon::cpu
