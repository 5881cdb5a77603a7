// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <tenon/expr.h>
#include <tenon/graph.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// What the front end (expr*.cpp) shares: how a symbolic tensor is kept, and how operands are brought together.
namespace tenon {

namespace expr {

/// An operator that formulas call: its results are further inputs of the function that they belong to.
struct OperatorCall {
  std::string op;
  Attributes attributes;
  std::vector<std::variant<std::monostate, Output, Tensor>> operands;  ///< None where one is left out.
  size_t first_result;                                                 ///< The number of the input that it is.
  size_t results;
  size_t requirements;  ///< How many of the function's there were before.
};

}  // namespace expr

/// The layer that is being built. Shared by the builder and the Exprs made of its inputs. One without a name holds
/// formulas of numbers and indices that have not met a layer's tensors yet.
struct LayerBuilder::Impl {
  expr::Function function;
  std::vector<expr::OperatorCall> calls = {};
  bool fast = false;
};

/// A tensor: the formula of its element over Index(axis, shape[axis]).
struct Expr::Impl {
  std::shared_ptr<LayerBuilder::Impl> trace = {};  ///< Null for a number.
  expr::NodeId node = -1;                          ///< -1 for a number.
  expr::ScalarType type = expr::kBool;             ///< The elements' dtype; a formula for f16 or bf16 may be of f32.
  std::vector<expr::NodeId> shape = {};
  bool weak = false;         ///< Takes the dtype of what it is combined with: numbers, fields, formulas of them.
  expr::Scalar number = {};  ///< A number's value.
};

struct LayerExpr::Impl {
  expr::Function function;
};

namespace expr {

using Trace = std::shared_ptr<LayerBuilder::Impl>;
using Extents = std::vector<NodeId>;

/// Throws kInvalidArgument "`what`: `message`", how every misuse is reported.
[[noreturn]] void misuse(std::string_view what, const std::string& message);

/// The layer that the operands belong to. Those that belong to none yet, but for numbers, are copied into it. Throws
/// when they are of two layers.
[[nodiscard]] Trace unite(std::string_view what, std::span<Expr> operands);
/// Index variables for a user's function: no other formula has them, of whichever layer. At most kMaxRank.
[[nodiscard]] int user_variables();
/// The dtype that the operands are combined in, and whether it is weak still.
struct CommonType {
  ScalarType type;
  bool weak;
};
[[nodiscard]] CommonType common_type(std::string_view what, std::span<const Expr> operands);
/// The shape that they broadcast to.
[[nodiscard]] Extents common_shape(std::string_view what, const Trace& trace, std::span<const Expr> operands);

/// The operand's formula in `type`, or for f16 and bf16 in what they are computed in.
[[nodiscard]] NodeId computed(const Trace& trace, const Expr& operand, ScalarType type);
/// The same over the axes of `shape`, which the operand broadcasts to.
[[nodiscard]] NodeId computed(const Trace& trace, const Expr& operand, ScalarType type, const Extents& shape);
/// `node` over the axes of `from` as a formula over those of `to`, which they broadcast to.
[[nodiscard]] NodeId broadcast(Nodes& nodes, NodeId node, const Extents& from, const Extents& to);
/// An i64 scalar: a dimension or an index.
[[nodiscard]] NodeId integer_scalar(std::string_view what, const Trace& trace, const Expr& operand);

[[nodiscard]] Expr make(const Trace& trace, NodeId node, ScalarType type, Extents shape, bool weak = false);
/// A scalar that is an index or a dimension.
[[nodiscard]] inline Expr make_integer(const Trace& trace, NodeId node) { return make(trace, node, kI64, {}); }

/// `stem`, or stem_1, stem_2 …: a name that no input, field or dimension has.
[[nodiscard]] std::string fresh_name(const Function& function, const std::string& stem);
/// A further input of the layer, whose dimensions are constants and names; `shape` says the same extents.
[[nodiscard]] Expr add_input(const Trace& trace, std::string name, ScalarType type, Shape dims, Extents shape);

/// `axis` from the start; throws unless it is one of `rank`.
[[nodiscard]] size_t normal_axis(std::string_view what, int axis, size_t rank);
/// Which axes of a tensor of this rank are meant: all when none are given.
[[nodiscard]] std::vector<bool> chosen_axes(std::string_view what, const std::optional<std::vector<int>>& axes,
                                            size_t rank);
/// The element of `x` at `index`, one for each axis, in the type of x's formula; `value` is for Outside::kValue.
[[nodiscard]] NodeId element(const Trace& trace, const Expr& x, std::span<const NodeId> index, Outside outside,
                             const Expr& value);
/// "[n, 2 * c]".
[[nodiscard]] std::string shape_text(const Trace& trace, const Extents& shape);

/// The tensor as an output; a number is one of f32 or i64.
[[nodiscard]] Output output_of(const Trace& trace, std::string name, const Expr& tensor);
/// The layer with these outputs, neither simplified nor verified.
[[nodiscard]] Function finish(const Trace& trace, std::span<const std::pair<std::string, Expr>> outputs);

/// op of simple operands, simplified: for arithmetic on dimensions and indices.
[[nodiscard]] NodeId arithmetic(Nodes& nodes, BinaryOp op, NodeId a, NodeId b);

}  // namespace expr
}  // namespace tenon
