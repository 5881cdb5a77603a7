// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/scalar.h"

#include <tenon/expr.h>

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

// The expression IR: scalar nodes over index variables. A tensor is a function from an index to a scalar, so a node
// that reads Index(0) and Index(1) is a matrix.
//
// Nodes lie in a list, operands before their users, and equal nodes are one: a node's place in the list is its
// identity, and every walk is a loop.
namespace tenon::expr {

/// A node's place in its Nodes.
using NodeId = int32_t;

enum class NodeKind : uint8_t {
  kConst,   ///< `value`.
  kField,   ///< Field number `number` of the layer, as a scalar of the node's type.
  kIndex,   ///< Index variable `number`, from 0 to below operand 0, its extent.
  kExtent,  ///< Symbol number `number`: a named dimension of the inputs.
  kLoad,    ///< An element of input `number`: an operand for each axis, then, for Outside::kValue, the value outside.
  kUnary,
  kBinary,
  kSelect,  ///< Operand 1 where operand 0 (bool) is true, else operand 2. The other one is not evaluated: a load there
            ///< does not fail.
  kCast,
  kReduce,  ///< Operand n over the variables number … number + n - 1, whose extents are the operands 0 … n - 1.
};

/// One scalar operation. Which of the members mean something depends on the kind.
struct Node {
  NodeKind kind = NodeKind::kConst;
  uint8_t op = 0;  ///< UnaryOp, BinaryOp, CastMode, Reduction or Outside, by kind; read through the functions below.
  ScalarType type = kBool;
  int32_t number = 0;
  Scalar value = {};
  std::vector<NodeId> operands = {};

  [[nodiscard]] UnaryOp unary() const { return static_cast<UnaryOp>(op); }
  [[nodiscard]] BinaryOp binary() const { return static_cast<BinaryOp>(op); }
  [[nodiscard]] CastMode cast_mode() const { return static_cast<CastMode>(op); }
  [[nodiscard]] Reduction reduction() const { return static_cast<Reduction>(op); }
  [[nodiscard]] Outside outside() const { return static_cast<Outside>(op); }
  /// Of a Load: one index for each axis.
  [[nodiscard]] std::span<const NodeId> indices() const {
    return {operands.data(), operands.size() - (outside() == Outside::kValue ? 1 : 0)};
  }
  /// Of a Reduce.
  [[nodiscard]] std::span<const NodeId> extents() const { return {operands.data(), operands.size() - 1}; }
  [[nodiscard]] NodeId body() const { return operands.back(); }

  friend bool operator==(const Node&, const Node&) = default;
};
/// Whether the node is its operands' product.
[[nodiscard]] inline bool is_product(const Node& node) {
  return node.kind == NodeKind::kBinary && (node.binary() == BinaryOp::kMul || node.binary() == BinaryOp::kFastMul);
}

/// Index variables 0 … 15 are the axes of an output. Those of a Reduce follow, numbered from the inside: the first one
/// is the lowest from kFirstBound that no Reduce within it has. So equal reductions are equal nodes, wherever they
/// stand, and nested ones never share a variable. Variables from kFirstFresh on exist only while something is being
/// built.
inline constexpr int kFirstBound = 16;
inline constexpr int kMaxVariables = 63;
inline constexpr int kFirstFresh = 1 << 16;
/// The most nodes that a finished layer may have, and reductions among them: rebuilding one costs a walk over all below
/// it. While a layer is being built there may be kBuilding times as many.
inline constexpr NodeId kMaxNodes = 1 << 16;
inline constexpr int kMaxReductions = 256;
inline constexpr int kBuilding = 4;

/// The longest named dimension: products of two then fit in 64 bits, which index arithmetic is simplified by.
inline constexpr int64_t kMaxExtent = int64_t{1} << 30;

/// What an integer or bool may be: lo <= x <= hi.
struct Range {
  int64_t lo, hi;

  friend bool operator==(Range, Range) = default;
};
/// All values of a type; for floats, u64 and variables, where ranges say nothing, all of int64.
[[nodiscard]] Range full_range(ScalarType type) noexcept;

/// A list of nodes that only grows. Const means safe to share between threads.
///
/// The functions that add nodes check the operands' types and throw kInvalidArgument saying what was given and what to
/// write; kUnsupported above a limit.
class Nodes {
 public:
  [[nodiscard]] const Node& operator[](NodeId id) const { return nodes_[static_cast<size_t>(id)]; }
  [[nodiscard]] NodeId size() const noexcept { return static_cast<NodeId>(nodes_.size()); }

  NodeId constant(ScalarType type, Scalar value);
  NodeId integer(int64_t value) { return constant(kI64, Scalar::integer(value)); }
  NodeId field(int number, ScalarType type);
  NodeId index(int variable, NodeId extent);
  NodeId extent(int symbol);
  /// `value` is for Outside::kValue only.
  NodeId load(int input, ScalarType type, std::vector<NodeId> indices, Outside outside = Outside::kError,
              NodeId value = -1);
  NodeId unary(UnaryOp op, NodeId x);
  NodeId binary(BinaryOp op, NodeId a, NodeId b);
  NodeId select(NodeId condition, NodeId yes, NodeId no);
  /// The node itself when it has the type already.
  NodeId cast(NodeId x, ScalarType type, CastMode mode = CastMode::kValue);
  /// Binds the variables, one for each extent, which are fresh, and renumbers them.
  NodeId reduce(Reduction op, std::span<const int> variables, std::vector<NodeId> extents, NodeId body);
  /// The same for variables first_variable, first_variable + 1 …
  NodeId reduce(Reduction op, int first_variable, std::vector<NodeId> extents, NodeId body);
  /// A node whose operands lie in this list, by the function above that its kind has. Variables of a Reduce are fresh.
  NodeId add(Node node);

  /// `count` variables that nothing uses yet; the first one.
  int fresh_variables(size_t count);
  /// The variables that `id` depends on and does not bind: bit v for variable v, bit kMaxVariables for fresh ones.
  [[nodiscard]] uint64_t variables(NodeId id) const { return facts_[static_cast<size_t>(id)].variables; }
  /// What the node can be, wherever it is evaluated.
  [[nodiscard]] Range range(NodeId id) const { return facts_[static_cast<size_t>(id)].range; }
  /// The constant integer that the node is.
  [[nodiscard]] std::optional<int64_t> integer_value(NodeId id) const;

 private:
  struct Facts {
    uint64_t variables = 0;
    int next_bound = kFirstBound;  // The lowest variable that no Reduce within has.
    Range range = {0, 0};
  };
  NodeId intern(Node node);
  [[nodiscard]] Facts facts_of(const Node& node) const;
  NodeId renumber(NodeId root, std::span<const int> from, int to);

  std::vector<Node> nodes_;
  std::vector<Facts> facts_;
  std::unordered_multimap<size_t, NodeId> ids_by_hash_;
  int next_fresh_ = kFirstFresh;
  int reductions_ = 0;
};

/// The type that the node's kind, op and operands' types give it; throws kInvalidArgument when they do not fit.
/// `node.type` counts only where it is free: constants, fields, loads and casts.
[[nodiscard]] ScalarType type_of(const Nodes& nodes, const Node& node);

/// "f32", or "T0" for variable 0.
[[nodiscard]] std::string to_string(ScalarType type);

}  // namespace tenon::expr
