// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/simd.h"

#include <algorithm>

namespace tenon::cpu {
namespace {

struct Choice {
  const Simd* all[3] = {};
  int count = 0;

  Choice() {
#ifdef __x86_64__
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) add(simd_avx512());
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) add(simd_avx2());
#endif
    add(simd_baseline());
  }

  void add(const Simd* simd) {
    if (simd) all[count++] = simd;
  }
};

const Choice& choice() {
  static const Choice instance;
  return instance;
}

}  // namespace

const Simd& simd() { return *choice().all[0]; }

const Simd* const* all_simd(int* count) {
  *count = choice().count;
  return choice().all;
}

void pack_b(int64_t panel, const float* b, int64_t k, int64_t n, int64_t k_stride, int64_t n_stride, float* packed) {
  for (int64_t first = 0; first < n; first += panel) {
    const int64_t columns = std::min(panel, n - first);
    for (int64_t row = 0; row < k; ++row) {
      const float* from = b + row * k_stride + first * n_stride;
      for (int64_t column = 0; column < columns; ++column) packed[column] = from[column * n_stride];
      std::fill(packed + columns, packed + panel, 0.0F);
      packed += panel;
    }
  }
}

}  // namespace tenon::cpu
