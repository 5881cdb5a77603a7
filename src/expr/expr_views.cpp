// SPDX-License-Identifier: Apache-2.0
#include <tenon/expr_functions.h>

#include "expr/rewrite.h"
#include "expr/trace.h"

#include <fmt/core.h>

#include <algorithm>

// Views: the same elements at other indices. Each is a substitution of index variables.
namespace tenon {

using expr::arithmetic;
using expr::BinaryOp;
using expr::NodeId;
using expr::NodeKind;
using expr::Nodes;
using expr::Trace;
using Places = std::map<int, NodeId>;

namespace {

// A view's operand in its layer: a number becomes a scalar tensor of one.
struct Viewed {
  Viewed(std::string_view what, const Expr& x) : Viewed(what, x, {}) {}
  // `others` are brought to the same layer and lie in `operands` from 1 on.
  Viewed(std::string_view what, const Expr& x, std::span<const Expr> others) {
    operands.push_back(x);
    operands.insert(operands.end(), others.begin(), others.end());
    trace = expr::unite(what, operands);
  }
  [[nodiscard]] Nodes& nodes() const { return trace->function.nodes; }
  [[nodiscard]] const expr::Extents& shape() const { return operands[0].impl().shape; }
  [[nodiscard]] NodeId node() const {
    const Expr::Impl& impl = operands[0].impl();
    return impl.node < 0 ? expr::computed(trace, operands[0], impl.type) : impl.node;
  }
  // The result: x with its axes' variables replaced.
  [[nodiscard]] Expr with(const Places& places, expr::Extents result) const {
    const Expr::Impl& impl = operands[0].impl();
    const NodeId moved = places.empty() ? node() : expr::substitute(nodes(), node(), places);
    return expr::make(trace, moved, impl.type, std::move(result), impl.weak);
  }
  [[nodiscard]] std::string text() const { return operands[0].type_text(); }

