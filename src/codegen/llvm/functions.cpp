// SPDX-License-Identifier: Apache-2.0
#include "codegen/llvm/functions.h"

#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <array>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace tenon::codegen {
namespace {

using expr::UnaryOp;
using llvm::Value;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kLn2 = 0x1.62e42fefa39efp-1;

/// The functions on values of one type.
class Functions {
 public:
  Functions(Builder& build, Value* like)
      : b_(build), like_(like), is64_(like->getType()->getScalarType()->isDoubleTy()) {}

  Value* call(UnaryOp op, Value* x) {
    switch (op) {
      case UnaryOp::kExp:
        return exp(x, 0);
      case UnaryOp::kExpm1:
        return expm1(x);
      case UnaryOp::kLog:
        return log(x, nullptr);
      case UnaryOp::kLog1p:
        return log1p(x);
      case UnaryOp::kSin:
        return sine(x, 0);
      case UnaryOp::kCos:
        return sine(x, 1);
      case UnaryOp::kTan:
        return tangent(x);
      case UnaryOp::kAsin:
        return signed_like(x, arc(magnitude(x), sqrt(mul(sub(one(), x), add(one(), x)))));
      case UnaryOp::kAcos:
        return mul(real(2), arc(sqrt(sub(one(), x)), sqrt(add(one(), x))));
      case UnaryOp::kAtan:
        return signed_like(x, arc(magnitude(x), one()));
      case UnaryOp::kSinh:
        return sinh(x);
      case UnaryOp::kCosh: {
        Value* half = exp(magnitude(x), 1);
        return add(half, div(real(0.25), half));
      }
      case UnaryOp::kTanh:
        return tanh(x);
      case UnaryOp::kAsinh:
        return asinh(x);
      case UnaryOp::kAcosh:
        return acosh(x);
      case UnaryOp::kAtanh: {
        Value* a = magnitude(x);
        return signed_like(x, mul(real(0.5), log1p(div(add(a, a), sub(one(), a)))));
      }
      default:
        return erf(x);
    }
  }

  Value* pow(Value* a, Value* b);

 private:
  // --- words
  Value* real(double number) { return Builder::real(like_, number); }
  Value* one() { return real(1); }
  Value* add(Value* a, Value* b) { return b_.CreateFAdd(a, b); }
  Value* sub(Value* a, Value* b) { return b_.CreateFSub(a, b); }
  Value* mul(Value* a, Value* b) { return b_.CreateFMul(a, b); }
  Value* div(Value* a, Value* b) { return b_.CreateFDiv(a, b); }
  Value* sqrt(Value* x) { return b_.intrinsic(llvm::Intrinsic::sqrt, x); }
  Value* magnitude(Value* x) { return b_.intrinsic(llvm::Intrinsic::fabs, x); }
  Value* signed_like(Value* sign, Value* x) { return b_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, x, sign); }
  Value* less(Value* a, Value* b) { return b_.CreateFCmpOLT(a, b); }
  Value* select(Value* c, Value* a, Value* b) { return b_.CreateSelect(c, a, b); }
  // NaN stays.
  Value* at_least(Value* x, double lo) { return select(less(x, real(lo)), real(lo), x); }
  Value* at_most(Value* x, double hi) { return select(less(real(hi), x), real(hi), x); }
  Value* as_bits(Value* x) { return b_.CreateBitCast(x, b_.bits_type(like_)); }
  Value* as_real(Value* x) { return b_.CreateBitCast(x, like_->getType()); }
  Value* bits_constant(uint64_t value) { return llvm::ConstantInt::get(b_.bits_type(like_), value); }
  [[nodiscard]] int mantissa_bits() const { return is64_ ? 52 : 23; }
  [[nodiscard]] int bias() const { return is64_ ? 1023 : 127; }

  // c[0] + c[1] x + …, by Horner.
  Value* polynomial(Value* x, std::span<const double> c) {
    Value* sum = real(c.back());
    for (size_t i = c.size() - 1; i-- > 0;) sum = add(mul(sum, x), real(c[i]));
    return sum;
  }

