// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/simd.h"

// Compiled for AVX-512 F and DQ (CMakeLists.txt); for other processors than x86-64 there is nothing.
#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define TENON_SIMD_ISA "avx512"
#define TENON_SIMD_WIDTH 16
#define TENON_SIMD_GEMM_ROWS 12
#define TENON_SIMD_MASK(count) static_cast<__mmask16>((1U << (count)) - 1)
#define TENON_SIMD_MASK_LOAD(p, mask) _mm512_maskz_loadu_ps(mask, p)
#define TENON_SIMD_MASK_STORE(p, mask, v) _mm512_mask_storeu_ps(p, mask, v)
#include <immintrin.h>
#include "backends/cpu/simd_impl.h"

const tenon::cpu::Simd* tenon::cpu::simd_avx512() { return &kSimd; }
#else
const tenon::cpu::Simd* tenon::cpu::simd_avx512() { return nullptr; }
#endif
