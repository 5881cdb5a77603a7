// SPDX-License-Identifier: Apache-2.0
#include <tenon/graph.h>

#include <fmt/core.h>

#include <bit>
#include <cstdint>

namespace tenon {
namespace {

constexpr std::string_view kKinds[] = {"none",   "bool",  "int",      "float",  "string",   "dtype",  "type",
                                       "tensor", "graph", "function", "bools",  "ints",     "floats", "strings",
                                       "dtypes", "types", "tensors",  "graphs", "functions"};
static_assert(std::size(kKinds) == std::variant_size_v<Attribute>);

std::string text_of(std::monostate) { return "none"; }
std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(int64_t value) { return std::to_string(value); }
std::string text_of(double value) { return fmt::format("{}", value); }
std::string text_of(DType value) { return std::string(dtype_name(value)); }
std::string text_of(const TensorType& value) { return to_string(value); }

// Quoted, with everything that is not printable ASCII as \xNN.
std::string text_of(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text + '"';
}

std::string text_of(const Tensor& value) {
  constexpr int64_t kMostShown = 8;
  std::string text = std::string(dtype_name(value.dtype())) + to_string(value.dims());
  if (value.dtype() == DType::kInt32 || value.dtype() == DType::kInt64 || value.dtype() == DType::kFloat32) {
    if (value.count() > kMostShown) return text;
    text += " {";
    for (int64_t i = 0; i < value.count(); ++i) {
      if (i > 0) text += ", ";
      const auto index = static_cast<size_t>(i);
      text += value.dtype() == DType::kInt32   ? fmt::format("{}", value.values<int32_t>()[index])
              : value.dtype() == DType::kInt64 ? fmt::format("{}", value.values<int64_t>()[index])
                                               : fmt::format("{}", value.values<float>()[index]);
    }
    text += '}';
  }
  return text;
}

std::string text_of(const std::shared_ptr<const Graph>& value) {
  return value ? fmt::format("graph of {} nodes", value->node_count()) : "no graph";
}

std::string text_of(const std::shared_ptr<const FunctionRef>& value) {
  if (!value) return "no function";
  std::string arguments;
  for (const auto& [name, argument] : value->attributes)
    arguments += fmt::format("{}{}={}", arguments.empty() ? "" : ", ", name, to_string(argument));
  return fmt::format("@{}{}", value->name, arguments.empty() ? "" : "{" + arguments + "}");
}

template <typename T>
std::string text_of(const std::vector<T>& values) {
  std::string text = "[";
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += ", ";
    text += text_of(static_cast<const T&>(values[i]));
    constexpr size_t kLongestText = 4096;  // The caller cuts it further; this bounds the work for lists from files.
    if (text.size() > kLongestText) return text + ", ...";
  }
  return text + "]";
}

// Doubles by their bits, so that NaN equals itself and -0 differs from 0.
bool same(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }
bool same(const Tensor& a, const Tensor& b) { return identical(a, b); }
bool same(const std::shared_ptr<const Graph>& a, const std::shared_ptr<const Graph>& b) {
  return a == b || (a && b && identical(*a, *b));
}
bool same(const std::shared_ptr<const FunctionRef>& a, const std::shared_ptr<const FunctionRef>& b) {
  if (a == b) return true;
  if (!a || !b || a->name != b->name || a->attributes.size() != b->attributes.size()) return false;
  for (auto x = a->attributes.begin(), y = b->attributes.begin(); x != a->attributes.end(); ++x, ++y)
    if (x->first != y->first || !identical(x->second, y->second)) return false;
  return true;
}
template <typename T>
bool same(const T& a, const T& b) {
  return a == b;
}
template <typename T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!same(static_cast<const T&>(a[i]), static_cast<const T&>(b[i]))) return false;
  return true;
}

}  // namespace

std::string_view attribute_kind(const Attribute& attribute) noexcept { return kKinds[attribute.index()]; }

std::string to_string(const Attribute& attribute, size_t limit) {
  std::string text = std::visit([](const auto& value) { return text_of(value); }, attribute);
  if (text.size() > limit) text = text.substr(0, limit) + "...";
  return text;
}

bool identical(const Attribute& a, const Attribute& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::monostate>)
          return true;
        else
          return same(value, std::get<T>(b));
      },
      a);
}

}  // namespace tenon
