// SPDX-License-Identifier: Apache-2.0
#include <tenon/expr_functions.h>

#include "ops/pointwise.h"

#include <limits>

// One row per operator: name, ONNX version, inputs, dtypes, whether the result is bool, the formula, one sentence, its
// attributes. Sources: ONNX operator documentation (onnx.ai/onnx/operators) of the version that the row states; NaN
// follows IEEE 754 and NumPy, integers wrap.
namespace tenon {
namespace {

using P = PointwiseParameters;
using Parameter = PointwiseParameter;
using Kind = PointwiseParameter::Kind;

constexpr auto kOne = PointwiseArity::kOne;
constexpr auto kTwo = PointwiseArity::kTwo;
constexpr auto kMany = PointwiseArity::kMany;

constexpr uint32_t kFloat = kFloatDTypes;
constexpr uint32_t kSigned = kFloatDTypes | kSignedDTypes;
constexpr uint32_t kInteger = kSignedDTypes | kUnsignedDTypes;
constexpr uint32_t kNumeric = kNumericDTypes;
constexpr uint32_t kBoolean = dtype_bit(DType::kBool);

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

constexpr Parameter real(std::string_view name, double fallback) { return {name, Kind::kFloat, fallback}; }
constexpr Parameter integer(std::string_view name, double fallback) { return {name, Kind::kInt, fallback}; }

constexpr Parameter choice(std::string_view name, std::string_view zero, std::string_view one, bool required = false) {
  return {name, Kind::kChoice, 0, zero, one, required};
}

constexpr PointwiseRow kRows[] = {
    // --- functions of one number
    {"Abs", 13, kOne, kNumeric, false, [](const Expr& x, const Expr&, const P&) { return abs(x); },
     "y = |x|; the smallest integer stays itself."},
    {"Acos", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return acos(x); },
     "y = arccos(x), in radians; NaN outside [-1, 1]."},
    {"Acosh", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return acosh(x); },
     "y = arcosh(x); NaN below 1."},
    {"Asin", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return asin(x); },
     "y = arcsin(x), in radians; NaN outside [-1, 1]."},
    {"Asinh", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return asinh(x); }, "y = arsinh(x)."},
    {"Atan", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return atan(x); },
     "y = arctan(x), in radians."},
    {"Atanh", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return atanh(x); },
     "y = artanh(x); NaN outside [-1, 1]."},
    {"Ceil", 13, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return ceil(x); },
     "y = the smallest integer not below x."},
    {"Cos", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return cos(x); }, "y = cos(x)."},
    {"Cosh", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return cosh(x); }, "y = cosh(x)."},
    {"Erf", 13, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return erf(x); },
     "y = erf(x) = 2/sqrt(pi) * integral of exp(-t^2) from 0 to x."},
    {"Exp", 13, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return exp(x); }, "y = e^x."},
    {"Floor", 13, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return floor(x); },
     "y = the largest integer not above x."},
    {"Log", 13, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return log(x); },
     "y = ln(x); -inf at 0, NaN below."},
    {"Neg", 13, kOne, kSigned, false, [](const Expr& x, const Expr&, const P&) { return -x; },
     "y = -x; the smallest integer stays itself."},
    {"Reciprocal", 13, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return reciprocal(x); },
     "y = 1 / x."},
    {"Round", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return round(x); },
     "y = the nearest integer; halves go to the even one."},
    {"Sign", 13, kOne, kNumeric, false, [](const Expr& x, const Expr&, const P&) { return sign(x); },
     "y = -1, 0 or 1 as x is below, at or above 0; NaN stays NaN."},
    {"Sin", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return sin(x); }, "y = sin(x)."},
    {"Sinh", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return sinh(x); }, "y = sinh(x)."},
    {"Sqrt", 13, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return sqrt(x); },
     "y = sqrt(x); NaN below 0."},
    {"Tan", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return tan(x); }, "y = tan(x)."},

    // --- activations
    {"Celu", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P& p) { return celu(x, p.alpha); },
     "y = max(0, x) + min(0, alpha * (e^(x / alpha) - 1)).", real("alpha", 1)},
    {"Elu", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P& p) { return elu(x, p.alpha); },
     "y = x above 0, else alpha * (e^x - 1).", real("alpha", 1)},
    {"Gelu", 20, kOne, kFloat, false, [](const Expr& x, const Expr&, const P& p) { return gelu(x, p.alpha != 0); },
     "y = x/2 * (1 + erf(x / sqrt(2))), or its tanh approximation when approximate is 'tanh'.",
     choice("approximate", "none", "tanh")},
    {"HardSigmoid", 22, kOne, kFloat, false,
     [](const Expr& x, const Expr&, const P& p) { return hardsigmoid(x, p.alpha, p.beta); },
     "y = max(0, min(1, alpha * x + beta)).", real("alpha", 0.2), real("beta", 0.5)},
    {"HardSwish", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return hardswish(x); },
     "y = x * max(0, min(1, x / 6 + 1/2))."},
    {"LeakyRelu", 16, kOne, kFloat, false,
     [](const Expr& x, const Expr&, const P& p) { return leaky_relu(x, p.alpha); }, "y = x from 0 on, else alpha * x.",
     real("alpha", 0.01)},
    {"Mish", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return mish(x); },
     "y = x * tanh(ln(1 + e^x))."},
    {"Relu", 14, kOne, kSigned, false, [](const Expr& x, const Expr&, const P&) { return relu(x); }, "y = max(0, x)."},
    {"Selu", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P& p) { return selu(x, p.alpha, p.beta); },
     "y = gamma * x above 0, else gamma * alpha * (e^x - 1).", real("alpha", 1.67326319217681884765625),
     real("gamma", 1.05070102214813232421875)},
    {"Shrink", 9, kOne, kFloat, false,
     [](const Expr& x, const Expr&, const P& p) { return shrink(x, p.alpha, p.beta); },
     "y = x + bias below -lambd, x - bias above lambd, else 0.", real("lambd", 0.5), real("bias", 0)},
    {"Sigmoid", 13, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return sigmoid(x); },
     "y = 1 / (1 + e^-x)."},
    {"Softplus", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return softplus(x); },
     "y = ln(1 + e^x)."},
    {"Softsign", 22, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return softsign(x); },
     "y = x / (1 + |x|)."},
    {"Swish", 24, kOne, kFloat, false, [](const Expr& x, const Expr&, const P& p) { return swish(x, p.alpha); },
     "y = x / (1 + e^(-alpha * x)).", real("alpha", 1)},
    {"Tanh", 13, kOne, kFloat, false, [](const Expr& x, const Expr&, const P&) { return tanh(x); }, "y = tanh(x)."},
    {"ThresholdedRelu", 22, kOne, kFloat, false,
     [](const Expr& x, const Expr&, const P& p) { return thresholded_relu(x, p.alpha); }, "y = x above alpha, else 0.",
     real("alpha", 1)},

    // --- arithmetic; integers wrap
    {"Add", 14, kTwo, kNumeric, false, [](const Expr& a, const Expr& b, const P&) { return a + b; }, "y = a + b."},
    {"Div", 14, kTwo, kNumeric, false, [](const Expr& a, const Expr& b, const P&) { return a / b; },
     "y = a / b; integers truncate towards zero, and by zero give 0."},
    {"Mod", 28, kTwo, kNumeric, false,
     [](const Expr& a, const Expr& b, const P& p) { return p.alpha != 0 ? a % b : mod(a, b); },
     "y = a mod b with the sign of b, or with fmod = 1 the sign of a; integers mod 0 give 0.", integer("fmod", 0)},
    {"Mul", 14, kTwo, kNumeric, false, [](const Expr& a, const Expr& b, const P&) { return a * b; }, "y = a * b."},
    {"PRelu", 16, kTwo, kNumeric, false, [](const Expr& a, const Expr& b, const P&) { return leaky_relu(a, b); },
     "y = x from 0 on, else slope * x; the slope broadcasts to x."},
    {"Pow", 15, kTwo, kNumeric, false, [](const Expr& a, const Expr& b, const P&) { return power(a, b); },
     "y = a^b in a's dtype; b may have another; integers to negative powers truncate towards zero, 0 to one gives 0."},
    {"Sub", 14, kTwo, kNumeric, false, [](const Expr& a, const Expr& b, const P&) { return a - b; }, "y = a - b."},
    {"Max", 13, kMany, kNumeric, false, [](const Expr& a, const Expr& b, const P&) { return maximum(a, b); },
     "y = the largest input; NaN if one is."},
    {"Mean", 13, kMany, kFloat, false, [](const Expr& a, const Expr& b, const P&) { return a + b; },
     "y = the mean of the inputs."},
    {"Min", 13, kMany, kNumeric, false, [](const Expr& a, const Expr& b, const P&) { return minimum(a, b); },
     "y = the smallest input; NaN if one is."},
    {"Sum", 13, kMany, kFloat, false, [](const Expr& a, const Expr& b, const P&) { return a + b; },
     "y = the sum of the inputs."},

    // --- bits
    {"BitShift", 28, kTwo, kInteger, false,
     [](const Expr& a, const Expr& b, const P& p) { return p.alpha != 0 ? a << b : a >> b; },
     "y = a shifted by b bits to the 'LEFT' or 'RIGHT'; signed integers shift in their sign from the left; when b is "
     "negative or too large nothing else is left.",
     choice("direction", "RIGHT", "LEFT", /*required=*/true)},
    {"BitwiseAnd", 18, kTwo, kInteger, false, [](const Expr& a, const Expr& b, const P&) { return a & b; },
     "y = a & b, bit by bit."},
    {"BitwiseNot", 18, kOne, kInteger, false, [](const Expr& x, const Expr&, const P&) { return ~x; },
     "y = ~x, bit by bit."},
    {"BitwiseOr", 18, kTwo, kInteger, false, [](const Expr& a, const Expr& b, const P&) { return a | b; },
     "y = a | b, bit by bit."},
    {"BitwiseXor", 18, kTwo, kInteger, false, [](const Expr& a, const Expr& b, const P&) { return a ^ b; },
     "y = a ^ b, bit by bit."},

    // --- predicates: the result is bool
    {"And", 7, kTwo, kBoolean, true, [](const Expr& a, const Expr& b, const P&) { return a & b; }, "y = a and b."},
    {"Equal", 19, kTwo, kNumeric | kBoolean, true, [](const Expr& a, const Expr& b, const P&) { return a == b; },
     "y = (a == b); NaN equals nothing."},
    {"Greater", 13, kTwo, kNumeric, true, [](const Expr& a, const Expr& b, const P&) { return a > b; },
     "y = (a > b); false for NaN."},
    {"GreaterOrEqual", 16, kTwo, kNumeric, true, [](const Expr& a, const Expr& b, const P&) { return a >= b; },
     "y = (a >= b); false for NaN."},
    {"IsInf", 20, kOne, kFloat, true,
     [](const Expr& x, const Expr&, const P& p) { return is_infinite(x, p.alpha != 0, p.beta != 0); },
     "y = (x is infinite); detect_negative and detect_positive pick the signs.", integer("detect_negative", 1),
     integer("detect_positive", 1)},
    {"IsNaN", 20, kOne, kFloat, true, [](const Expr& x, const Expr&, const P&) { return isnan(x); }, "y = (x is NaN)."},
    {"Less", 13, kTwo, kNumeric, true, [](const Expr& a, const Expr& b, const P&) { return a < b; },
     "y = (a < b); false for NaN."},
    {"LessOrEqual", 16, kTwo, kNumeric, true, [](const Expr& a, const Expr& b, const P&) { return a <= b; },
     "y = (a <= b); false for NaN."},
    {"Not", 1, kOne, kBoolean, true, [](const Expr& x, const Expr&, const P&) { return ~x; }, "y = not x."},
    {"Or", 7, kTwo, kBoolean, true, [](const Expr& a, const Expr& b, const P&) { return a | b; }, "y = a or b."},
    {"Xor", 7, kTwo, kBoolean, true, [](const Expr& a, const Expr& b, const P&) { return a ^ b; },
     "y = a or b, but not both."},
};

}  // namespace

std::span<const PointwiseRow> pointwise_rows() { return kRows; }

}  // namespace tenon
