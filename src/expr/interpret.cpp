// SPDX-License-Identifier: Apache-2.0
#include "expr/interpret.h"

#include "base/checked.h"
#include "base/elements.h"
#include "base/near_names.h"
#include "expr/rewrite.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace tenon::expr {
namespace {

bool is_real(ScalarType type) { return is_any(type, kFloats | kHalves); }

Scalar load_element(const TensorView& view, int64_t index) {
  if (is_real(view.dtype)) return Scalar::real(load_f64(view.data, view.dtype, index));
  if (is_any(view.dtype, kUnsigneds)) {
    return Scalar::integer(static_cast<int64_t>(load_u64(view.data, view.dtype, index)));
  }
  return Scalar::integer(load_i64(view.data, view.dtype, index));
}

void store_element(const MutableTensorView& view, int64_t index, Scalar value) {
  if (is_real(view.dtype))
    store_f64(view.data, view.dtype, index, value.real());
  else
    store_i64(view.data, view.dtype, index, value.integer());
}

// A reduction on its way: what it has seen so far.
class Accumulator {
 public:
  Accumulator(Reduction op, ScalarType type) : op_(op), type_(type), best_(start()) {}

  void add(Scalar x) {
    switch (op_) {
      case Reduction::kSum:
        best_ = eval(BinaryOp::kAdd, type_, best_, x);
        break;
      case Reduction::kProd:
        best_ = eval(BinaryOp::kMul, type_, best_, x);
        break;
      case Reduction::kMin:
        best_ = eval(BinaryOp::kMin, type_, best_, x);
        break;
      case Reduction::kMax:
        best_ = eval(BinaryOp::kMax, type_, best_, x);
        break;
      case Reduction::kAny:
        best_ = eval(BinaryOp::kOr, type_, best_, x);
        break;
      case Reduction::kAll:
        best_ = eval(BinaryOp::kAnd, type_, best_, x);
        break;
      case Reduction::kArgMin:
      case Reduction::kArgMax:
        if (count_ == 0 || is_better(x)) {
          best_ = x;
          place_ = count_;
        }
        break;
    }
    ++count_;
  }

  [[nodiscard]] Scalar result() const {
    return op_ == Reduction::kArgMin || op_ == Reduction::kArgMax ? Scalar::integer(place_) : best_;
  }

 private:
  [[nodiscard]] Scalar start() const {
    switch (op_) {
      case Reduction::kProd:
        return from_number(type_, int64_t{1}).value();
      case Reduction::kMin:
        return extreme(true);
      case Reduction::kMax:
        return extreme(false);
      case Reduction::kAll:
        return Scalar::integer(1);
      default:
        return Scalar::integer(0);  // 0.0 has the same bits.
    }
  }

  [[nodiscard]] Scalar extreme(bool largest) const {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (is_real(type_)) return Scalar::real(largest ? kInfinity : -kInfinity);
    return eval_cast(CastMode::kValue, kF64, type_, Scalar::real(largest ? kInfinity : -kInfinity));  // Saturates.
  }

  [[nodiscard]] bool is_better(Scalar x) const {
    if (is_real(type_) && std::isnan(best_.real())) return false;
    if (is_real(type_) && std::isnan(x.real())) return true;
    const bool wants_less = op_ == Reduction::kArgMin;
    return eval(BinaryOp::kLt, type_, wants_less ? x : best_, wants_less ? best_ : x).integer() != 0;
  }

  Reduction op_;
  ScalarType type_;
  Scalar best_;
  int64_t place_ = 0;
  int64_t count_ = 0;
};

class Interpreter {
 public:
  Interpreter(const Function& function, std::span<const TensorView> inputs, int64_t max_steps)
      : function_(function),
        nodes_(function.nodes),
        inputs_(inputs),
        steps_left_(max_steps),
        values_(static_cast<size_t>(nodes_.size())),
        known_(static_cast<size_t>(nodes_.size())) {
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      for (int v = 0; v < kMaxVariables; ++v)
        if ((nodes_.variables(id) >> v & 1) != 0) dependents_[static_cast<size_t>(v)].push_back(id);
    }
  }