  // An integer k, |k| < 2^20, to the nearest one of x, as a real and as an integer of the same width.
  struct Nearest {
    Value* as_real;
    Value* as_integer;
  };
  Nearest nearest(Value* x) {
    // 1.5 * 2^mantissa leaves no bits for fractions: the sum is rounded to an integer, which is in its low bits.
    const double magic = is64_ ? 0x1.8p52 : 0x1.8p23;
    Value* shifted = add(x, real(magic));
    return {sub(shifted, real(magic)), b_.CreateSub(as_bits(shifted), as_bits(real(magic)))};
  }
  // A small integer as a real.
  Value* to_real(Value* k) {
    const double magic = is64_ ? 0x1.8p52 : 0x1.8p23;
    return sub(as_real(b_.CreateAdd(k, as_bits(real(magic)))), real(magic));
  }
  // p * 2^k, rounded once, for p about 1 and |k| < 1200, in f32 200: by the instruction for it, or by two factors,
  // since 2^k may be no normal number where they are.
  Value* scaled(Value* p, const Nearest& k) {
    const unsigned lanes = Builder::lanes(p), whole = 512 / Builder::bits(p);
    if (b_.isa() != Isa::kX86V4 || lanes % whole != 0 || lanes == 0) {
      const auto [first, second] = factors(k.as_integer);
      return mul(mul(p, first), second);
    }
    const auto id =
        is64_ ? llvm::Intrinsic::x86_avx512_mask_scalef_pd_512 : llvm::Intrinsic::x86_avx512_mask_scalef_ps_512;
    Value* all = llvm::Constant::getAllOnesValue(b_.getIntNTy(whole));
    std::vector<Value*> registers;
    for (unsigned at = 0; at < lanes; at += whole) {
      std::vector<int> picked(whole);
      std::iota(picked.begin(), picked.end(), static_cast<int>(at));
      Value* part = b_.CreateShuffleVector(p, picked);
      Value* exponent = b_.CreateShuffleVector(k.as_real, picked);
      registers.push_back(b_.CreateIntrinsic(id, {}, {part, exponent, part, all, b_.getInt32(/*rounding: as set=*/4)}));
    }
    return llvm::concatenateVectors(b_, registers);
  }
  // 2^k as a product of two normal numbers.
  std::pair<Value*, Value*> factors(Value* k) {
    Value* exponents = b_.CreateAdd(k, bits_constant(2 * static_cast<uint64_t>(bias())));  // Of both; positive.
    Value* first = b_.CreateLShr(exponents, bits_constant(1));
    const auto power = [&](Value* exponent) {
      return as_real(b_.CreateShl(exponent, bits_constant(static_cast<uint64_t>(mantissa_bits()))));
    };
    return {power(first), power(b_.CreateSub(exponents, first))};
  }

  // --- exponentials

  // x = k ln 2 + r, |r| <= ln 2 / 2 or hardly more; the first part of ln 2 is short, so that its product is exact.
  struct Exponent {
    Nearest k;
    Value* r;
  };
  Exponent split_exponent(Value* x) {
    const Nearest k = nearest(mul(x, real(0x1.71547652b82fep0)));
    Value* r = sub(x, mul(k.as_real, real(is64_ ? 0x1.62e42feep-1 : 0x1.62e4p-1)));
    r = sub(r, mul(k.as_real, real(is64_ ? 0x1.a39ef35793c76p-33 : 1.4286068203094173e-06)));
    return {k, r};
  }
  // e^r - 1 = r + r² t(r) for |r| < 0.35, to below 2^-27 (2^-56) of e^r, which is 2^-25 (2^-54) of itself. In f64 t is
  // the Taylor series; in f32 the polynomial that is best by the first measure, in two halves that do not wait for each
  // other.
  Value* exp_less_one(Value* r) {
    Value* square = mul(r, r);
    Value* tail = nullptr;
    if (is64_) {
      std::array<double, 12> c{};
      double factorial = 1;
      for (size_t n = 0; n < c.size(); ++n) c[n] = 1 / (factorial *= static_cast<double>(n) + 2);
      tail = polynomial(r, c);
    } else {
      Value* low = add(mul(r, real(0.1666652063171915)), real(0.4999999344778824));
      Value* middle = add(mul(r, real(0.008368716878789564)), real(0.04166838804701732));
      Value* high = add(mul(square, real(0.0013814598561015072)), middle);
      tail = add(mul(square, high), low);
    }
    return add(r, mul(square, tail));
  }

