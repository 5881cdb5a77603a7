// SPDX-License-Identifier: Apache-2.0
#include "ops/epilogue.h"

#include "expr/interpret.h"
#include "expr/trace.h"
#include "ops/pointwise.h"

#include <tenon/expr_functions.h>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>

namespace tenon {
namespace {

constexpr std::string_view kOps = "epilogue";
constexpr std::string_view kAlpha = "epilogue_alpha";
constexpr std::string_view kBeta = "epilogue_beta";

constexpr std::array<std::string_view, 17> kUnary = {"Abs",       "Clip",      "Elu",  "Exp",   "Gelu", "HardSigmoid",
                                                     "HardSwish", "LeakyRelu", "Log",  "Mish",  "Relu", "Round",
                                                     "Sigmoid",   "Softplus",  "Sqrt", "Swish", "Tanh"};
constexpr std::array<std::string_view, 6> kBinary = {"Add", "Div", "Max", "Min", "Mul", "Sub"};

// The attribute's list, empty when it is absent; kCorrupt when it is of another kind.
template <typename T>
const std::vector<T>& list(const Node& node, std::string_view name) {
  static const std::vector<T> kNone;
  const Attribute* attribute = node.attribute(name);
  if (attribute == nullptr) return kNone;
  if (const auto* values = std::get_if<std::vector<T>>(attribute)) return *values;
  throw Error(ErrorCode::kCorrupt, fmt::format("{} '{}': the attribute '{}' is of kind {} but a list is required",
                                               node.op(), node.name(), name, attribute_kind(*attribute)));
}

}  // namespace

bool is_epilogue_unary(std::string_view op) noexcept {
  return std::find(kUnary.begin(), kUnary.end(), op) != kUnary.end();
}
bool is_epilogue_binary(std::string_view op) noexcept {
  return std::find(kBinary.begin(), kBinary.end(), op) != kBinary.end();
}

std::span<const std::string_view> epilogue_unary_ops() noexcept { return kUnary; }
std::span<const std::string_view> epilogue_binary_ops() noexcept { return kBinary; }

std::vector<EpilogueStep> epilogue_of(const Node& node) {
  const auto& ops = list<std::string>(node, kOps);
  const auto& alphas = list<double>(node, kAlpha);
  const auto& betas = list<double>(node, kBeta);
  if (alphas.size() != ops.size() || betas.size() != ops.size()) {
    throw Error(ErrorCode::kCorrupt, fmt::format("{} '{}': its epilogue has {} operators but {} and {} parameters",
                                                 node.op(), node.name(), ops.size(), alphas.size(), betas.size()));
  }
  std::vector<EpilogueStep> steps;
  auto operand = static_cast<int>(anchor_input_count(node));
  for (size_t i = 0; i < ops.size(); ++i) {
    const bool binary = is_epilogue_binary(ops[i]);
    steps.push_back({ops[i], alphas[i], betas[i], binary ? operand++ : -1});
  }
  return steps;
}

size_t anchor_input_count(const Node& node) {
  size_t operands = 0;
  for (const std::string& op : list<std::string>(node, kOps)) {
    if (is_epilogue_binary(op)) {
      ++operands;
    } else if (!is_epilogue_unary(op)) {
      throw Error(ErrorCode::kCorrupt,
                  fmt::format("{} '{}': its epilogue has the step '{}', which no epilogue may have", node.op(),
                              node.name(), op));
    }
  }
  if (operands > node.inputs().size()) {
    throw Error(ErrorCode::kCorrupt, fmt::format("{} '{}': its epilogue reads {} operands but the node has {} inputs",
                                                 node.op(), node.name(), operands, node.inputs().size()));
  }
  return node.inputs().size() - operands;
}

void append_epilogue(Node& node, const EpilogueStep& step, Value* operand) {
  const bool binary = is_epilogue_binary(step.op);
  if ((!binary && !is_epilogue_unary(step.op)) || binary != (operand != nullptr)) {
    throw Error(ErrorCode::kInternal, fmt::format("{} '{}': '{}' with {} operand cannot be appended to an epilogue",
                                                  node.op(), node.name(), step.op, operand == nullptr ? "no" : "an"));
  }
  auto ops = list<std::string>(node, kOps);
  auto alphas = list<double>(node, kAlpha);
  auto betas = list<double>(node, kBeta);
  ops.push_back(step.op);
  alphas.push_back(step.alpha);
  betas.push_back(step.beta);
  if (operand != nullptr) node.append_input(operand);
  node.attributes().insert_or_assign(std::string(kOps), std::move(ops));
  node.attributes().insert_or_assign(std::string(kAlpha), std::move(alphas));
  node.attributes().insert_or_assign(std::string(kBeta), std::move(betas));
}

Expr epilogue_formula(const EpilogueStep& step, const Expr& x, const Expr& operand) {
  if (step.op == "Clip") return clamp(x, step.alpha, step.beta);
  return find_pointwise(step.op)->formula(x, operand, {step.alpha, step.beta});
}

void apply_epilogue_step(const EpilogueStep& step, const MutableTensorView& result, const TensorView& operand) {
  LayerBuilder layer(step.op);
  std::vector<TensorView> inputs = {result};
  const Expr x = layer.input("x", result.dtype, to_shape(result.dims));
  Expr other = x;
  if (step.operand >= 0) {
    inputs.push_back(operand);
    other = layer.input("operand", operand.dtype, to_shape(operand.dims));
  }
  const LayerExpr formula = layer.build(epilogue_formula(step, x, other));
  expr::interpret(formula.impl().function, inputs, std::span(&result, 1),
                  {.max_steps = std::numeric_limits<int64_t>::max()});
}

}  // namespace tenon
