// SPDX-License-Identifier: Apache-2.0
#include "expr/range.h"

#include <algorithm>
#include <limits>

namespace tenon::expr {
namespace {

constexpr Range kAll = {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};

bool contains(Range outer, Range inner) { return outer.lo <= inner.lo && inner.hi <= outer.hi; }

// The hull of op over the corners, or nothing when one overflows: sums and products are monotonous between them.
template <typename Op>
std::optional<Range> corners(Range a, Range b, Op&& op) {
  Range hull = {kAll.hi, kAll.lo};
  for (const int64_t x : {a.lo, a.hi}) {
    for (const int64_t y : {b.lo, b.hi}) {
      int64_t value = 0;
      if (op(x, y, value)) return std::nullopt;
      hull = {std::min(hull.lo, value), std::max(hull.hi, value)};
    }
  }
  return hull;
}

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

std::optional<Range> binary_range(BinaryOp op, Range a, Range b) {
  switch (op) {
    case BinaryOp::kAdd:
      return corners(a, b, [](int64_t x, int64_t y, int64_t& z) { return __builtin_add_overflow(x, y, &z); });
    case BinaryOp::kSub:
      return corners(a, b, [](int64_t x, int64_t y, int64_t& z) { return __builtin_sub_overflow(x, y, &z); });
    case BinaryOp::kMul:
    case BinaryOp::kFastMul:
      return corners(a, b, [](int64_t x, int64_t y, int64_t& z) { return __builtin_mul_overflow(x, y, &z); });
    case BinaryOp::kFloorDiv:
    case BinaryOp::kDiv:
      if (b.lo <= 0 || (op == BinaryOp::kDiv && a.lo < 0)) return std::nullopt;
      return corners(a, b, [](int64_t x, int64_t y, int64_t& z) {
        z = floor_divide(x, y);
        return false;
      });
    case BinaryOp::kMod:
    case BinaryOp::kRem:
      if (b.lo <= 0 || (op == BinaryOp::kRem && a.lo < 0)) return std::nullopt;
      return Range{0, a.lo >= 0 ? std::min(a.hi, b.hi - 1) : b.hi - 1};
    case BinaryOp::kMin:
      return Range{std::min(a.lo, b.lo), std::min(a.hi, b.hi)};
    case BinaryOp::kMax:
      return Range{std::max(a.lo, b.lo), std::max(a.hi, b.hi)};
    default:
      return std::nullopt;
  }
}

bool has_range(ScalarType type) {
  return type == kBool || (is_any(type, kIntegers) && !type.is_variable() && type != ScalarType(DType::kUInt64));
}

}  // namespace

Range full_range(ScalarType type) noexcept {
  if (!has_range(type)) return kAll;
  if (type == kBool) return {0, 1};
  const int bits = dtype_bits(type.dtype());
  if (is_any(type, kUnsigneds)) return {0, (int64_t{1} << bits) - 1};
  return bits == 64 ? kAll : Range{-(int64_t{1} << (bits - 1)), (int64_t{1} << (bits - 1)) - 1};
}

Range range_of(const Nodes& nodes, const Node& node) {
  const Range full = full_range(node.type);
  if (!has_range(node.type)) return full;
  const auto operand = [&](size_t i) { return nodes.range(node.operands[i]); };
  switch (node.kind) {
    case NodeKind::kConst:
      return {node.value.integer(), node.value.integer()};
    case NodeKind::kIndex:
      return {0, std::max<int64_t>(operand(0).hi, 1) - 1};
    case NodeKind::kExtent:
      return {0, kMaxExtent};
    case NodeKind::kBinary: {
      if (info(node.binary()).predicate || node.type == kBool) return full;
      const std::optional<Range> range = binary_range(node.binary(), operand(0), operand(1));
      return range && contains(full, *range) ? *range : full;
    }
    case NodeKind::kSelect:
      return {std::min(operand(1).lo, operand(2).lo), std::max(operand(1).hi, operand(2).hi)};
    case NodeKind::kCast:
      return has_range(nodes[node.operands[0]].type) && node.type != kBool && node.cast_mode() == CastMode::kValue &&
                     contains(full, operand(0))
                 ? operand(0)
                 : full;
    default:
      return full;
  }
}

bool known_less(const Nodes& nodes, NodeId a, NodeId b) {
  if (nodes.range(a).hi < nodes.range(b).lo) return has_range(nodes[a].type);
  const Node& node = nodes[a];
  if (node.kind == NodeKind::kIndex) return node.operands[0] == b;
  // i // k < b for an index i below b * k.
  if (node.kind != NodeKind::kBinary || node.binary() != BinaryOp::kFloorDiv) return false;
  const Node& index = nodes[node.operands[0]];
  const std::optional<int64_t> divisor = nodes.integer_value(node.operands[1]);
  if (index.kind != NodeKind::kIndex || divisor.value_or(0) <= 0) return false;
  const Node& extent = nodes[index.operands[0]];
  return extent.kind == NodeKind::kBinary && extent.binary() == BinaryOp::kMul && extent.operands[0] == b &&
         extent.operands[1] == node.operands[1] && nodes.range(index.operands[0]) != full_range(kI64);
}

bool known_inside(const Nodes& nodes, NodeId a, NodeId b) { return nodes.range(a).lo >= 0 && known_less(nodes, a, b); }

bool known_inside(const Function& function, const Nodes& nodes, const Node& load) {
  const Input& input = function.inputs[static_cast<size_t>(load.number)];
  for (size_t axis = 0; axis < input.dims.size(); ++axis) {
    const Dim& dim = input.dims[axis];
    const NodeId index = load.operands[axis];
    const Node& node = nodes[index];
    const Range range = nodes.range(index);
    if (dim.is_constant()) {
      if (range.lo < 0 || range.hi >= dim.value()) return false;
      continue;
    }
    // Below a named dimension is what runs up to it.
    const bool runs = node.kind == NodeKind::kIndex;
    const Node* extent = runs ? &nodes[node.operands[0]] : nullptr;
    if (!runs || extent->kind != NodeKind::kExtent || extent->number != function.find_symbol(dim.symbol()))
      return false;
  }
  return true;
}

}  // namespace tenon::expr
