// SPDX-License-Identifier: Apache-2.0
#include "expr/simplify.h"

#include "expr/parse.h"
#include "expr/range.h"
#include "expr/rewrite.h"

#include <algorithm>
#include <array>
#include <vector>

namespace tenon::expr {
namespace {

using Bound = std::map<char, NodeId>;

// The table of rules as nodes: a letter is a Field whose number is the letter, a … m of dtype variable 0.
struct Patterns {
  struct Entry {
    const Rule* rule;
    NodeId pattern, replacement;
  };

  Patterns() {
    function.dtype_variables = {"T"};
    std::map<std::string, NodeId> names;
    for (const char letter : {'a', 'b', 'c', 'd', 'k', 'l', 'm', 'p', 'q'}) {
      const ScalarType type = letter >= 'p' ? kBool : ScalarType::variable(0);
      names[std::string(1, letter)] = function.nodes.field(letter, type);
    }
    for (const Rule& rule : rules()) {
      const NodeId pattern = parse_scalar(function, rule.pattern, names, ScalarType::variable(0));
      const Node& root = function.nodes[pattern];
      const NodeId replacement = parse_scalar(function, rule.replacement, names, root.type);
      entries[bucket(function.nodes[pattern])].push_back({&rule, pattern, replacement});
    }
  }

  static int bucket(const Node& node) { return static_cast<int>(node.kind) << 8 | node.op; }

  static const Patterns& get() {
    static const Patterns kPatterns;
    return kPatterns;
  }

  Function function;
  std::map<int, std::vector<Entry>> entries;
};

class Matcher {
 public:
  Matcher(const Nodes& nodes, const Rule& rule)
      : patterns_(Patterns::get().function.nodes), nodes_(nodes), rule_(rule) {}

  bool matches(NodeId pattern, NodeId id) {
    const Node& wanted = patterns_[pattern];
    const Node& node = nodes_[id];
    if (wanted.type.is_variable() ? !bind_type(node.type) : wanted.type != node.type) return false;
    if (wanted.kind == NodeKind::kField) return bind_letter(wanted, id);
    if (wanted.kind != node.kind || wanted.op != node.op) return false;
    if (wanted.kind == NodeKind::kConst) return node.value == constant(wanted);
    for (size_t i = 0; i < wanted.operands.size(); ++i)
      if (!matches(wanted.operands[i], node.operands[i])) return false;
    return true;
  }

  /// The value of a pattern's constant in the type that is bound; one that no node has when the type lacks it.
  [[nodiscard]] std::optional<Scalar> constant(const Node& wanted) const {
    if (!wanted.type.is_variable()) return wanted.value;
    return from_number(*type_, wanted.value.real());
  }
  [[nodiscard]] ScalarType type() const { return *type_; }
  [[nodiscard]] const Bound& bound() const { return bound_; }

 private:
  bool bind_type(ScalarType type) {
    if (!type_) type_ = type;
    const int classes = class_of(type);
    return *type_ == type && (rule_.classes & classes) == classes;
  }

  bool bind_letter(const Node& wanted, NodeId id) {
    const auto letter = static_cast<char>(wanted.number);
    const bool wants_constant = letter >= 'k' && letter <= 'm';
    if (wants_constant && (nodes_[id].kind != NodeKind::kConst || nodes_[id].type.is_variable())) return false;
    return bound_.emplace(letter, id).first->second == id;
  }

  const Nodes& patterns_;
  const Nodes& nodes_;
  const Rule& rule_;
  std::optional<ScalarType> type_;
  Bound bound_;
};

// True when every value of `from` is one of `to`, and stays it on the way back.
bool is_lossless(ScalarType from, ScalarType to) {
  if (from.is_variable() || to.is_variable()) return false;
  if (from == kBool || from == to) return true;
  constexpr int kReals = kFloats | kHalves;
  const int from_bits = dtype_bits(from.dtype()), to_bits = dtype_bits(to.dtype());
  if (is_any(from, kReals)) return is_any(to, kFloats) && to_bits > from_bits;
  if (is_any(to, kReals)) return (to == kF32 && from_bits <= 16) || (to == kF64 && from_bits <= 32);
  const bool same_sign = class_of(from) == class_of(to);
  return to_bits > from_bits && (same_sign || is_any(to, kSigneds)) && !(to == kBool);
}

class Simplifier {
 public:
  Simplifier(Nodes& nodes, bool fast) : nodes_(nodes), fast_(fast) {}

