// SPDX-License-Identifier: Apache-2.0
#include "codegen/affine.h"

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

Affine address_of(const expr::Nodes& nodes, const expr::Node& load, const Shape& dims) {
  Affine address;
  int64_t stride = 1;
  for (size_t axis = dims.size(); axis-- > 0;) {
    add(address, nodes, load.operands[axis], stride);
    stride = wrapping_mul(stride, dims[axis].value());
  }
  return address;
}

}  // namespace tenon::codegen
