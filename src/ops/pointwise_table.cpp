// SPDX-License-Identifier: Apache-2.0
#include "ops/pointwise.h"

#include <cmath>
#include <limits>

// One row per operator: name, ONNX version, inputs, dtypes, formulas, one sentence. Sources: ONNX operator
// documentation (onnx.ai/onnx/operators) of the version that the row states; NaN follows IEEE 754 and NumPy.
namespace tenon {
namespace {

using P = PointwiseParameters;
using Parameter = PointwiseParameter;
using Kind = PointwiseParameter::Kind;
using F64 = PointwiseFormula<double>;
using I64 = PointwiseFormula<int64_t>;
using U64 = PointwiseFormula<uint64_t>;

constexpr uint32_t kFloat = kFloatDTypes;
constexpr uint32_t kSigned = kFloatDTypes | kSignedDTypes;
constexpr uint32_t kInteger = kSignedDTypes | kUnsignedDTypes;
constexpr uint32_t kNumeric = kNumericDTypes;
constexpr uint32_t kBoolean = dtype_bit(DType::kBool);

constexpr double kSqrtHalf = 0.70710678118654752440;
constexpr double kSqrtTwoOverPi = 0.79788456080286535588;

// Signed arithmetic that wraps, as NumPy's does: unsigned arithmetic has the same low bits and no undefined behaviour.
constexpr int64_t wrap(uint64_t bits) { return static_cast<int64_t>(bits); }
constexpr uint64_t raw(int64_t value) { return static_cast<uint64_t>(value); }

int64_t divide(int64_t a, int64_t b) {
  if (b == 0) return 0;
  return b == -1 ? wrap(0 - raw(a)) : a / b;  // The quotient of the smallest integer and -1 would overflow.
}

// fmod = 1: the sign of the dividend, as C's %. fmod = 0: the sign of the divisor, as Python's.
int64_t modulo(int64_t a, int64_t b, bool fmod) {
  if (b == 0 || b == -1) return 0;
  const int64_t rest = a % b;
  return !fmod && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

double modulo(double a, double b, bool fmod) {
  const double rest = std::fmod(a, b);
  if (fmod) return rest;
  return rest == 0 ? std::copysign(0.0, b) : (rest < 0) != (b < 0) ? rest + b : rest;  // NaN + b is NaN.
}

int64_t power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;  // Truncated towards zero.
  uint64_t result = 1;
  for (uint64_t square = raw(base); exponent > 0; exponent /= 2, square *= square)
    if (exponent % 2 == 1) result *= square;
  return wrap(result);
}

int64_t shift(int64_t value, int64_t bits, bool left) {
  const bool all = bits < 0 || bits > 63;
  if (left) return all ? 0 : wrap(raw(value) << bits);
  return value >> (all ? 63 : bits);
}

double relu(double x) { return x > 0 || std::isnan(x) ? x : 0; }
double clamp01(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }
// Both forms are exact in their half; the other one would overflow.
double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
// NumPy's maximum and minimum: NaN if either is.
double maximum(double a, double b) { return std::isnan(a) || a > b ? a : b; }
double minimum(double a, double b) { return std::isnan(a) || a < b ? a : b; }
double gelu(double x, bool tanh_form) {
  if (tanh_form) return 0.5 * x * (1 + std::tanh(kSqrtTwoOverPi * (x + 0.044715 * x * x * x)));
  return 0.5 * x * std::erfc(-x * kSqrtHalf);  // 1 + erf cancels for negative x.
}

PointwiseRow unary(std::string_view name, int since, std::string_view summary, F64 f64, Parameter alpha = {},
                   Parameter beta = {}) {
  return {name, since, PointwiseArity::kOne, kFloat, false, f64, nullptr, nullptr, summary, alpha, beta};
}

PointwiseRow unary(std::string_view name, int since, uint32_t dtypes, std::string_view summary, F64 f64, I64 i64,
                   U64 u64 = nullptr) {
  return {name, since, PointwiseArity::kOne, dtypes, false, f64, i64, u64, summary};
}

PointwiseRow binary(std::string_view name, int since, uint32_t dtypes, std::string_view summary, F64 f64, I64 i64,
                    U64 u64 = nullptr, Parameter alpha = {}) {
  return {name, since, PointwiseArity::kTwo, dtypes, false, f64, i64, u64, summary, alpha};
}

PointwiseRow variadic(std::string_view name, int since, uint32_t dtypes, std::string_view summary, F64 f64, I64 i64,
                      U64 u64 = nullptr) {
  return {name, since, PointwiseArity::kMany, dtypes, false, f64, i64, u64, summary};
}

PointwiseRow predicate(std::string_view name, int since, PointwiseArity arity, uint32_t dtypes,
                       std::string_view summary, F64 f64, I64 i64, U64 u64 = nullptr, Parameter alpha = {},
                       Parameter beta = {}) {
  return {name, since, arity, dtypes, true, f64, i64, u64, summary, alpha, beta};
}

Parameter real(std::string_view name, double fallback) { return {name, Kind::kFloat, fallback}; }
Parameter integer(std::string_view name, double fallback) { return {name, Kind::kInt, fallback}; }

std::vector<PointwiseRow> make_rows() {
  constexpr auto kTwo = PointwiseArity::kTwo;
  constexpr auto kOne = PointwiseArity::kOne;
  return {
      // --- functions of one number
      unary(
          "Abs", 13, kNumeric, "y = |x|; the smallest integer stays itself.",
          [](double x, double, const P&) { return std::fabs(x); },
          [](int64_t x, int64_t, const P&) { return x < 0 ? wrap(0 - raw(x)) : x; },
          [](uint64_t x, uint64_t, const P&) { return x; }),
      unary("Acos", 22, "y = arccos(x), in radians; NaN outside [-1, 1].",
            [](double x, double, const P&) { return std::acos(x); }),
      unary("Acosh", 22, "y = arcosh(x); NaN below 1.", [](double x, double, const P&) { return std::acosh(x); }),
      unary("Asin", 22, "y = arcsin(x), in radians; NaN outside [-1, 1].",
            [](double x, double, const P&) { return std::asin(x); }),
      unary("Asinh", 22, "y = arsinh(x).", [](double x, double, const P&) { return std::asinh(x); }),
      unary("Atan", 22, "y = arctan(x), in radians.", [](double x, double, const P&) { return std::atan(x); }),
      unary("Atanh", 22, "y = artanh(x); NaN outside [-1, 1].",
            [](double x, double, const P&) { return std::atanh(x); }),
      unary("Ceil", 13, "y = the smallest integer not below x.",
            [](double x, double, const P&) { return std::ceil(x); }),
      unary("Cos", 22, "y = cos(x).", [](double x, double, const P&) { return std::cos(x); }),
      unary("Cosh", 22, "y = cosh(x).", [](double x, double, const P&) { return std::cosh(x); }),
      unary("Erf", 13, "y = erf(x) = 2/sqrt(pi) * integral of exp(-t^2) from 0 to x.",
            [](double x, double, const P&) { return std::erf(x); }),
      unary("Exp", 13, "y = e^x.", [](double x, double, const P&) { return std::exp(x); }),
      unary("Floor", 13, "y = the largest integer not above x.",
            [](double x, double, const P&) { return std::floor(x); }),
      unary("Log", 13, "y = ln(x); -inf at 0, NaN below.", [](double x, double, const P&) { return std::log(x); }),
      unary(
          "Neg", 13, kSigned, "y = -x; the smallest integer stays itself.",
          [](double x, double, const P&) { return -x; }, [](int64_t x, int64_t, const P&) { return wrap(0 - raw(x)); }),
      unary("Reciprocal", 13, "y = 1 / x.", [](double x, double, const P&) { return 1 / x; }),
      unary("Round", 22, "y = the nearest integer; halves go to the even one.",
            [](double x, double, const P&) { return std::nearbyint(x); }),
      unary(
          "Sign", 13, kNumeric, "y = -1, 0 or 1 as x is below, at or above 0; NaN stays NaN.",
          [](double x, double, const P&) {
            return std::isnan(x) ? x : x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0;
          },
          [](int64_t x, int64_t, const P&) { return static_cast<int64_t>((x > 0) - (x < 0)); },
          [](uint64_t x, uint64_t, const P&) { return static_cast<uint64_t>(x > 0); }),
      unary("Sin", 22, "y = sin(x).", [](double x, double, const P&) { return std::sin(x); }),
      unary("Sinh", 22, "y = sinh(x).", [](double x, double, const P&) { return std::sinh(x); }),
      unary("Sqrt", 13, "y = sqrt(x); NaN below 0.", [](double x, double, const P&) { return std::sqrt(x); }),
      unary("Tan", 22, "y = tan(x).", [](double x, double, const P&) { return std::tan(x); }),

      // --- activations
      unary(
          "Celu", 22, "y = max(0, x) + min(0, alpha * (e^(x / alpha) - 1)).",
          [](double x, double, const P& p) { return x > 0 ? x : p.alpha * std::expm1(x / p.alpha); }, real("alpha", 1)),
      unary(
          "Elu", 22, "y = x above 0, else alpha * (e^x - 1).",
          [](double x, double, const P& p) { return x > 0 ? x : p.alpha * std::expm1(x); }, real("alpha", 1)),
      unary("Gelu", 20, "y = x/2 * (1 + erf(x / sqrt(2))), or its tanh approximation when approximate is 'tanh'.",
            [](double x, double, const P& p) { return gelu(x, p.alpha != 0); },
            {"approximate", Kind::kChoice, 0, "none", "tanh"}),
      unary(
          "HardSigmoid", 22, "y = max(0, min(1, alpha * x + beta)).",
          [](double x, double, const P& p) { return clamp01(p.alpha * x + p.beta); }, real("alpha", 0.2),
          real("beta", 0.5)),
      unary("HardSwish", 22, "y = x * max(0, min(1, x / 6 + 1/2)).",
            [](double x, double, const P&) { return x * clamp01(x / 6 + 0.5); }),
      unary(
          "LeakyRelu", 16, "y = x from 0 on, else alpha * x.",
          [](double x, double, const P& p) { return x < 0 ? p.alpha * x : x; }, real("alpha", 0.01)),
      unary("Mish", 22, "y = x * tanh(ln(1 + e^x)).",
            [](double x, double, const P&) { return x * std::tanh(softplus(x)); }),
      unary(
          "Relu", 14, kSigned, "y = max(0, x).", [](double x, double, const P&) { return relu(x); },
          [](int64_t x, int64_t, const P&) { return x > 0 ? x : 0; }),
      unary(
          "Selu", 22, "y = gamma * x above 0, else gamma * alpha * (e^x - 1).",
          [](double x, double, const P& p) { return p.beta * (x > 0 ? x : p.alpha * std::expm1(x)); },
          real("alpha", 1.67326319217681884765625), real("gamma", 1.05070102214813232421875)),
      unary(
          "Shrink", 9, "y = x + bias below -lambd, x - bias above lambd, else 0.",
          [](double x, double, const P& p) {
            return x < -p.alpha ? x + p.beta : x > p.alpha ? x - p.beta : std::isnan(x) ? x : 0;
          },
          real("lambd", 0.5), real("bias", 0)),
      unary("Sigmoid", 13, "y = 1 / (1 + e^-x).", [](double x, double, const P&) { return sigmoid(x); }),
      unary("Softplus", 22, "y = ln(1 + e^x).", [](double x, double, const P&) { return softplus(x); }),
      unary("Softsign", 22, "y = x / (1 + |x|).", [](double x, double, const P&) { return x / (1 + std::fabs(x)); }),
      unary(
          "Swish", 24, "y = x / (1 + e^(-alpha * x)).",
          [](double x, double, const P& p) { return x * sigmoid(p.alpha * x); }, real("alpha", 1)),
      unary("Tanh", 13, "y = tanh(x).", [](double x, double, const P&) { return std::tanh(x); }),
      unary(
          "ThresholdedRelu", 22, "y = x above alpha, else 0.",
          [](double x, double, const P& p) { return x > p.alpha || std::isnan(x) ? x : 0; }, real("alpha", 1)),

      // --- arithmetic; integers wrap
      binary(
          "Add", 14, kNumeric, "y = a + b.", [](double a, double b, const P&) { return a + b; },
          [](int64_t a, int64_t b, const P&) { return wrap(raw(a) + raw(b)); }),
      binary(
          "Div", 14, kNumeric, "y = a / b; integers truncate towards zero, and by zero give 0.",
          [](double a, double b, const P&) { return a / b; },
          [](int64_t a, int64_t b, const P&) { return divide(a, b); },
          [](uint64_t a, uint64_t b, const P&) { return b == 0 ? 0 : a / b; }),
      binary(
          "Mod", 28, kNumeric, "y = a mod b with the sign of b, or with fmod = 1 the sign of a; integers mod 0 give 0.",
          [](double a, double b, const P& p) { return modulo(a, b, p.alpha != 0); },
          [](int64_t a, int64_t b, const P& p) { return modulo(a, b, p.alpha != 0); },
          [](uint64_t a, uint64_t b, const P&) { return b == 0 ? 0 : a % b; }, integer("fmod", 0)),
      binary(
          "Mul", 14, kNumeric, "y = a * b.", [](double a, double b, const P&) { return a * b; },
          [](int64_t a, int64_t b, const P&) { return wrap(raw(a) * raw(b)); }),
      binary(
          "PRelu", 16, kNumeric, "y = x from 0 on, else slope * x; the slope broadcasts to x.",
          [](double x, double slope, const P&) { return x < 0 ? slope * x : x; },
          [](int64_t x, int64_t slope, const P&) { return x < 0 ? wrap(raw(x) * raw(slope)) : x; },
          [](uint64_t x, uint64_t, const P&) { return x; }),
      binary(
          "Pow", 15, kNumeric,
          "y = a^b in a's dtype; b may have another; integers to negative powers truncate towards zero, 0 to one gives "
          "0.",
          [](double a, double b, const P&) { return std::pow(a, b); },
          [](int64_t a, int64_t b, const P&) { return power(a, b); }),
      binary(
          "Sub", 14, kNumeric, "y = a - b.", [](double a, double b, const P&) { return a - b; },
          [](int64_t a, int64_t b, const P&) { return wrap(raw(a) - raw(b)); }),
      variadic(
          "Max", 13, kNumeric, "y = the largest input; NaN if one is.",
          [](double a, double b, const P&) { return maximum(a, b); },
          [](int64_t a, int64_t b, const P&) { return a > b ? a : b; },
          [](uint64_t a, uint64_t b, const P&) { return a > b ? a : b; }),
      variadic(
          "Mean", 13, kFloat, "y = the mean of the inputs.", [](double a, double b, const P&) { return a + b; },
          nullptr),
      variadic(
          "Min", 13, kNumeric, "y = the smallest input; NaN if one is.",
          [](double a, double b, const P&) { return minimum(a, b); },
          [](int64_t a, int64_t b, const P&) { return a < b ? a : b; },
          [](uint64_t a, uint64_t b, const P&) { return a < b ? a : b; }),
      variadic(
          "Sum", 13, kFloat, "y = the sum of the inputs.", [](double a, double b, const P&) { return a + b; }, nullptr),

      // --- bits
      binary(
          "BitShift", 28, kInteger,
          "y = a shifted by b bits to the 'LEFT' or 'RIGHT'; signed integers shift in their sign from the left; when b "
          "is "
          "negative or too large nothing else is left.",
          nullptr, [](int64_t a, int64_t b, const P& p) { return shift(a, b, p.alpha != 0); },
          [](uint64_t a, uint64_t b, const P& p) -> uint64_t { return b > 63         ? 0
                                                                      : p.alpha != 0 ? a << b
                                                                                     : a >> b; },
          {"direction", Kind::kChoice, 0, "RIGHT", "LEFT", true}),
      binary("BitwiseAnd", 18, kInteger, "y = a & b, bit by bit.", nullptr,
             [](int64_t a, int64_t b, const P&) { return a & b; }),
      unary("BitwiseNot", 18, kInteger, "y = ~x, bit by bit.", nullptr,
            [](int64_t x, int64_t, const P&) { return ~x; }),
      binary("BitwiseOr", 18, kInteger, "y = a | b, bit by bit.", nullptr,
             [](int64_t a, int64_t b, const P&) { return a | b; }),
      binary("BitwiseXor", 18, kInteger, "y = a ^ b, bit by bit.", nullptr,
             [](int64_t a, int64_t b, const P&) { return a ^ b; }),

      // --- predicates: the result is bool
      predicate("And", 7, kTwo, kBoolean, "y = a and b.", nullptr,
                [](int64_t a, int64_t b, const P&) { return a & b; }),
      predicate(
          "Equal", 19, kTwo, kNumeric | kBoolean, "y = (a == b); NaN equals nothing.",
          [](double a, double b, const P&) { return a == b ? 1.0 : 0.0; },
          [](int64_t a, int64_t b, const P&) { return static_cast<int64_t>(a == b); }),
      predicate(
          "Greater", 13, kTwo, kNumeric, "y = (a > b); false for NaN.",
          [](double a, double b, const P&) { return a > b ? 1.0 : 0.0; },
          [](int64_t a, int64_t b, const P&) { return static_cast<int64_t>(a > b); },
          [](uint64_t a, uint64_t b, const P&) { return static_cast<uint64_t>(a > b); }),
      predicate(
          "GreaterOrEqual", 16, kTwo, kNumeric, "y = (a >= b); false for NaN.",
          [](double a, double b, const P&) { return a >= b ? 1.0 : 0.0; },
          [](int64_t a, int64_t b, const P&) { return static_cast<int64_t>(a >= b); },
          [](uint64_t a, uint64_t b, const P&) { return static_cast<uint64_t>(a >= b); }),
      predicate(
          "IsInf", 20, kOne, kFloat, "y = (x is infinite); detect_negative and detect_positive pick the signs.",
          [](double x, double, const P& p) {
            return std::isinf(x) && (x < 0 ? p.alpha != 0 : p.beta != 0) ? 1.0 : 0.0;
          },
          nullptr, nullptr, integer("detect_negative", 1), integer("detect_positive", 1)),
      predicate(
          "IsNaN", 20, kOne, kFloat, "y = (x is NaN).",
          [](double x, double, const P&) { return std::isnan(x) ? 1.0 : 0.0; }, nullptr),
      predicate(
          "Less", 13, kTwo, kNumeric, "y = (a < b); false for NaN.",
          [](double a, double b, const P&) { return a < b ? 1.0 : 0.0; },
          [](int64_t a, int64_t b, const P&) { return static_cast<int64_t>(a < b); },
          [](uint64_t a, uint64_t b, const P&) { return static_cast<uint64_t>(a < b); }),
      predicate(
          "LessOrEqual", 16, kTwo, kNumeric, "y = (a <= b); false for NaN.",
          [](double a, double b, const P&) { return a <= b ? 1.0 : 0.0; },
          [](int64_t a, int64_t b, const P&) { return static_cast<int64_t>(a <= b); },
          [](uint64_t a, uint64_t b, const P&) { return static_cast<uint64_t>(a <= b); }),
      predicate("Not", 1, kOne, kBoolean, "y = not x.", nullptr,
                [](int64_t x, int64_t, const P&) { return static_cast<int64_t>(x == 0); }),
      predicate("Or", 7, kTwo, kBoolean, "y = a or b.", nullptr, [](int64_t a, int64_t b, const P&) { return a | b; }),
      predicate("Xor", 7, kTwo, kBoolean, "y = a or b, but not both.", nullptr,
                [](int64_t a, int64_t b, const P&) { return a ^ b; }),
  };
}

}  // namespace

std::span<const PointwiseRow> pointwise_rows() {
  static const std::vector<PointwiseRow> kRows = make_rows();
  return kRows;
}

}  // namespace tenon
