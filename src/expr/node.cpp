// SPDX-License-Identifier: Apache-2.0
#include "expr/node.h"

#include "expr/range.h"
#include "expr/rewrite.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace tenon::expr {
namespace {

[[noreturn]] void fail(const std::string& what) { throw Error(ErrorCode::kInvalidArgument, what); }

void combine(size_t& hash, size_t value) { hash ^= value + 0x9E3779B97F4A7C15U + (hash << 6) + (hash >> 2); }

size_t hash_of(const Node& node) {
  size_t hash = static_cast<size_t>(node.kind) << 8 | node.op;
  combine(hash, static_cast<size_t>(node.type.code()));
  combine(hash, static_cast<size_t>(node.number));
  combine(hash, static_cast<size_t>(node.value.integer()));
  for (const NodeId operand : node.operands) combine(hash, static_cast<size_t>(operand));
  return hash;
}

void require_classes(std::string_view name, ScalarType type, int classes) {
  if (is_any(type, classes)) return;
  fail(fmt::format("{} is given {} but {} is required{}", name, to_string(type), class_text(classes),
                   is_any(type, kHalves) ? "; cast it to f32" : ""));
}

ScalarType unary_type(const Node& node, ScalarType x) {
  require_classes(info(node.unary()).name, x, info(node.unary()).accepts);
  return info(node.unary()).predicate ? kBool : x;
}

ScalarType binary_type(const Node& node, ScalarType a, ScalarType b) {
  const BinaryInfo& op = info(node.binary());
  if (a != b) {
    fail(fmt::format("{} is given {} and {} but one dtype is required; cast one of them", op.name, to_string(a),
                     to_string(b)));
  }
  require_classes(op.name, a, op.accepts);
  return op.predicate ? kBool : a;
}

ScalarType select_type(ScalarType condition, ScalarType yes, ScalarType no) {
  if (condition != kBool) {
    fail(fmt::format("where is given a condition of {} but bool is required; compare it with 0", to_string(condition)));
  }
  if (yes != no) {
    fail(fmt::format("where is given {} and {} but one dtype is required; cast one of them", to_string(yes),
                     to_string(no)));
  }
  return yes;
}

ScalarType cast_type(const Node& node, ScalarType from) {
  if (node.cast_mode() == CastMode::kBits) {
    constexpr int kPlain = kNumbers | kHalves;
    const bool fits = !from.is_variable() && !node.type.is_variable() && is_any(from, kPlain) &&
                      is_any(node.type, kPlain) && dtype_bits(from.dtype()) == dtype_bits(node.type.dtype());
    if (!fits) {
      fail(fmt::format("bits is given {} to read as {} but numbers of equal width are required", to_string(from),
                       to_string(node.type)));
    }
  }
  return node.type;
}

ScalarType reduce_type(const Node& node, ScalarType body) {
  switch (node.reduction()) {
    case Reduction::kAny:
    case Reduction::kAll:
      require_classes(reduction_name(node.reduction()), body, kBools);
      return kBool;
    case Reduction::kArgMin:
    case Reduction::kArgMax:
      require_classes(reduction_name(node.reduction()), body, kNumbers);
      return kI64;
    default:
      require_classes(reduction_name(node.reduction()), body, kNumbers);
      return body;
  }
}

void require_indices(const Nodes& nodes, const Node& node) {
  for (const NodeId index : node.indices()) {
    if (nodes[index].type != kI64) {
      fail(fmt::format("an index has dtype {} but i64 is required; cast it", to_string(nodes[index].type)));
    }
  }
  if (node.outside() == Outside::kValue && nodes[node.operands.back()].type != node.type) {
    fail(fmt::format("the value outside has dtype {} but the tensor's, {}, is required; cast it",
                     to_string(nodes[node.operands.back()].type), to_string(node.type)));
  }
}

}  // namespace

std::string to_string(ScalarType type) {
  return type.is_variable() ? fmt::format("T{}", type.variable_number()) : std::string(dtype_name(type.dtype()));
}

