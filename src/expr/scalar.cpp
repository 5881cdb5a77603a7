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
    {"+", kNumbers, false, 6},
    {"-", kNumbers, false, 6},
    {"*", kNumbers, false, 7},
    {"fastmul", kNumbers, false, 0},
    {"/", kNumbers, false, 7},
    {"//", kIntegers, false, 7},
    {"%", kNumbers, false, 7},
    {"mod", kNumbers, false, 0},
    {"pow", kNumbers, false, 0},
    {"min", kNumbers, false, 0},
    {"max", kNumbers, false, 0},
    {"&", kIntegers | kBools, false, 3},
    {"|", kIntegers | kBools, false, 1},
    {"^", kIntegers | kBools, false, 2},
    {"<<", kIntegers, false, 5},
    {">>", kIntegers, false, 5},
    {"==", kNumbers | kBools, true, 4},
    {"!=", kNumbers | kBools, true, 4},
    {"<", kNumbers, true, 4},
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

// Calls `use` with the function that an operation is, so that what is done with it many times selects it once.
template <typename Use>
auto with_real(UnaryOp op, Use&& use) {
  switch (op) {
    case UnaryOp::kNeg:
      return use([](double x) { return -x; });
    case UnaryOp::kAbs:
      return use([](double x) { return std::fabs(x); });
    case UnaryOp::kFloor:
      return use([](double x) { return std::floor(x); });
    case UnaryOp::kCeil:
      return use([](double x) { return std::ceil(x); });
    case UnaryOp::kRound:
      return use([](double x) { return std::nearbyint(x); });
    case UnaryOp::kSqrt:
      return use([](double x) { return std::sqrt(x); });
    case UnaryOp::kExp:
      return use([](double x) { return std::exp(x); });
    case UnaryOp::kExpm1:
      return use([](double x) { return std::expm1(x); });
    case UnaryOp::kLog:
      return use([](double x) { return std::log(x); });
    case UnaryOp::kLog1p:
      return use([](double x) { return std::log1p(x); });
    case UnaryOp::kSin:
      return use([](double x) { return std::sin(x); });
    case UnaryOp::kCos:
      return use([](double x) { return std::cos(x); });
    case UnaryOp::kTan:
      return use([](double x) { return std::tan(x); });
    case UnaryOp::kAsin:
      return use([](double x) { return std::asin(x); });
    case UnaryOp::kAcos:
      return use([](double x) { return std::acos(x); });
    case UnaryOp::kAtan:
      return use([](double x) { return std::atan(x); });
    case UnaryOp::kSinh:
      return use([](double x) { return std::sinh(x); });
    case UnaryOp::kCosh:
      return use([](double x) { return std::cosh(x); });
    case UnaryOp::kTanh:
      return use([](double x) { return std::tanh(x); });
    case UnaryOp::kAsinh:
      return use([](double x) { return std::asinh(x); });
    case UnaryOp::kAcosh:
      return use([](double x) { return std::acosh(x); });
    case UnaryOp::kAtanh:
      return use([](double x) { return std::atanh(x); });
    case UnaryOp::kErf:
      return use([](double x) { return std::erf(x); });
    default:
      return use([](double x) { return x; });
  }
}

