// SPDX-License-Identifier: Apache-2.0
#include "ops/op.h"

#include "base/elements.h"
#include "base/near_names.h"
#include "ops/broadcast.h"
#include "ops/define.h"
#include "ops/epilogue.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon {
namespace {

std::string label(const Node& node) { return fmt::format("{} '{}'", node.op(), node.name()); }

const AttributeSpec* find_spec(const OpDef& op, std::string_view name) {
  const auto spec =
      std::find_if(op.attributes.begin(), op.attributes.end(), [&](const auto& s) { return s.name == name; });
  return spec == op.attributes.end() ? nullptr : &*spec;
}

// ONNX stores a dtype as an int, so either kind is taken where the operator declares a dtype.
bool fits(const Attribute& given, const AttributeSpec& spec) {
  return given.index() == spec.fallback.index() ||
         (std::holds_alternative<DType>(spec.fallback) && std::holds_alternative<int64_t>(given));
}

bool is_epilogue_attribute(std::string_view name) {
  return name == "epilogue" || name == "epilogue_alpha" || name == "epilogue_beta";
}

// Runs `body`; an error that does not name the node yet (from shape arithmetic, say) gains it as context.
template <typename Body>
decltype(auto) naming(const Node& node, Body&& body) {
  try {
    return body();
  } catch (Error& error) {
    if (error.message().find('\'' + node.name() + '\'') == std::string::npos) error.add_context("in " + label(node));
    throw;
  }
}

std::string count_text(int min, int max) {
  if (max == kVariadic) return fmt::format("{} or more", min);
  return min == max ? fmt::format("{}", min) : fmt::format("{} to {}", min, max);
}

}  // namespace

// --- AttributeReader

const Attribute& AttributeReader::get(std::string_view name) const {
  const AttributeSpec* spec = find_spec(*op_, name);
  if (spec == nullptr) {
    throw Error(ErrorCode::kInternal,
                fmt::format("{}: the operator does not declare the attribute '{}'", label(*node_), name));
  }
  const Attribute* given = node_->attribute(name);
  if (given == nullptr) {
    if (spec->required) {
      throw Error(ErrorCode::kInvalidArgument, fmt::format("{}: the attribute '{}' ({}) is missing but required",
                                                           label(*node_), name, attribute_kind(spec->fallback)));
    }
    return spec->fallback;
  }
  if (!fits(*given, *spec)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: the attribute '{}' is of kind {} but {} is required", label(*node_), name,
                            attribute_kind(*given), attribute_kind(spec->fallback)));
  }
  return *given;
}

template <typename T>
const T& AttributeReader::get_as(std::string_view name) const {
  const Attribute& attribute = get(name);
  if (const T* value = std::get_if<T>(&attribute)) return *value;
  throw Error(ErrorCode::kInternal, fmt::format("{}: the attribute '{}' is declared as {} and read as another kind",
                                                label(*node_), name, attribute_kind(attribute)));
}

int64_t AttributeReader::integer(std::string_view name) const { return get_as<int64_t>(name); }
double AttributeReader::number(std::string_view name) const { return get_as<double>(name); }
const std::string& AttributeReader::string(std::string_view name) const { return get_as<std::string>(name); }
const std::vector<int64_t>& AttributeReader::integers(std::string_view name) const {
  return get_as<std::vector<int64_t>>(name);
}
const std::vector<double>& AttributeReader::numbers(std::string_view name) const {
  return get_as<std::vector<double>>(name);
}
const std::vector<std::string>& AttributeReader::strings(std::string_view name) const {
  return get_as<std::vector<std::string>>(name);
}
const Tensor& AttributeReader::tensor(std::string_view name) const { return get_as<Tensor>(name); }

DType AttributeReader::dtype(std::string_view name) const {
  const Attribute& attribute = get(name);
  if (const DType* dtype = std::get_if<DType>(&attribute)) return *dtype;
  const auto number = get_as<int64_t>(name);
  if (!is_valid_dtype(number)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: the attribute '{}' is {} but ONNX dtype numbers are 0 to {}", label(*node_), name,
                            number, kDTypeCount - 1));
  }
  return static_cast<DType>(number);
}

// --- InferContext

