// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/cpu/simd.h"
#include "backends/kernel.h"
#include "ops/epilogue.h"

#include <tenon/tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tenon::cpu {

/// An epilogue as our own products and convolutions run it: a clamp that comes first while results are in registers,
/// the rest on results that are in the cache.
struct TileEpilogue {
  struct Step {
    UnaryOp unary;    ///< When operand is -1.
    BinaryOp binary;  ///< Else.
    float alpha, beta;
    int operand;  ///< The node's input that is as large as the result, or -1.
  };

  bool clamp = false;
  float lo = 0, hi = 0;
  std::vector<Step> rest;
  std::string problem;  ///< Why it cannot be run so; else empty.

  /// The rest, on the results [begin, begin + count), which are at `results`.
  void finish(const Simd& simd, int64_t begin, int64_t count, float* results, std::span<const TensorView> inputs) const;
};

[[nodiscard]] TileEpilogue tile_epilogue(std::span<const EpilogueStep> steps);
/// Whether the node's epilogue can be run so, with tensors that are as large as its result.
[[nodiscard]] Verdict accepts_tile_epilogue(const Problem& problem);

}  // namespace tenon::cpu