ScalarType type_of(const Nodes& nodes, const Node& node) {
  const auto operand = [&](size_t i) { return nodes[node.operands[i]].type; };
  switch (node.kind) {
    case NodeKind::kIndex:
      if (operand(0) != kI64) fail(fmt::format("an extent has dtype {} but i64 is required", to_string(operand(0))));
      return kI64;
    case NodeKind::kExtent:
      return kI64;
    case NodeKind::kLoad:
      require_indices(nodes, node);
      break;
    case NodeKind::kUnary:
      return unary_type(node, operand(0));
    case NodeKind::kBinary:
      return binary_type(node, operand(0), operand(1));
    case NodeKind::kSelect:
      return select_type(operand(0), operand(1), operand(2));
    case NodeKind::kCast:
      (void)cast_type(node, operand(0));
      break;
    case NodeKind::kReduce:
      for (const NodeId extent : node.extents()) {
        if (nodes[extent].type != kI64) fail("an extent to reduce over must be i64; cast it");
      }
      return reduce_type(node, nodes[node.body()].type);
    default:
      break;
  }
  if (class_of(node.type) == 0) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("expressions compute with bool, i8 to u64, f16, bf16, f32 and f64, not with {}; leave the "
                            "tensor to a native layer",
                            to_string(node.type)));
  }
  return node.type;
}

NodeId Nodes::constant(ScalarType type, Scalar value) {
  // There is one NaN, as its text says no more; which one an operation gives depends on the processor.
  if (is_any(type, kFloats | kHalves) && std::isnan(value.real()))
    value = Scalar::real(std::numeric_limits<double>::quiet_NaN());
  return intern({.kind = NodeKind::kConst, .type = type, .value = value});
}

NodeId Nodes::field(int number, ScalarType type) {
  return intern({.kind = NodeKind::kField, .type = type, .number = number});
}

NodeId Nodes::index(int variable, NodeId extent) {
  return intern({.kind = NodeKind::kIndex, .number = variable, .operands = {extent}});
}

NodeId Nodes::extent(int symbol) { return intern({.kind = NodeKind::kExtent, .number = symbol}); }

NodeId Nodes::load(int input, ScalarType type, std::vector<NodeId> indices, Outside outside, NodeId value) {
  if (outside == Outside::kValue) indices.push_back(value);
  return intern({.kind = NodeKind::kLoad,
                 .op = static_cast<uint8_t>(outside),
                 .type = type,
                 .number = input,
                 .operands = std::move(indices)});
}

NodeId Nodes::unary(UnaryOp op, NodeId x) {
  return intern({.kind = NodeKind::kUnary, .op = static_cast<uint8_t>(op), .operands = {x}});
}

NodeId Nodes::binary(BinaryOp op, NodeId a, NodeId b) {
  return intern({.kind = NodeKind::kBinary, .op = static_cast<uint8_t>(op), .operands = {a, b}});
}

NodeId Nodes::select(NodeId condition, NodeId yes, NodeId no) {
  return intern({.kind = NodeKind::kSelect, .operands = {condition, yes, no}});
}

NodeId Nodes::cast(NodeId x, ScalarType type, CastMode mode) {
  if ((*this)[x].type == type) return x;
  return intern({.kind = NodeKind::kCast, .op = static_cast<uint8_t>(mode), .type = type, .operands = {x}});
}

NodeId Nodes::reduce(Reduction op, std::span<const int> variables, std::vector<NodeId> extents, NodeId body) {
  const int first = facts_[static_cast<size_t>(body)].next_bound;
  if (first + static_cast<int>(variables.size()) > kMaxVariables) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("reductions are nested over more than {} variables; make several layers of it",
                            kMaxVariables - kFirstBound));
  }
  extents.push_back(renumber(body, variables, first));
  return intern(
      {.kind = NodeKind::kReduce, .op = static_cast<uint8_t>(op), .number = first, .operands = std::move(extents)});
}