  Trace trace;
  std::vector<Expr> operands;
};

expr::Extents dimensions(std::string_view what, const Viewed& view, size_t first) {
  expr::Extents shape;
  for (size_t i = first; i < view.operands.size(); ++i) {
    shape.push_back(expr::integer_scalar(what, view.trace, view.operands[i]));
  }
  if (shape.size() > static_cast<size_t>(kMaxRank)) {
    expr::misuse(what, fmt::format("{} dimensions are given; Tenon stops at {}", shape.size(), kMaxRank));
  }
  return shape;
}

NodeId product(Nodes& nodes, std::span<const NodeId> factors) {
  NodeId result = nodes.integer(1);
  for (const NodeId factor : factors) result = arithmetic(nodes, BinaryOp::kMul, result, factor);
  return result;
}

// Takes products among the factors apart, and the ones away.
void split_factors(const Nodes& nodes, std::vector<NodeId>& factors) {
  for (size_t i = 0; i < factors.size(); ++i) {
    while (nodes[factors[i]].kind == NodeKind::kBinary && nodes[factors[i]].binary() == BinaryOp::kMul) {
      const expr::Node& node = nodes[factors[i]];
      factors.push_back(node.operands[1]);
      factors[i] = node.operands[0];
    }
  }
  std::erase_if(factors, [&](NodeId factor) { return nodes.integer_value(factor) == 1; });
}

// Requires that `shape` has as many elements as the view. Dimensions that both have need not be looked at.
void require_count(const Viewed& view, const expr::Extents& shape) {
  Nodes& nodes = view.nodes();
  if (product(nodes, view.shape()) == product(nodes, shape)) return;
  std::vector<NodeId> given = view.shape(), wanted = shape;
  split_factors(nodes, given);
  split_factors(nodes, wanted);
  std::erase_if(given, [&](NodeId factor) {
    const auto found = std::find(wanted.begin(), wanted.end(), factor);
    if (found == wanted.end()) return false;
    wanted.erase(found);
    return true;
  });
  const NodeId left = product(nodes, given), right = product(nodes, wanted);
  if (left == right) return;  // They differed in the order of their factors.
  if (nodes.integer_value(left) && nodes.integer_value(right)) {
    expr::misuse("reshape", fmt::format("{} is given, which does not have as many elements as {}", view.text(),
                                        expr::shape_text(view.trace, shape)));
  }
  view.trace->function.requirements.push_back({left, right});
}

// Puts what is left of the count in the place of -1.
void settle_open_extent(const Viewed& view, expr::Extents& shape) {
  Nodes& nodes = view.nodes();
  const auto is_open = [&](NodeId extent) { return nodes.integer_value(extent) == -1; };
  const auto open = std::find_if(shape.begin(), shape.end(), is_open);
  if (open == shape.end()) return;
  *open = nodes.integer(1);
  if (std::any_of(shape.begin(), shape.end(), is_open)) expr::misuse("reshape", "two extents are -1; give one of them");
  *open = arithmetic(nodes, BinaryOp::kFloorDiv, product(nodes, view.shape()), product(nodes, shape));
}

}  // namespace

Expr reshape(const Expr& x, std::span<const Expr> shape) {
  const Viewed view("reshape", x, shape);
  Nodes& nodes = view.nodes();
  expr::Extents to = dimensions("reshape", view, 1);
  settle_open_extent(view, to);
  require_count(view, to);
  const expr::Extents& from = view.shape();
  // Equal axes at both ends stay as they are; between them, the place in memory is taken apart again.
  const size_t most = std::min(from.size(), to.size());
  size_t head = 0, tail = 0;
  while (head < most && from[head] == to[head]) ++head;
  while (tail < most - head && from[from.size() - 1 - tail] == to[to.size() - 1 - tail]) ++tail;
  NodeId place = nodes.integer(0);
  for (size_t axis = head; axis < to.size() - tail; ++axis) {
    place = arithmetic(nodes, BinaryOp::kMul, place, to[axis]);
    place = arithmetic(nodes, BinaryOp::kAdd, place, nodes.index(static_cast<int>(axis), to[axis]));
  }
  Places places;
  for (size_t axis = from.size() - tail; axis-- > head;) {
    const bool is_first = axis == head;
    places[static_cast<int>(axis)] = is_first ? place : arithmetic(nodes, BinaryOp::kMod, place, from[axis]);
    place = arithmetic(nodes, BinaryOp::kFloorDiv, place, from[axis]);
  }
  for (size_t i = 1; i <= tail; ++i) {
    places[static_cast<int>(from.size() - i)] = nodes.index(static_cast<int>(to.size() - i), to[to.size() - i]);
  }
  return view.with(places, std::move(to));
}

Expr transpose(const Expr& x, const Axes& order) {
  const Viewed view("transpose", x);
  const expr::Extents& from = view.shape();
  std::vector<int> axes;
  for (size_t axis = 0; axis < from.size(); ++axis) axes.push_back(static_cast<int>(from.size() - 1 - axis));
  if (order.list()) axes = *order.list();
  if (axes.size() != from.size()) {
    expr::misuse("transpose",
                 fmt::format("{} axes are given for {} but all are required, each once", axes.size(), view.text()));
  }
  Places places;
  expr::Extents to;
  for (const int axis : axes) {
    const size_t at = expr::normal_axis("transpose", axis, from.size());
    const auto place = static_cast<int>(to.size());
    if (!places.emplace(static_cast<int>(at), view.nodes().index(place, from[at])).second) {
      expr::misuse("transpose", fmt::format("axis {} is given twice", axis));
    }
    to.push_back(from[at]);
  }
  return view.with(places, std::move(to));
}

Expr slice(const Expr& x, int axis, const Expr& begin, const Expr& end, int step) {
  const std::array<Expr, 2> bounds = {begin, end};
  const Viewed view("slice", x, bounds);
  Nodes& nodes = view.nodes();
  const size_t at = expr::normal_axis("slice", axis, view.shape().size());
  const NodeId extent = view.shape()[at];
  if (step == 0) expr::misuse("slice", "step 0 is given but it must not be 0");
  // Where a constant position is from the start; the last one that a slice may begin at depends on its direction.
  const auto position = [&](const Expr& bound, int64_t lowest, int64_t beyond_end) {
    NodeId place = expr::integer_scalar("slice", view.trace, bound);
    const auto constant = nodes.integer_value(place);
    if (!constant) return place;
    if (*constant < 0) place = arithmetic(nodes, BinaryOp::kAdd, place, extent);
    const auto known = nodes.integer_value(place), known_extent = nodes.integer_value(extent);
    if (!known || !known_extent) return place;
    return nodes.integer(std::max(lowest, std::min(*known, *known_extent - beyond_end)));
  };
  const bool backwards = step < 0;
  const NodeId first = position(view.operands[1], backwards ? -1 : 0, backwards ? 1 : 0);
  const NodeId last = position(view.operands[2], backwards ? -1 : 0, backwards ? 1 : 0);
  const NodeId stride = nodes.integer(step);
  // ceil((last - first) / step), and not below 0 where that is known.
  const NodeId distance = arithmetic(nodes, BinaryOp::kSub, last, first);
  const NodeId rounded = arithmetic(nodes, BinaryOp::kAdd, distance, nodes.integer(backwards ? step + 1 : step - 1));
  NodeId count = arithmetic(nodes, BinaryOp::kFloorDiv, rounded, stride);
  if (nodes.integer_value(count)) count = arithmetic(nodes, BinaryOp::kMax, count, nodes.integer(0));
  expr::Extents to = view.shape();
  to[at] = count;
  const NodeId steps = arithmetic(nodes, BinaryOp::kMul, nodes.index(static_cast<int>(at), count), stride);
  return view.with({{static_cast<int>(at), arithmetic(nodes, BinaryOp::kAdd, first, steps)}}, std::move(to));
}

Expr pad(const Expr& x, int axis, const Expr& before, const Expr& after, Outside outside, const Expr& value) {
  const std::array<Expr, 3> others = {before, after, value};
  const Viewed view("pad", x, others);
  Nodes& nodes = view.nodes();
  const size_t at = expr::normal_axis("pad", axis, view.shape().size());
  if (outside == Outside::kError) {
    expr::misuse("pad", "what lies in the padding must be said: a value, say, instead of that it is an error");
  }
  if (value.rank() != 0)
    expr::misuse("pad", fmt::format("the value is {} but a scalar is required", value.type_text()));
  const NodeId left = expr::integer_scalar("pad", view.trace, view.operands[1]);
  const NodeId right = expr::integer_scalar("pad", view.trace, view.operands[2]);
  expr::Extents to = view.shape();
  to[at] = arithmetic(nodes, BinaryOp::kAdd, arithmetic(nodes, BinaryOp::kAdd, left, to[at]), right);
  std::vector<NodeId> index;
  for (const NodeId extent : to) index.push_back(nodes.index(static_cast<int>(index.size()), extent));
  index[at] = arithmetic(nodes, BinaryOp::kSub, index[at], left);
  const Expr::Impl& impl = view.operands[0].impl();
  const NodeId node = expr::element(view.trace, view.operands[0], index, outside, view.operands[3]);
  return expr::make(view.trace, node, impl.type, std::move(to), impl.weak);
}

Expr concat(std::span<const Expr> parts, int axis) {
  if (parts.empty()) expr::misuse("concat", "no tensor is given");
  const Viewed view("concat", parts[0], parts.subspan(1));
  Nodes& nodes = view.nodes();
  const expr::CommonType common = expr::common_type("concat", view.operands);
  const size_t at = expr::normal_axis("concat", axis, view.shape().size());
  expr::Extents to = view.shape();
  std::vector<NodeId> ends;
  for (const Expr& part : view.operands) {
    const expr::Extents& its = part.impl().shape;
    for (size_t i = 0; i < std::max(its.size(), to.size()); ++i) {
      if (its.size() == to.size() && (i == at || its[i] == to[i])) continue;
      expr::misuse("concat",
                   fmt::format("{} and {} are given, which differ in more than axis {}; give equal dimensions one "
                               "name",
                               view.text(), part.type_text(), at));
    }
    ends.push_back(ends.empty() ? its[at] : arithmetic(nodes, BinaryOp::kAdd, ends.back(), its[at]));
  }
  to[at] = ends.back();
  const NodeId place = nodes.index(static_cast<int>(at), to[at]);
  // Tensors of one dtype stay as they are stored; others meet in the dtype that they are computed in.
  const bool stored = std::all_of(view.operands.begin(), view.operands.end(), [&](const Expr& part) {
    return part.impl().node >= 0 && nodes[part.impl().node].type == common.type;
  });
  NodeId result = -1;
  for (size_t i = ends.size(); i-- > 0;) {
    const Expr& part = view.operands[i];
    const NodeId formula = stored ? part.impl().node : expr::computed(view.trace, part, common.type);
    const NodeId from = i == 0 ? place : arithmetic(nodes, BinaryOp::kSub, place, ends[i - 1]);
    const NodeId moved = expr::substitute(nodes, formula, {{static_cast<int>(at), from}});
    result = result < 0 ? moved : nodes.select(nodes.binary(BinaryOp::kLt, place, ends[i]), moved, result);
  }
  return expr::make(view.trace, result, common.type, std::move(to), common.weak);
}

Expr stack(std::span<const Expr> parts, int axis) {
  std::vector<Expr> slices;
  for (const Expr& part : parts) slices.push_back(unsqueeze(part, axis));
  return concat(slices, axis);
}

Expr flip(const Expr& x, const Axes& axes) {
  const Viewed view("flip", x);
  Nodes& nodes = view.nodes();
  const expr::Extents& shape = view.shape();
  const std::vector<bool> flipped = expr::chosen_axes("flip", axes.list(), shape.size());
  Places places;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (!flipped[axis]) continue;
    const auto place = static_cast<int>(axis);
    const NodeId last = arithmetic(nodes, BinaryOp::kSub, shape[axis], nodes.integer(1));
    places[place] = arithmetic(nodes, BinaryOp::kSub, last, nodes.index(place, shape[axis]));
  }
  return view.with(places, shape);
}