  // e^x / 2^halvings.
  Value* exp(Value* x, int halvings) {
    x = at_most(at_least(x, is64_ ? -760 : -106), is64_ ? 720 : 92);
    auto [k, r] = split_exponent(x);
    if (halvings != 0) {
      k.as_real = sub(k.as_real, real(halvings));
      k.as_integer = b_.CreateSub(k.as_integer, bits_constant(static_cast<uint64_t>(halvings)));
    }
    return scaled(add(one(), exp_less_one(r)), k);
  }

  // 2^k (e^r - 1) + (2^k - 1), scaled in two steps.
  Value* expm1(Value* x) {
    Value* clamped = at_most(at_least(x, is64_ ? -40 : -20), is64_ ? 720 : 92);
    const auto [k, r] = split_exponent(clamped);
    const auto [first, second] = factors(k.as_integer);
    // 1 / second.
    Value* inverse =
        as_real(b_.CreateSub(bits_constant(2 * static_cast<uint64_t>(bias()) << mantissa_bits()), as_bits(second)));
    Value* result = mul(add(mul(exp_less_one(r), first), sub(first, inverse)), second);
    return select(b_.CreateFCmpOEQ(x, real(0)), x, result);  // Keeps the sign of 0.
  }

  // (e^2a - 1) / (e^2a + 1). In f32 that rounds too often near 0: there x + x³ p(x²), which interpolates in Chebyshev
  // points up to x² = 0.4.
  Value* tanh(Value* x) {
    Value* a = at_most(magnitude(x), is64_ ? 22 : 10);
    if (is64_) {
      Value* t = expm1(add(a, a));
      return signed_like(x, div(t, add(t, real(2))));
    }
    static constexpr std::array<double, 6> kNear = {-0.33333333149374506, 0.13333300146188914,   -0.0539584616274522,
                                                    0.021762502907359264, -0.008323187058278775, 0.002269501684162354};
    Value* z = mul(a, a);
    Value* near = add(a, mul(a, mul(z, polynomial(z, kNear))));
    Value* far = sub(one(), div(real(2), add(exp(add(a, a), 0), one())));
    return signed_like(x, select(less(a, real(0.625)), near, far));
  }

  Value* sinh(Value* x) {
    Value* a = magnitude(x);
    Value* t = expm1(at_most(a, 30));
    Value* near = mul(real(0.5), add(t, div(t, add(t, one()))));
    return signed_like(x, select(less(real(22), a), exp(a, 1), near));
  }

  // --- logarithms

  // u = 2^k m, sqrt(1/2) <= m < sqrt(2); u is positive and finite.
  struct Fraction {
    Value* k;
    Value* m;
  };
  Fraction split_fraction(Value* u) {
    const int shift = mantissa_bits();
    const double least = is64_ ? 0x1p-1022 : 0x1p-126;
    Value* tiny = less(u, real(least));
    u = select(tiny, mul(u, real(is64_ ? 0x1p54 : 0x1p25)), u);
    Value* bits = as_bits(u);
    const uint64_t root = is64_ ? 0x3fe6a09e667f3bcd : 0x3f3504f3;
    const auto offset = static_cast<uint64_t>(bias());
    // Biased so that any shift will do.
    Value* biased = b_.CreateLShr(b_.CreateAdd(bits, bits_constant((offset << shift) - root)),
                                  bits_constant(static_cast<uint64_t>(shift)));
    Value* k = b_.CreateSub(biased, bits_constant(offset));
    Value* m = as_real(b_.CreateSub(bits, b_.CreateShl(k, bits_constant(static_cast<uint64_t>(shift)))));
    Value* correction = select(tiny, bits_constant(is64_ ? 54 : 25), bits_constant(0));
    return {to_real(b_.CreateSub(k, correction)), m};
  }

