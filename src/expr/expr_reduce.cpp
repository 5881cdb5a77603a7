// SPDX-License-Identifier: Apache-2.0
#include <tenon/expr_functions.h>

#include "expr/rewrite.h"
#include "expr/trace.h"

#include <fmt/core.h>

#include <algorithm>

// Reductions, and tensors from formulas of their index.
namespace tenon {

using expr::NodeId;
using expr::Nodes;
using expr::ScalarType;
using expr::Trace;

namespace {

// The operand in a dtype that the reduction is defined on.
Expr reducible(Reduction reduction, const Expr& x) {
  const bool logical = reduction == Reduction::kAny || reduction == Reduction::kAll;
  if (logical && x.impl().type != expr::kBool) return x != 0;
  if (!logical && x.impl().type == expr::kBool) return cast(x, DType::kInt64);
  return x;
}

ScalarType result_type(Reduction reduction, ScalarType type) {
  return reduction == Reduction::kArgMin || reduction == Reduction::kArgMax ? expr::kI64 : type;
}

// Which axes of a tensor of this rank, in its order.
std::vector<bool> chosen_axes(std::string_view what, const Axes& axes, size_t rank) {
  std::vector<bool> chosen(rank, !axes.list().has_value());
  if (!axes.list()) return chosen;
  for (const int axis : *axes.list()) {
    const size_t at = expr::normal_axis(what, axis, rank);
    if (chosen[at]) expr::misuse(what, fmt::format("axis {} is given twice", axis));
    chosen[at] = true;
  }
  return chosen;
}

// A tensor, which a number is not.
const Trace& trace_of(std::string_view what, const Expr& x) {
  if (x.impl().trace == nullptr) {
    expr::misuse(what, fmt::format("the number {} is given but a tensor is required", x.type_text()));
  }
  return x.impl().trace;
}

}  // namespace

Expr reduce(Reduction reduction, const Expr& x, const Axes& axes, bool keepdims) {
  const std::string_view what = reduction_name(reduction);
  const Trace& trace = trace_of(what, x);
  Expr operand = reducible(reduction, x);
  const expr::Extents& from = operand.impl().shape;
  Nodes& nodes = trace->function.nodes;
  const std::vector<bool> chosen = chosen_axes(what, axes, from.size());
  const auto count = static_cast<size_t>(std::count(chosen.begin(), chosen.end(), true));
  if (count == 0) return operand;
  const int first = nodes.fresh_variables(count);
  std::map<int, NodeId> places;
  expr::Extents extents, shape;
  for (size_t axis = 0; axis < from.size(); ++axis) {
    if (chosen[axis]) {
      places[static_cast<int>(axis)] = nodes.index(first + static_cast<int>(extents.size()), from[axis]);
      extents.push_back(from[axis]);
      if (keepdims) shape.push_back(nodes.integer(1));
    } else {
      places[static_cast<int>(axis)] = nodes.index(static_cast<int>(shape.size()), from[axis]);
      shape.push_back(from[axis]);
    }
  }
  const NodeId body = expr::substitute(nodes, expr::computed(trace, operand, operand.impl().type), places);
  const NodeId node = nodes.reduce(reduction, first, std::move(extents), body);
  return expr::make(trace, node, result_type(reduction, operand.impl().type), std::move(shape));
}

Expr mean(const Expr& x, const Axes& axes, bool keepdims) {
  const Trace& trace = trace_of("mean", x);
  const ScalarType type = x.impl().type;
  const Expr operand =
      type.is_variable() || expr::is_any(type, expr::kFloats | expr::kHalves) ? x : cast(x, DType::kFloat32);
  Nodes& nodes = trace->function.nodes;
  NodeId count = nodes.integer(1);
  const std::vector<bool> chosen = chosen_axes("mean", axes, x.impl().shape.size());
  for (size_t axis = 0; axis < chosen.size(); ++axis)
    if (chosen[axis]) count = expr::arithmetic(nodes, expr::BinaryOp::kMul, count, x.impl().shape[axis]);
  return sum(operand, axes, keepdims) / cast_like(expr::make_integer(trace, count), operand);
}

Expr variance(const Expr& x, const Axes& axes, bool keepdims) {
  return mean(square(x - mean(x, axes, true)), axes, keepdims);
}

Expr softmax(const Expr& x, int axis) {
  const Expr powers = exp(x - max(x, axis, true));
  return powers / sum(powers, axis, true);
}

namespace {

// Extents with variables for them, and what a user's function makes of those.
struct Indexed {
  Trace trace;
  int first;
  expr::Extents extents;
  Expr value;
};

Indexed call(std::string_view what, std::span<const Expr> extents, const detail::IndexFunction& element) {
  std::vector<Expr> operands(extents.begin(), extents.end());
  Trace trace = expr::unite(what, operands);
  if (extents.size() > static_cast<size_t>(kMaxRank)) {
    expr::misuse(what, fmt::format("{} dimensions are given; Tenon stops at {}", extents.size(), kMaxRank));
  }
  const int first = expr::user_variables();
  std::vector<Expr> index;
  for (const Expr& extent : operands) {
    const NodeId bound = expr::integer_scalar(what, trace, extent);
    const int number = first + static_cast<int>(index.size());
    index.push_back(expr::make_integer(trace, trace->function.nodes.index(number, bound)));
  }
  operands.push_back(element(index));
  trace = expr::unite(what, operands);
  const Expr value = operands.back();
  if (value.rank() != 0) {
    expr::misuse(what, fmt::format("the function gives {} but a scalar is required; read one element: x(i, j)",
                                   value.type_text()));
  }
  operands.pop_back();
  expr::Extents shape;
  for (const Expr& extent : operands) shape.push_back(expr::integer_scalar(what, trace, extent));
  return {trace, first, std::move(shape), value};
}

}  // namespace

namespace detail {

Expr compute(std::span<const Expr> shape, const IndexFunction& element) {
  const auto [trace, first, extents, value] = call("compute", shape, element);
  Nodes& nodes = trace->function.nodes;
  std::map<int, NodeId> places;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    places[first + static_cast<int>(axis)] = nodes.index(static_cast<int>(axis), extents[axis]);
  }
  const Expr::Impl& impl = value.impl();
  const NodeId formula = impl.node < 0 ? expr::computed(trace, value, impl.type) : impl.node;
  return expr::make(trace, expr::substitute(nodes, formula, places), impl.type, extents, impl.weak);
}

Expr reduce_over(Reduction reduction, std::span<const Expr> extents, const IndexFunction& element) {
  const auto [trace, first, bounds, value] = call(reduction_name(reduction), extents, [&](std::span<const Expr> index) {
    return reducible(reduction, element(index));
  });
  if (extents.empty()) return value;
  const ScalarType type = value.impl().type;
  const NodeId node = trace->function.nodes.reduce(reduction, first, bounds, expr::computed(trace, value, type));
  return expr::make(trace, node, result_type(reduction, type), {});
}

}  // namespace detail

Expr iota(const Expr& extent) {
  return compute({extent}, [](const Expr& i) { return i; });
}

}  // namespace tenon
