// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/layer/host.h>
#include <tenon/plugin_abi.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

// Fields: from a member of the layer's class to a declaration, and from a value back to the member. Part of
// <tenon/layer.h>.
namespace tenon {

/// A field without a default: `Required<int> axis;`.
template <typename T>
class Required {
 public:
  Required() = default;
  Required(T value) : value_(std::move(value)) {}        // NOLINT(google-explicit-constructor): is a T
  operator const T&() const noexcept { return value_; }  // NOLINT(google-explicit-constructor)
  [[nodiscard]] const T& get() const noexcept { return value_; }

 private:
  T value_{};
};

namespace sdk TENON_SDK_HIDDEN {

template <typename T>
inline constexpr bool is_integer = std::is_integral_v<T> && !std::is_same_v<T, bool>;

template <typename T, typename Value>
T narrowed(Value value) {
  if constexpr (is_integer<T>) {
    const bool fits = std::is_signed_v<T> ? value >= static_cast<Value>(std::numeric_limits<T>::min()) &&
                                                value <= static_cast<Value>(std::numeric_limits<T>::max())
                                          : value >= 0 && static_cast<uint64_t>(value) <= std::numeric_limits<T>::max();
    if (!fits) throw LayerError("a field's value " + std::to_string(value) + " does not fit its type");
  }
  return static_cast<T>(value);
}

/// Memory for the elements of a default, which the declaration points into.
struct FieldStorage {
  std::vector<uint8_t> bools;
  std::vector<int64_t> ints;
  std::vector<double> floats;
  std::vector<tenon_string> strings;
};

inline tenon_value scalar_value(tenon_kind kind, int64_t integer, double number) {
  return {kind, 0, integer, number, nullptr, 0};
}
template <typename T>
tenon_value list_value(tenon_kind kind, const std::vector<T>& list) {
  return {kind, 0, 0, 0, list.data(), list.size()};
}

/// How a type is declared (`value`) and set (`read`). `value` may point into `member`, which outlives the declaration.
template <typename T, typename = void>
struct Field {
  static_assert(
      !std::is_same_v<T, T>,
      "TENON_FIELDS: a field is a bool, integer, float, double, std::string, or a std::vector of one of these");
};
template <>
struct Field<bool> {
  static tenon_value value(bool member, FieldStorage&) { return scalar_value(TENON_KIND_BOOL, member ? 1 : 0, 0); }
  static void read(const tenon_value& value, bool& member) { member = value.integer != 0; }
};
template <typename T>
struct Field<T, std::enable_if_t<is_integer<T>>> {
  static tenon_value value(T member, FieldStorage&) {
    return scalar_value(TENON_KIND_INT, static_cast<int64_t>(member), 0);
  }
  static void read(const tenon_value& value, T& member) { member = narrowed<T>(value.integer); }
};
template <typename T>
struct Field<T, std::enable_if_t<std::is_floating_point_v<T>>> {
  static tenon_value value(T member, FieldStorage&) {
    return scalar_value(TENON_KIND_FLOAT, 0, static_cast<double>(member));
  }
  static void read(const tenon_value& value, T& member) { member = static_cast<T>(value.number); }
};
template <>
struct Field<std::string> {
  static tenon_value value(const std::string& member, FieldStorage&) {
    return {TENON_KIND_STRING, 0, 0, 0, member.data(), member.size()};
  }
  static void read(const tenon_value& value, std::string& member) {
    member.assign(static_cast<const char*>(value.data), value.size);
  }
};
template <typename T>
struct Field<std::vector<T>> {
  static tenon_value value(const std::vector<T>& member, FieldStorage& storage) {
    if constexpr (std::is_same_v<T, bool>) {
      storage.bools.assign(member.begin(), member.end());
      return list_value(TENON_KIND_BOOLS, storage.bools);
    } else if constexpr (is_integer<T>) {
      storage.ints.assign(member.begin(), member.end());
      return list_value(TENON_KIND_INTS, storage.ints);
    } else if constexpr (std::is_floating_point_v<T>) {
      storage.floats.assign(member.begin(), member.end());
      return list_value(TENON_KIND_FLOATS, storage.floats);
    } else {
      static_assert(std::is_same_v<T, std::string>, "TENON_FIELDS: a vector of bool, integers, floats or std::string");
      for (const std::string& text : member) storage.strings.push_back({text.data(), text.size()});
      return list_value(TENON_KIND_STRINGS, storage.strings);
    }
  }
  static void read(const tenon_value& value, std::vector<T>& member) {
    member.clear();
    for (size_t i = 0; i < value.size; ++i) {
      if constexpr (std::is_same_v<T, bool>) {
        member.push_back(static_cast<const uint8_t*>(value.data)[i] != 0);
      } else if constexpr (is_integer<T>) {
        member.push_back(narrowed<T>(static_cast<const int64_t*>(value.data)[i]));
      } else if constexpr (std::is_floating_point_v<T>) {
        member.push_back(static_cast<T>(static_cast<const double*>(value.data)[i]));
      } else {
        const tenon_string& text = static_cast<const tenon_string*>(value.data)[i];
        member.emplace_back(text.data, text.size);
      }
    }
  }
};
template <typename T>
struct Field<Required<T>> {
  static tenon_value value(const Required<T>& member, FieldStorage& storage) {
    return Field<T>::value(member.get(), storage);
  }
  static void read(const tenon_value& value, Required<T>& member) {
    T read{};
    Field<T>::read(value, read);
    member = Required<T>(std::move(read));
  }
};

template <typename T>
inline constexpr bool is_required = false;
template <typename T>
inline constexpr bool is_required<Required<T>> = true;

template <typename L, typename = void>
inline constexpr bool has_fields = false;
template <typename L>
inline constexpr bool has_fields<L, std::void_t<decltype(std::declval<L&>().tenon_fields())>> = true;

/// The names in the text of a macro's arguments: "lo, hi" and "Clip, acme::Other" (the part after the last "::").
inline std::vector<std::string_view> split_names(std::string_view text) {
  std::vector<std::string_view> names;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string_view name = text.substr(0, comma);
    if (const size_t colons = name.rfind("::"); colons != name.npos) name.remove_prefix(colons + 2);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    names.push_back(name);
    text = comma == text.npos ? std::string_view() : text.substr(comma + 1);
  }
  return names;
}

/// Sets the members from values in the order of declaration.
template <typename L>
void read_fields(L& layer, const tenon_value* values, size_t count) {
  if constexpr (has_fields<L>) {
    std::apply(
        [&](auto&... members) {
          if (count != sizeof...(members)) throw std::runtime_error("the wrong number of field values came from Tenon");
          size_t next = 0;
          (Field<std::remove_reference_t<decltype(members)>>::read(values[next++], members), ...);
        },
        layer.tenon_fields());
  }
}

}  // namespace sdk TENON_SDK_HIDDEN
}  // namespace tenon