Expr squeeze(const Expr& x, const Axes& axes) {
  const Viewed view("squeeze", x);
  const expr::Extents& from = view.shape();
  std::vector<bool> gone(from.size());
  for (size_t axis = 0; axis < from.size(); ++axis)
    gone[axis] = !axes.list() && view.nodes().integer_value(from[axis]) == 1;
  for (const int axis : axes.list().value_or(std::vector<int>())) {
    const size_t at = expr::normal_axis("squeeze", axis, from.size());
    if (view.nodes().integer_value(from[at]) != 1) {
      expr::misuse("squeeze", fmt::format("axis {} of {} is given but its extent must be 1", axis, view.text()));
    }
    gone[at] = true;
  }
  Places places;
  expr::Extents to;
  for (size_t axis = 0; axis < from.size(); ++axis) {
    const auto place = static_cast<int>(to.size());
    places[static_cast<int>(axis)] = gone[axis] ? view.nodes().integer(0) : view.nodes().index(place, from[axis]);
    if (!gone[axis]) to.push_back(from[axis]);
  }
  return view.with(places, std::move(to));
}

Expr unsqueeze(const Expr& x, const Axes& axes) {
  const Viewed view("unsqueeze", x);
  const expr::Extents& from = view.shape();
  const std::vector<int> given = axes.list().value_or(std::vector<int>());
  std::vector<bool> is_new(from.size() + given.size());
  for (const int axis : given) {
    const size_t at = expr::normal_axis("unsqueeze", axis, is_new.size());
    if (is_new[at]) expr::misuse("unsqueeze", fmt::format("axis {} is given twice", axis));
    is_new[at] = true;
  }
  Places places;
  expr::Extents to;
  for (const bool one : is_new) {
    const auto place = static_cast<int>(to.size());
    const NodeId extent = one ? view.nodes().integer(1) : from[places.size()];
    if (!one) places.emplace(static_cast<int>(places.size()), view.nodes().index(place, extent));
    to.push_back(extent);
  }
  return view.with(places, std::move(to));
}

