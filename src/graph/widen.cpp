// SPDX-License-Identifier: Apache-2.0
#include "graph/widen.h"

#include <cmath>

namespace tenon {
namespace {

// Conversions that lose nothing; nullopt when one would.
std::optional<int64_t> to_int(const Attribute& given) {
  if (const auto* integer = std::get_if<int64_t>(&given)) return *integer;
  if (const auto* flag = std::get_if<bool>(&given)) return *flag ? 1 : 0;
  const auto* number = std::get_if<double>(&given);
  const bool exact = number != nullptr && std::trunc(*number) == *number && std::abs(*number) < 0x1p63;
  return exact ? std::optional(static_cast<int64_t>(*number)) : std::nullopt;
}

std::optional<bool> to_bool(const Attribute& given) {
  const std::optional<int64_t> integer = to_int(given);
  return integer == 0 || integer == 1 ? std::optional(integer == 1) : std::nullopt;
}

std::optional<double> to_float(const Attribute& given) {
  if (const auto* number = std::get_if<double>(&given)) return *number;
  const std::optional<int64_t> integer = to_int(given);
  const bool exact = integer && std::abs(static_cast<double>(*integer)) <= 0x1p53;
  return exact ? std::optional(static_cast<double>(*integer)) : std::nullopt;
}

std::optional<std::string> to_text(const Attribute& given) {
  const auto* text = std::get_if<std::string>(&given);
  return text != nullptr ? std::optional(*text) : std::nullopt;
}

template <typename T>
std::optional<Attribute> wrapped(std::optional<T> value) {
  return value ? std::optional<Attribute>(*std::move(value)) : std::nullopt;
}

// An int is a dtype by its ONNX number, which stays.
std::optional<Attribute> to_dtype(const Attribute& given) {
  if (std::holds_alternative<DType>(given) || std::holds_alternative<int64_t>(given)) return given;
  const auto* text = std::get_if<std::string>(&given);
  return text != nullptr ? wrapped(dtype_from_name(*text)) : std::nullopt;
}

// The elements of a list of any kind; a scalar is a list of one.
std::vector<Attribute> elements(const Attribute& given) {
  std::vector<Attribute> result;
  const auto append = [&](const auto* list) {
    if (list != nullptr) result.assign(list->begin(), list->end());
    return list != nullptr;
  };
  if (!append(std::get_if<std::vector<bool>>(&given)) && !append(std::get_if<std::vector<int64_t>>(&given)) &&
      !append(std::get_if<std::vector<double>>(&given)) && !append(std::get_if<std::vector<std::string>>(&given))) {
    result.push_back(given);
  }
  return result;
}

template <typename T>
std::optional<Attribute> to_list(const Attribute& given, std::optional<T> (*convert)(const Attribute&)) {
  std::vector<T> list;
  for (const Attribute& element : elements(given)) {
    const std::optional<T> converted = convert(element);
    if (!converted) return std::nullopt;
    list.push_back(*converted);
  }
  return list;
}

}  // namespace

std::optional<Attribute> widened(const Attribute& given, const Attribute& wanted) {
  if (std::holds_alternative<bool>(wanted)) return wrapped(to_bool(given));
  if (std::holds_alternative<int64_t>(wanted)) return wrapped(to_int(given));
  if (std::holds_alternative<double>(wanted)) return wrapped(to_float(given));
  if (std::holds_alternative<std::vector<bool>>(wanted)) return to_list<bool>(given, to_bool);
  if (std::holds_alternative<std::vector<int64_t>>(wanted)) return to_list<int64_t>(given, to_int);
  if (std::holds_alternative<std::vector<double>>(wanted)) return to_list<double>(given, to_float);
  if (std::holds_alternative<std::vector<std::string>>(wanted)) return to_list<std::string>(given, to_text);
  if (std::holds_alternative<DType>(wanted)) return to_dtype(given);
  return given.index() == wanted.index() ? std::optional(given) : std::nullopt;
}

}  // namespace tenon
