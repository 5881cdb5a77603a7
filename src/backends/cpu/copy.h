// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/cpu/strides.h"
#include "backends/kernel.h"

#include <vector>

// Moving elements: what Transpose, Concat, Slice and their like come down to.
namespace tenon::cpu {

/// Elements of an input that go to places of an output: dst[dst_offset + i·dst strides] = src[src_offset + i·src
/// strides].
struct Piece {
  size_t input = 0, output = 0;
  int64_t src_offset = 0, dst_offset = 0;  ///< In elements.
  LoopNest nest = {};                      ///< Operand 0: the source, 1: the destination.
};

/// Runs one piece. `element_bytes` is 1, 2, 4, 8 or 16.
void copy_piece(const Piece& piece, const void* src, void* dst, int element_bytes, int threads);

/// Sets `count` elements to the bytes of `value`.
void fill(void* dst, int64_t count, const void* value, int element_bytes);

}  // namespace tenon::cpu
