// SPDX-License-Identifier: Apache-2.0
#include <tenon/expr_call.h>

#include "base/elements.h"
#include "base/near_names.h"
#include "expr/interpret.h"
#include "expr/print.h"
#include "expr/rewrite.h"
#include "expr/trace.h"
#include "expr/verify.h"
#include "graph/widen.h"
#include "ops/define.h"
#include "ops/expression.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>

namespace tenon {
namespace {

using expr::NodeId;
using expr::NodeKind;

const OpDef& known_op(std::string_view name) {
  const OpDef* op = find_op(name);
  if (op != nullptr && name != kExpressionOp) return *op;
  std::vector<std::string> names;
  for (const OpDef& known : all_ops()) names.push_back(known.name);
  throw Error(ErrorCode::kNotFound,
              fmt::format("call: there is no standard operator '{}'{}; a layer is called as the function that it is",
                          name, did_you_mean(name, names)));
}

// The value of a tensor that depends on no input; nullopt for others, and large ones.
std::optional<Tensor> constant_of(const Expr& x) {
  constexpr int64_t kMostSteps = int64_t{1} << 24;
  const Expr::Impl& impl = x.impl();
  const expr::Trace trace = impl.trace != nullptr ? impl.trace : std::make_shared<LayerBuilder::Impl>();
  expr::Nodes& nodes = trace->function.nodes;
  expr::Function function;
  const NodeId value = nodes.cast(expr::computed(trace, x, impl.type), impl.type);
  // The index of a compute() has a value for each element only.
  if ((nodes.variables(value) >> impl.shape.size()) != 0) return std::nullopt;
  function.outputs = {{"value", impl.type, impl.shape, value}};
  const std::vector<NodeId> roots = function.roots();
  for (const NodeId id : expr::cone(nodes, roots)) {
    const NodeKind kind = nodes[id].kind;
    if (kind == NodeKind::kLoad || kind == NodeKind::kField || kind == NodeKind::kExtent) return std::nullopt;
  }
  function.nodes = nodes;
  int64_t count = 1;
  for (const NodeId extent : impl.shape)
    count = std::min(count, kMostSteps) * std::min(nodes.integer_value(extent).value_or(kMostSteps), kMostSteps);
  if (count > kMostSteps) return std::nullopt;
  return expr::interpret(function, {}, {.max_steps = 16 * kMostSteps}).front();
}

Tensor converted(const Tensor& tensor, DType dtype) {
  Tensor result = Tensor::empty(dtype, tensor.dims());
  convert(tensor.view(), result.mutable_view());
  return result;
}

// One application of an operator while a layer is traced.
class Call {
 public:
  Call(std::string_view op, std::span<const OperatorInput> inputs, const Attributes& attributes, int outputs)
      : op_(known_op(op)), constants_(inputs.size()), tensors_(inputs.size()), types_(inputs.size()) {
    if (outputs < 1 || static_cast<size_t>(outputs) > expr::kMaxOutputs) {
      fail(fmt::format("{} outputs are asked for but 1 to {} are possible", outputs, expr::kMaxOutputs));
    }
    read_inputs(inputs);
    add_node(attributes, outputs);
  }

  std::vector<Expr> results() {
    std::vector<const Tensor*> values;
    for (const auto& constant : constants_) values.push_back(constant ? &*constant : nullptr);
    if (op_.define != nullptr) {
      const auto definition = definition_of(*node_, types_, values);
      const auto is_tensor = [&](size_t input) { return tensors_[input].has_value(); };
      if (definition && std::all_of(definition->inputs.begin(), definition->inputs.end(), is_tensor)) {
        std::vector<Expr> operands;
        for (const size_t input : definition->inputs) operands.push_back(*tensors_[input]);
        return definition->layer(operands);
      }
    }
    return results_of(infer_node(*node_, types_, values));
  }

 private:
  [[noreturn]] void fail(const std::string& message) const { expr::misuse(op_.name, message); }
  [[nodiscard]] expr::Function& function() const { return trace_->function; }

  void read_inputs(std::span<const OperatorInput> inputs) {
    std::vector<Expr> operands;
    std::vector<size_t> places;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto* tensor = std::get_if<Tensor>(&inputs[i]);
      if (tensor != nullptr && tensor->defined()) constants_[i] = *tensor;
      const auto* expr = std::get_if<Expr>(&inputs[i]);
      if (expr != nullptr) constants_[i] = constant_of(*expr);
      if (expr == nullptr || constants_[i]) continue;
      operands.push_back(*expr);
      places.push_back(i);
    }
    trace_ = expr::unite(op_.name, operands);
    if (function().inputs.empty()) {
      fail("none of its inputs is made of the layer's, so that its result is a constant; compute that beforehand");
    }
    DType floats = DType::kFloat32;
    for (size_t i = operands.size(); i-- > 0;) {
      tensors_[places[i]] = operands[i];
      types_[places[i]] = type_of(operands[i], places[i]);
      if (dtype_kind(operands[i].dtype()) == DTypeKind::kFloat) floats = operands[i].dtype();
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!constants_[i]) continue;
      if (constants_[i]->dtype() == DType::kFloat64) constants_[i] = converted(*constants_[i], floats);
      types_[i] = {constants_[i]->dtype(), to_shape(constants_[i]->dims())};
    }
  }

