// SPDX-License-Identifier: Apache-2.0
#include "lowering/rewrite.h"

#include "base/elements.h"
#include "lowering/lowering.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace tenon::lowering {
namespace {

// The tensor with its axes permuted. Walks the result in order and the source by strides.
Tensor permuted(const Tensor& source, std::span<const int64_t> permutation) {
  const size_t rank = permutation.size();
  Dims dims;
  std::vector<int64_t> strides(rank);
  for (size_t axis = 0; axis < rank; ++axis) {
    dims.push_back(source.dims()[static_cast<size_t>(permutation[axis])]);
    strides[axis] = source.dims().count(static_cast<int>(permutation[axis]) + 1, source.dims().rank());
  }
  Tensor result = Tensor::empty(source.dtype(), dims);
  const int64_t count = result.count();
  if (count == 0) return result;
  const auto size = static_cast<size_t>(dtype_bits(source.dtype()) / 8);
  const auto* from = static_cast<const std::byte*>(source.data());
  auto* to = static_cast<std::byte*>(result.mutable_data());
  const int64_t inner = rank == 0 ? 1 : dims.back();
  const int64_t inner_stride = rank == 0 ? 0 : strides.back();
  std::vector<int64_t> index(rank, 0);
  int64_t offset = 0;
  for (int64_t done = 0; done < count; done += inner) {
    for (int64_t i = 0; i < inner; ++i, to += size) {
      std::memcpy(to, from + static_cast<size_t>(offset + i * inner_stride) * size, size);
    }
    for (size_t axis = rank - (rank > 0 ? 1 : 0); axis-- > 0;) {
      offset += strides[axis];
      if (++index[axis] < dims[axis]) break;
      offset -= index[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return result;
}

}  // namespace

// --- inputs

Value* Rewrite::input(size_t index) {
  if (node().input(index) == nullptr)
    fail(fmt::format("it has {} inputs, but at least {} are required", node().inputs().size(), index + 1));
  Value* value = lowering_.lowered(node().input(index));
  if (value == nullptr) throw NotLowered{"it is part of a cycle", true};
  return value;
}

std::vector<Value*> Rewrite::inputs() {
  std::vector<Value*> values;
  for (size_t i = 0; i < input_count(); ++i) values.push_back(input(i));
  return values;
}

DType Rewrite::dtype(size_t index) {
  const DType known = input(index)->type().dtype;
  return known != DType::kUndefined ? known : type("T", DType::kUndefined);
}

int64_t Rewrite::rank(size_t index) {
  if (const auto& known = shape(index)) return static_cast<int64_t>(known->size());
  throw NotLowered{fmt::format("the rank of its input {} ('{}') is not known; give the graph's input a shape", index,
                               node().input(index)->name()),
                   lowering_.is_doubtful(input(index))};
}

const Tensor& Rewrite::required_constant(size_t index, std::string_view what) {
  if (const Tensor* tensor = constant(index)) return *tensor;
  throw NotLowered{fmt::format("its input {} ('{}', {}) is computed while the graph runs, but a constant is required",
                               index, node().input(index)->name(), what),
                   lowering_.is_doubtful(input(index))};
}

std::optional<std::vector<int64_t>> Rewrite::integers(size_t index) {
  const Tensor* tensor = constant(index);
  if (tensor == nullptr) return std::nullopt;
  return integers_of(*tensor, index);
}

std::vector<int64_t> Rewrite::required_integers(size_t index, std::string_view what) {
  (void)required_constant(index, what);
  return *integers(index);
}

std::optional<Extents> Rewrite::extents(size_t index) {
  const Extents* known = lowering_.extents(input(index));
  return known == nullptr ? std::nullopt : std::optional(*known);
}

// --- building

Value* Rewrite::emit(std::string op, std::initializer_list<Value*> inputs, Attributes attributes) {
  return emit(std::move(op), std::span<Value* const>(inputs.begin(), inputs.size()), std::move(attributes));
}

Value* Rewrite::emit(std::string op, std::span<Value* const> inputs, Attributes attributes) {
  const std::string& name = node().output()->name();
  std::string node_name = lowering_.graph().find_node(node().name()) == nullptr
                              ? node().name()
                              : lowering_.fresh_name(node().name() + "/" + op);
  Value* result =
      lowering_.add(std::move(op), std::move(node_name), inputs, std::span(&name, 1), std::move(attributes))[0];
  alias(0, result);
  return result;
}

void Rewrite::emit_all(std::string op, std::initializer_list<Value*> inputs, size_t count, Attributes attributes) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) {
    names.push_back(i < node().outputs().size() ? node().output(i)->name()
                                                : lowering_.fresh_name(fmt::format("{}/{}", node().name(), i)));
  }
  const auto results =
      lowering_.add(std::move(op), node().name(), std::span<Value* const>(inputs.begin(), inputs.size()), names,
                    std::move(attributes));
  for (size_t i = 0; i < count; ++i) alias(i, results[i]);
}

Value* Rewrite::work(std::string op, std::span<Value* const> inputs, Attributes attributes) {
  const std::string name = lowering_.fresh_name(node().name() + "/" + op);
  return lowering_.add(std::move(op), node().name(), inputs, std::span(&name, 1), std::move(attributes))[0];
}

std::vector<Value*> Rewrite::work_all(std::string op, std::initializer_list<Value*> inputs, size_t count,
                                      Attributes attributes) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i)
    names.push_back(lowering_.fresh_name(fmt::format("{}/{}_{}", node().name(), op, i)));
  return lowering_.add(std::move(op), node().name(), std::span<Value* const>(inputs.begin(), inputs.size()), names,
                       std::move(attributes));
}

