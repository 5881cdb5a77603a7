// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <span>
#include <string>
#include <string_view>

// Simplification: rules that replace a node by a cheaper one that means the same.
namespace tenon::expr {

/// What a rule may change, as a set of bits.
enum Loses : int {
  kNothing = 0,   ///< Equal to the bit.
  kNaN = 1,       ///< NaN or infinity operands may give another result.
  kZeroSign = 2,  ///< 0 for -0.
  kOverflow = 4,  ///< Overflow and underflow happen elsewhere.
  kRounding = 8,  ///< The result is rounded differently.
};

/// One row of the table. Pattern and replacement are in the printed form; in them a … d are any scalars of one type, p
/// and q bool ones, k, l and m constants.
struct Rule {
  std::string_view pattern, replacement;
  int classes;  ///< TypeClass bits that a … d must be of; for a variable dtype all of them must be there.
  int loses = kNothing;
  /// Must hold of what the letters stand for, or null.
  bool (*condition)(const Nodes& nodes, const std::map<char, NodeId>& bound) = nullptr;
};
[[nodiscard]] std::span<const Rule> rules();

/// What the rules, constant folding and index arithmetic make of a node whose operands are simple already; `fast` adds
/// the rules that lose something.
[[nodiscard]] NodeId simple(Nodes& nodes, NodeId id, bool fast = false);
/// Every formula and shape, operands first; compacted, and `fast` contracted.
[[nodiscard]] Function simplify(const Function& function, bool fast = false);

/// Floats' products that are added to something as kFastMul; last, as rules are about kMul.
[[nodiscard]] Function contracted(const Function& function);
/// The other way round.
[[nodiscard]] Function uncontracted(const Function& function);

}  // namespace tenon::expr