  // An extent that is computed has its formula as its name here.
  TensorType type_of(const Expr& tensor, size_t input) {
    const Expr::Impl& impl = tensor.impl();
    if (impl.weak || impl.type.is_variable()) {
      fail(fmt::format("input {} is {}, whose dtype is not known while the layer is traced; cast() it", input,
                       tensor.type_text()));
    }
    Shape dims;
    for (const NodeId extent : impl.shape) {
      const auto known = function().nodes.integer_value(extent);
      dims.push_back(known ? Dim(*known) : Dim(expr::print_node(function(), extent)));
      if (!known) extents_.emplace(dims.back().symbol(), extent);
    }
    return {impl.type.dtype(), std::move(dims)};
  }

  void add_node(const Attributes& attributes, int outputs) {
    std::vector<Value*> values;
    for (size_t i = 0; i < types_.size(); ++i) {
      const bool left_out = types_[i].dtype == DType::kUndefined;
      values.push_back(left_out ? nullptr : graph_.add_input(fmt::format("input {}", i), types_[i]));
    }
    std::vector<std::string> names;
    for (int i = 0; i < outputs; ++i) names.push_back(fmt::format("output {}", i));
    const std::string name = fmt::format("{}/{}", function().name, op_.name);
    node_ = graph_.add_node(op_.name, name, values, names, attributes);
    for (const AttributeSpec& spec : op_.attributes) {
      const auto given = node_->attributes().find(spec.name);
      if (given == node_->attributes().end()) continue;
      if (auto wide = widened(given->second, spec.fallback)) given->second = *std::move(wide);
    }
  }

  std::vector<Expr> results_of(const Inferred& inferred) {
    expr::OperatorCall call{.op = op_.name,
                            .attributes = node_->attributes(),
                            .operands = {},
                            .first_result = function().inputs.size(),
                            .results = inferred.outputs.size(),
                            .requirements = function().requirements.size()};
    for (size_t i = 0; i < types_.size(); ++i) {
      auto& operand = call.operands.emplace_back();
      if (constants_[i]) operand = *constants_[i];
      if (!tensors_[i]) continue;
      const Expr::Impl& impl = tensors_[i]->impl();
      if ((function().nodes.variables(impl.node) >> impl.shape.size()) != 0) {
        fail(
            fmt::format("input {} depends on an index of a compute() or a reduction, but the operator takes whole "
                        "tensors; call it outside and read its result at the index",
                        i));
      }
      operand = expr::output_of(trace_, "y", *tensors_[i]);
    }
    require_types(inferred);
    std::vector<Expr> results;
    for (const TensorType& type : inferred.outputs) results.push_back(result(type));
    trace_->calls.push_back(std::move(call));
    return results;
  }

  void require_types(const Inferred& inferred) const {
    for (size_t i = 0; i < inferred.outputs.size(); ++i) {
      const TensorType& type = inferred.outputs[i];
      if (expr::class_of(type.dtype) == 0) {
        fail(fmt::format("its output {} is of dtype {}, which formulas do not have", i, dtype_name(type.dtype)));
      }
      if (!type.shape) {
        fail(
            fmt::format("the rank of its output {} depends on {} and is not known while the layer is traced; give that "
                        "as numbers",
                        i,
                        inferred.needs_value.empty() ? "its inputs"
                                                     : fmt::format("the value of input {}", inferred.needs_value[0])));
      }
    }
  }

  Expr result(const TensorType& type) {
    const std::string name = expr::fresh_name(function(), op_.name);
    Shape dims;
    expr::Extents shape;
    for (const Dim& dim : *type.shape) {
      const auto known = extents_.find(dim.symbol());
      if (dim.is_constant() || (known != extents_.end() && function().nodes[known->second].kind == NodeKind::kExtent)) {
        dims.push_back(dim);
      } else {
        dims.emplace_back(expr::fresh_name(function(), fmt::format("{}_d{}", name, dims.size())));
      }
      shape.push_back(function().dim(dims.back()));
      if (known != extents_.end()) shape.back() = known->second;
    }
    return expr::add_input(trace_, name, type.dtype, std::move(dims), std::move(shape));
  }

  const OpDef& op_;
  expr::Trace trace_;
  std::vector<std::optional<Tensor>> constants_;  // Of the inputs that are constants.
  std::vector<std::optional<Expr>> tensors_;      // Of the inputs that are not.
  std::vector<TensorType> types_;
  std::map<std::string, NodeId> extents_;  // Of the inputs, by their names in the types.
  Graph graph_;
  Node* node_ = nullptr;
};

}  // namespace

std::vector<Expr> call(std::string_view op, std::span<const OperatorInput> inputs, const Attributes& attributes,
                       int outputs) {
  return Call(op, inputs, attributes, outputs).results();
}

}  // namespace tenon
