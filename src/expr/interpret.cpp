// SPDX-License-Identifier: Apache-2.0
#include "expr/interpret.h"

#include "base/checked.h"
#include "base/near_names.h"
#include "expr/accumulator.h"
#include "expr/elements.h"
#include "expr/rewrite.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

namespace tenon::expr {
namespace {

constexpr int64_t kMostLanes = 512;
// Of all nodes together; a function of many nodes has fewer lanes.
constexpr int64_t kMostValues = 1 << 21;

// Evaluates nodes for many places at a time: one of the variables runs through a range, the lanes, while the others
// stand still. A node that depends on it has a value for each lane; what does not is evaluated once.
class Interpreter {
 public:
  Interpreter(const Function& function, std::span<const TensorView> inputs, int64_t max_steps)
      : function_(function),
        nodes_(function.nodes),
        inputs_(inputs),
        steps_left_(max_steps),
        most_lanes_(std::clamp<int64_t>(kMostValues / std::max<int64_t>(nodes_.size(), 1), 1, kMostLanes)),
        values_(static_cast<size_t>(nodes_.size())) {
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      for (int v = 0; v < kMaxVariables; ++v)
        if (depends(id, v)) dependents_[static_cast<size_t>(v)].push_back(id);
    }
  }

  void check_requirements() {
    for (const Requirement& requirement : function_.requirements) {
      const int64_t left = integer(requirement.left), right = integer(requirement.right);
      if (left == right) continue;
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("layer '{}': a shape has {} elements where {} are required by a reshape", function_.name,
                              left, right));
    }
  }

  [[nodiscard]] Dims dims_of(const Output& output) {
    Dims dims;
    for (const NodeId extent : output.shape) dims.push_back(extent_value(extent));
    const int64_t work =
        checked_mul(dims.count(), std::max<int64_t>(dtype_bits(output.type.dtype()) / 8, 1), "a tensor");
    if (work > steps_left_) too_much();
    return dims;
  }

  void run(const Output& output, const MutableTensorView& result) {
    const Dims& dims = result.dims;
    if (dims.count() == 0) return;
    const std::vector<int> axes = loop_order(output);
    const int lane_axis = choose_lanes(dims);
    const auto lanes = std::find(axes.begin(), axes.end(), lane_axis);
    const std::vector<int> outer(axes.begin(), lanes);
    const std::vector<int> inner(lanes == axes.end() ? lanes : lanes + 1, axes.end());
    const auto stride = [&](int axis) { return dims.count(axis + 1, dims.rank()); };
    const auto place = [&](const std::vector<int>& of) {
      int64_t sum = 0;
      for (const int axis : of) sum += variables_[static_cast<size_t>(axis)] * stride(axis);
      return sum;
    };
    const int64_t extent = lane_axis < 0 ? 1 : dims[static_cast<size_t>(lane_axis)];
    const int64_t step = lane_axis < 0 ? 1 : stride(lane_axis);
    for_each_place(outer, extents_of(dims, outer), [&] {
      for_each_block(lane_axis, extent, [&](int64_t start) {
        for_each_place(inner, extents_of(dims, inner), [&] {
          const Value& value = evaluate(output.value);
          for (size_t lane = 0; lane < value.missing.size(); ++lane)
            if (value.is_missing(lane)) fail_at(output, start + static_cast<int64_t>(lane));
          const int64_t first = place(outer) + start * step + place(inner);
          store_elements(result, first, step, value.lanes, static_cast<size_t>(lanes_.block.count));
        });
      });
    });
  }

 private:
  // The variable that differs between lanes, -1 for none, and its places.
  struct Block {
    int64_t start = 0;
    int64_t count = 0;

    friend bool operator==(const Block&, const Block&) = default;
  };
  struct LaneRange {
    int variable = -1;
    Block block = {0, 1};
  };