  // 2 (atanh(s) / s - 1) by its Taylor series; |s| <= 3 - sqrt(8).
  Value* log_tail(Value* s) {
    std::array<double, 12> c{};
    for (size_t n = 1; n < c.size(); ++n) c[n] = 2 / (2 * static_cast<double>(n) + 1);
    return polynomial(mul(s, s), std::span(c).first(is64_ ? 12 : 5));
  }

  // ln(u + lost), where `lost` is what rounding took from u, or null.
  Value* log(Value* u, Value* lost) {
    const auto [k, m] = split_fraction(u);
    Value* f = sub(m, one());
    Value* s = div(f, add(f, real(2)));
    // ln(1 + f) = 2 s + s R = f - s (f - R).
    Value* low = mul(k, real(is64_ ? 0x1.a39ef35793c76p-33 : 1.4286068203094173e-06));
    if (lost != nullptr) low = add(low, div(lost, u));
    Value* tail = sub(mul(s, sub(f, log_tail(s))), low);
    Value* result = sub(mul(k, real(is64_ ? 0x1.62e42feep-1 : 0x1.62e4p-1)), sub(tail, f));
    return log_edges(u, result);
  }
  Value* log_edges(Value* u, Value* result) {
    result = select(less(u, real(kInfinity)), result, u);  // Infinity and NaN.
    result = select(b_.CreateFCmpOEQ(u, real(0)), real(-kInfinity), result);
    return select(less(u, real(0)), real(kNaN), result);
  }

  Value* log1p(Value* x) {
    Value* u = add(one(), x);
    Value* back = sub(u, one());
    Value* lost = add(sub(one(), sub(u, back)), sub(x, back));
    Value* result = log(u, lost);
    return select(b_.CreateOr(b_.CreateFCmpOEQ(x, real(0)), b_.CreateFCmpOEQ(x, real(kInfinity))), x, result);
  }

  Value* asinh(Value* x) {
    Value* a = magnitude(x);
    Value* square = mul(a, a);
    Value* near = log1p(add(a, div(square, add(one(), sqrt(add(square, one()))))));
    return signed_like(x, select(less(real(0x1p28), a), add(log(a, nullptr), real(kLn2)), near));
  }

  Value* acosh(Value* x) {
    Value* t = sub(x, one());
    Value* near = log1p(add(t, sqrt(add(add(t, t), mul(t, t)))));
    Value* result = select(less(real(0x1p28), x), add(log(x, nullptr), real(kLn2)), near);
    return select(less(x, one()), real(kNaN), result);
  }

  // --- angles