Expr broadcast_to(const Expr& x, std::span<const Expr> shape) {
  const Viewed view("broadcast_to", x, shape);
  const expr::Extents to = dimensions("broadcast_to", view, 1);
  const expr::Extents& from = view.shape();
  const auto fits = [&](size_t axis) {
    const NodeId extent = from[from.size() - 1 - axis];
    return extent == to[to.size() - 1 - axis] || view.nodes().integer_value(extent) == 1;
  };
  bool all_fit = from.size() <= to.size();
  for (size_t axis = 0; all_fit && axis < from.size(); ++axis) all_fit = fits(axis);
  if (!all_fit) {
    expr::misuse("broadcast_to",
                 fmt::format("{} is given, which does not broadcast to {}; equal dimensions must have one "
                             "name, others be 1",
                             view.text(), expr::shape_text(view.trace, to)));
  }
  const Expr::Impl& impl = view.operands[0].impl();
  return expr::make(view.trace, expr::broadcast(view.nodes(), view.node(), from, to), impl.type, to, impl.weak);
}

Expr take(const Expr& x, const Expr& indices, int axis, Outside outside) {
  const std::array<Expr, 1> others = {indices};
  const Viewed view("take", x, others);
  Nodes& nodes = view.nodes();
  const expr::Extents& from = view.shape();
  const size_t at = expr::normal_axis("take", axis, from.size());
  const Expr::Impl& places = view.operands[1].impl();
  if (!expr::is_any(places.type, expr::kIntegers) || places.type.is_variable()) {
    expr::misuse("take",
                 fmt::format("indices of {} are given but integers are required; cast() them", indices.type_text()));
  }
  expr::Extents to(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(at));
  to.insert(to.end(), places.shape.begin(), places.shape.end());
  to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(at) + 1, from.end());
  if (to.size() > static_cast<size_t>(kMaxRank)) {
    expr::misuse("take", fmt::format("the result has {} dimensions; Tenon stops at {}", to.size(), kMaxRank));
  }
  // The indices' own axes lie from `at` on in the result.
  Places moved;
  for (size_t i = 0; i < places.shape.size(); ++i) {
    moved[static_cast<int>(i)] = nodes.index(static_cast<int>(at + i), places.shape[i]);
  }
  const NodeId place = expr::substitute(nodes, expr::computed(view.trace, view.operands[1], expr::kI64), moved);
  std::vector<NodeId> index;
  for (size_t i = 0; i < from.size(); ++i) {
    const size_t there = i < at ? i : i + places.shape.size() - 1;
    index.push_back(i == at ? place : nodes.index(static_cast<int>(there), from[i]));
  }
  const Expr::Impl& impl = view.operands[0].impl();
  const NodeId node = expr::element(view.trace, view.operands[0], index, outside, Expr(0));
  return expr::make(view.trace, node, impl.type, std::move(to), impl.weak);
}

}  // namespace tenon
