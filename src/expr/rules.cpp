// SPDX-License-Identifier: Apache-2.0
#include "expr/range.h"
#include "expr/simplify.h"

#include <array>
#include <cmath>
#include <map>

namespace tenon::expr {
namespace {

using Bound = std::map<char, NodeId>;

constexpr int kAnyClass = kNumbers | kBools | kHalves;

// --- conditions

Range range(const Nodes& nodes, const Bound& bound, char letter) { return nodes.range(bound.at(letter)); }

int64_t integer(const Nodes& nodes, const Bound& bound, char letter) { return nodes[bound.at(letter)].value.integer(); }

bool is_positive(const Nodes& nodes, const Bound& bound, char letter) { return range(nodes, bound, letter).lo > 0; }

// a * b (and + c) does not overflow.
bool product_fits(Range a, Range b, Range c = {0, 0}) {
  for (const int64_t x : {a.lo, a.hi}) {
    for (const int64_t y : {b.lo, b.hi}) {
      int64_t value = 0;
      if (__builtin_mul_overflow(x, y, &value)) return false;
      for (const int64_t z : {c.lo, c.hi}) {
        int64_t sum = 0;
        if (__builtin_add_overflow(value, z, &sum)) return false;
      }
    }
  }
  return true;
}

bool is_i64(const Nodes& nodes, const Bound& bound) { return nodes[bound.at('a')].type == kI64; }

// (a * b + c) is a in digits of base b, with last digit c.
bool is_digits(const Nodes& nodes, const Bound& bound) {
  return is_i64(nodes, bound) && known_inside(nodes, bound.at('c'), bound.at('b')) &&
         product_fits(range(nodes, bound, 'a'), range(nodes, bound, 'b'), range(nodes, bound, 'c'));
}

bool is_multiple(const Nodes& nodes, const Bound& bound) {
  return is_i64(nodes, bound) && is_positive(nodes, bound, 'b') &&
         product_fits(range(nodes, bound, 'a'), range(nodes, bound, 'b'));
}

// a * l + c where l is a multiple of k.
bool is_coarser(const Nodes& nodes, const Bound& bound) {
  return is_i64(nodes, bound) && is_positive(nodes, bound, 'k') &&
         integer(nodes, bound, 'l') % integer(nodes, bound, 'k') == 0 &&
         product_fits(range(nodes, bound, 'a'), range(nodes, bound, 'l'), range(nodes, bound, 'c'));
}

// a * l + c, of which c is the last digit, where k is a multiple of l.
bool is_finer(const Nodes& nodes, const Bound& bound) {
  const Range c = range(nodes, bound, 'c');
  return is_i64(nodes, bound) && is_positive(nodes, bound, 'k') && is_positive(nodes, bound, 'l') &&
         integer(nodes, bound, 'k') % integer(nodes, bound, 'l') == 0 && c.lo >= 0 &&
         c.hi < integer(nodes, bound, 'l') && product_fits(range(nodes, bound, 'a'), range(nodes, bound, 'l'), c);
}

// a * (b * k) + c.
bool is_coarser_product(const Nodes& nodes, const Bound& bound) {
  const Range b = range(nodes, bound, 'b'), k = range(nodes, bound, 'k');
  if (!is_i64(nodes, bound) || k.lo <= 0 || b.lo < 0 || !product_fits(b, k)) return false;
  return product_fits(range(nodes, bound, 'a'), {0, b.hi * k.hi}, range(nodes, bound, 'c'));
}

bool are_positive(const Nodes& nodes, const Bound& bound) {
  return is_i64(nodes, bound) && is_positive(nodes, bound, 'k') && is_positive(nodes, bound, 'l') &&
         product_fits(range(nodes, bound, 'k'), range(nodes, bound, 'l'));
}

bool l_divides_k(const Nodes& nodes, const Bound& bound) {
  return is_i64(nodes, bound) && are_positive(nodes, bound) &&
         integer(nodes, bound, 'k') % integer(nodes, bound, 'l') == 0;
}

bool b_is_positive(const Nodes& nodes, const Bound& bound) { return is_positive(nodes, bound, 'b'); }
bool a_inside_b(const Nodes& nodes, const Bound& bound) { return known_inside(nodes, bound.at('a'), bound.at('b')); }
bool a_below_b(const Nodes& nodes, const Bound& bound) { return known_less(nodes, bound.at('a'), bound.at('b')); }
bool a_not_above_b(const Nodes& nodes, const Bound& bound) {
  return range(nodes, bound, 'a').hi <= range(nodes, bound, 'b').lo || a_below_b(nodes, bound);
}
bool b_below_a(const Nodes& nodes, const Bound& bound) { return known_less(nodes, bound.at('b'), bound.at('a')); }
bool b_not_above_a(const Nodes& nodes, const Bound& bound) {
  return range(nodes, bound, 'b').hi <= range(nodes, bound, 'a').lo || b_below_a(nodes, bound);
}
bool are_apart(const Nodes& nodes, const Bound& bound) { return a_below_b(nodes, bound) || b_below_a(nodes, bound); }
bool are_natural(const Nodes& nodes, const Bound& bound) {
  return range(nodes, bound, 'a').lo >= 0 && is_positive(nodes, bound, 'b');
}

bool a_is_no_constant(const Nodes& nodes, const Bound& bound) { return nodes[bound.at('a')].kind != NodeKind::kConst; }

// 1 / k is a number without rounding.
bool k_is_power_of_two(const Nodes& nodes, const Bound& bound) {
  int exponent = 0;
  constexpr int kSafe = 100;  // Both k and 1 / k are normal numbers of f32 then.
  return std::fabs(std::frexp(nodes[bound.at('k')].value.real(), &exponent)) == 0.5 && std::abs(exponent) < kSafe;
}

// Neither NaN, which goes through in one way only, nor zero, whose signs do.
bool are_plain(const Nodes& nodes, const Bound& bound) {
  const auto is_plain = [&](char letter) {
    const double value = nodes[bound.at(letter)].value.real();
    return !is_any(nodes[bound.at(letter)].type, kFloats) || (!std::isnan(value) && value != 0);
  };
  return is_plain('k') && is_plain('l');
}

// l < k, as numbers: the clamps to them do not cross.
bool is_interval(const Nodes& nodes, const Bound& bound) {
  const Node &k = nodes[bound.at('k')], &l = nodes[bound.at('l')];
  if (is_any(k.type, kFloats | kHalves)) return l.value.real() < k.value.real();
  if (is_any(k.type, kUnsigneds))
    return static_cast<uint64_t>(l.value.integer()) < static_cast<uint64_t>(k.value.integer());
  return l.value.integer() < k.value.integer();
}

constexpr auto kTable = std::to_array<Rule>({
    // --- order: constants come second
    {"k + a", "a + k", kNumbers, kNothing, a_is_no_constant},
    {"k * a", "a * k", kNumbers, kNothing, a_is_no_constant},
    {"k == a", "a == k", kNumbers | kBools, kNothing, a_is_no_constant},
    {"k != a", "a != k", kNumbers | kBools, kNothing, a_is_no_constant},
    {"k & a", "a & k", kIntegers | kBools, kNothing, a_is_no_constant},
    {"k | a", "a | k", kIntegers | kBools, kNothing, a_is_no_constant},
    {"k ^ a", "a ^ k", kIntegers | kBools, kNothing, a_is_no_constant},

    // --- neutral and absorbing elements
    {"a + 0", "a", kIntegers},
    {"a + -0.0", "a", kFloats},
    {"a + 0", "a", kFloats, kZeroSign},
    {"a - 0", "a", kNumbers},
    {"0 - a", "-a", kIntegers},
    {"0 - a", "-a", kFloats, kZeroSign},
    {"a - a", "0", kIntegers},
    {"a - a", "0", kFloats, kNaN},
    {"a * 1", "a", kNumbers},
    {"a * 0", "0", kIntegers},
    {"a * 0", "0", kFloats, kNaN | kZeroSign},
    {"a / 1", "a", kNumbers},
    {"a // 1", "a", kIntegers},
    {"0 / a", "0", kIntegers},
    {"0 // a", "0", kIntegers},
    {"mod(0, a)", "0", kIntegers},
    {"mod(a, 1)", "0", kIntegers},
    {"a % 1", "0", kIntegers},
    {"pow(a, 1)", "a", kNumbers},
    {"a << 0", "a", kIntegers},
    {"a >> 0", "a", kIntegers},

    // --- signs
    {"-(-a)", "a", kNumbers},
    {"a * -1", "-a", kNumbers & ~kUnsigneds},
    {"a + -b", "a - b", kNumbers},
    {"a - -b", "a + b", kNumbers},
    {"-a + b", "b - a", kNumbers},
    {"-a * -b", "a * b", kNumbers},
    {"abs(-a)", "abs(a)", kFloats | kSigneds},
    {"abs(abs(a))", "abs(a)", kFloats | kSigneds},
    {"abs(a)", "a", kUnsigneds},

    // --- constants gather; integers wrap the same way in any order
    {"(a + k) + l", "a + (k + l)", kIntegers},
    {"(a + k) - l", "a + (k - l)", kIntegers},
    {"(a - k) + l", "a + (l - k)", kIntegers},
    {"(a - k) - l", "a - (k + l)", kIntegers},
    {"(a * k) * l", "a * (k * l)", kIntegers},
    {"(a + k) + l", "a + (k + l)", kFloats, kOverflow | kRounding | kNaN | kZeroSign},
    {"(a * k) * l", "a * (k * l)", kFloats, kOverflow | kRounding | kNaN | kZeroSign},
    {"(a + b) - b", "a", kIntegers},
    {"(a + b) - a", "b", kIntegers},
    {"(a - b) + b", "a", kIntegers},
    {"a - (a - b)", "b", kIntegers},
    {"min(min(a, k), l)", "min(a, min(k, l))", kNumbers, kNothing, are_plain},
    {"max(max(a, k), l)", "max(a, max(k, l))", kNumbers, kNothing, are_plain},
    {"max(min(a, k), l)", "min(max(a, l), k)", kNumbers, kNothing, is_interval},

    // --- powers and roots
    {"pow(a, 2)", "a * a", kIntegers},
    {"pow(a, 2)", "a * a", kFloats, kRounding},
    {"pow(a, 3)", "a * a * a", kFloats, kOverflow | kRounding},
    {"pow(a, 0.5)", "sqrt(a)", kFloats, kNaN | kZeroSign | kRounding},
    {"pow(a, -1)", "1 / a", kFloats, kRounding},
    {"pow(a, -0.5)", "1 / sqrt(a)", kFloats, kNaN | kZeroSign | kRounding},
    {"a / k", "a * (1 / k)", kFloats, kNothing, k_is_power_of_two},
    {"a / k", "a * (1 / k)", kFloats, kOverflow | kRounding | kNaN},
    {"a / sqrt(b)", "a * (1 / sqrt(b))", kFloats, kOverflow | kRounding | kNaN, a_is_no_constant},
    {"sqrt(a) * sqrt(a)", "a", kFloats, kNaN | kZeroSign | kRounding},
    {"sqrt(a * a)", "abs(a)", kFloats, kOverflow | kRounding},
    {"exp(log(a))", "a", kFloats, kNaN | kZeroSign | kRounding},
    {"log(exp(a))", "a", kFloats, kZeroSign | kOverflow | kRounding},
    {"exp(a) * exp(b)", "exp(a + b)", kFloats, kOverflow | kRounding | kNaN},

    // --- rounding twice
    {"floor(floor(a))", "floor(a)", kFloats},
    {"ceil(ceil(a))", "ceil(a)", kFloats},
    {"round(round(a))", "round(a)", kFloats},

    // --- equal operands
    {"min(a, a)", "a", kNumbers},
    {"max(a, a)", "a", kNumbers},
    {"a & a", "a", kIntegers | kBools},
    {"a | a", "a", kIntegers | kBools},
    {"a ^ a", "0", kIntegers},
    {"a == a", "true", kIntegers | kBools},
    {"a != a", "false", kIntegers | kBools},
    {"a < a", "false", kNumbers},
    {"a <= a", "true", kIntegers},
    {"max(min(a, b), b)", "b", kIntegers},
    {"min(max(a, b), b)", "b", kIntegers},

    // --- logic
    {"not(not(a))", "a", kIntegers | kBools},
    {"not(a == b)", "a != b", kNumbers | kBools},
    {"not(a != b)", "a == b", kNumbers | kBools},
    {"not(a < b)", "b <= a", kIntegers},
    {"not(a <= b)", "b < a", kIntegers},
    {"not(a < b)", "b <= a", kFloats, kNaN},
    {"not(a <= b)", "b < a", kFloats, kNaN},
    {"p & true", "p", kBools},
    {"p & false", "false", kBools},
    {"p | true", "true", kBools},
    {"p | false", "p", kBools},
    {"p ^ false", "p", kBools},
    {"p ^ true", "not(p)", kBools},
    {"p == true", "p", kBools},
    {"p == false", "not(p)", kBools},

    // --- where
    {"where(true, a, b)", "a", kAnyClass},
    {"where(false, a, b)", "b", kAnyClass},
    {"where(p, a, a)", "a", kAnyClass},
    {"where(p, true, false)", "p", kBools},
    {"where(p, false, true)", "not(p)", kBools},
    {"where(not(p), a, b)", "where(p, b, a)", kAnyClass},
    {"where(p, where(p, a, b), c)", "where(p, a, c)", kAnyClass},
    {"where(p, a, where(p, b, c))", "where(p, a, c)", kAnyClass},
    {"where(a < b, a, b)", "min(a, b)", kIntegers},
    {"where(b < a, a, b)", "max(a, b)", kIntegers},
    {"where(a < b, a, b)", "min(a, b)", kFloats, kNaN},
    {"where(b < a, a, b)", "max(a, b)", kFloats, kNaN},

    // --- index arithmetic, by ranges
    {"a / b", "a // b", kIntegers, kNothing, are_natural},
    {"a % b", "mod(a, b)", kIntegers, kNothing, are_natural},
    {"a // b", "0", kIntegers, kNothing, a_inside_b},
    {"mod(a, b)", "a", kIntegers, kNothing, a_inside_b},
    {"(a * b + c) // b", "a", kSigneds, kNothing, is_digits},
    {"mod(a * b + c, b)", "c", kSigneds, kNothing, is_digits},
    {"(a * b) // b", "a", kSigneds, kNothing, is_multiple},
    {"mod(a * b, b)", "0", kSigneds, kNothing, is_multiple},
    {"(a * l + c) // k", "a * (l // k) + c // k", kSigneds, kNothing, is_coarser},
    {"mod(a * l + c, k)", "mod(c, k)", kSigneds, kNothing, is_coarser},
    {"(a * l + c) // k", "a // (k // l)", kSigneds, kNothing, is_finer},
    {"mod(a * l + c, k)", "mod(a, k // l) * l + c", kSigneds, kNothing, is_finer},
    {"(a * (b * k) + c) // k", "a * b + c // k", kSigneds, kNothing, is_coarser_product},
    {"mod(a * (b * k) + c, k)", "mod(c, k)", kSigneds, kNothing, is_coarser_product},
    {"(a // k) // l", "a // (k * l)", kSigneds, kNothing, are_positive},
    {"mod(mod(a, k), l)", "mod(a, l)", kSigneds, kNothing, l_divides_k},
    {"(a // b) * b + mod(a, b)", "a", kSigneds, kNothing, b_is_positive},
    {"mod(a // k, l) * k + mod(a, k)", "mod(a, k * l)", kSigneds, kNothing, are_positive},
    {"min(a, b)", "a", kIntegers, kNothing, a_not_above_b},
    {"min(a, b)", "b", kIntegers, kNothing, b_not_above_a},
    {"max(a, b)", "b", kIntegers, kNothing, a_not_above_b},
    {"max(a, b)", "a", kIntegers, kNothing, b_not_above_a},
    {"min(a, b - 1)", "a", kSigneds, kNothing, a_below_b},
    {"a < b", "true", kIntegers, kNothing, a_below_b},
    {"a < b", "false", kIntegers, kNothing, b_not_above_a},
    {"a <= b", "true", kIntegers, kNothing, a_not_above_b},
    {"a <= b", "false", kIntegers, kNothing, b_below_a},
    {"a == b", "false", kIntegers, kNothing, are_apart},
    {"a != b", "true", kIntegers, kNothing, are_apart},
});

}  // namespace

std::span<const Rule> rules() { return kTable; }

}  // namespace tenon::expr