  // sin(x + turns * pi / 2).
  Value* sine(Value* x, int turns) {
    const Reduced2Pi angle = reduce_angle(b_, x);
    Value* quadrant = b_.CreateAdd(angle.quadrant, Builder::integer(angle.quadrant, turns));
    Value* odd = bit(quadrant, 0);
    Value* value = select(odd, cosine_of(angle.rest), sine_of(angle.rest));
    return select(bit(quadrant, 1), b_.CreateFNeg(value), value);
  }
  Value* tangent(Value* x) {
    const Reduced2Pi angle = reduce_angle(b_, x);
    Value* odd = bit(angle.quadrant, 0);
    Value* s = sine_of(angle.rest);
    Value* c = cosine_of(angle.rest);
    return div(select(odd, b_.CreateFNeg(c), s), select(odd, s, c));
  }
  Value* bit(Value* integer, int number) {
    return b_.CreateICmpNE(b_.CreateAnd(integer, Builder::integer(integer, int64_t{1} << number)),
                           Builder::integer(integer, 0));
  }
  // Taylor series for |r| <= pi / 4.
  Value* sine_of(Value* r) {
    std::array<double, 9> c{};
    double factorial = 1;
    for (size_t n = 1; n < c.size(); ++n) {
      factorial *= -static_cast<double>(2 * n) * static_cast<double>(2 * n + 1);
      c[n] = 1 / factorial;
    }
    Value* z = mul(r, r);
    return add(r, mul(r, mul(z, polynomial(z, std::span(c).subspan(1)))));
  }
  Value* cosine_of(Value* r) {
    std::array<double, 10> c{};
    double factorial = 1;
    for (size_t n = 1; n < c.size(); ++n) {
      factorial *= -static_cast<double>(2 * n - 1) * static_cast<double>(2 * n);
      c[n] = 1 / factorial;
    }
    Value* z = mul(r, r);
    Value* half = mul(z, real(0.5));
    Value* w = sub(one(), half);
    // What rounding took from w is added again.
    return add(w, add(sub(sub(one(), w), half), mul(mul(z, z), polynomial(z, std::span(c).subspan(2)))));
  }

  // atan(y / x) for y, x >= 0, without forming the quotient: atan(y / x) = atan(c) + atan((y - c x) / (x + c y)), with
  // c near tan(0, pi/8, pi/4, 3/8 pi, pi/2), so that the second one is within ±tan(pi/16), or hardly more.
  Value* arc(Value* y, Value* x) {
    struct Piece {
      double from, c, angle, angle_low;
    };
    constexpr std::array<Piece, 3> kPieces = {{
        {0.198912367379658, 0.4140625, 0.3925701350118286, 1.4769733768267405e-17},
        {0.668178637919299, 1, 0.7853981633974483, 3.061616997868383e-17},
        {1.496605762665489, 2.4140625, 1.1780751213422282, 8.238221398137885e-17},
    }};
    Value* numerator = y;
    Value* denominator = x;
    Value* angle = real(0);
    Value* angle_low = real(0);
    for (const Piece& piece : kPieces) {
      Value* beyond = less(mul(x, real(piece.from)), y);
      numerator = select(beyond, sub(y, mul(real(piece.c), x)), numerator);
      denominator = select(beyond, add(x, mul(real(piece.c), y)), denominator);
      angle = select(beyond, real(piece.angle), angle);
      angle_low = select(beyond, real(piece.angle_low), angle_low);
    }
    Value* steep = less(mul(x, real(5.027339492125846)), y);
    numerator = select(steep, b_.CreateFNeg(x), numerator);
    denominator = select(steep, y, denominator);
    angle = select(steep, real(1.5707963267948966), angle);
    angle_low = select(steep, real(6.123233995736766e-17), angle_low);
    Value* t = div(numerator, denominator);
    std::array<double, 13> c{};
    for (size_t n = 1; n < c.size(); ++n) c[n] = (n % 2 == 0 ? 1 : -1) / (2 * static_cast<double>(n) + 1);
    Value* z = mul(t, t);
    Value* tail = mul(t, mul(z, polynomial(z, std::span(c).subspan(1))));
    return add(angle, add(t, add(tail, angle_low)));
  }

  // --- the error function

