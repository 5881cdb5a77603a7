// SPDX-License-Identifier: Apache-2.0
#include "conversion/step.h"

#include "base/elements.h"
#include "formats/uff/dialect.h"

#include <fmt/core.h>

namespace tenon::conversion {

using lowering::NotLowered;

const Value* Step::input(size_t index) const {
  if (!has_input(index)) fail(fmt::format("it has {} inputs, but at least {} are required", input_count(), index + 1));
  return conversion_.origin(node().input(index));
}

std::vector<Operand> Step::inputs() const {
  std::vector<Operand> values;
  for (size_t i = 0; i < input_count(); ++i) values.emplace_back(input(i));
  return values;
}

const Tensor& Step::required_constant(size_t index, std::string_view what) const {
  if (const Tensor* tensor = constant(index)) return *tensor;
  throw NotLowered{fmt::format("its input {} ('{}', {}) is computed while the graph runs, but UFF has it as a constant",
                               index, node().input(index)->name(), what)};
}

std::optional<std::vector<int64_t>> Step::integers(size_t index) const {
  const Tensor* tensor = constant(index);
  if (tensor == nullptr) return std::nullopt;
  return integers_of(*tensor, index);
}

std::vector<int64_t> Step::required_integers(size_t index, std::string_view what) const {
  return integers_of(required_constant(index, what), index);
}

int64_t Step::required_integer(size_t index, std::string_view what) const {
  const std::vector<int64_t> values = required_integers(index, what);
  if (values.size() != 1)
    fail(fmt::format("its input {} ({}) has {} elements, but 1 is required", index, what, values.size()));
  return values[0];
}

bool Step::is_zero(size_t index, std::string_view what) const {
  const Tensor& tensor = required_constant(index, what);
  return tensor.count() == 1 && uff_dtype(tensor.dtype()) && load_f64(tensor.data(), tensor.dtype(), 0) == 0;
}

const Shape& Step::required_shape(size_t index) const {
  if (const auto& known = shape(index)) return *known;
  throw NotLowered{fmt::format("the rank of its input {} ('{}') is not known; give the graph's input a shape", index,
                               node().input(index)->name())};
}

void Step::emit_function() {
  const size_t colon = target_.find(':');
  const std::string operation(target_.substr(0, colon)), func(target_.substr(colon + 1));
  std::vector<Operand> operands = {input(0)};
  if (operation == "Binary") operands.emplace_back(input(1));
  emit(operation, std::move(operands), {{"func", func}});
}

void Step::emit_reduction(std::vector<int64_t> axes, bool keepdims) {
  if (!keepdims) note("keepdims", "it is false, but NVIDIA's parser takes it as true");
  emit("Reduce", {input(0)}, {{"axes", std::move(axes)}, {"func", target()}, {"keepdims", keepdims}});
}

Node* Step::integers_constant(std::span<const int64_t> values, const Dims& dims) {
  const std::vector<int32_t> narrow(values.begin(), values.end());
  for (size_t i = 0; i < values.size(); ++i)
    if (narrow[i] != values[i])
      decline(fmt::format("it is given the number {}, which does not fit in UFF's 32 bits", values[i]));
  return constant(Tensor::from(std::span<const int32_t>(narrow), dims));
}

Node* Step::scalar(DType dtype, double value) {
  if (dtype == DType::kUndefined) decline("the data type of its inputs is not known");
  Tensor tensor = Tensor::zeros(uff_type(dtype), {});
  store_f64(tensor.mutable_data(), tensor.dtype(), 0, value);
  return constant(tensor);
}

Attribute orders(std::initializer_list<std::string_view> names) {
  return uff::make_orders(std::span(names.begin(), names.size()));
}

std::optional<DType> uff_dtype(DType dtype, bool narrow) {
  switch (dtype) {
    case DType::kFloat32:
    case DType::kFloat16:
    case DType::kInt8:
    case DType::kInt16:
    case DType::kInt32:
      return dtype;
    case DType::kInt64:
    case DType::kUInt32:
      return narrow ? DType::kInt32 : DType::kInt64;
    case DType::kFloat64:
    case DType::kBFloat16:
      return DType::kFloat32;
    case DType::kBool:
    case DType::kUInt8:
    case DType::kUInt16:
      return DType::kInt32;
    default:
      return std::nullopt;
  }
}

}  // namespace tenon::conversion
