// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/simd.h"

// For every processor: vectors of four, which SSE2 and NEON have.
#define TENON_SIMD_ISA "baseline"
#define TENON_SIMD_WIDTH 4
#define TENON_SIMD_GEMM_ROWS 6
#include "backends/cpu/simd_impl.h"

const tenon::cpu::Simd* tenon::cpu::simd_baseline() { return &kSimd; }
