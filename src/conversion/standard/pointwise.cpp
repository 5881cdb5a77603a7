// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "conversion/standard/rules.h"
#include "conversion/step.h"

#include <fmt/core.h>

#include <cmath>
#include <limits>

// Operators that work element by element, and matrix products.
namespace tenon::conversion::standard {
namespace {

void leaky_relu(Step& step) { step.emit("LeakyRelu", {step.input(0)}, {{"alpha", step.number("alpha", 0.01)}}); }

void elu(Step& step) {
  if (step.number("alpha", 1) != 1) Step::decline("its alpha is not 1, which UFF's elu has");
  step.emit_function();
}

// The constants of the paper, to the precision of a float, are the defaults.
void selu(Step& step) {
  const auto is_default = [](double given, double wanted) { return std::abs(given - wanted) < 1e-6; };
  if (!is_default(step.number("alpha", 1.67326319217681884765625), 1.67326319217681884765625) ||
      !is_default(step.number("gamma", 1.05070102214813232421875), 1.05070102214813232421875))
    Step::decline("its alpha and gamma are not those that UFF's selu has");
  step.emit_function();
}

// Any number of operands, joined two by two.
void variadic(Step& step) {
  std::vector<Operand> terms = step.inputs();
  if (terms.empty()) step.fail("it has no inputs, but at least 1 is required");
  Operand result = terms[0];
  for (size_t i = 1; i + 1 < terms.size(); ++i)
    result = step.helper("Binary", {result, terms[i]}, {{"func", step.target()}});
  if (terms.size() == 1)
    step.emit("Identity", {result});
  else
    step.emit("Binary", {result, terms.back()}, {{"func", step.target()}});
}

void reciprocal(Step& step) { step.emit("Binary", {step.scalar(step.dtype(0), 1), step.input(0)}, {{"func", "div"}}); }

// The bound in input `index`; the fallback where it is left out.
std::optional<double> bound(const Step& step, size_t index, double fallback) {
  if (!step.has_input(index)) return fallback;
  const Tensor* tensor = step.constant(index);
  if (tensor == nullptr || tensor->count() != 1) return std::nullopt;
  return load_f64(tensor->data(), tensor->dtype(), 0);
}

void clip(Step& step) {
  constexpr double kAll = std::numeric_limits<double>::infinity();
  if (bound(step, 1, -kAll) == 0.0 && bound(step, 2, kAll) == 6.0) {
    step.emit("Activation", {step.input(0)}, {{"func", "relu6"}});
    return;
  }
  const bool has_low = step.has_input(1), has_high = step.has_input(2);
  if (has_low && has_high) {
    Node* raised = step.helper("Binary", {step.input(0), step.input(1)}, {{"func", "max"}});
    step.emit("Binary", {raised, step.input(2)}, {{"func", "min"}});
  } else if (has_low || has_high) {
    step.emit("Binary", {step.input(0), step.input(has_low ? 1 : 2)}, {{"func", has_low ? "max" : "min"}});
  } else {
    step.emit("Identity", {step.input(0)});
  }
}

void require_matrices(const Step& step) {
  for (const size_t index : {size_t{0}, size_t{1}})
    if (step.rank(index) != 2) Step::decline("it multiplies more than two matrices, but UFF's FullyConnected does not");
}

void matmul(Step& step) {
  require_matrices(step);
  step.emit("FullyConnected", {step.input(0), step.input(1)}, {{"inputs_orders", orders({"NC", "CK"})}});
}

// alpha * A * B + beta * C, as as many nodes as it takes.
void gemm(Step& step) {
  require_matrices(step);
  Attributes fields{{"inputs_orders", orders({step.integer("transA", 0) != 0 ? "CN" : "NC",
                                              step.integer("transB", 0) != 0 ? "KC" : "CK"})}};
  const double alpha = step.number("alpha", 1), beta = step.number("beta", 1);
  const bool has_term = step.has_input(2) && beta != 0;
  const std::vector<Operand> matrices = {step.input(0), step.input(1)};
  if (alpha == 1 && !has_term) {
    step.emit("FullyConnected", matrices, std::move(fields));
    return;
  }
  Node* product = step.helper("FullyConnected", matrices, std::move(fields));
  if (!has_term) {
    step.emit("Binary", {product, step.scalar(step.dtype(0), alpha)}, {{"func", "mul"}});
    return;
  }
  if (alpha != 1) product = step.helper("Binary", {product, step.scalar(step.dtype(0), alpha)}, {{"func", "mul"}});
  Operand term = step.input(2);
  if (beta != 1) term = step.helper("Binary", {term, step.scalar(step.dtype(0), beta)}, {{"func", "mul"}});
  step.emit("Binary", {product, term}, {{"func", "add"}});
}

void function(Step& step) { step.emit_function(); }

constexpr Rule kRules[] = {
    {"Abs", function, "Unary:abs"},
    {"Acos", function, "Unary:acos"},
    {"Acosh", function, "Unary:acosh"},
    {"Add", function, "Binary:add"},
    {"Asin", function, "Unary:asin"},
    {"Asinh", function, "Unary:asinh"},
    {"Atan", function, "Unary:atan"},
    {"Atanh", function, "Unary:atanh"},
    {"Ceil", function, "Unary:ceil"},
    {"Clip", clip},
    {"Cos", function, "Unary:cos"},
    {"Cosh", function, "Unary:cosh"},
    {"Div", function, "Binary:div"},
    {"Elu", elu, "Activation:elu"},
    {"Exp", function, "Unary:exp"},
    {"Floor", function, "Unary:floor"},
    {"Gemm", gemm},
    {"LeakyRelu", leaky_relu},
    {"Log", function, "Unary:log"},
    {"MatMul", matmul},
    {"Max", variadic, "max"},
    {"Min", variadic, "min"},
    {"Mul", function, "Binary:mul"},
    {"Neg", function, "Unary:neg"},
    {"Pow", function, "Binary:pow"},
    {"Reciprocal", reciprocal},
    {"Relu", function, "Activation:relu"},
    {"Selu", selu, "Activation:selu"},
    {"Sigmoid", function, "Activation:sigmoid"},
    {"Sin", function, "Unary:sin"},
    {"Sinh", function, "Unary:sinh"},
    {"Softplus", function, "Activation:softplus"},
    {"Softsign", function, "Activation:softsign"},
    {"Sqrt", function, "Unary:sqrt"},
    {"Sub", function, "Binary:sub"},
    {"Sum", variadic, "add"},
    {"Tan", function, "Unary:tan"},
    {"Tanh", function, "Activation:tanh"},
};

}  // namespace

std::span<const Rule> pointwise_rules() { return kRules; }

}  // namespace tenon::conversion::standard
