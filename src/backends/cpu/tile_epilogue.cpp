// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/tile_epilogue.h"

#include "backends/cpu/unary_step.h"

#include <fmt/core.h>

#include <limits>

namespace tenon::cpu {

void TileEpilogue::finish(const Simd& simd, int64_t begin, int64_t count, float* results,
                          std::span<const TensorView> inputs) const {
  for (const Step& step : rest) {
    if (step.operand < 0) {
      simd.unary(step.unary, step.alpha, step.beta, results, results, count);
    } else {
      const float* operand = inputs[static_cast<size_t>(step.operand)].as<float>() + begin;
      simd.binary(step.binary, Scalar::kNone, results, operand, results, count);
    }
  }
}

TileEpilogue tile_epilogue(std::span<const EpilogueStep> steps) {
  TileEpilogue result;
  for (size_t i = 0; i < steps.size(); ++i) {
    const EpilogueStep& step = steps[i];
    const auto alpha = static_cast<float>(step.alpha), beta = static_cast<float>(step.beta);
    const auto unary = find_unary(step.op, step.alpha);
    const auto binary = find_binary(step.op);
    if (i == 0 && (step.op == "Clip" || step.op == "Relu")) {
      result.clamp = true;
      result.lo = step.op == "Clip" ? alpha : 0;
      result.hi = step.op == "Clip" ? beta : std::numeric_limits<float>::infinity();
    } else if (step.operand < 0 && unary) {
      result.rest.push_back({*unary, {}, alpha, beta, -1});
    } else if (step.operand >= 0 && binary) {
      result.rest.push_back({{}, *binary, 0, 0, step.operand});
    } else {
      result.problem = fmt::format("its epilogue has {}", step.op);
    }
  }
  return result;
}

Verdict accepts_tile_epilogue(const Problem& problem) {
  const TileEpilogue epilogue = tile_epilogue(epilogue_of(problem.node));
  if (!epilogue.problem.empty()) return Verdict::no(epilogue.problem);
  for (size_t i = anchor_input_count(problem.node); i < problem.inputs.size(); ++i) {
    if (!(problem.inputs[i].dims == problem.outputs[0].dims))
      return Verdict::no("its epilogue has a tensor of another shape");
  }
  return Verdict::yes();
}

}  // namespace tenon::cpu
