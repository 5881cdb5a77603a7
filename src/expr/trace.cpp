// SPDX-License-Identifier: Apache-2.0
#include "expr/trace.h"

#include "expr/print.h"
#include "expr/rewrite.h"
#include "expr/simplify.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>

namespace tenon::expr {
namespace {

int width(ScalarType type) { return dtype_bits(type.dtype()); }

ScalarType wider(ScalarType a, ScalarType b) { return width(a) < width(b) ? b : a; }

std::optional<ScalarType> signed_of(int bits) {
  switch (bits) {
    case 8:
      return DType::kInt8;
    case 16:
      return DType::kInt16;
    case 32:
      return DType::kInt32;
    case 64:
      return DType::kInt64;
    default:
      return std::nullopt;
  }
}

// The table of promotions; nullopt where a cast must say what is meant.
std::optional<ScalarType> promoted(ScalarType a, ScalarType b) {
  constexpr int kReals = kFloats | kHalves;
  if (a == b) return a;
  if (a.is_variable() || b.is_variable()) return std::nullopt;
  if (a == kBool) return b;
  if (b == kBool) return a;
  if (is_any(a, kReals) && is_any(b, kReals)) return width(a) == width(b) ? kF32 : wider(a, b);  // f16 with bf16
  if (is_any(a, kReals)) return a;
  if (is_any(b, kReals)) return b;
  if (class_of(a) == class_of(b)) return wider(a, b);
  const ScalarType signed_one = is_any(a, kSigneds) ? a : b, unsigned_one = is_any(a, kSigneds) ? b : a;
  if (width(signed_one) > width(unsigned_one)) return signed_one;
  return signed_of(2 * width(unsigned_one));
}

// A weak operand beside a dtype: a float makes integers f32, all else takes the dtype.
ScalarType beside_weak(ScalarType strong, ScalarType weak) {
  if (strong.is_variable()) return strong;
  if (strong == kBool) return weak == kF64 ? kF32 : weak;
  return weak == kF64 && is_any(strong, kIntegers) ? kF32 : strong;
}

std::string types_text(std::span<const Expr> operands) {
  std::string text;
  for (const Expr& operand : operands) text += (text.empty() ? "" : " and ") + operand.type_text();
  return text;
}

}  // namespace

void misuse(std::string_view what, const std::string& message) {
  throw Error(ErrorCode::kInvalidArgument, fmt::format("{}: {}", what, message));
}

Trace unite(std::string_view what, std::span<Expr> operands) {
  Trace trace;
  for (const Expr& operand : operands) {
    const Trace& its = operand.impl().trace;
    if (its == nullptr || its == trace) continue;
    const bool is_layer = !its->function.name.empty();
    if (is_layer && trace != nullptr && !trace->function.name.empty()) {
      misuse(what,
             fmt::format("operands of the layers '{}' and '{}' are given but all must belong to one; call a built "
                         "layer with the other's tensors instead",
                         trace->function.name, its->function.name));
    }
    if (is_layer || trace == nullptr) trace = its;
  }
  if (trace == nullptr) trace = std::make_shared<LayerBuilder::Impl>();
  for (Expr& operand : operands) {
    if (operand.impl().trace == nullptr || operand.impl().trace == trace) continue;
    Expr::Impl impl = operand.impl();
    const Nodes& from = impl.trace->function.nodes;
    std::vector<NodeId> roots = impl.shape;
    roots.push_back(impl.node);
    const std::vector<NodeId> places = rebuild(
        from, roots, trace->function.nodes, [&](const Node& node, NodeId) { return trace->function.nodes.add(node); });
    for (NodeId& extent : impl.shape) extent = places[static_cast<size_t>(extent)];
    impl.node = places[static_cast<size_t>(impl.node)];
    impl.trace = trace;
    operand = Expr(std::make_shared<const Expr::Impl>(std::move(impl)));
  }
  return trace;
}

int user_variables() {
  // Above those of Nodes::fresh_variables(). They come again after 2^26 calls, when the first are long bound.
  constexpr uint32_t kFirst = 1U << 30, kBlocks = 1U << 26;
  static std::atomic<uint32_t> block = 0;
  return static_cast<int>(kFirst + block.fetch_add(1) % kBlocks * kMaxRank);
}

CommonType common_type(std::string_view what, std::span<const Expr> operands) {
  std::optional<ScalarType> strong, weak;
  for (const Expr& operand : operands) {
    const Expr::Impl& impl = operand.impl();
    std::optional<ScalarType>& so_far = impl.weak ? weak : strong;
    const auto next = so_far ? promoted(*so_far, impl.type) : impl.type;
    if (!next) {
      misuse(what, fmt::format("{} are given, which have no dtype in common; cast() one to the other's",
                               types_text(operands)));
    }
    so_far = next;
  }
  if (!strong) return {*weak, true};
  return {weak ? beside_weak(*strong, *weak) : *strong, false};
}

Extents common_shape(std::string_view what, const Trace& trace, std::span<const Expr> operands) {
  Extents shape;
  for (const Expr& operand : operands) {
    const Extents& its = operand.impl().shape;
    if (its.size() > shape.size())
      shape.insert(shape.begin(), its.size() - shape.size(), trace->function.nodes.integer(1));
    for (size_t i = 0; i < its.size(); ++i) {
      NodeId& so_far = shape[shape.size() - its.size() + i];
      if (its[i] == so_far || trace->function.nodes.integer_value(its[i]) == 1) continue;
      if (trace->function.nodes.integer_value(so_far) != 1) {
        misuse(what, fmt::format("{} are given but {} and {} are not known to be equal; give both dimensions one name, "
                                 "or reshape() or broadcast_to() an operand",
                                 types_text(operands), print_node(trace->function, so_far),
                                 print_node(trace->function, its[i])));
      }
      so_far = its[i];
    }
  }
  return shape;
}

NodeId computed(const Trace& trace, const Expr& operand, ScalarType type) {
  const Expr::Impl& impl = operand.impl();
  Nodes& nodes = trace->function.nodes;
  const ScalarType wanted = arithmetic_type(type);
  if (impl.node < 0) {
    const auto number =
        impl.type == kF64 ? from_number(wanted, impl.number.real()) : from_number(wanted, impl.number.integer());
    if (!number) {
      misuse("a number", fmt::format("{} is given but {} does not have it; cast the tensor that it is combined with",
                                     operand.type_text(), trace->function.type_name(wanted)));
    }
    return nodes.constant(wanted, *number);
  }
  const Node& node = nodes[impl.node];
  if (impl.weak && node.kind == NodeKind::kField) return nodes.field(node.number, wanted);
  return nodes.cast(impl.node, wanted);
}

NodeId computed(const Trace& trace, const Expr& operand, ScalarType type, const Extents& shape) {
  return broadcast(trace->function.nodes, computed(trace, operand, type), operand.impl().shape, shape);
}

NodeId broadcast(Nodes& nodes, NodeId node, const Extents& from, const Extents& to) {
  std::map<int, NodeId> replacements;
  const size_t offset = to.size() - from.size();
  for (size_t axis = 0; axis < from.size(); ++axis) {
    const NodeId extent = to[axis + offset];
    if (from[axis] != extent)
      replacements[static_cast<int>(axis)] = nodes.integer(0);
    else if (offset != 0)
      replacements[static_cast<int>(axis)] = nodes.index(static_cast<int>(axis + offset), extent);
  }
  return replacements.empty() ? node : substitute(nodes, node, replacements);
}

NodeId integer_scalar(std::string_view what, const Trace& trace, const Expr& operand) {
  const Expr::Impl& impl = operand.impl();
  if (!impl.shape.empty() || !is_any(impl.type, kIntegers) || impl.type.is_variable()) {
    misuse(what, fmt::format("{} is given but an integer scalar is required; for a part of an integer write "
                             "floor_divide(), for a float cast() it to i64",
                             operand.type_text()));
  }
  return computed(trace, operand, kI64);
}

Expr make(const Trace& trace, NodeId node, ScalarType type, Extents shape, bool weak) {
  return Expr(std::make_shared<const Expr::Impl>(
      Expr::Impl{.trace = trace, .node = node, .type = type, .shape = std::move(shape), .weak = weak}));
}

std::string fresh_name(const Function& function, const std::string& stem) {
  const auto is_taken = [&](const std::string& name) {
    const auto is_it = [&](const auto& named) { return named.name == name; };
    return std::any_of(function.inputs.begin(), function.inputs.end(), is_it) ||
           std::any_of(function.fields.begin(), function.fields.end(), is_it) || function.find_symbol(name).has_value();
  };
  std::string name = stem;
  for (int i = 1; is_taken(name); ++i) name = fmt::format("{}_{}", stem, i);
  return name;
}

Expr add_input(const Trace& trace, std::string name, ScalarType type, Shape dims, Extents shape) {
  Function& function = trace->function;
  std::vector<NodeId> index;
  for (const NodeId extent : shape) index.push_back(function.nodes.index(static_cast<int>(index.size()), extent));
  const auto number = static_cast<int>(function.inputs.size());
  const NodeId node = function.nodes.load(number, type, std::move(index));
  function.inputs.push_back({std::move(name), type, std::move(dims)});
  return make(trace, node, type, std::move(shape));
}

size_t normal_axis(std::string_view what, int axis, size_t rank) {
  const int count = static_cast<int>(rank);
  if (axis < -count || axis >= count) {
    misuse(what, fmt::format("axis {} is given but the tensor has {} dimension{}", axis, rank, rank == 1 ? "" : "s"));
  }
  return static_cast<size_t>(axis < 0 ? axis + count : axis);
}

std::vector<bool> chosen_axes(std::string_view what, const std::optional<std::vector<int>>& axes, size_t rank) {
  std::vector<bool> chosen(rank, !axes.has_value());
  for (const int axis : axes.value_or(std::vector<int>())) {
    const size_t at = normal_axis(what, axis, rank);
    if (chosen[at]) misuse(what, fmt::format("axis {} is given twice", axis));
    chosen[at] = true;
  }
  return chosen;
}

NodeId arithmetic(Nodes& nodes, BinaryOp op, NodeId a, NodeId b) { return simple(nodes, nodes.binary(op, a, b)); }

namespace {

// A whole input read in place: then a load itself can say what is outside.
bool is_plain_input(Function& function, const Expr::Impl& x) {
  const Node node = function.nodes[x.node];
  if (node.kind != NodeKind::kLoad || node.outside() != Outside::kError || node.operands.size() != x.shape.size()) {
    return false;
  }
  for (size_t axis = 0; axis < x.shape.size(); ++axis) {
    const Node& index = function.nodes[node.operands[axis]];
    if (index.kind != NodeKind::kIndex || index.number != static_cast<int>(axis)) return false;
    // A slice from 0 on ends before the input does.
    const Dim& dim = function.inputs[static_cast<size_t>(node.number)].dims[axis];
    if (function.dim(dim) != x.shape[axis]) return false;
  }
  return true;
}

// `at` moved into 0 … extent - 1 the way that `outside` says.
NodeId folded(Nodes& nodes, NodeId at, NodeId extent, Outside outside) {
  const NodeId zero = nodes.integer(0);
  const NodeId last = arithmetic(nodes, BinaryOp::kSub, extent, nodes.integer(1));
  switch (outside) {
    case Outside::kWrap:
      return arithmetic(nodes, BinaryOp::kMod, at, extent);
    case Outside::kReflect: {
      // There and back again takes 2 * (extent - 1) steps.
      const NodeId period = arithmetic(nodes, BinaryOp::kMax, nodes.integer(1),
                                       arithmetic(nodes, BinaryOp::kMul, nodes.integer(2), last));
      const NodeId there = arithmetic(nodes, BinaryOp::kMod, at, period);
      return arithmetic(nodes, BinaryOp::kMin, there, arithmetic(nodes, BinaryOp::kSub, period, there));
    }
    default:
      return arithmetic(nodes, BinaryOp::kMin, arithmetic(nodes, BinaryOp::kMax, at, zero), last);
  }
}

}  // namespace

NodeId element(const Trace& trace, const Expr& x, std::span<const NodeId> index, Outside outside, const Expr& value) {
  Nodes& nodes = trace->function.nodes;
  const Expr::Impl& impl = x.impl();
  if (impl.node < 0) return computed(trace, x, impl.type);
  const ScalarType type = nodes[impl.node].type;
  const NodeId fallback = outside == Outside::kValue ? nodes.cast(computed(trace, value, type), type) : -1;
  if (is_plain_input(trace->function, impl)) {
    return nodes.load(nodes[impl.node].number, type, {index.begin(), index.end()}, outside, fallback);
  }
  std::map<int, NodeId> places;
  NodeId inside = nodes.constant(kBool, Scalar::integer(1));
  for (size_t axis = 0; axis < index.size(); ++axis) {
    const NodeId extent = impl.shape[axis];
    if (outside == Outside::kValue) {
      inside =
          arithmetic(nodes, BinaryOp::kAnd, inside, arithmetic(nodes, BinaryOp::kLe, nodes.integer(0), index[axis]));
      inside = arithmetic(nodes, BinaryOp::kAnd, inside, arithmetic(nodes, BinaryOp::kLt, index[axis], extent));
    }
    const bool folds = outside != Outside::kError && outside != Outside::kValue;
    places[static_cast<int>(axis)] = folds ? folded(nodes, index[axis], extent, outside) : index[axis];
  }
  const NodeId there = substitute(nodes, impl.node, places);
  return outside == Outside::kValue ? nodes.select(inside, there, fallback) : there;
}

Output output_of(const Trace& trace, std::string name, const Expr& tensor) {
  // Beside the layer's own tensor, an output of another layer is a misuse.
  std::array<Expr, 2> operands = {make_integer(trace, trace->function.nodes.integer(0)), tensor};
  (void)unite("build", operands);
  const Expr::Impl& impl = operands[1].impl();
  const ScalarType type = impl.weak && impl.type == kF64 ? kF32 : impl.type;
  const NodeId value = trace->function.nodes.cast(computed(trace, operands[1], type), type);
  return {std::move(name), type, impl.shape, value};
}

Function finish(const Trace& trace, std::span<const std::pair<std::string, Expr>> outputs) {
  std::vector<Output> finished;
  for (const auto& [name, output] : outputs) finished.push_back(output_of(trace, name, output));
  Function function = trace->function;
  function.outputs = std::move(finished);
  return function;
}

std::string shape_text(const Trace& trace, const Extents& shape) {
  std::string text = "[";
  for (const NodeId extent : shape) {
    if (text.size() > 1) text += ", ";
    text += print_node(trace->function, extent);
  }
  return text + "]";
}

}  // namespace tenon::expr
