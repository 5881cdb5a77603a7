// SPDX-License-Identifier: Apache-2.0
#include "expr/scalar.h"

#include "base/elements.h"

#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace tenon::expr {
namespace {

constexpr std::array<UnaryInfo, kUnaryOps> kUnaryTable = {{
    {"neg", kNumbers, false},  {"abs", kNumbers, false},  {"floor", kFloats, false}, {"ceil", kFloats, false},
    {"round", kFloats, false}, {"sqrt", kFloats, false},  {"exp", kFloats, false},   {"expm1", kFloats, false},
    {"log", kFloats, false},   {"log1p", kFloats, false}, {"sin", kFloats, false},   {"cos", kFloats, false},
    {"tan", kFloats, false},   {"asin", kFloats, false},  {"acos", kFloats, false},  {"atan", kFloats, false},
    {"sinh", kFloats, false},  {"cosh", kFloats, false},  {"tanh", kFloats, false},  {"asinh", kFloats, false},
    {"acosh", kFloats, false}, {"atanh", kFloats, false}, {"erf", kFloats, false},   {"not", kIntegers | kBools, false},
    {"isnan", kFloats, true},  {"isinf", kFloats, true},
}};

constexpr std::array<BinaryInfo, kBinaryOps> kBinaryTable = {{
    {"+", kNumbers, false, 6},           {"-", kNumbers, false, 6},           {"*", kNumbers, false, 7},
    {"/", kNumbers, false, 7},           {"//", kIntegers, false, 7},         {"%", kNumbers, false, 7},
    {"mod", kNumbers, false, 0},         {"pow", kNumbers, false, 0},         {"min", kNumbers, false, 0},
    {"max", kNumbers, false, 0},         {"&", kIntegers | kBools, false, 3}, {"|", kIntegers | kBools, false, 1},
    {"^", kIntegers | kBools, false, 2}, {"<<", kIntegers, false, 5},         {">>", kIntegers, false, 5},
    {"==", kNumbers | kBools, true, 4},  {"!=", kNumbers | kBools, true, 4},  {"<", kNumbers, true, 4},
    {"<=", kNumbers, true, 4},
}};

constexpr uint64_t raw(int64_t value) { return static_cast<uint64_t>(value); }
constexpr int64_t wrap(uint64_t bits) { return static_cast<int64_t>(bits); }

// --- floats

double modulo(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;  // NaN + b is NaN.
}

double eval_real(UnaryOp op, double x) {
  switch (op) {
    case UnaryOp::kNeg:
      return -x;
    case UnaryOp::kAbs:
      return std::fabs(x);
    case UnaryOp::kFloor:
      return std::floor(x);
    case UnaryOp::kCeil:
      return std::ceil(x);
    case UnaryOp::kRound:
      return std::nearbyint(x);
    case UnaryOp::kSqrt:
      return std::sqrt(x);
    case UnaryOp::kExp:
      return std::exp(x);
    case UnaryOp::kExpm1:
      return std::expm1(x);
    case UnaryOp::kLog:
      return std::log(x);
    case UnaryOp::kLog1p:
      return std::log1p(x);
    case UnaryOp::kSin:
      return std::sin(x);
    case UnaryOp::kCos:
      return std::cos(x);
    case UnaryOp::kTan:
      return std::tan(x);
    case UnaryOp::kAsin:
      return std::asin(x);
    case UnaryOp::kAcos:
      return std::acos(x);
    case UnaryOp::kAtan:
      return std::atan(x);
    case UnaryOp::kSinh:
      return std::sinh(x);
    case UnaryOp::kCosh:
      return std::cosh(x);
    case UnaryOp::kTanh:
      return std::tanh(x);
    case UnaryOp::kAsinh:
      return std::asinh(x);
    case UnaryOp::kAcosh:
      return std::acosh(x);
    case UnaryOp::kAtanh:
      return std::atanh(x);
    case UnaryOp::kErf:
      return std::erf(x);
    default:
      return x;
  }
}

double eval_real(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSub:
      return a - b;
    case BinaryOp::kMul:
      return a * b;
    case BinaryOp::kDiv:
      return a / b;
    case BinaryOp::kRem:
      return std::fmod(a, b);
    case BinaryOp::kMod:
      return modulo(a, b);
    case BinaryOp::kPow:
      return std::pow(a, b);
    case BinaryOp::kMin:
      return std::isnan(a) || a < b ? a : b;
    case BinaryOp::kMax:
      return std::isnan(a) || a > b ? a : b;
    default:
      return a;
  }
}