  // erf(x) / x - 1 as a polynomial in x^2 up to 1; beyond it 1 - e^-x² g, g = erfc(x) e^x² as one in u = s / (x + 2) -
  // t. Both interpolate the function, computed with 70 digits, in Chebyshev points.
  Value* erf(Value* x) {
    static constexpr std::array<double, 14> kNear64 = {
        0.12837916709551257,    -0.37612638903183754,    0.1128379167095512,     -0.02686617064512984,
        0.0052239776254232985,  -0.000854832702193483,   0.00012055332902888736, -1.4925647567519332e-05,
        1.6462045441468418e-06, -1.6364642158167616e-07, 1.4792401209404813e-08, -1.216456005728345e-09,
        8.709045129053106e-11,  -4.230945824295338e-12};
    static constexpr std::array<double, 8> kNear32 = {
        0.1283791670615435,   -0.3761263846802871,    0.11283782495236845,    -0.026865430727670243,
        0.005221031807858023, -0.0008484080405535107, 0.00011265959025606609, -9.667044571486996e-06};
    static constexpr std::array<double, 21> kFar64 = {
        0.2214295402299318,      0.16189356804102498,    0.03856057042518243,    0.00558881628183956,
        0.00019713917772772868,  -8.079220426206831e-05, -7.34051793507752e-06,  1.9795618120647824e-06,
        1.6349935378442804e-07,  -7.005316595714923e-08, -5.885392011384181e-10, 2.6239460162021573e-09,
        -2.68821397304232e-10,   -7.351062874098574e-11, 2.2263992706981382e-11, -2.338802756805805e-13,
        -1.0054481246349452e-12, 1.954583239886256e-13,  1.2690197027779877e-14, -1.1222580954177336e-14,
        1.3712188543361805e-15};
    static constexpr std::array<double, 8> kFar32 = {
        0.25539567625190335,   0.14239528253811434,     0.02685091234341383,    0.0029251304915753145,
        4.607581915188901e-05, -2.8785413224691183e-05, -1.147585697734713e-06, 4.3171451032797147e-07};
    Value* a = at_most(magnitude(x), is64_ ? 6 : 4);
    Value* z = mul(a, a);
    Value* near = add(a, mul(a, is64_ ? polynomial(z, kNear64) : polynomial(z, kNear32)));
    Value* u = sub(div(real(is64_ ? 9.6 : 12), add(a, real(2))), real(is64_ ? 2.2 : 3));
    Value* g = is64_ ? polynomial(u, kFar64) : polynomial(u, kFar32);
    Value* far = sub(one(), mul(exp(b_.CreateFNeg(z), 0), g));
    return signed_like(x, select(less(a, one()), near, far));
  }

  // --- sums of two numbers, for pow
  struct Pair {
    Value* high;
    Value* low;
  };
  // a + b exactly; |a| >= |b| or a == 0.
  Pair exact_sum(Value* a, Value* b) {
    Value* sum = add(a, b);
    return {sum, sub(b, sub(sum, a))};
  }
  // a * b exactly, by Dekker's splitting (T. J. Dekker, Numerische Mathematik 18, 1971).
  Pair exact_product(Value* a, Value* b) {
    const auto [a1, a2] = split(a);
    const auto [b1, b2] = split(b);
    Value* product = mul(a, b);
    Value* low = add(add(sub(mul(a1, b1), product), add(mul(a1, b2), mul(a2, b1))), mul(a2, b2));
    return {product, low};
  }
  Pair split(Value* a) {
    Value* high = as_real(b_.CreateAnd(as_bits(a), bits_constant(~uint64_t{0x7ffffff})));
    return {high, sub(a, high)};
  }
  Pair log_pair(Value* a);

  Builder& b_;
  Value* like_;
  bool is64_;
};

// ln(a) with about ten bits more than one f64 has.
Functions::Pair Functions::log_pair(Value* a) {
  const auto [k, m] = split_fraction(a);
  Value* f = sub(m, one());
  const Pair v = exact_sum(real(2), f);
  Value* s = div(f, v.high);
  const Pair back = exact_product(s, v.high);
  Value* s_low = div(sub(sub(sub(f, back.high), back.low), mul(s, v.low)), v.high);
  Value* tail = add(mul(real(2), s_low), mul(s, log_tail(s)));
  const Pair sum = exact_sum(mul(k, real(0x1.62e42feep-1)), mul(real(2), s));
  // Where k is 0 the order of the two does not matter: one of them is 0.
  Value* low = add(sum.low, add(tail, mul(k, real(0x1.a39ef35793c76p-33))));
  return exact_sum(sum.high, low);
}