  // What a rule makes of a node is simplified as well; a limit on how often keeps the table from going in circles.
  NodeId simple(NodeId id, int depth = 0) {
    constexpr int kMaxDepth = 24;
    if (depth > kMaxDepth) return id;
    if (const auto folded = fold(id)) return *folded;
    if (nodes_[id].kind == NodeKind::kCast) return simple_cast(id, depth);
    const Patterns& patterns = Patterns::get();
    const auto found = patterns.entries.find(Patterns::bucket(nodes_[id]));
    if (found == patterns.entries.end()) return id;
    for (const Patterns::Entry& entry : found->second) {
      if (entry.rule->loses != kNothing && !fast_) continue;
      Matcher matcher(nodes_, *entry.rule);
      if (!matcher.matches(entry.pattern, id)) continue;
      if (entry.rule->condition != nullptr && !entry.rule->condition(nodes_, matcher.bound())) continue;
      return instantiate(entry.replacement, matcher, depth + 1);
    }
    return id;
  }

 private:
  std::optional<NodeId> fold(NodeId id) {
    const Node node = nodes_[id];
    const bool folds = node.kind == NodeKind::kUnary || node.kind == NodeKind::kBinary || node.kind == NodeKind::kCast;
    if (!folds || node.type.is_variable()) return std::nullopt;
    for (const NodeId operand : node.operands) {
      if (nodes_[operand].kind != NodeKind::kConst || nodes_[operand].type.is_variable()) return std::nullopt;
    }
    const Node& first = nodes_[node.operands[0]];
    const Scalar x = first.value;
    if (node.kind == NodeKind::kCast) return constant(node, eval_cast(node.cast_mode(), first.type, node.type, x));
    if (node.kind == NodeKind::kUnary) return constant(node, eval(node.unary(), first.type, x));
    return constant(node, eval(node.binary(), first.type, x, nodes_[node.operands[1]].value));
  }

  NodeId constant(const Node& node, Scalar value) { return nodes_.constant(node.type, round_to(node.type, value)); }

  // Casts that undo each other, which the storage types bring along.
  NodeId simple_cast(NodeId id, int depth) {
    const Node cast = nodes_[id];
    const Node inner = nodes_[cast.operands[0]];
    if (cast.cast_mode() != CastMode::kValue || cast.type.is_variable()) return id;
    if (inner.kind == NodeKind::kCast && inner.cast_mode() == CastMode::kValue) {
      const ScalarType from = nodes_[inner.operands[0]].type;
      const bool saturates = is_any(from, kIntegers) && !is_any(inner.type, kIntegers | kBools) &&
                             is_any(cast.type, kIntegers) && !is_lossless(from, cast.type) && from != cast.type;
      if (is_lossless(from, inner.type) && !saturates) {
        return simple(nodes_.cast(inner.operands[0], cast.type), depth + 1);
      }
    }
    if (inner.kind == NodeKind::kSelect) {
      const std::optional<NodeId> yes = uncast(inner.operands[1], cast.type), no = uncast(inner.operands[2], cast.type);
      if (yes && no) return simple(nodes_.select(inner.operands[0], *yes, *no), depth + 1);
    }
    return id;
  }

  // The node of `type` that `id` is a lossless cast of.
  std::optional<NodeId> uncast(NodeId id, ScalarType type) {
    const Node& node = nodes_[id];
    if (!is_lossless(type, node.type)) return std::nullopt;
    if (node.kind == NodeKind::kCast && node.cast_mode() == CastMode::kValue && nodes_[node.operands[0]].type == type) {
      return node.operands[0];
    }
    if (node.kind != NodeKind::kConst) return std::nullopt;
    const Scalar narrow = eval_cast(CastMode::kValue, node.type, type, node.value);
    if (eval_cast(CastMode::kValue, type, node.type, narrow) != node.value) return std::nullopt;
    return nodes_.constant(type, narrow);
  }