  // The axes from the outermost loop on: first those that most reductions depend on, so that no reduction is made again
  // for the others.
  [[nodiscard]] std::vector<int> loop_order(const Output& output) const {
    std::vector<int64_t> reductions(output.shape.size());
    for (const NodeId id : cone(nodes_, std::array{output.value})) {
      for (size_t axis = 0; nodes_[id].kind == NodeKind::kReduce && axis < reductions.size(); ++axis)
        if (depends(id, static_cast<int>(axis))) ++reductions[axis];
    }
    std::vector<int> axes(output.shape.size());
    std::iota(axes.begin(), axes.end(), 0);
    std::stable_sort(axes.begin(), axes.end(), [&](int a, int b) {
      return reductions[static_cast<size_t>(a)] > reductions[static_cast<size_t>(b)];
    });
    return axes;
  }

  // The last axis, or the longest if that is short; -1 for a scalar.
  [[nodiscard]] static int choose_lanes(const Dims& dims) {
    constexpr int64_t kShort = 32;
    if (dims.empty() || dims.back() >= kShort) return dims.rank() - 1;
    const auto longest = std::max_element(dims.begin(), dims.end());
    return static_cast<int>(longest - dims.begin());
  }

  [[nodiscard]] static std::vector<int64_t> extents_of(const Dims& dims, const std::vector<int>& axes) {
    std::vector<int64_t> extents;
    for (const int axis : axes) extents.push_back(dims[static_cast<size_t>(axis)]);
    return extents;
  }