// --- integers, in 64 bits; the caller wraps the result to the type's width

struct Quotient {
  int64_t quotient, rest;  // Truncated towards 0; the rest has a's sign.
};

Quotient divide(int64_t a, int64_t b, bool is_unsigned) {
  if (b == 0) return {0, 0};
  if (is_unsigned) return {wrap(raw(a) / raw(b)), wrap(raw(a) % raw(b))};
  if (b == -1) return {wrap(0 - raw(a)), 0};  // The quotient of the smallest integer would overflow.
  return {a / b, a % b};
}

int64_t power(int64_t base, int64_t exponent, bool is_unsigned) {
  if (!is_unsigned && exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  uint64_t result = 1;
  for (uint64_t square = raw(base), rest = raw(exponent); rest > 0; rest /= 2, square *= square)
    if (rest % 2 == 1) result *= square;
  return wrap(result);
}

// `bits`: the type's width. A right shift of a value that is extended to 64 bits gives that of the narrow one.
int64_t shift(BinaryOp op, int64_t value, int64_t amount, int bits, bool is_unsigned) {
  const bool all = amount < 0 || amount >= bits;
  if (op == BinaryOp::kShl) return all ? 0 : wrap(raw(value) << amount);
  if (is_unsigned) return all ? 0 : wrap(raw(value) >> amount);
  return value >> (all ? 63 : amount);
}

bool less(int64_t a, int64_t b, bool is_unsigned) { return is_unsigned ? raw(a) < raw(b) : a < b; }

int64_t eval_integer(BinaryOp op, ScalarType type, int64_t a, int64_t b) {
  const bool is_unsigned = is_any(type, kUnsigneds);
  switch (op) {
    case BinaryOp::kAdd:
      return wrap(raw(a) + raw(b));
    case BinaryOp::kSub:
      return wrap(raw(a) - raw(b));
    case BinaryOp::kMul:
      return wrap(raw(a) * raw(b));
    case BinaryOp::kDiv:
      return divide(a, b, is_unsigned).quotient;
    case BinaryOp::kRem:
      return divide(a, b, is_unsigned).rest;
    case BinaryOp::kFloorDiv: {
      const auto [quotient, rest] = divide(a, b, is_unsigned);
      return !is_unsigned && rest != 0 && (rest < 0) != (b < 0) ? quotient - 1 : quotient;
    }
    case BinaryOp::kMod: {
      const int64_t rest = divide(a, b, is_unsigned).rest;
      return !is_unsigned && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
    case BinaryOp::kPow:
      return power(a, b, is_unsigned);
    case BinaryOp::kMin:
      return less(a, b, is_unsigned) ? a : b;
    case BinaryOp::kMax:
      return less(b, a, is_unsigned) ? a : b;
    case BinaryOp::kAnd:
      return a & b;
    case BinaryOp::kOr:
      return a | b;
    case BinaryOp::kXor:
      return a ^ b;
    case BinaryOp::kShl:
    case BinaryOp::kShr:
      return shift(op, a, b, dtype_bits(type.dtype()), is_unsigned);
    default:
      return a;
  }
}

template <typename T, typename Less>
bool compare(BinaryOp op, T a, T b, Less&& is_less) {
  switch (op) {
    case BinaryOp::kEq:
      return a == b;
    case BinaryOp::kNe:
      return a != b;
    case BinaryOp::kLt:
      return is_less(a, b);
    default:
      return is_less(a, b) || a == b;
  }
}

// One element of memory: the rounding and conversion rules of base/elements.h.
struct Element {
  alignas(8) unsigned char bytes[8] = {};

  static Element of(ScalarType type, Scalar x) {
    Element element;
    if (is_any(type, kFloats | kHalves))
      store_f64(element.bytes, type.dtype(), 0, x.real());
    else
      store_i64(element.bytes, type.dtype(), 0, x.integer());
    return element;
  }
  [[nodiscard]] Scalar as(ScalarType type) const {
    if (is_any(type, kFloats | kHalves)) return Scalar::real(load_f64(bytes, type.dtype(), 0));
    if (is_any(type, kUnsigneds)) return Scalar::integer(wrap(load_u64(bytes, type.dtype(), 0)));
    return Scalar::integer(load_i64(bytes, type.dtype(), 0));
  }
};

}  // namespace

int class_of(ScalarType type) noexcept {
  if (type.is_variable()) return kNumbers;
  switch (type.dtype()) {
    case DType::kFloat32:
    case DType::kFloat64:
      return kFloats;
    case DType::kFloat16:
    case DType::kBFloat16:
      return kHalves;
    case DType::kBool:
      return kBools;
    case DType::kInt8:
    case DType::kInt16:
    case DType::kInt32:
    case DType::kInt64:
      return kSigneds;
    case DType::kUInt8:
    case DType::kUInt16:
    case DType::kUInt32:
    case DType::kUInt64:
      return kUnsigneds;
    default:
      return 0;
  }
}

std::string_view class_text(int classes) noexcept {
  switch (classes) {
    case kFloats:
      return "f32 or f64";
    case kIntegers:
      return "integers";
    case kNumbers:
      return "f32, f64 or integers";
    case kIntegers | kBools:
      return "integers or bool";
    case kBools:
      return "bool";
    default:
      return "f32, f64, integers or bool";
  }
}

const UnaryInfo& info(UnaryOp op) noexcept { return kUnaryTable[static_cast<size_t>(op)]; }
const BinaryInfo& info(BinaryOp op) noexcept { return kBinaryTable[static_cast<size_t>(op)]; }

Scalar eval(UnaryOp op, ScalarType type, Scalar x) {
  if (op == UnaryOp::kIsNaN) return Scalar::integer(std::isnan(x.real()) ? 1 : 0);
  if (op == UnaryOp::kIsInf) return Scalar::integer(std::isinf(x.real()) ? 1 : 0);
  if (is_any(type, kFloats)) return Scalar::real(eval_real(op, x.real()));
  int64_t value = x.integer();
  if (op == UnaryOp::kNot) value = type == kBool ? (value == 0 ? 1 : 0) : ~value;
  if (op == UnaryOp::kNeg || (op == UnaryOp::kAbs && value < 0 && is_any(type, kSigneds))) value = wrap(0 - raw(value));
  return round_to(type, Scalar::integer(value));
}

Scalar eval(BinaryOp op, ScalarType type, Scalar a, Scalar b) {
  const bool is_real = is_any(type, kFloats);
  if (info(op).predicate) {
    const bool is_unsigned = is_any(type, kUnsigneds);
    const bool result =
        is_real ? compare(op, a.real(), b.real(), [](double p, double q) { return p < q; })
                : compare(op, a.integer(), b.integer(), [&](int64_t p, int64_t q) { return less(p, q, is_unsigned); });
    return Scalar::integer(result ? 1 : 0);
  }
  if (is_real) return Scalar::real(eval_real(op, a.real(), b.real()));
  return round_to(type, Scalar::integer(eval_integer(op, type, a.integer(), b.integer())));
}

Scalar eval_cast(CastMode mode, ScalarType from, ScalarType to, Scalar x) {
  const Element element = Element::of(from, x);
  if (mode == CastMode::kBits) return element.as(to);
  if (is_any(to, kFloats | kHalves)) {
    return round_to(
        to, Scalar::real(is_any(from, kFloats | kHalves) ? x.real() : load_f64(element.bytes, from.dtype(), 0)));
  }
  if (!is_any(from, kFloats | kHalves))
    return round_to(to, to == kBool ? Scalar::integer(x.integer() != 0 ? 1 : 0) : x);
  Element converted;
  store_f64(converted.bytes, to.dtype(), 0, x.real());
  return converted.as(to);
}

Scalar round_to(ScalarType type, Scalar x) {
  if (type.is_variable() || type == kF64 || type == kI64) return x;
  return Element::of(type, x).as(type);
}

std::optional<Scalar> from_number(ScalarType type, double number) {
  if (type.is_variable()) return Scalar::real(number);
  if (is_any(type, kFloats | kHalves)) return round_to(type, Scalar::real(number));
  const Scalar value = eval_cast(CastMode::kValue, kF64, type, Scalar::real(number));
  return eval_cast(CastMode::kValue, type, kF64, value).real() == number ? std::optional(value) : std::nullopt;
}

std::optional<Scalar> from_number(ScalarType type, int64_t number) {
  if (is_any(type, kFloats | kHalves)) return from_number(type, static_cast<double>(number));
  const Scalar value = eval_cast(CastMode::kValue, kI64, type, Scalar::integer(number));
  if (value.integer() != number || (number < 0 && is_any(type, kUnsigneds))) return std::nullopt;
  return value;
}

}  // namespace tenon::expr
