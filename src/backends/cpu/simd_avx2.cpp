// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/simd.h"

// Compiled for AVX2 and FMA (CMakeLists.txt); for other processors than x86-64 there is nothing.
#if defined(__AVX2__) && defined(__FMA__)
#define TENON_SIMD_ISA "avx2"
#define TENON_SIMD_WIDTH 8
#define TENON_SIMD_GEMM_ROWS 6
#define TENON_SIMD_MASK(count) \
  _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#define TENON_SIMD_MASK_LOAD(p, mask) _mm256_maskload_ps(p, mask)
#define TENON_SIMD_MASK_STORE(p, mask, v) _mm256_maskstore_ps(p, mask, v)
#include <immintrin.h>
#include "backends/cpu/simd_impl.h"

const tenon::cpu::Simd* tenon::cpu::simd_avx2() { return &kSimd; }
#else
const tenon::cpu::Simd* tenon::cpu::simd_avx2() { return nullptr; }
#endif
