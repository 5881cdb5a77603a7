// SPDX-License-Identifier: Apache-2.0
#include "formats/uff/dialect.h"

#include <array>
#include <utility>

namespace tenon::uff {
namespace {

// "N+C" in canonical indices: batch and output channels are 0, (input) channels 1; '+' is the run of spatial axes.
// Activations have N, weights have K.
Order order_named(std::string_view name) {
  Order order;
  for (const char role : name) {
    switch (role) {
      case 'C':
        order.push_back(1);
        break;
      case '+':
        order.insert(order.end(), {2, kIncrement});
        break;
      default:  // N, K
        order.push_back(0);
    }
  }
  return order;
}

// The order for any rank of a DimensionOrders; null if it has none.
const Order* any_rank(const Attribute& orders) noexcept {
  const FunctionRef* function = function_named(orders, kOrders);
  if (function == nullptr) return nullptr;
  const auto found = function->attributes.find("-1");
  return found == function->attributes.end() ? nullptr : std::get_if<Order>(&found->second);
}

struct Suffix {
  std::string_view text;
  size_t kind;  // Index of the Attribute's alternative.
};

const std::array<Suffix, 6>& suffixes() {
  static const std::array<Suffix, 6> table = {{{"_u_bool", Attribute(false).index()},
                                               {"_u_int", Attribute(int64_t{0}).index()},
                                               {"_u_float", Attribute(0.0).index()},
                                               {"_u_flist", Attribute(std::vector<double>()).index()},
                                               {"_u_ilist", Attribute(std::vector<int64_t>()).index()},
                                               {"_u_str", Attribute(std::string()).index()}}};
  return table;
}

// The suffix that a field's name ends with; null when there is none, or nothing before it.
const Suffix* suffix_of(std::string_view name) {
  for (const Suffix& suffix : suffixes())
    if (name.ends_with(suffix.text) && name.size() > suffix.text.size()) return &suffix;
  return nullptr;
}

// What Python 3 made of bytes, b'text', is text.
std::string without_python_quotes(const std::string& text) {
  const size_t size = text.size();
  const bool quoted = size >= 3 && text[0] == 'b' && (text[1] == '\'' || text[1] == '"') && text[size - 1] == text[1];
  return quoted ? text.substr(2, size - 3) : text;
}

}  // namespace

const FunctionRef* function_named(const Attribute& attribute, std::string_view name) noexcept {
  const auto* function = std::get_if<Function>(&attribute);
  return function != nullptr && *function != nullptr && (*function)->name == name ? function->get() : nullptr;
}

Function make_function(std::string_view name, Attributes attributes) {
  return std::make_shared<const FunctionRef>(FunctionRef{std::string(name), std::move(attributes)});
}

Attribute make_ref(std::string key, Attribute data) {
  return make_function(kRef, {{"key", std::move(key)}, {"value", std::move(data)}});
}

const Attribute* resolve(const Attribute& attribute) noexcept {
  const FunctionRef* ref = function_named(attribute, kRef);
  if (ref == nullptr) return &attribute;
  const auto found = ref->attributes.find("value");
  return found == ref->attributes.end() ? nullptr : &found->second;
}

bool is_left_out(const Tensor& blob) {
  if (blob.dtype() != DType::kUInt8) return false;
  const std::string_view text(static_cast<const char*>(blob.data()), static_cast<size_t>(blob.count()));
  return text.starts_with("(...") && text.ends_with("...)");
}

Attribute make_orders(std::span<const std::string_view> names) {
  std::string key = "orders";
  std::vector<Function> list;
  for (const std::string_view name : names) {
    key.append("_").append(name);
    list.push_back(make_function(kOrders, {{"-1", order_named(name)}}));
  }
  return make_ref(std::move(key), make_function(kOrdersList, {{"orders", std::move(list)}}));
}

std::optional<std::vector<Order>> orders_of(const Attribute& attribute) {
  const Attribute* data = resolve(attribute);
  if (data == nullptr) return std::nullopt;
  if (const Order* single = any_rank(*data)) return std::vector<Order>{*single};
  const FunctionRef* function = function_named(*data, kOrdersList);
  if (function == nullptr) return std::nullopt;
  const auto found = function->attributes.find("orders");
  const auto* list = found == function->attributes.end() ? nullptr : std::get_if<std::vector<Function>>(&found->second);
  if (list == nullptr) return std::nullopt;
  std::vector<Order> orders;
  for (const auto& entry : *list) {
    const Order* order = any_rank(entry);
    if (order == nullptr) return std::nullopt;
    orders.push_back(*order);
  }
  return orders;
}

std::string_view field_suffix(const Attribute& attribute) noexcept {
  for (const Suffix& suffix : suffixes())
    if (suffix.kind == attribute.index()) return suffix.text;
  return "";
}

Attributes layer_fields(const Attributes& custom) {
  Attributes plain, suffixed;
  for (const auto& [given, value] : custom) {
    const std::string& name = given;  // clang 14 captures no structured bindings
    if (name.starts_with("node.")) continue;
    const auto* text = std::get_if<std::string>(&value);
    Attribute field = text == nullptr ? value : Attribute(without_python_quotes(*text));
    const Suffix* suffix = suffix_of(name);
    if (suffix == nullptr)
      plain.insert_or_assign(name, std::move(field));
    else
      suffixed.insert_or_assign(name.substr(0, name.size() - suffix->text.size()), std::move(field));
  }
  return suffixed.empty() ? plain : suffixed;
}

}  // namespace tenon::uff
