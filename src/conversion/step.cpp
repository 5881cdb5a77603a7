// SPDX-License-Identifier: Apache-2.0
#include "conversion/step.h"

#include "base/elements.h"
#include "formats/uff/dialect.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

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

Node* Step::vector(std::span<const int64_t> values) {
  Tensor tensor = Tensor::empty(DType::kInt32, {static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) {
    constexpr int64_t kLeast = std::numeric_limits<int32_t>::min(), kMost = std::numeric_limits<int32_t>::max();
    if (values[i] < kLeast || values[i] > kMost)
      decline(fmt::format("it is given the number {}, which does not fit in UFF's 32 bits", values[i]));
    tensor.mutable_values<int32_t>()[i] = static_cast<int32_t>(values[i]);
  }
  return constant(tensor);
}

Node* Step::scalar(DType dtype, double value) {
  if (dtype == DType::kUndefined) decline("the data type of its inputs is not known");
  Tensor tensor = Tensor::zeros(required_uff_dtype(dtype), {});
  store_f64(tensor.mutable_data(), tensor.dtype(), 0, value);
  return constant(tensor);
}

Attribute orders(std::initializer_list<std::string_view> names) {
  return uff::make_orders(std::span(names.begin(), names.size()));
}

std::optional<DType> uff_dtype(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
    case DType::kFloat16:
    case DType::kInt8:
    case DType::kInt16:
    case DType::kInt32:
    case DType::kInt64:
      return dtype;
    case DType::kFloat64:
    case DType::kBFloat16:
      return DType::kFloat32;
    case DType::kBool:
    case DType::kUInt8:
    case DType::kUInt16:
      return DType::kInt32;
    case DType::kUInt32:
      return DType::kInt64;
    default:
      return std::nullopt;
  }
}

DType required_uff_dtype(DType dtype) {
  if (const auto known = uff_dtype(dtype)) return *known;
  throw NotLowered{fmt::format("it holds elements of type {}, which UFF does not have", dtype_name(dtype))};
}

}  // namespace tenon::conversion