Value* Rewrite::work(std::string op, std::initializer_list<Value*> inputs, Attributes attributes) {
  return work(std::move(op), std::span<Value* const>(inputs.begin(), inputs.size()), std::move(attributes));
}

Value* Rewrite::step(std::string op, std::initializer_list<Value*> inputs, Attributes attributes) {
  return step(std::move(op), std::span<Value* const>(inputs.begin(), inputs.size()), std::move(attributes));
}

Value* Rewrite::step(std::string op, std::span<Value* const> inputs, Attributes attributes) {
  const std::string name = lowering_.fresh_name(node().name() + "/" + op);
  return lowering_.add(std::move(op), name, inputs, std::span(&name, 1), std::move(attributes))[0];
}

void Rewrite::alias(size_t index, Value* value) {
  if (index < node().outputs().size()) lowering_.set_lowered(node().outputs()[index], value);
}

void Rewrite::result(Value* value, size_t index) {
  if (index >= node().outputs().size()) return;
  const std::string& name = node().output(index)->name();
  if (value->name() != name && lowering_.graph().find_value(name) == nullptr) lowering_.graph().rename(value, name);
  alias(index, value);
}

Value* Rewrite::output(size_t index) const { return lowering_.lowered(node().output(index)); }

bool Rewrite::is_used(size_t index) const {
  if (index >= node().outputs().size()) return false;
  const Value* output = node().outputs()[index];
  return !output->uses().empty() || lowering_.is_wanted(output);
}

void Rewrite::add_input(DType dtype, const std::optional<Shape>& shape) { lowering_.add_input(node(), dtype, shape); }

Value* Rewrite::named_constant(const Tensor& tensor) { return lowering_.add_constant(node().name(), tensor); }

Value* Rewrite::constant(Tensor tensor) { return lowering_.add_constant(node().name() + "/const", std::move(tensor)); }

Value* Rewrite::vector(std::span<const int64_t> values) {
  return constant(Tensor::from(values, Dims{static_cast<int64_t>(values.size())}));
}

Value* Rewrite::scalar(DType dtype, double value) {
  if (dtype == DType::kUndefined) {
    throw NotLowered{"the data type of its inputs is not known", input_count() > 0 && lowering_.is_doubtful(input(0))};
  }
  const DTypeKind kind = dtype_kind(dtype);
  if (kind == DTypeKind::kString || kind == DTypeKind::kComplex) {
    decline(fmt::format("it computes with {}, but real numbers are required", dtype_name(dtype)));
  }
  Tensor tensor = Tensor::zeros(dtype, {});
  store_f64(tensor.mutable_data(), dtype, 0, value);
  return constant(std::move(tensor));
}

Value* Rewrite::transposed(Value* value, std::span<const int64_t> permutation) {
  if (value->type().shape && value->type().shape->size() != permutation.size()) {
    fail(fmt::format("'{}' has the shape {}, but {} dimensions are required", value->name(),
                     to_string(*value->type().shape), permutation.size()));
  }
  std::vector<int64_t> axes(permutation.begin(), permutation.end());
  const Tensor* tensor = value->constant();
  if (tensor == nullptr || dtype_bits(tensor->dtype()) % 8 != 0 || tensor->dtype() == DType::kString) {
    return step("Transpose", {value}, {{"perm", std::move(axes)}});
  }
  Value*& known = lowering_.permuted()[{value, axes}];
  if (known == nullptr) known = lowering_.add_constant(value->name() + "/transposed", permuted(*tensor, axes));
  return known;
}

Value* Rewrite::cast(Value* value, DType dtype) {
  if (value->type().dtype == dtype) return value;
  return step("Cast", {value}, {{"to", dtype}});
}

Value* Rewrite::as_vector(Value* value) {
  Value* wide = cast(value, DType::kInt64);
  if (wide->type().shape && wide->type().shape->size() == 1) return wide;
  return step("Reshape", {wide, vector({-1})});
}

Value* Rewrite::reshaped(Value* value, std::span<const int64_t> target) {
  const Tensor* tensor = value->constant();
  const bool is_plain = std::all_of(target.begin(), target.end(), [](int64_t extent) { return extent > 0; });
  if (tensor != nullptr && is_plain && Dims(target).count() == tensor->count())
    return constant(tensor->reshaped(Dims(target)));
  return step("Reshape", {value, vector(target)});
}

}  // namespace tenon::lowering