  [[noreturn]] void too_much() const {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("layer '{}': interpreting it takes more steps than are allowed; compile it, or give it "
                            "smaller inputs",
                            function_.name));
  }
  void count_steps(int64_t steps) {
    steps_left_ -= steps;
    if (steps_left_ < 0) too_much();
  }

  [[nodiscard]] Value& value(NodeId id) { return values_[static_cast<size_t>(id)]; }
  [[nodiscard]] bool depends(NodeId id, int variable) const {
    return variable >= 0 && (nodes_.variables(id) >> variable & 1) != 0;
  }
  [[nodiscard]] int64_t integer(NodeId id) { return evaluate(id).lanes[0].integer(); }

  int64_t extent_value(NodeId id) {
    const int64_t extent = integer(id);
    if (extent >= 0) return extent;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("layer '{}': a dimension is {} with these inputs and fields but 0 or more is required",
                            function_.name, extent));
  }

  void forget_dependents(int variable) {
    for (const NodeId id : dependents_[static_cast<size_t>(variable)]) value(id).known = false;
  }
  void set_variable(int variable, int64_t place) {
    variables_[static_cast<size_t>(variable)] = place;
    blocks_[static_cast<size_t>(variable)] = {};
    forget_dependents(variable);
  }
  // What depends on no other variable stays known while its block is the same.
  void set_lanes(int variable, const Block& block) {
    lanes_ = {variable, block};
    if (variable < 0 || blocks_[static_cast<size_t>(variable)] == block) return;
    blocks_[static_cast<size_t>(variable)] = block;
    forget_dependents(variable);
  }

  // With the variables, one extent for each, at every place, the last one fastest.
  template <typename Body>
  void for_each_place(std::span<const int> variables, std::span<const int64_t> extents, Body&& body) {
    if (std::find(extents.begin(), extents.end(), 0) != extents.end()) return;
    for (const int variable : variables) set_variable(variable, 0);
    while (true) {
      body();
      size_t axis = variables.size();
      for (; axis > 0; --axis) {
        const int64_t next = variables_[static_cast<size_t>(variables[axis - 1])] + 1;
        set_variable(variables[axis - 1], next < extents[axis - 1] ? next : 0);
        if (next < extents[axis - 1]) break;
      }
      if (axis == 0) return;
    }
  }

  // With the lanes at all places of the variable, one block after the other, from `start`. They are what they were
  // afterwards.
  template <typename Body>
  void for_each_block(int variable, int64_t extent, Body&& body) {
    const LaneRange before = lanes_;
    for (int64_t start = 0; start < extent; start += most_lanes_) {
      set_lanes(variable, {start, std::min(most_lanes_, extent - start)});
      body(start);
    }
    lanes_ = before;
  }

  // A value is missing there: says which, by evaluating that one place alone.
  [[noreturn]] void fail_at(const Output& output, int64_t place) {
    most_lanes_ = 1;
    alone_ = true;
    for (Value& value : values_) value.known = false;
    lanes_ = {lanes_.variable, {place, 1}};
    (void)evaluate(output.value);
    throw Error(ErrorCode::kInternal, "an element is missing in a block but not alone; this is a bug in Tenon");
  }

  // Operands first, with a stack of our own. Nested reductions recurse: verify() has bounded them.
  const Value& evaluate(NodeId root) {
    const size_t bottom = pending_.size();
    pending_.push_back(root);
    while (pending_.size() > bottom) {
      const NodeId id = pending_.back();
      if (value(id).known) {
        pending_.pop_back();
        continue;
      }
      const size_t before = pending_.size();
      push_unknown_operands(nodes_[id]);
      if (pending_.size() > before) continue;
      apply(id);
      count_steps(static_cast<int64_t>(value(id).lanes.size()));
      value(id).known = true;
      pending_.pop_back();
    }
    return value(root);
  }

  void push_unknown_operands(const Node& node) {
    const auto push = [&](NodeId id) {
      if (!value(id).known) pending_.push_back(id);
    };
    if (node.kind == NodeKind::kSelect) {
      const Value& condition = value(node.operands[0]);
      if (!condition.known) return push(node.operands[0]);
      const auto is_true = [](Scalar x) { return x.integer() != 0; };
      if (std::any_of(condition.lanes.begin(), condition.lanes.end(), is_true)) push(node.operands[1]);
      if (!std::all_of(condition.lanes.begin(), condition.lanes.end(), is_true)) push(node.operands[2]);
    } else if (node.kind == NodeKind::kReduce) {
      for (const NodeId extent : node.extents()) push(extent);
    } else {
      for (const NodeId operand : node.operands) push(operand);
    }
  }

  void apply(NodeId id) {
    const Node& node = nodes_[id];
    Value& result = value(id);
    const auto type = [&](size_t i) { return nodes_[node.operands[i]].type; };
    const auto operand = [&](size_t i) -> const std::vector<Scalar>& { return value(node.operands[i]).lanes; };
    switch (node.kind) {
      case NodeKind::kConst:
        result.lanes = {node.value};
        return;
      case NodeKind::kIndex:
        return index(node, result);
      case NodeKind::kLoad:
        begin(node, result);
        return load(node, result);
      case NodeKind::kUnary:
        begin(node, result);
        return eval(node.unary(), type(0), operand(0), result.lanes);
      case NodeKind::kBinary:
        begin(node, result);
        return eval(node.binary(), type(0), operand(0), operand(1), result.lanes);
      case NodeKind::kSelect:
        return select(node, result);
      case NodeKind::kCast:
        begin(node, result);
        return eval_cast(node.cast_mode(), type(0), node.type, operand(0), result.lanes);
      case NodeKind::kReduce:
        return reduce(id, result);
      case NodeKind::kField:
      case NodeKind::kExtent:
        break;  // bind() has replaced them.
    }
    throw Error(ErrorCode::kInternal, "a field or dimension is not bound; this is a bug in Tenon");
  }

  // As many lanes as the operands have, missing where one of theirs is.
  void begin(const Node& node, Value& result) {
    size_t lanes = 1;
    for (const NodeId id : node.operands) lanes = std::max(lanes, value(id).lanes.size());
    result.lanes.resize(lanes);
    result.missing.clear();
    for (const NodeId id : node.operands) note_missing(value(id), result);
  }
  static void note_missing(const Value& operand, Value& result) {
    if (operand.missing.empty()) return;
    result.missing.resize(result.lanes.size());
    for (size_t i = 0; i < result.lanes.size(); ++i)
      if (operand.is_missing(i)) result.missing[i] = 1;
  }

  void index(const Node& node, Value& result) const {
    if (node.number != lanes_.variable) {
      result.lanes = {Scalar::integer(variables_[static_cast<size_t>(node.number)])};
      return;
    }
    result.lanes.resize(static_cast<size_t>(lanes_.block.count));
    for (size_t i = 0; i < result.lanes.size(); ++i)
      result.lanes[i] = Scalar::integer(lanes_.block.start + static_cast<int64_t>(i));
  }

  void select(const Node& node, Value& result) {
    const Value& condition = value(node.operands[0]);
    const Value& yes = value(node.operands[1]);
    const Value& no = value(node.operands[2]);
    const auto is_true = [](Scalar x) { return x.integer() != 0; };
    const bool any = std::any_of(condition.lanes.begin(), condition.lanes.end(), is_true);
    const bool all = std::all_of(condition.lanes.begin(), condition.lanes.end(), is_true);
    const size_t lanes = condition.lanes.size();
    if (any == all) {
      const Value& taken = any ? yes : no;
      result.lanes = taken.lanes;
      result.missing = taken.missing;
    } else {
      const Lanes left(yes.lanes), right(no.lanes);
      result.lanes.resize(lanes);
      result.missing.assign(yes.missing.empty() && no.missing.empty() ? 0 : lanes, 0);
      for (size_t i = 0; i < lanes; ++i) result.lanes[i] = is_true(condition.lanes[i]) ? left[i] : right[i];
      for (size_t i = 0; i < result.missing.size(); ++i)
        result.missing[i] = (is_true(condition.lanes[i]) ? yes : no).is_missing(i) ? 1 : 0;
    }
    if (condition.missing.empty()) return;
    result.lanes.resize(std::max(lanes, result.lanes.size()), result.lanes[0]);
    result.missing.resize(result.lanes.size(), result.missing.empty() ? 0 : result.missing[0]);
    note_missing(condition, result);
  }

  void reduce(NodeId id, Value& result) {
    const Node& node = nodes_[id];
    std::vector<int> variables;
    std::vector<int64_t> extents;
    for (const NodeId extent : node.extents()) {
      variables.push_back(node.number + static_cast<int>(variables.size()));
      extents.push_back(extent_value(extent));
    }
    const ScalarType type = nodes_[node.body()].type;
    if (depends(id, lanes_.variable)) {
      Accumulator accumulator(node.reduction(), type, static_cast<size_t>(lanes_.block.count));
      for_each_place(variables, extents, [&] {
        count_steps(lanes_.block.count);
        accumulator.add(evaluate(node.body()));
      });
      accumulator.finish(result);
      return;
    }
    // The same in every lane, so that the lanes may go along what is reduced.
    const int last = variables.back();
    const int64_t extent = extents.back();
    variables.pop_back();
    extents.pop_back();
    Accumulator accumulator(node.reduction(), type, 1);
    for_each_place(variables, extents, [&] {
      for_each_block(last, extent, [&](int64_t) {
        count_steps(lanes_.block.count);
        accumulator.add_all(evaluate(node.body()), static_cast<size_t>(lanes_.block.count));
      });
    });
    accumulator.finish(result);
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

  void load(const Node& node, Value& result) {
    const TensorView& view = inputs_[static_cast<size_t>(node.number)];
    const std::span<const NodeId> indices = node.indices();
    const size_t lanes = result.lanes.size();
    places_.assign(lanes, 0);
    nowhere_.clear();
    for (size_t axis = 0; axis < indices.size(); ++axis) {
      const int64_t extent = view.dims[axis];
      const Range range = nodes_.range(indices[axis]);
      const Lanes at(value(indices[axis]).lanes);
      if (range.lo >= 0 && range.hi < extent) {
        for (size_t i = 0; i < lanes; ++i) places_[i] = places_[i] * extent + at[i].integer();
        continue;
      }
      for (size_t i = 0; i < lanes; ++i) {
        const int64_t place = position(node.outside(), at[i].integer(), extent);
        places_[i] = places_[i] * extent + std::max<int64_t>(place, 0);
        if (place >= 0) continue;
        if (node.outside() == Outside::kError && alone_) fail_outside(node, axis, at[i].integer());
        nowhere_.resize(lanes);
        nowhere_[i] = 1;
      }
    }
    if (!nowhere_.empty()) return load_some(node, view, result);
    load_elements(view, places_, result.lanes);
  }

  // The same where some of the places are nowhere.
  void load_some(const Node& node, const TensorView& view, Value& result) {
    const size_t lanes = result.lanes.size();
    if (view.dims.count() > 0) load_elements(view, places_, result.lanes);  // Some other element there.
    const Scalar zero;
    const Lanes instead =
        node.outside() == Outside::kValue ? Lanes(value(node.operands.back()).lanes) : Lanes(std::span(&zero, 1));
    for (size_t i = 0; i < lanes; ++i)
      if (nowhere_[i] != 0) result.lanes[i] = instead[i];
    if (node.outside() != Outside::kError) return;
    result.missing.resize(lanes);
    for (size_t i = 0; i < lanes; ++i)
      if (nowhere_[i] != 0) result.missing[i] = 1;
  }

  [[noreturn]] void fail_outside(const Node& node, size_t axis, int64_t at) const {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("layer '{}': '{}' is read at {} along axis {}, which has {} elements; say what is "
                            "outside: at(…, Outside::kClamp)",
                            function_.name, function_.inputs[static_cast<size_t>(node.number)].name, at, axis,
                            inputs_[static_cast<size_t>(node.number)].dims[axis]));
  }

  const Function& function_;
  const Nodes& nodes_;
  std::span<const TensorView> inputs_;
  int64_t steps_left_;
  int64_t most_lanes_;
  bool alone_ = false;  // A missing element is an error at once.
  LaneRange lanes_;
  std::vector<Value> values_;
  std::vector<NodeId> pending_;
  std::vector<int64_t> places_;   // Of a load's elements, scratch; likewise:
  std::vector<uint8_t> nowhere_;  // Those that lie outside of the tensor.
  std::array<int64_t, kMaxVariables> variables_ = {};
  std::array<Block, kMaxVariables> blocks_ = {};  // By variable: the lanes that its dependents are known for.
  std::array<std::vector<NodeId>, kMaxVariables> dependents_;  // What a variable's change makes unknown.
};

