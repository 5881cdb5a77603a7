// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/simd.h"

// Compiled for AVX2 and FMA (CMakeLists.txt); for other processors than x86-64 there is nothing.
#if defined(__AVX2__) && defined(__FMA__)
#define TENON_SIMD_ISA "avx2"
#define TENON_SIMD_WIDTH 8
#define TENON_SIMD_GEMM_ROWS 6
#include "backends/cpu/simd_impl.h"

const tenon::cpu::Simd* tenon::cpu::simd_avx2() { return &kSimd; }
#else
const tenon::cpu::Simd* tenon::cpu::simd_avx2() { return nullptr; }
#endif
