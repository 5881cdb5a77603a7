// SPDX-License-Identifier: Apache-2.0
#include "codegen/affine.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace tenon::codegen {
namespace {

int64_t wrapping_add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t wrapping_mul(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

}  // namespace

void add(Affine& sum, const expr::Nodes& nodes, expr::NodeId node, int64_t factor) {
  // A sum of sums that share parts may have exponentially many terms when written out; past this many steps the rest
  // are terms as they are.
  constexpr int kMostSteps = 256;
  std::vector<std::pair<expr::NodeId, int64_t>> pending = {{node, factor}};
  for (int step = 0; !pending.empty(); ++step) {
    const auto [id, scale] = pending.back();
    pending.pop_back();
    const expr::Node& at = nodes[id];
    if (const auto value = nodes.integer_value(id)) {
      sum.constant = wrapping_add(sum.constant, wrapping_mul(scale, *value));
      continue;
    }
    if (at.kind == expr::NodeKind::kIndex && nodes.integer_value(at.operands[0]) == 1) continue;  // Always 0.
    if (at.kind == expr::NodeKind::kBinary && step < kMostSteps) {
      const expr::NodeId a = at.operands[0], b = at.operands[1];
      const auto left = nodes.integer_value(a), right = nodes.integer_value(b);
      switch (at.binary()) {
        case expr::BinaryOp::kAdd:
          pending.insert(pending.end(), {{a, scale}, {b, scale}});
          continue;
        case expr::BinaryOp::kSub:
          pending.insert(pending.end(), {{a, scale}, {b, wrapping_mul(scale, -1)}});
          continue;
        case expr::BinaryOp::kMul:
          if (!left && !right) break;
          pending.emplace_back(left ? b : a, wrapping_mul(scale, left ? *left : *right));
          continue;
        default:
          break;
      }
    }
    const auto [term, added] = sum.terms.try_emplace(id, 0);
    term->second = wrapping_add(term->second, scale);
    if (term->second == 0) sum.terms.erase(term);
  }
}

namespace {

// floor((number mod above) / unit): some digits of a number, in a system of mixed radix.
struct Digits {
  expr::NodeId number;
  int64_t unit = 1;
  int64_t above = std::numeric_limits<int64_t>::max();  // The largest: nothing is taken off.
};

// What a node is digits of: a // d, mod(a, m) or mod(a // d, m).
Digits digits_of(const expr::Nodes& nodes, expr::NodeId id) {
  Digits digits{id};
  const auto constant_divisor = [&](expr::NodeId at, expr::BinaryOp op) -> int64_t {
    const expr::Node& node = nodes[at];
    if (node.kind != expr::NodeKind::kBinary || node.binary() != op) return 0;
    const auto divisor = nodes.integer_value(node.operands[1]);
    return divisor && *divisor > 0 ? *divisor : 0;
  };
  const int64_t modulus = constant_divisor(id, expr::BinaryOp::kMod);
  if (modulus > 0) digits.number = nodes[id].operands[0];
  if (const int64_t unit = constant_divisor(digits.number, expr::BinaryOp::kFloorDiv)) {
    digits.unit = unit;
    digits.number = nodes[digits.number].operands[0];
  }
  if (modulus > 0 && __builtin_mul_overflow(modulus, digits.unit, &digits.above)) return {id};
  const expr::Range range = nodes.range(digits.number);
  if (range.lo >= 0 && range.hi < digits.above) digits.above = std::numeric_limits<int64_t>::max();
  return digits;
}

// Puts digits back together where all of a number's are there: what a reshape takes apart, the strides of a dense
// tensor join again.
void join_digits(Affine& sum, const expr::Nodes& nodes) {
  struct Term {
    expr::NodeId node;
    Digits digits;
    int64_t scale;
  };
  std::map<expr::NodeId, std::vector<Term>> by_number;
  for (const auto& [node, scale] : sum.terms) {
    const Digits digits = digits_of(nodes, node);
    by_number[digits.number].push_back({node, digits, scale});
  }
  for (auto& [number, terms] : by_number) {
    if (terms.size() < 2) continue;
    std::sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) { return a.digits.unit < b.digits.unit; });
    bool whole = terms.front().digits.unit == 1 && terms.back().digits.above == std::numeric_limits<int64_t>::max();
    const int64_t scale = terms.front().scale;
    for (size_t i = 0; whole && i < terms.size(); ++i) {
      whole = terms[i].scale == wrapping_mul(scale, terms[i].digits.unit) &&
              (i == 0 || terms[i - 1].digits.above == terms[i].digits.unit);
    }
    if (!whole) continue;
    for (const Term& term : terms) sum.terms.erase(term.node);
    add(sum, nodes, number, scale);
  }
}

}  // namespace

Affine address_of(const expr::Nodes& nodes, const expr::Node& load, const Shape& dims) {
  Affine address;
  int64_t stride = 1;
  for (size_t axis = dims.size(); axis-- > 0;) {
    add(address, nodes, load.operands[axis], stride);
    stride = wrapping_mul(stride, dims[axis].value());
  }
  join_digits(address, nodes);
  return address;
}

}  // namespace tenon::codegen
