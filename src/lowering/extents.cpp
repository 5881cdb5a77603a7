// SPDX-License-Identifier: Apache-2.0
#include "lowering/extents.h"

#include "base/elements.h"

#include <algorithm>
#include <string_view>

namespace tenon::lowering {
namespace {

constexpr int64_t kMostFollowed = 64;

int64_t integer_attribute(const Node& node, std::string_view name, int64_t fallback) {
  const Attribute* attribute = node.attribute(name);
  const auto* value = attribute == nullptr ? nullptr : std::get_if<int64_t>(attribute);
  return value == nullptr ? fallback : *value;
}

std::optional<Extents> follow_slice(std::span<const Extents* const> inputs) {
  if (inputs.size() < 3) return std::nullopt;
  for (const Extents* input : inputs)
    if (input == nullptr || (input != inputs[0] && input->size() != 1)) return std::nullopt;
  const auto bound = [&](size_t input, int64_t fallback) {
    return inputs.size() > input ? (*inputs[input])[0].value : std::optional<int64_t>(fallback);
  };
  const auto start = bound(1, 0), end = bound(2, 0), axis = bound(3, 0), step = bound(4, 1);
  if (!start || !end || !axis || !step || *step == 0) return std::nullopt;
  const auto size = static_cast<int64_t>(inputs[0]->size());
  const int64_t lowest = *step > 0 ? 0 : -1, highest = *step > 0 ? size : size - 1;
  const auto clamped = [&](int64_t index) { return std::clamp(index < 0 ? index + size : index, lowest, highest); };
  // INT64_MIN as an end means "through the first element"; adding the size must not bring it into range.
  const int64_t first = clamped(*start), last = *end < -size ? lowest : clamped(*end);
  Extents result;
  for (int64_t i = first; *step > 0 ? i < last : i > last;) {
    result.push_back((*inputs[0])[static_cast<size_t>(i)]);
    if (__builtin_add_overflow(i, *step, &i)) break;
  }
  return result;
}

std::optional<Extents> follow_gather(std::span<const Extents* const> inputs) {
  if (inputs.size() != 2 || inputs[0] == nullptr || inputs[1] == nullptr) return std::nullopt;
  const auto size = static_cast<int64_t>(inputs[0]->size());
  Extents result;
  for (const Extent& index : *inputs[1]) {
    if (!index.value || *index.value < -size || *index.value >= size) return std::nullopt;
    result.push_back((*inputs[0])[static_cast<size_t>(*index.value < 0 ? *index.value + size : *index.value)]);
  }
  return result;
}

std::optional<Extents> follow_concat(std::span<const Extents* const> inputs) {
  Extents result;
  for (const Extents* input : inputs) {
    if (input == nullptr) return std::nullopt;
    result.insert(result.end(), input->begin(), input->end());
  }
  if (static_cast<int64_t>(result.size()) > kMostFollowed) return std::nullopt;
  return result;
}

Extent product(const Extent& a, const Extent& b) {
  if (a.value == 1) return b;
  if (b.value == 1) return a;
  Extent result;
  int64_t value = 0;
  if (a.value && b.value && !__builtin_mul_overflow(*a.value, *b.value, &value)) result.value = value;
  return result;
}

Extent sum(const Extent& a, const Extent& b) {
  if (a.value == 0) return b;
  if (b.value == 0) return a;
  Extent result;
  int64_t value = 0;
  if (a.value && b.value && !__builtin_add_overflow(*a.value, *b.value, &value)) result.value = value;
  return result;
}

std::optional<Extents> follow_binary(std::span<const Extents* const> inputs,
                                     Extent (*apply)(const Extent&, const Extent&)) {
  if (inputs.size() != 2 || inputs[0] == nullptr || inputs[1] == nullptr) return std::nullopt;
  const Extents &a = *inputs[0], &b = *inputs[1];
  const size_t size = a.size() == 1 ? b.size() : a.size();
  if ((a.size() != size && a.size() != 1) || (b.size() != size && b.size() != 1)) return std::nullopt;
  Extents result;
  for (size_t i = 0; i < size; ++i) result.push_back(apply(a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]));
  return result;
}

// What is left of the input's extents when those of the target are divided out; nullopt when it is not a constant.
std::optional<int64_t> remaining(const Extents& extents, size_t hole, const Shape& input) {
  Shape left = input;
  int64_t divisor = 1;
  for (size_t i = 0; i < extents.size(); ++i) {
    if (i == hole) continue;
    if (extents[i].value) {
      if (__builtin_mul_overflow(divisor, *extents[i].value, &divisor)) return std::nullopt;
      continue;
    }
    const auto same = std::find(left.begin(), left.end(), Dim(extents[i].symbol));
    if (extents[i].symbol.empty() || same == left.end()) return std::nullopt;
    left.erase(same);
  }
  int64_t dividend = 1;
  for (const Dim& dim : left)
    if (!dim.is_constant() || __builtin_mul_overflow(dividend, dim.value(), &dividend)) return std::nullopt;
  if (divisor <= 0 || dividend % divisor != 0) return std::nullopt;
  return dividend / divisor;
}

}  // namespace

