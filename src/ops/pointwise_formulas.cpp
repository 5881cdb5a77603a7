// SPDX-License-Identifier: Apache-2.0
#include <tenon/expr_functions.h>

#include "ops/pointwise.h"

#include <algorithm>
#include <limits>

// The formulas of the pointwise operators.
namespace tenon {
namespace {

using P = PointwiseParameters;

struct Row {
  std::string_view op;
  PointwiseDefinition definition;
};

// In a's dtype; other dtypes than one meet in f64, or in i64 where both are integers.
Expr power(const Expr& a, const Expr& b) {
  if (a.dtype() == b.dtype()) return pow(a, b);
  if (is_float(a.dtype())) return cast(pow(a, b), a.dtype());
  const DType wide = is_float(b.dtype()) ? DType::kFloat64 : DType::kInt64;
  return cast(pow(cast(a, wide), cast(b, wide)), a.dtype());
}

Expr is_infinite(const Expr& x, bool negative, bool positive) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (negative == positive) return isinf(x) & negative;
  return x == (negative ? -kInfinity : kInfinity);
}

constexpr Row kRows[] = {
    {"Abs", [](const Expr& x, const Expr&, const P&) { return abs(x); }},
    {"Acos", [](const Expr& x, const Expr&, const P&) { return acos(x); }},
    {"Acosh", [](const Expr& x, const Expr&, const P&) { return acosh(x); }},
    {"Asin", [](const Expr& x, const Expr&, const P&) { return asin(x); }},
    {"Asinh", [](const Expr& x, const Expr&, const P&) { return asinh(x); }},
    {"Atan", [](const Expr& x, const Expr&, const P&) { return atan(x); }},
    {"Atanh", [](const Expr& x, const Expr&, const P&) { return atanh(x); }},
    {"Ceil", [](const Expr& x, const Expr&, const P&) { return ceil(x); }},
    {"Cos", [](const Expr& x, const Expr&, const P&) { return cos(x); }},
    {"Cosh", [](const Expr& x, const Expr&, const P&) { return cosh(x); }},
    {"Erf", [](const Expr& x, const Expr&, const P&) { return erf(x); }},
    {"Exp", [](const Expr& x, const Expr&, const P&) { return exp(x); }},
    {"Floor", [](const Expr& x, const Expr&, const P&) { return floor(x); }},
    {"Log", [](const Expr& x, const Expr&, const P&) { return log(x); }},
    {"Neg", [](const Expr& x, const Expr&, const P&) { return -x; }},
    {"Reciprocal", [](const Expr& x, const Expr&, const P&) { return reciprocal(x); }},
    {"Round", [](const Expr& x, const Expr&, const P&) { return round(x); }},
    {"Sign", [](const Expr& x, const Expr&, const P&) { return sign(x); }},
    {"Sin", [](const Expr& x, const Expr&, const P&) { return sin(x); }},
    {"Sinh", [](const Expr& x, const Expr&, const P&) { return sinh(x); }},
    {"Sqrt", [](const Expr& x, const Expr&, const P&) { return sqrt(x); }},
    {"Tan", [](const Expr& x, const Expr&, const P&) { return tan(x); }},
    {"Celu", [](const Expr& x, const Expr&, const P& p) { return celu(x, p.alpha); }},
    {"Elu", [](const Expr& x, const Expr&, const P& p) { return elu(x, p.alpha); }},
    {"Gelu", [](const Expr& x, const Expr&, const P& p) { return gelu(x, p.alpha != 0); }},
    {"HardSigmoid", [](const Expr& x, const Expr&, const P& p) { return hardsigmoid(x, p.alpha, p.beta); }},
    {"HardSwish", [](const Expr& x, const Expr&, const P&) { return hardswish(x); }},
    {"LeakyRelu", [](const Expr& x, const Expr&, const P& p) { return leaky_relu(x, p.alpha); }},
    {"Mish", [](const Expr& x, const Expr&, const P&) { return mish(x); }},
    {"Relu", [](const Expr& x, const Expr&, const P&) { return relu(x); }},
    {"Selu", [](const Expr& x, const Expr&, const P& p) { return selu(x, p.alpha, p.beta); }},
    {"Shrink", [](const Expr& x, const Expr&, const P& p) { return shrink(x, p.alpha, p.beta); }},
    {"Sigmoid", [](const Expr& x, const Expr&, const P&) { return sigmoid(x); }},
    {"Softplus", [](const Expr& x, const Expr&, const P&) { return softplus(x); }},
    {"Softsign", [](const Expr& x, const Expr&, const P&) { return softsign(x); }},
    {"Swish", [](const Expr& x, const Expr&, const P& p) { return swish(x, p.alpha); }},
    {"Tanh", [](const Expr& x, const Expr&, const P&) { return tanh(x); }},
    {"ThresholdedRelu", [](const Expr& x, const Expr&, const P& p) { return thresholded_relu(x, p.alpha); }},
    {"Add", [](const Expr& a, const Expr& b, const P&) { return a + b; }},
    {"Div", [](const Expr& a, const Expr& b, const P&) { return a / b; }},
    {"Mod", [](const Expr& a, const Expr& b, const P& p) { return p.alpha != 0 ? a % b : mod(a, b); }},
    {"Mul", [](const Expr& a, const Expr& b, const P&) { return a * b; }},
    {"PRelu", [](const Expr& a, const Expr& b, const P&) { return leaky_relu(a, b); }},
    {"Pow", [](const Expr& a, const Expr& b, const P&) { return power(a, b); }},
    {"Sub", [](const Expr& a, const Expr& b, const P&) { return a - b; }},
    {"Max", [](const Expr& a, const Expr& b, const P&) { return maximum(a, b); }},
    {"Mean", [](const Expr& a, const Expr& b, const P&) { return a + b; }},
    {"Min", [](const Expr& a, const Expr& b, const P&) { return minimum(a, b); }},
    {"Sum", [](const Expr& a, const Expr& b, const P&) { return a + b; }},
    {"BitShift", [](const Expr& a, const Expr& b, const P& p) { return p.alpha != 0 ? a << b : a >> b; }},
    {"BitwiseAnd", [](const Expr& a, const Expr& b, const P&) { return a & b; }},
    {"BitwiseNot", [](const Expr& x, const Expr&, const P&) { return ~x; }},
    {"BitwiseOr", [](const Expr& a, const Expr& b, const P&) { return a | b; }},
    {"BitwiseXor", [](const Expr& a, const Expr& b, const P&) { return a ^ b; }},
    {"And", [](const Expr& a, const Expr& b, const P&) { return a & b; }},
    {"Equal", [](const Expr& a, const Expr& b, const P&) { return a == b; }},
    {"Greater", [](const Expr& a, const Expr& b, const P&) { return a > b; }},
    {"GreaterOrEqual", [](const Expr& a, const Expr& b, const P&) { return a >= b; }},
    {"IsInf", [](const Expr& x, const Expr&, const P& p) { return is_infinite(x, p.alpha != 0, p.beta != 0); }},
    {"IsNaN", [](const Expr& x, const Expr&, const P&) { return isnan(x); }},
    {"Less", [](const Expr& a, const Expr& b, const P&) { return a < b; }},
    {"LessOrEqual", [](const Expr& a, const Expr& b, const P&) { return a <= b; }},
    {"Not", [](const Expr& x, const Expr&, const P&) { return ~x; }},
    {"Or", [](const Expr& a, const Expr& b, const P&) { return a | b; }},
    {"Xor", [](const Expr& a, const Expr& b, const P&) { return a ^ b; }},
};

}  // namespace

PointwiseDefinition pointwise_definition(std::string_view op) {
  return std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& row) { return row.op == op; })->definition;
}

}  // namespace tenon
