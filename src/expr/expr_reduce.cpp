// SPDX-License-Identifier: Apache-2.0
#include <tenon/expr_functions.h>

#include "expr/rewrite.h"
#include "expr/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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
  const std::vector<bool> chosen = expr::chosen_axes(what, axes.list(), from.size());
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
  const std::vector<bool> chosen = expr::chosen_axes("mean", axes.list(), x.impl().shape.size());
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
    expr::misuse(
        what, fmt::format("the function gives {} but a scalar is required; read one element of it", value.type_text()));
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

Expr matmul(const Expr& a, const Expr& b) {
  std::array<Expr, 2> operands = {a, b};
  (void)expr::unite("matmul", operands);
  const expr::Extents &rows = operands[0].impl().shape, &columns = operands[1].impl().shape;
  const bool row = rows.size() == 1, column = columns.size() == 1;
  if (rows.empty() || columns.empty() || rows.back() != columns[columns.size() - (column ? 1 : 2)]) {
    expr::misuse("matmul", fmt::format("{} and {} are given but the last dimension of one must be the other's last but "
                                       "one; give equal dimensions one name",
                                       operands[0].type_text(), operands[1].type_text()));
  }
  const Expr left = unsqueeze(row ? unsqueeze(operands[0], 0) : operands[0], -1);      // [..., n, k, 1]
  const Expr right = unsqueeze(column ? unsqueeze(operands[1], 1) : operands[1], -3);  // [..., 1, k, m]
  std::vector<int> gone;
  if (row) gone.push_back(-2);
  if (column) gone.push_back(-1);
  const Expr product = sum(left * right, -2);
  return gone.empty() ? product : squeeze(product, gone);
}

namespace {

// What is given for each axis that windows lie along; empty: `fallback` for each.
std::vector<int64_t> per_axis(const char* what, std::vector<int64_t> given, size_t count, int64_t fallback,
                              int64_t lowest) {
  if (given.empty()) given.assign(count, fallback);
  const auto is_out = [&](int64_t number) { return number < lowest || number > expr::kMaxExtent; };
  if (given.size() != count || std::any_of(given.begin(), given.end(), is_out)) {
    expr::misuse("windows", fmt::format("the {} is [{}] but {} numbers from {} to 2^30 are required, one for each axis "
                                        "of the window",
                                        what, fmt::join(given, ", "), count, lowest));
  }
  return given;
}

}  // namespace

Expr windows(const Expr& x, const WindowShape& window, Outside outside, const Expr& value) {
  const size_t count = window.size.size();
  const auto rank = static_cast<size_t>(x.rank());
  if (count == 0 || count > rank) {
    expr::misuse("windows", fmt::format("a window over {} axes is given for {}", count, x.type_text()));
  }
  const std::vector<int64_t> size = per_axis("size", window.size, count, 1, 1);
  const std::vector<int64_t> stride = per_axis("stride", window.stride, count, 1, 1);
  const std::vector<int64_t> dilation = per_axis("dilation", window.dilation, count, 1, 1);
  const std::vector<int64_t> before = per_axis("padding before", window.before, count, 0, 0);
  const std::vector<int64_t> after = per_axis("padding after", window.after, count, 0, 0);
  const size_t first = rank - count;
  bool padded = false;
  std::vector<Expr> shape = x.shape();
  for (size_t i = 0; i < count; ++i) {
    const int64_t covered = (size[i] - 1) * dilation[i] + 1;
    padded = padded || before[i] != 0 || after[i] != 0;
    shape[first + i] = floor_divide(shape[first + i] + (before[i] + after[i] - covered), stride[i]) + 1;
  }
  shape.insert(shape.end(), size.begin(), size.end());
  return compute(std::span<const Expr>(shape), [&](std::span<const Expr> at) {
    std::vector<Expr> index(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(rank));
    for (size_t i = 0; i < count; ++i) {
      index[first + i] = index[first + i] * stride[i] + at[rank + i] * dilation[i] - before[i];
    }
    return x.at(index, padded ? outside : Outside::kError, value);
  });
}

}  // namespace tenon
