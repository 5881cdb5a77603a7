// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include "base/files.h"
#include "base/near_names.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

// Reads from JSON which node stands for each namespace.
namespace tenon {
namespace {

using Json = nlohmann::json;

[[noreturn]] void fail(const std::string& message) { throw Error(ErrorCode::kInvalidArgument, message); }

const std::string& text_of(const Json& value, const char* what) {
  if (!value.is_string()) fail(fmt::format("{} is {} but a string is required", what, value.type_name()));
  return value.get_ref<const std::string&>();
}

template <typename T>
std::vector<T> items_of(const Json& list) {
  std::vector<T> items;
  for (const Json& item : list) items.push_back(item.get<T>());
  return items;
}

// Integers that 64 bits hold; others are read as floats.
bool is_integer(const Json& value) {
  return value.is_number_integer() &&
         (!value.is_number_unsigned() || value.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()});
}

// A list of one kind; integers among floats become floats.
Attribute field_of(const Json& value, const std::string& name) {
  const auto all = [&](auto&& is) { return std::all_of(value.begin(), value.end(), is); };
  if (value.is_boolean()) return value.get<bool>();
  if (is_integer(value)) return value.get<int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    if (all(is_integer)) return items_of<int64_t>(value);
    if (all([](const Json& item) { return item.is_number(); })) return items_of<double>(value);
    if (all([](const Json& item) { return item.is_string(); })) return items_of<std::string>(value);
    if (all([](const Json& item) { return item.is_boolean(); })) return items_of<bool>(value);
  }
  fail(fmt::format("the field '{}' must be a number, string, true, false, or a list of one of these", name));
}

NodeSpec node_of(const Json& value) {
  if (value.is_string()) return {.layer = parse_layer(value.get<std::string>())};
  if (!value.is_object())
    fail("a layer is required, as in \"Clip(hi=6)\" or {\"layer\": \"Clip\", \"fields\": {\"hi\": 6}}");
  const auto text = value.find("layer");
  if (text == value.end()) fail("the key 'layer' is required");
  NodeSpec spec{.layer = parse_layer(text_of(*text, "'layer'"))};
  for (const auto& [key, part] : value.items()) {
    if (key == "layer") continue;
    if (key == "fields") {
      if (!part.is_object()) fail(fmt::format("'fields' is {} but an object is required", part.type_name()));
      for (const auto& [name, field] : part.items()) spec.layer.fields.insert_or_assign(name, field_of(field, name));
    } else if (key == "name") {
      spec.name = text_of(part, "'name'");
    } else if (key == "inputs") {
      if (!part.is_array()) fail(fmt::format("'inputs' is {} but a list of names is required", part.type_name()));
      for (const Json& input : part) spec.inputs.push_back(text_of(input, "one of 'inputs'"));
    } else {
      const std::vector<std::string> known = {"layer", "fields", "name", "inputs"};
      fail(fmt::format("there is no key '{}'{}", key, did_you_mean(key, known)));
    }
  }
  return spec;
}

}  // namespace

NamespaceMap parse_namespace_map(std::string_view json) {
  Json document;
  try {
    document = Json::parse(json);
  } catch (const Json::exception& error) {
    fail(fmt::format("a map of namespaces must be JSON: {}", error.what()));
  }
  if (!document.is_object()) fail("a map of namespaces must be a JSON object, as in {\"scope\": \"Layer(field=1)\"}");
  NamespaceMap map;
  for (const auto& entry : document.items()) {
    with_context([&] { map.emplace(entry.key(), node_of(entry.value())); },
                 [&] { return fmt::format("in the map of namespaces, at '{}'", entry.key()); });
  }
  return map;
}

NamespaceMap load_namespace_map(const std::string& path) {
  const auto file = MappedFile::open(path);
  const Bytes bytes = file->bytes();
  return with_context([&] { return parse_namespace_map({reinterpret_cast<const char*>(bytes.data()), bytes.size()}); },
                      [&] { return fmt::format("while reading '{}'", path); });
}

}  // namespace tenon