std::optional<Extents> extents_of(const Tensor& tensor) {
  if (tensor.dims().rank() > 1 || !is_integer(tensor.dtype()) || tensor.count() > kMostFollowed) return std::nullopt;
  Extents result;
  for (int64_t i = 0; i < tensor.count(); ++i) result.push_back({load_i64(tensor.data(), tensor.dtype(), i), ""});
  return result;
}

Extents extents_of(const Shape& shape) {
  Extents result;
  for (const Dim& dim : shape) {
    Extent& extent = result.emplace_back();
    if (dim.is_constant()) extent.value = dim.value();
    extent.symbol = dim.symbol();
  }
  return result;
}

std::optional<Extents> follow_extents(const Node& node, std::span<const Extents* const> inputs) {
  const std::string_view op = node.op();
  if (op == "Shape") {
    const std::optional<Shape>& shape = node.input(0)->type().shape;
    if (!shape || integer_attribute(node, "start", 0) != 0 || node.attribute("end") != nullptr) return std::nullopt;
    return extents_of(*shape);
  }
  if (op == "Slice") return follow_slice(inputs);
  if (op == "Gather") return follow_gather(inputs);
  if (op == "Concat") return follow_concat(inputs);
  if (op == "Mul") return follow_binary(inputs, product);
  if (op == "Add") return follow_binary(inputs, sum);
  if (op == "ReduceProd") {
    if (inputs.empty() || inputs[0] == nullptr) return std::nullopt;
    Extent result{1, ""};
    for (const Extent& extent : *inputs[0]) result = product(result, extent);
    return Extents{result};
  }
  // A scalar and a vector of one element have the same integers.
  if (op == "Cast" || op == "Squeeze" || op == "Unsqueeze" || op == "Reshape" || op == "Identity") {
    if (inputs.empty() || inputs[0] == nullptr) return std::nullopt;
    return *inputs[0];
  }
  return std::nullopt;
}

std::optional<std::vector<int64_t>> reshape_target(const Extents& given, const std::optional<Shape>& input) {
  Extents extents = given;
  const auto is_hole = [](const Extent& extent) { return extent.value == -1; };
  const auto hole = std::find_if(extents.begin(), extents.end(), is_hole);
  bool has_hole = hole != extents.end();
  if (has_hole && input) {
    if (const auto rest = remaining(extents, static_cast<size_t>(hole - extents.begin()), *input)) {
      hole->value = rest;
      has_hole = false;
    }
  }
  std::vector<int64_t> target;
  for (size_t i = 0; i < extents.size(); ++i) {
    const Extent& extent = extents[i];
    if (extent.value) {
      target.push_back(*extent.value);
    } else if (input && !extent.symbol.empty() && i < input->size() && (*input)[i].symbol() == extent.symbol) {
      target.push_back(0);
    } else if (!has_hole) {
      has_hole = true;
      target.push_back(-1);
    } else {
      return std::nullopt;
    }
  }
  // A constant 0 is an empty dimension, but in a target 0 would copy the input's; the rare case is left to the run.
  if (std::any_of(extents.begin(), extents.end(), [](const Extent& extent) { return extent.value == 0; }))
    return std::nullopt;
  return target;
}

}  // namespace tenon::lowering