  void check_requirements() {
    for (const Requirement& requirement : function_.requirements) {
      const int64_t left = evaluate(requirement.left).integer(), right = evaluate(requirement.right).integer();
      if (left == right) continue;
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("layer '{}': a shape has {} elements where {} are required by a reshape", function_.name,
                              left, right));
    }
  }

  Tensor run(const Output& output) {
    Dims dims;
    for (const NodeId extent : output.shape) dims.push_back(extent_value(extent));
    const int64_t work =
        checked_mul(dims.count(), std::max<int64_t>(dtype_bits(output.type.dtype()) / 8, 1), "a tensor");
    if (work > steps_left_) too_much();
    Tensor result = Tensor::zeros(output.type.dtype(), dims);
    const MutableTensorView view = result.mutable_view();
    const int64_t count = dims.count();
    std::vector<int64_t> index(dims.size());
    for (size_t axis = 0; axis < index.size(); ++axis) set_variable(static_cast<int>(axis), 0);
    for (int64_t i = 0; i < count; ++i) {
      store_element(view, i, evaluate(output.value));
      advance(index, dims.span(), 0);
    }
    return result;
  }

 private:
  [[noreturn]] void too_much() const {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("layer '{}': interpreting it takes more steps than are allowed; compile it, or give it "
                            "smaller inputs",
                            function_.name));
  }

  [[nodiscard]] Scalar& value(NodeId id) { return values_[static_cast<size_t>(id)]; }
  [[nodiscard]] bool known(NodeId id) const { return known_[static_cast<size_t>(id)]; }

  void set_variable(int variable, int64_t position) {
    variables_[static_cast<size_t>(variable)] = position;
    for (const NodeId id : dependents_[static_cast<size_t>(variable)]) known_[static_cast<size_t>(id)] = false;
  }

  // The next index in row-major order; false after the last one.
  bool advance(std::vector<int64_t>& index, std::span<const int64_t> extents, int first_variable) {
    for (size_t axis = index.size(); axis-- > 0;) {
      index[axis] = index[axis] + 1 < extents[axis] ? index[axis] + 1 : 0;
      set_variable(first_variable + static_cast<int>(axis), index[axis]);
      if (index[axis] != 0) return true;
    }
    return false;
  }

  int64_t extent_value(NodeId id) {
    const int64_t extent = evaluate(id).integer();
    if (extent >= 0) return extent;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("layer '{}': a dimension is {} with these inputs and fields but 0 or more is required",
                            function_.name, extent));
  }

  // Operands first, with a stack of our own. Nested reductions recurse: verify() has bounded them.
  Scalar evaluate(NodeId root) {
    std::vector<NodeId> pending = {root};
    while (!pending.empty()) {
      const NodeId id = pending.back();
      if (known(id)) {
        pending.pop_back();
        continue;
      }
      const size_t before = pending.size();
      push_unknown_operands(nodes_[id], pending);
      if (pending.size() > before) continue;
      pending.pop_back();
      if (--steps_left_ < 0) too_much();
      value(id) = apply(nodes_[id]);
      known_[static_cast<size_t>(id)] = true;
    }
    return value(root);
  }

  void push_unknown_operands(const Node& node, std::vector<NodeId>& pending) {
    const auto push = [&](NodeId id) {
      if (!known(id)) pending.push_back(id);
    };
    if (node.kind == NodeKind::kSelect) {
      push(node.operands[0]);
      if (known(node.operands[0])) push(node.operands[value(node.operands[0]).integer() != 0 ? 1 : 2]);
    } else if (node.kind == NodeKind::kReduce) {
      for (const NodeId extent : node.extents()) push(extent);
    } else {
      for (const NodeId operand : node.operands) push(operand);
    }
  }

  Scalar apply(const Node& node) {
    const auto operand = [&](size_t i) { return value(node.operands[i]); };
    const auto type = [&](size_t i) { return nodes_[node.operands[i]].type; };
    switch (node.kind) {
      case NodeKind::kConst:
        return node.value;
      case NodeKind::kIndex:
        return Scalar::integer(variables_[static_cast<size_t>(node.number)]);
      case NodeKind::kLoad:
        return load(node);
      case NodeKind::kUnary:
        return eval(node.unary(), type(0), operand(0));
      case NodeKind::kBinary:
        return eval(node.binary(), type(0), operand(0), operand(1));
      case NodeKind::kSelect:
        return operand(operand(0).integer() != 0 ? 1 : 2);
      case NodeKind::kCast:
        return eval_cast(node.cast_mode(), type(0), node.type, operand(0));
      case NodeKind::kReduce:
        return reduce(node);
      case NodeKind::kField:
      case NodeKind::kExtent:
        break;  // bind() has replaced them.
    }
    throw Error(ErrorCode::kInternal, "a field or dimension is not bound; this is a bug in Tenon");
  }

  Scalar reduce(const Node& node) {
    std::vector<int64_t> extents;
    for (const NodeId extent : node.extents()) extents.push_back(extent_value(extent));
    Accumulator accumulator(node.reduction(), nodes_[node.body()].type);
    if (std::find(extents.begin(), extents.end(), 0) != extents.end()) return accumulator.result();
    std::vector<int64_t> index(extents.size());
    for (size_t i = 0; i < index.size(); ++i) set_variable(node.number + static_cast<int>(i), 0);
    do {
      if (--steps_left_ < 0) too_much();
      accumulator.add(evaluate(node.body()));
    } while (advance(index, extents, node.number));
    return accumulator.result();
  }

  // Where along an axis a load reads; -1 for nowhere.
  [[nodiscard]] static int64_t position(Outside outside, int64_t at, int64_t extent) {
    if (at >= 0 && at < extent) return at;
    if (extent == 0) return -1;
    const auto modulo = [&](int64_t by) {
      return eval(BinaryOp::kMod, kI64, Scalar::integer(at), Scalar::integer(by)).integer();
    };
    switch (outside) {
      case Outside::kClamp:
        return at < 0 ? 0 : extent - 1;
      case Outside::kWrap:
        return modulo(extent);
      case Outside::kReflect: {
        const int64_t period = std::max<int64_t>(2 * (extent - 1), 1);
        return std::min(modulo(period), period - modulo(period));
      }
      default:
        return -1;
    }
  }

  Scalar load(const Node& node) {
    const TensorView& view = inputs_[static_cast<size_t>(node.number)];
    const std::span<const NodeId> indices = node.indices();
    int64_t offset = 0;
    for (size_t axis = 0; axis < indices.size(); ++axis) {
      const int64_t at = value(indices[axis]).integer();
      const int64_t place = position(node.outside(), at, view.dims[axis]);
      if (place >= 0) {
        offset = offset * view.dims[axis] + place;
      } else if (node.outside() != Outside::kError) {
        return node.outside() == Outside::kValue ? value(node.operands.back()) : Scalar();
      } else {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("layer '{}': '{}' is read at {} along axis {}, which has {} elements; say what is "
                                "outside: at(…, Outside::kClamp)",
                                function_.name, function_.inputs[static_cast<size_t>(node.number)].name, at, axis,
                                view.dims[axis]));
      }
    }
    return load_element(view, offset);
  }

  const Function& function_;
  const Nodes& nodes_;
  std::span<const TensorView> inputs_;
  int64_t steps_left_;
  std::vector<Scalar> values_;
  std::vector<bool> known_;
  std::array<int64_t, kMaxVariables> variables_ = {};
  std::array<std::vector<NodeId>, kMaxVariables> dependents_;  // What a variable's change makes unknown.
};

}  // namespace

std::vector<Tensor> interpret(const Function& function, std::span<const TensorView> inputs,
                              const InterpretOptions& options) {
  Binding binding = binding_of(function, inputs);
  std::vector<std::string> names;
  for (size_t i = 0; i < function.fields.size(); ++i) {
    const Field& field = function.fields[i];
    const auto given = options.fields.find(field.name);
    binding.fields[static_cast<int>(i)] =
        given == options.fields.end() ? field.fallback : field_value(field, given->second);
    names.push_back(field.name);
  }
  for (const auto& [name, value] : options.fields) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    throw Error(ErrorCode::kNotFound,
                fmt::format("layer '{}': it has no field '{}'{}", function.name, name, did_you_mean(name, names)));
  }
  const Function concrete = bind(function, binding);
  Interpreter interpreter(concrete, inputs, options.max_steps);
  interpreter.check_requirements();
  std::vector<Tensor> outputs;
  for (const Output& output : concrete.outputs) outputs.push_back(interpreter.run(output));
  return outputs;
}

}  // namespace tenon::expr
