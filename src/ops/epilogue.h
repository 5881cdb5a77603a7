// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/expr.h>
#include <tenon/graph.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

// What the compiler fuses behind an anchor (Conv, ConvTranspose, Gemm, MatMul, pooling): pointwise steps on its result,
// while it is still in registers or cache. Stored on the anchor node as three internal attributes of equal length:
//   epilogue          strings  the standard operator of each step: "Relu", "Clip", "Add", "Mul", "Sigmoid",
//   "HardSwish", … epilogue_alpha    floats   its first parameter  (Clip: min; LeakyRelu, Elu: alpha; HardSigmoid:
//   alpha), else 0 epilogue_beta     floats   its second parameter (Clip: max; HardSigmoid: beta), else 0
// A binary step reads one more input: the operands of the binary steps are the last inputs of the node, in step order,
// and broadcast to the result; the running result is the step's left operand.
namespace tenon {

struct EpilogueStep {
  std::string op;
  double alpha = 0;
  double beta = 0;
  int operand = -1;  ///< Index among the node's inputs, -1 for a unary step.
};

/// True for the operators that may stand in an epilogue.
[[nodiscard]] bool is_epilogue_unary(std::string_view op) noexcept;
[[nodiscard]] bool is_epilogue_binary(std::string_view op) noexcept;

/// The names behind the two.
[[nodiscard]] std::span<const std::string_view> epilogue_unary_ops() noexcept;
[[nodiscard]] std::span<const std::string_view> epilogue_binary_ops() noexcept;

/// The steps of a node, empty if it has none. Throws kCorrupt when the attributes do not fit together.
[[nodiscard]] std::vector<EpilogueStep> epilogue_of(const Node& node);
/// How many of the node's inputs are the anchor's own.
[[nodiscard]] size_t anchor_input_count(const Node& node);
/// Appends a step; `operand` must be given exactly for binary steps.
void append_epilogue(Node& node, const EpilogueStep& step, Value* operand = nullptr);
/// The step on `x` as a formula; `operand` is for binary steps.
[[nodiscard]] Expr epilogue_formula(const EpilogueStep& step, const Expr& x, const Expr& operand);
/// Applies one step to `result` in place, rounding to its dtype; `operand` (binary steps only) broadcasts to it.
void apply_epilogue_step(const EpilogueStep& step, const MutableTensorView& result, const TensorView& operand);

}  // namespace tenon