NodeId Nodes::reduce(Reduction op, int first_variable, std::vector<NodeId> extents, NodeId body) {
  std::vector<int> variables(extents.size());
  std::iota(variables.begin(), variables.end(), first_variable);
  return reduce(op, variables, std::move(extents), body);
}

NodeId Nodes::add(Node node) {
  if (node.kind == NodeKind::kCast) return cast(node.operands[0], node.type, node.cast_mode());
  if (node.kind != NodeKind::kReduce) return intern(std::move(node));
  const NodeId body = node.body();
  node.operands.pop_back();
  return reduce(node.reduction(), node.number, std::move(node.operands), body);
}

int Nodes::fresh_variables(size_t count) {
  // Numbers start again long before they run out; nothing that was built with the old ones is open by then.
  constexpr int kLast = 1 << 30;
  if (next_fresh_ > kLast) next_fresh_ = kFirstFresh;
  return std::exchange(next_fresh_, next_fresh_ + static_cast<int>(count));
}

std::optional<int64_t> Nodes::integer_value(NodeId id) const {
  const Node& node = (*this)[id];
  if (node.kind != NodeKind::kConst || !is_any(node.type, kIntegers) || node.type.is_variable()) return std::nullopt;
  return node.value.integer();
}

Nodes::Facts Nodes::facts_of(const Node& node) const {
  Facts facts;
  for (const NodeId operand : node.operands) {
    const Facts& its = facts_[static_cast<size_t>(operand)];
    facts.variables |= its.variables;
    facts.next_bound = std::max(facts.next_bound, its.next_bound);
  }
  if (node.kind == NodeKind::kIndex) facts.variables |= uint64_t{1} << std::min(node.number, kMaxVariables);
  if (node.kind == NodeKind::kReduce) {
    const int count = static_cast<int>(node.extents().size());
    for (int i = 0; i < count; ++i) facts.variables &= ~(uint64_t{1} << (node.number + i));
    facts.next_bound = node.number + count;
  }
  facts.range = range_of(*this, node);
  return facts;
}

NodeId Nodes::intern(Node node) {
  node.type = type_of(*this, node);
  const size_t hash = hash_of(node);
  const auto [begin, end] = ids_by_hash_.equal_range(hash);
  for (auto it = begin; it != end; ++it)
    if ((*this)[it->second] == node) return it->second;
  reductions_ += node.kind == NodeKind::kReduce ? 1 : 0;
  if (size() >= kBuilding * kMaxNodes || reductions_ > kBuilding * kMaxReductions) {
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format("an expression has more than {} nodes or {} reductions; reading a computed tensor at several "
                    "places repeats its formula at each: make several layers of it",
                    kMaxNodes, kMaxReductions));
  }
  facts_.push_back(facts_of(node));
  nodes_.push_back(std::move(node));
  ids_by_hash_.emplace(hash, size() - 1);
  return size() - 1;
}

// Unlike substitute(), this leaves inner reductions as they are numbered: `to` is above all of theirs.
NodeId Nodes::renumber(NodeId root, std::span<const int> from, int to) {
  const std::vector<NodeId> order = cone(*this, {&root, 1});
  std::vector<NodeId> places(static_cast<size_t>(root) + 1);
  for (const NodeId id : order) {
    NodeId& place = places[static_cast<size_t>(id)] = id;
    if ((variables(id) >> kMaxVariables) == 0) continue;
    Node node = (*this)[id];
    bool changed = false;
    if (node.kind == NodeKind::kIndex) {
      const auto found = std::find(from.begin(), from.end(), node.number);
      changed = found != from.end();
      if (changed) node.number = to + static_cast<int>(found - from.begin());
    }
    for (NodeId& operand : node.operands) {
      const NodeId renamed = places[static_cast<size_t>(operand)];
      changed = changed || renamed != operand;
      operand = renamed;
    }
    if (changed) place = intern(std::move(node));
  }
  return places[static_cast<size_t>(root)];
}

}  // namespace tenon::expr