  NodeId instantiate(NodeId replacement, const Matcher& matcher, int depth) {
    Node node = Patterns::get().function.nodes[replacement];
    if (node.kind == NodeKind::kField) return matcher.bound().at(static_cast<char>(node.number));
    if (node.kind == NodeKind::kConst) {
      const Scalar value = matcher.constant(node).value();
      return nodes_.constant(node.type.is_variable() ? matcher.type() : node.type, value);
    }
    for (NodeId& operand : node.operands) operand = instantiate(operand, matcher, depth);
    return simple(nodes_.add(std::move(node)), depth);
  }

  Nodes& nodes_;
  bool fast_;
};

// A reduction without the variables that are always 0; its variables are fresh.
NodeId without_ones(Nodes& nodes, const Node& node) {
  const auto is_one = [&](NodeId extent) { return nodes.integer_value(extent) == 1; };
  const std::span<const NodeId> extents = node.extents();
  const auto ones = static_cast<size_t>(std::count_if(extents.begin(), extents.end(), is_one));
  if (ones == 0) return nodes.add(node);
  const int first = nodes.fresh_variables(extents.size() - ones);
  std::map<int, NodeId> places;
  std::vector<NodeId> kept;
  for (size_t i = 0; i < extents.size(); ++i) {
    NodeId& place = places[node.number + static_cast<int>(i)];
    place = is_one(extents[i]) ? nodes.integer(0) : nodes.index(first + static_cast<int>(kept.size()), extents[i]);
    if (!is_one(extents[i])) kept.push_back(extents[i]);
  }
  const NodeId body = substitute(nodes, node.body(), places);
  if (!kept.empty()) return nodes.reduce(node.reduction(), first, std::move(kept), body);
  const bool is_place = node.reduction() == Reduction::kArgMin || node.reduction() == Reduction::kArgMax;
  return is_place ? nodes.integer(0) : body;
}

Function simplify_once(const Function& function, bool fast) {
  Function result = rebuild(function, [&](Nodes& nodes, Node node, NodeId) {
    if (node.kind == NodeKind::kReduce) return without_ones(nodes, node);
    if (node.kind == NodeKind::kLoad && node.outside() != Outside::kError && known_inside(function, nodes, node)) {
      if (node.outside() == Outside::kValue) node.operands.pop_back();
      node.op = static_cast<uint8_t>(Outside::kError);
    }
    return simple(nodes, nodes.add(node), fast);
  });
  std::erase_if(result.requirements,
                [](const Requirement& requirement) { return requirement.left == requirement.right; });
  return compact(result);
}

// A product as another kind of product; any other node as it is.
NodeId as_product(Nodes& nodes, NodeId id, BinaryOp op) {
  const Node node = nodes[id];
  return is_product(node) ? nodes.binary(op, node.operands[0], node.operands[1]) : id;
}

}  // namespace

NodeId simple(Nodes& nodes, NodeId id, bool fast) { return Simplifier(nodes, fast).simple(id); }

Function simplify(const Function& function, bool fast) {
  // What becomes constant lets other things become so; twice is nearly always enough.
  constexpr int kMaxRounds = 4;
  Function result = simplify_once(function, fast);
  for (int round = 1; round < kMaxRounds; ++round) {
    Function next = simplify_once(result, fast);
    const bool settled = identical(next, result);
    result = std::move(next);
    if (settled) break;
  }
  return fast ? contracted(result) : result;
}

Function contracted(const Function& function) {
  return compact(rebuild(function, [](Nodes& nodes, Node node, NodeId) {
    const bool adds =
        node.kind == NodeKind::kBinary && (node.binary() == BinaryOp::kAdd || node.binary() == BinaryOp::kSub);
    const bool sums = node.kind == NodeKind::kReduce && node.reduction() == Reduction::kSum;
    if (is_any(node.type, kFloats) && (adds || sums)) {
      for (NodeId& operand : node.operands)
        if (nodes[operand].type == node.type) operand = as_product(nodes, operand, BinaryOp::kFastMul);
    }
    return nodes.add(std::move(node));
  }));
}

Function uncontracted(const Function& function) {
  return compact(rebuild(function, [](Nodes& nodes, Node node, NodeId) {
    return as_product(nodes, nodes.add(std::move(node)), BinaryOp::kMul);
  }));
}

}  // namespace tenon::expr