Value* Functions::pow(Value* a, Value* b) {
  Value* base = magnitude(a);
  Value* inside = at_most(at_least(base, 0x1p-1074), 0x1.fffffffffffffp1023);
  const Pair log = log_pair(inside);
  // Beyond ±2^16 the result is 0, 1 or infinity, whatever the exact exponent.
  Value* exponent = at_most(at_least(b, -0x1p70), 0x1p70);
  const Pair product = exact_product(exponent, log.high);
  Value* high = at_most(at_least(product.high, -800), 800);
  Value* in_range = b_.CreateFCmpOEQ(high, product.high);
  Value* low = select(in_range, add(product.low, mul(exponent, log.low)), real(0));
  Value* result = exp(high, 0);
  result = select(less(result, real(kInfinity)), add(result, mul(result, low)), result);
  // Zeros and infinities: the logarithm's sign is enough.
  Value* rises = b_.CreateXor(less(base, one()), less(real(0), b));
  Value* is_edge = b_.CreateOr(b_.CreateFCmpOEQ(base, real(0)), b_.CreateFCmpOEQ(base, real(kInfinity)));
  result = select(is_edge, select(rises, real(kInfinity), real(0)), result);
  // A negative base: the sign is that of an odd exponent; other than integers it has none.
  Value* whole = b_.intrinsic(llvm::Intrinsic::trunc, b);
  Value* is_integer = b_.CreateFCmpOEQ(whole, b);
  Value* half = mul(b, real(0.5));
  Value* is_odd = b_.CreateAnd(is_integer, b_.CreateFCmpONE(b_.intrinsic(llvm::Intrinsic::trunc, half), half));
  Value* negative = b_.CreateICmpSLT(as_bits(a), bits_constant(0));
  result = select(b_.CreateAnd(is_odd, negative), b_.CreateFNeg(result), result);
  Value* proper = b_.CreateAnd(less(a, real(0)), less(base, real(kInfinity)));
  result = select(b_.CreateAnd(proper, b_.CreateNot(is_integer)), real(kNaN), result);
  result = select(b_.CreateFCmpUNO(a, b), real(kNaN), result);
  Value* is_one = b_.CreateOr(b_.CreateFCmpOEQ(a, one()), b_.CreateFCmpOEQ(b, real(0)));
  Value* turns = b_.CreateAnd(b_.CreateFCmpOEQ(a, real(-1)), b_.CreateFCmpOEQ(magnitude(b), real(kInfinity)));
  return select(b_.CreateOr(is_one, turns), one(), result);
}

// Whether f32 is precise enough for the function.
bool in_f32(UnaryOp op) {
  return op == UnaryOp::kExp || op == UnaryOp::kExpm1 || op == UnaryOp::kLog || op == UnaryOp::kLog1p ||
         op == UnaryOp::kTanh || op == UnaryOp::kErf;
}

Value* widen(Builder& build, Value* x) { return build.CreateFPExt(x, Builder::like(x, build.getDoubleTy())); }
Value* narrow(Builder& build, Value* x) { return build.CreateFPTrunc(x, Builder::like(x, build.getFloatTy())); }

}  // namespace

Value* elementary(Builder& build, UnaryOp op, Value* x) {
  if (x->getType()->getScalarType()->isDoubleTy() || in_f32(op)) return Functions(build, x).call(op, x);
  Value* wide = widen(build, x);
  return narrow(build, Functions(build, wide).call(op, wide));
}

Value* power(Builder& build, Value* a, Value* b) {
  if (a->getType()->getScalarType()->isDoubleTy()) return Functions(build, a).pow(a, b);
  Value* wide = widen(build, a);
  return narrow(build, Functions(build, wide).pow(wide, widen(build, b)));
}

}  // namespace tenon::codegen