InferContext::InferContext(const Node& node, const OpDef& op, std::span<const TensorType> inputs,
                           std::span<const Tensor* const> values)
    : node_(&node), attributes_(node, op), inputs_(inputs), values_(values), outputs_(node.outputs().size()) {}

bool InferContext::has_input(size_t index) const noexcept {
  return index < inputs_.size() && inputs_[index].dtype != DType::kUndefined;
}

const TensorType& InferContext::input(size_t index) const {
  if (!has_input(index)) fail(fmt::format("input {} is left out but required", index));
  return inputs_[index];
}

const Tensor* InferContext::value(size_t index) {
  if (!has_input(index)) return nullptr;
  if (index < values_.size() && values_[index] != nullptr) return values_[index];
  if (std::find(needs_value_.begin(), needs_value_.end(), index) == needs_value_.end()) needs_value_.push_back(index);
  return nullptr;
}

std::optional<std::vector<int64_t>> InferContext::integers(size_t index) {
  const Tensor* tensor = value(index);
  if (tensor == nullptr) return std::nullopt;
  if (!is_integer(tensor->dtype())) {
    fail(fmt::format("input {} has dtype {} but an integer dtype is required", index, dtype_name(tensor->dtype())));
  }
  std::vector<int64_t> result(static_cast<size_t>(tensor->count()));
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = load_i64(tensor->data(), tensor->dtype(), static_cast<int64_t>(i));
  return result;
}

void InferContext::set_output(size_t index, DType dtype, std::optional<Shape> shape) {
  if (index < outputs_.size()) outputs_[index] = {dtype, std::move(shape)};  // A node may leave trailing outputs out.
}

void InferContext::fail(const std::string& message) const {
  throw Error(ErrorCode::kInvalidArgument, fmt::format("{}: {}", label(*node_), message));
}

void InferContext::require_same_dtype(size_t a, size_t b) const {
  if (dtype(a) != dtype(b)) {
    fail(fmt::format("inputs {} and {} have dtypes {} and {} but must have the same; insert a Cast", a, b,
                     dtype_name(dtype(a)), dtype_name(dtype(b))));
  }
}

// --- ReferenceContext

ReferenceContext::ReferenceContext(const Node& node, const OpDef& op, std::span<const TensorView> inputs,
                                   std::span<const MutableTensorView> outputs, Allocate allocate)
    : node_(&node), attributes_(node, op), inputs_(inputs), outputs_(outputs), allocate_(std::move(allocate)) {}

void ReferenceContext::fail(const std::string& message) const {
  throw Error(ErrorCode::kInvalidArgument, fmt::format("{}: {}", label(*node_), message));
}

// --- nodes

void check_node(const Node& node, const OpDef& op) {
  const auto fail = [&](const std::string& message) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{}: {}", label(node), message));
  };
  const auto inputs = op.takes_epilogue ? anchor_input_count(node) : node.inputs().size();
  if (inputs < static_cast<size_t>(op.min_inputs) ||
      (op.max_inputs != kVariadic && inputs > static_cast<size_t>(op.max_inputs))) {
    fail(fmt::format("it has {} inputs but {} are required", inputs, count_text(op.min_inputs, op.max_inputs)));
  }
  for (size_t i = 0; i < node.inputs().size(); ++i) {
    const bool needed = i < static_cast<size_t>(op.min_inputs) || i >= inputs || op.max_inputs == kVariadic;
    if (needed && node.input(i) == nullptr) fail(fmt::format("input {} is left out but required", i));
  }
  const size_t outputs = node.outputs().size();
  if (outputs < static_cast<size_t>(op.min_outputs) ||
      (op.max_outputs != kVariadic && outputs > static_cast<size_t>(op.max_outputs))) {
    fail(fmt::format("it has {} outputs but {} are required", outputs, count_text(op.min_outputs, op.max_outputs)));
  }
  for (const auto& [name, value] : node.attributes()) {
    if (op.takes_epilogue && is_epilogue_attribute(name)) continue;
    const AttributeSpec* spec = find_spec(op, name);
    if (spec == nullptr) {
      std::vector<std::string> known;
      for (const AttributeSpec& s : op.attributes) known.push_back(s.name);
      fail(fmt::format("it has the attribute '{}', which the operator does not know{}", name,
                       did_you_mean(name, known)));
    } else if (!fits(value, *spec)) {
      fail(fmt::format("the attribute '{}' is of kind {} but {} is required", name, attribute_kind(value),
                       attribute_kind(spec->fallback)));
    }
  }
  for (const AttributeSpec& spec : op.attributes) {
    if (spec.required && node.attribute(spec.name) == nullptr) {
      fail(fmt::format("the attribute '{}' ({}) is missing but required", spec.name, attribute_kind(spec.fallback)));
    }
  }
}