// The function with everything bound.
Function concrete_of(const Function& function, std::span<const TensorView> inputs, const InterpretOptions& options) {
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
  return bind(function, binding);
}

}  // namespace

std::vector<Tensor> interpret(const Function& function, std::span<const TensorView> inputs,
                              const InterpretOptions& options) {
  const Function concrete = concrete_of(function, inputs, options);
  Interpreter interpreter(concrete, inputs, options.max_steps);
  interpreter.check_requirements();
  std::vector<Tensor> outputs;
  for (const Output& output : concrete.outputs) {
    outputs.push_back(Tensor::empty(output.type.dtype(), interpreter.dims_of(output)));
    interpreter.run(output, outputs.back().mutable_view());
  }
  return outputs;
}

void interpret(const Function& function, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
               const InterpretOptions& options) {
  const Function concrete = concrete_of(function, inputs, options);
  Interpreter interpreter(concrete, inputs, options.max_steps);
  interpreter.check_requirements();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Output& output = concrete.outputs.at(i);
    if (output.type.dtype() != outputs[i].dtype || interpreter.dims_of(output) != outputs[i].dims) {
      throw Error(ErrorCode::kInternal, fmt::format("layer '{}': output '{}' does not fit the memory given for it",
                                                    function.name, output.name));
    }
    interpreter.run(output, outputs[i]);
  }
}

}  // namespace tenon::expr
