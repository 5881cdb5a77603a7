// SPDX-License-Identifier: Apache-2.0
#include "attribute.h"

#include "array.h"
#include "dtype.h"
#include "handles.h"

#include <fmt/core.h>
#include <nanobind/stl/string.h>

#include <type_traits>
#include <utility>

namespace nb = nanobind;

namespace tenon::python {
namespace {

template <typename T>
constexpr bool kIsList = false;
template <typename T>
constexpr bool kIsList<std::vector<T>> = true;

nb::object to_python(std::monostate) { return nb::none(); }
nb::object to_python(bool value) { return nb::bool_(value); }
nb::object to_python(int64_t value) { return nb::int_(value); }
nb::object to_python(double value) { return nb::float_(value); }
nb::object to_python(const std::string& value) { return text_to_python(value); }
nb::object to_python(DType value) { return nb::cast(value); }
nb::object to_python(const TensorType& value) { return nb::cast(value); }
nb::object to_python(const Tensor& value) { return array_of(value); }
nb::object to_python(const std::shared_ptr<const Graph>& value) { return nb::cast(GraphHandle(value->clone())); }
nb::object to_python(const std::shared_ptr<const FunctionRef>& value) { return nb::cast(*value); }

bool is_numpy(nb::handle source, const char* type) {
  return nb::isinstance(source, nb::module_::import_("numpy").attr(type));
}

// One value that is no list; monostate with `ok` false when it is of no kind that attributes have.
Attribute scalar_from_python(nb::handle source, const std::string& name, bool& ok) {
  ok = true;
  std::string text;
  DType dtype{};
  if (source.is_none()) return std::monostate{};
  if (nb::isinstance<bool>(source) || is_numpy(source, "bool")) return nb::cast<bool>(nb::bool_(source));
  if (nb::isinstance<DType>(source) && nb::try_cast(source, dtype)) return dtype;
  if (nb::isinstance<TensorType>(source)) return nb::cast<TensorType>(source);
  if (nb::isinstance<GraphHandle>(source))
    return std::make_shared<const Graph>(nb::cast<const GraphHandle&>(source).graph().clone());
  if (nb::isinstance<FunctionRef>(source)) return std::make_shared<const FunctionRef>(nb::cast<FunctionRef>(source));
  if (is_numpy(source, "dtype") || PyType_Check(source.ptr())) return DTypeLike{nb::borrow(source)}.resolve();
  if (nb::isinstance<nb::int_>(source) || is_numpy(source, "integer")) {
    const nb::object number = nb::steal(PyNumber_Index(source.ptr()));
    const long long value = PyLong_AsLongLong(number.ptr());
    if (value == -1 && PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      throw Error(ErrorCode::kInvalidArgument, fmt::format("the attribute '{}' is {}, which does not fit into 64 bits",
                                                           name, nb::repr(source).c_str()));
    }
    return static_cast<int64_t>(value);
  }
  if (nb::isinstance<nb::float_>(source) || is_numpy(source, "floating")) return nb::cast<double>(nb::float_(source));
  if (text_from_python(source, text)) return text;
  if (!nb::isinstance<nb::list>(source) && !nb::isinstance<nb::tuple>(source) &&
      (PyObject_CheckBuffer(source.ptr()) || nb::hasattr(source, "__dlpack__") || nb::hasattr(source, "__array__"))) {
    return tensor_from(source, {"the attribute", name});
  }
  ok = false;
  return {};
}

template <typename T>
std::vector<T> gather(std::vector<Attribute>& values) {
  std::vector<T> list;
  for (Attribute& value : values) list.push_back(std::get<T>(std::move(value)));
  return list;
}

Attribute list_of(std::vector<Attribute> values, nb::handle source, const std::string& name, const Attribute* like) {
  if (values.empty()) {
    Attribute empty = std::vector<int64_t>();
    if (like != nullptr) {
      std::visit(
          [&]<typename T>(const T&) {
            if constexpr (kIsList<T>) empty = T();
          },
          *like);
    }
    return empty;
  }
  bool any_float = like != nullptr && std::holds_alternative<std::vector<double>>(*like);
  bool all_numbers = true, all_same = true;
  for (const Attribute& value : values) {
    any_float = any_float || std::holds_alternative<double>(value);
    all_numbers = all_numbers && (std::holds_alternative<double>(value) || std::holds_alternative<int64_t>(value));
    all_same = all_same && value.index() == values[0].index();
  }
  if (all_numbers && any_float) {
    for (Attribute& value : values)
      if (const auto* number = std::get_if<int64_t>(&value)) value = static_cast<double>(*number);
    return gather<double>(values);
  }
  const auto refuse = [&](const char* why) -> Attribute {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the attribute '{}' is the list {}, but {}", name, nb::repr(source).c_str(), why));
  };
  if (!all_same) return refuse("the elements of a list must be of one kind");
  return std::visit(
      [&]<typename T>(const T&) -> Attribute {
        if constexpr (std::is_constructible_v<Attribute, std::vector<T>>)
          return gather<T>(values);
        else
          return refuse("lists of None are not possible");
      },
      values[0]);
}

}  // namespace

nb::object attribute_to_python(const Attribute& attribute) {
  return std::visit(
      []<typename T>(const T& value) -> nb::object {
        if constexpr (kIsList<T>) {
          nb::list list;
          for (const auto& element : value) list.append(to_python(element));
          return list;
        } else {
          return to_python(value);
        }
      },
      attribute);
}

Attribute attribute_from_python(nb::handle source, const std::string& name, const Attribute* like) {
  bool ok = false;
  Attribute value = scalar_from_python(source, name, ok);
  if (ok) {
    const auto* number = std::get_if<int64_t>(&value);
    if (number != nullptr && like != nullptr && std::holds_alternative<double>(*like))
      value = static_cast<double>(*number);
    return value;
  }
  if (nb::isinstance<nb::list>(source) || nb::isinstance<nb::tuple>(source)) {
    std::vector<Attribute> values;
    for (const nb::handle element : nb::borrow<nb::object>(source)) {
      values.push_back(scalar_from_python(element, name, ok));
      if (!ok) break;
    }
    if (ok || values.empty()) return list_of(std::move(values), source, name, like);
  }
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("the attribute '{}' cannot be {}; it must be None, a bool, int, float, str, bytes, DType, "
                          "TensorType, array, Graph or Function, or a list of one of them",
                          name, nb::repr(source).c_str()));
}

Attributes attributes_from_python(const nb::dict& source) {
  Attributes attributes;
  for (const auto [key, value] : source) {
    const auto name = nb::cast<std::string>(nb::str(key));
    attributes[name] = attribute_from_python(value, name);
  }
  return attributes;
}

nb::dict attributes_to_python(const Attributes& attributes) {
  nb::dict result;
  for (const auto& [name, value] : attributes) result[name.c_str()] = attribute_to_python(value);
  return result;
}

}  // namespace tenon::python