Inferred infer_node(const Node& node, std::span<const TensorType> inputs, std::span<const Tensor* const> values) {
  return naming(node, [&]() -> Inferred {
    const OpDef& op = op_of(node);
    check_node(node, op);
    if (inputs.size() != node.inputs().size()) {
      throw Error(ErrorCode::kInternal, fmt::format("{}: {} input types are given for {} inputs", label(node),
                                                    inputs.size(), node.inputs().size()));
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (node.input(i) != nullptr && inputs[i].dtype == DType::kUndefined) {
        throw Error(ErrorCode::kInvalidArgument, fmt::format("{}: the dtype of input {} ('{}') is not known",
                                                             label(node), i, node.input(i)->name()));
      }
    }
    const size_t own = op.takes_epilogue ? anchor_input_count(node) : inputs.size();
    InferContext context(node, op, inputs.first(own), values.first(std::min(own, values.size())));
    op.infer(context);
    if (op.takes_epilogue) {
      for (const EpilogueStep& step : epilogue_of(node)) {
        if (step.operand < 0) continue;
        const TensorType& operand = inputs[static_cast<size_t>(step.operand)];
        const TensorType& result = context.outputs()[0];
        if (operand.dtype != result.dtype) {
          context.fail(fmt::format("the operand of its epilogue's {} has dtype {} but the result has {}", step.op,
                                   dtype_name(operand.dtype), dtype_name(result.dtype)));
        }
        if (operand.shape && result.shape && !may_broadcast_to(*operand.shape, *result.shape)) {
          context.fail(fmt::format("the operand of its epilogue's {} has shape {}, which does not broadcast to {}",
                                   step.op, to_string(*operand.shape), to_string(*result.shape)));
        }
      }
    }
    return {std::move(context.outputs()), context.needs_value()};
  });
}

void run_reference(const Node& node, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                   ReferenceContext::Allocate allocate) {
  naming(node, [&] {
    const OpDef& op = op_of(node);
    const size_t own = op.takes_epilogue ? anchor_input_count(node) : inputs.size();
    const auto own_inputs = inputs.first(std::min(own, inputs.size()));
    if (op.reference != nullptr) {
      ReferenceContext context(node, op, own_inputs, outputs, std::move(allocate));
      op.reference(context);
    } else {
      run_definition(node, own_inputs, outputs);
    }
    if (op.takes_epilogue) {
      for (const EpilogueStep& step : epilogue_of(node)) {
        apply_epilogue_step(step, outputs[0],
                            step.operand < 0 ? TensorView{} : inputs[static_cast<size_t>(step.operand)]);
      }
    }
  });
}

std::vector<Tensor> evaluate(const Node& node, std::span<const Tensor* const> inputs) {
  std::vector<TensorType> types(inputs.size());
  std::vector<TensorView> views(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr) continue;
    types[i] = {inputs[i]->dtype(), to_shape(inputs[i]->dims())};
    views[i] = inputs[i]->view();
  }
  const Inferred inferred = infer_node(node, types, inputs);
  std::vector<Tensor> results(inferred.outputs.size());
  std::vector<MutableTensorView> outputs(results.size());
  const auto allocate = [&](size_t index, const Dims& dims) {
    results.at(index) = Tensor::empty(inferred.outputs[index].dtype, dims);
    return outputs[index] = results[index].mutable_view();
  };
  for (size_t i = 0; i < results.size(); ++i) {
    const TensorType& type = inferred.outputs[i];
    const auto dims = type.shape ? to_dims(*type.shape) : std::nullopt;
    if (dims)
      allocate(i, *dims);
    else
      outputs[i].dtype = type.dtype;  // The kernel allocates it.
  }
  run_reference(node, views, outputs, allocate);
  return results;
}

}  // namespace tenon
