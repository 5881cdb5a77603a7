// SPDX-License-Identifier: Apache-2.0
#include "lowering/node_reader.h"

#include "base/elements.h"

#include <fmt/core.h>

namespace tenon::lowering {

void NodeReader::fail(const std::string& problem) const {
  throw Error(ErrorCode::kInvalidArgument, fmt::format("{} '{}': {}", node_.op(), node_.name(), problem));
}

template <typename T>
const T* NodeReader::attribute(std::string_view name) const {
  const Attribute* attribute = node_.attribute(name);
  if (attribute == nullptr) return nullptr;
  const auto* value = std::get_if<T>(attribute);
  if (value == nullptr) {
    fail(fmt::format("its attribute '{}' is of kind {}, but {} is required", name, attribute_kind(*attribute),
                     attribute_kind(Attribute(T()))));
  }
  return value;
}

bool NodeReader::flag(std::string_view name, bool fallback) const {
  const auto* value = attribute<bool>(name);
  return value == nullptr ? fallback : *value;
}

int64_t NodeReader::integer(std::string_view name, int64_t fallback) const {
  const auto* value = attribute<int64_t>(name);
  return value == nullptr ? fallback : *value;
}

double NodeReader::number(std::string_view name, double fallback) const {
  const auto* value = attribute<double>(name);
  return value == nullptr ? fallback : *value;
}

std::string NodeReader::text(std::string_view name, std::string_view fallback) const {
  const auto* value = attribute<std::string>(name);
  return value == nullptr ? std::string(fallback) : *value;
}

DType NodeReader::type(std::string_view name, DType fallback) const {
  const Attribute* value = node_.attribute(name);
  // A type that Tenon does not have is kept as a function reference.
  if (value != nullptr && std::holds_alternative<std::shared_ptr<const FunctionRef>>(*value)) {
    decline(fmt::format(
        "its attribute '{}' is a data type that Tenon does not have (quantised, a resource or a variant)", name));
  }
  const auto* dtype = attribute<DType>(name);
  return dtype == nullptr ? fallback : *dtype;
}

std::vector<int64_t> NodeReader::list(std::string_view name, std::vector<int64_t> fallback) const {
  const auto* value = attribute<std::vector<int64_t>>(name);
  if (value != nullptr) return *value;
  return fallback;
}

std::vector<int64_t> NodeReader::required_list(std::string_view name) const {
  if (node_.attribute(name) == nullptr)
    fail(fmt::format("its attribute '{}' is missing, but a list of integers is required", name));
  return list(name);
}

std::vector<int64_t> NodeReader::integers_of(const Tensor& tensor, size_t index) const {
  if (!is_integer(tensor.dtype())) {
    fail(fmt::format("its input {} ('{}') holds {}, but integers are required", index, node_.input(index)->name(),
                     dtype_name(tensor.dtype())));
  }
  std::vector<int64_t> values;
  for (int64_t i = 0; i < tensor.count(); ++i) values.push_back(load_i64(tensor.data(), tensor.dtype(), i));
  return values;
}

}  // namespace tenon::lowering