template <typename Use>
auto with_real(BinaryOp op, Use&& use) {
  switch (op) {
    case BinaryOp::kAdd:
      return use([](double a, double b) { return a + b; });
    case BinaryOp::kSub:
      return use([](double a, double b) { return a - b; });
    case BinaryOp::kMul:
    case BinaryOp::kFastMul:
      return use([](double a, double b) { return a * b; });
    case BinaryOp::kDiv:
      return use([](double a, double b) { return a / b; });
    case BinaryOp::kRem:
      return use([](double a, double b) { return std::fmod(a, b); });
    case BinaryOp::kMod:
      return use([](double a, double b) { return modulo(a, b); });
    case BinaryOp::kPow:
      return use([](double a, double b) { return std::pow(a, b); });
    case BinaryOp::kMin:
      return use([](double a, double b) { return std::isnan(a) || a < b ? a : b; });
    case BinaryOp::kMax:
      return use([](double a, double b) { return std::isnan(a) || a > b ? a : b; });
    default:
      return use([](double a, double) { return a; });
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

template <typename Use>
auto with_integer(UnaryOp op, ScalarType type, Use&& use) {
  switch (op) {
    case UnaryOp::kNot:
      if (type == kBool) return use([](int64_t x) { return int64_t{x == 0}; });
      return use([](int64_t x) { return ~x; });
    case UnaryOp::kNeg:
      return use([](int64_t x) { return wrap(0 - raw(x)); });
    case UnaryOp::kAbs:
      if (is_any(type, kSigneds)) return use([](int64_t x) { return x < 0 ? wrap(0 - raw(x)) : x; });
      [[fallthrough]];
    default:
      return use([](int64_t x) { return x; });
  }
}

template <typename Use>
auto with_integer(BinaryOp op, ScalarType type, Use&& use) {
  const bool is_unsigned = is_any(type, kUnsigneds);
  switch (op) {
    case BinaryOp::kAdd:
      return use([](int64_t a, int64_t b) { return wrap(raw(a) + raw(b)); });
    case BinaryOp::kSub:
      return use([](int64_t a, int64_t b) { return wrap(raw(a) - raw(b)); });
    case BinaryOp::kMul:
    case BinaryOp::kFastMul:
      return use([](int64_t a, int64_t b) { return wrap(raw(a) * raw(b)); });
    case BinaryOp::kDiv:
      return use([=](int64_t a, int64_t b) { return divide(a, b, is_unsigned).quotient; });
    case BinaryOp::kRem:
      return use([=](int64_t a, int64_t b) { return divide(a, b, is_unsigned).rest; });
    case BinaryOp::kFloorDiv:
      return use([=](int64_t a, int64_t b) {
        const auto [quotient, rest] = divide(a, b, is_unsigned);
        return !is_unsigned && rest != 0 && (rest < 0) != (b < 0) ? quotient - 1 : quotient;
      });
    case BinaryOp::kMod:
      return use([=](int64_t a, int64_t b) {
        const int64_t rest = divide(a, b, is_unsigned).rest;
        return !is_unsigned && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
      });
    case BinaryOp::kPow:
      return use([=](int64_t a, int64_t b) { return power(a, b, is_unsigned); });
    case BinaryOp::kMin:
      return use([=](int64_t a, int64_t b) { return less(a, b, is_unsigned) ? a : b; });
    case BinaryOp::kMax:
      return use([=](int64_t a, int64_t b) { return less(b, a, is_unsigned) ? a : b; });
    case BinaryOp::kAnd:
      return use([](int64_t a, int64_t b) { return a & b; });
    case BinaryOp::kOr:
      return use([](int64_t a, int64_t b) { return a | b; });
    case BinaryOp::kXor:
      return use([](int64_t a, int64_t b) { return a ^ b; });
    case BinaryOp::kShl:
    case BinaryOp::kShr:
      return use(
          [=, bits = dtype_bits(type.dtype())](int64_t a, int64_t b) { return shift(op, a, b, bits, is_unsigned); });
    default:
      return use([](int64_t a, int64_t) { return a; });
  }
}

// `is_less` is of T.
template <typename T, typename Less, typename Use>
auto with_comparison(BinaryOp op, Less is_less, Use&& use) {
  switch (op) {
    case BinaryOp::kEq:
      return use([](T a, T b) { return a == b; });
    case BinaryOp::kNe:
      return use([](T a, T b) { return a != b; });
    case BinaryOp::kLt:
      return use([=](T a, T b) { return is_less(a, b); });
    default:
      return use([=](T a, T b) { return is_less(a, b) || a == b; });
  }
}

// The same with an operation as a function of Scalars; `wraps` says whether its results are to be rounded to `type`.
template <typename Use>
auto with_function(UnaryOp op, ScalarType type, Use&& use) {
  if (op == UnaryOp::kIsNaN) return use([](Scalar x) { return Scalar::integer(std::isnan(x.real()) ? 1 : 0); }, false);
  if (op == UnaryOp::kIsInf) return use([](Scalar x) { return Scalar::integer(std::isinf(x.real()) ? 1 : 0); }, false);
  if (is_any(type, kFloats)) {
    return with_real(op, [&](auto f) { return use([f](Scalar x) { return Scalar::real(f(x.real())); }, false); });
  }
  return with_integer(op, type,
                      [&](auto f) { return use([f](Scalar x) { return Scalar::integer(f(x.integer())); }, true); });
}

template <typename Use>
auto with_function(BinaryOp op, ScalarType type, Use&& use) {
  const auto real = [&](auto f) {
    return use([f](Scalar a, Scalar b) { return Scalar::real(f(a.real(), b.real())); }, false);
  };
  const auto integer = [&](auto f) {
    return use([f](Scalar a, Scalar b) { return Scalar::integer(f(a.integer(), b.integer())); }, true);
  };
  if (!info(op).predicate) return is_any(type, kFloats) ? with_real(op, real) : with_integer(op, type, integer);
  if (is_any(type, kFloats)) {
    return with_comparison<double>(
        op, [](double a, double b) { return a < b; },
        [&](auto f) {
          return use([f](Scalar a, Scalar b) { return Scalar::integer(f(a.real(), b.real()) ? 1 : 0); }, false);
        });
  }
  const bool is_unsigned = is_any(type, kUnsigneds);
  return with_comparison<int64_t>(
      op, [=](int64_t a, int64_t b) { return less(a, b, is_unsigned); },
      [&](auto f) {
        return use([f](Scalar a, Scalar b) { return Scalar::integer(f(a.integer(), b.integer()) ? 1 : 0); }, false);
      });
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

// round_to() for many.
void round_all(ScalarType type, std::span<Scalar> values) {
  const int unused = 64 - dtype_bits(type.dtype());
  if (unused == 0) return;
  if (type == kF32) {
    for (Scalar& x : values) x = Scalar::real(static_cast<double>(static_cast<float>(x.real())));
  } else if (is_any(type, kSigneds)) {
    for (Scalar& x : values) x = Scalar::integer(wrap(raw(x.integer()) << unused) >> unused);
  } else if (is_any(type, kUnsigneds)) {
    for (Scalar& x : values) x = Scalar::integer(wrap(raw(x.integer()) << unused >> unused));
  } else {
    for (Scalar& x : values) x = round_to(type, x);
  }
}

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
  return with_function(op, type, [&](auto f, bool wraps) { return wraps ? round_to(type, f(x)) : f(x); });
}

Scalar eval(BinaryOp op, ScalarType type, Scalar a, Scalar b) {
  return with_function(op, type, [&](auto f, bool wraps) { return wraps ? round_to(type, f(a, b)) : f(a, b); });
}

void eval(UnaryOp op, ScalarType type, Lanes x, std::span<Scalar> out) {
  with_function(op, type, [&](auto f, bool wraps) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = f(x[i]);
    if (wraps) round_all(type, out);
  });
}

void eval(BinaryOp op, ScalarType type, Lanes a, Lanes b, std::span<Scalar> out) {
  with_function(op, type, [&](auto f, bool wraps) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = f(a[i], b[i]);
    if (wraps) round_all(type, out);
  });
}

Scalar fold(BinaryOp op, ScalarType type, Scalar start, Lanes x, size_t count) {
  return with_function(op, type, [&](auto f, bool wraps) {
    Scalar result = start;
    for (size_t i = 0; i < count; ++i) result = f(result, x[i]);
    return wraps ? round_to(type, result) : result;
  });
}

void eval_cast(CastMode mode, ScalarType from, ScalarType to, Lanes x, std::span<Scalar> out) {
  const bool real = is_any(from, kFloats | kHalves);
  if (mode == CastMode::kValue && real && (to == kF32 || to == kF64)) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = x[i];
    round_all(to, out);
  } else if (mode == CastMode::kValue && !real && is_any(to, kIntegers)) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = x[i];
    round_all(to, out);
  } else {
    for (size_t i = 0; i < out.size(); ++i) out[i] = eval_cast(mode, from, to, x[i]);
  }
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
