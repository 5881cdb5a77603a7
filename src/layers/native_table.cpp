// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <tenon/version.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <set>
#include <string_view>

#include "layers/native_host.h"
#include "layers/native_layer.h"

namespace tenon {
namespace {

// The tables of version 1 end here; a plugin's table is never shorter.
constexpr size_t kFieldSizeV1 = offsetof(tenon_field, fallback) + sizeof(tenon_value);
constexpr size_t kLayerSizeV1 = offsetof(tenon_layer, run_cuda) + sizeof(void*);
constexpr size_t kPluginSizeV1 = offsetof(tenon_plugin, layer_count) + sizeof(size_t);

// Bounds that no sensible plugin meets; they keep a wrong table from being followed for long.
constexpr size_t kMaxLayers = 10000, kMaxFields = 1000;
constexpr int32_t kMaxOutputs = 1000;

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, fmt::format("{}: {}", where, what));
}

// The part of a table that both sides know; the rest is zero.
template <typename Table>
Table read_table(const Table* table, size_t least, const std::string& where) {
  if (table == nullptr) fail(where, "a table is missing (null)");
  if (table->struct_size < least) {
    fail(where, fmt::format("a table has {} bytes but needs {}", table->struct_size, least));
  }
  Table known{};
  std::memcpy(&known, table, std::min<size_t>(table->struct_size, sizeof(Table)));
  return known;
}

std::string text_of(const tenon_string& text, const std::string& where) {
  if (text.data == nullptr && text.size > 0) fail(where, "a text is missing (null)");
  return text.size == 0 ? std::string() : std::string(text.data, text.size);
}

// Names are typed on command lines: `--map 'ReLU6=acme::Clip(lo=0)'`.
void require_name(const std::string& name, const char* what, const std::string& where) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), fits)) {
    fail(where, fmt::format("'{}' cannot be a {}: letters, digits, '_', '.' and '-' can", name, what));
  }
}

template <typename From, typename To>
std::vector<To> list_of(const tenon_value& value) {
  const auto* data = static_cast<const From*>(value.data);
  return value.size == 0 ? std::vector<To>() : std::vector<To>(data, data + value.size);
}

Attribute attribute_of(const tenon_value& value, const std::string& where) {
  if (value.kind > TENON_KIND_FLOAT && value.data == nullptr && value.size > 0)
    fail(where, "its default is missing (null)");
  switch (value.kind) {
    case TENON_KIND_BOOL:
      return value.integer != 0;
    case TENON_KIND_INT:
      return value.integer;
    case TENON_KIND_FLOAT:
      return value.number;
    case TENON_KIND_STRING:
      return text_of({static_cast<const char*>(value.data), value.size}, where);
    case TENON_KIND_BOOLS:
      return list_of<uint8_t, bool>(value);
    case TENON_KIND_INTS:
      return list_of<int64_t, int64_t>(value);
    case TENON_KIND_FLOATS:
      return list_of<double, double>(value);
    case TENON_KIND_STRINGS: {
      std::vector<std::string> texts;
      for (size_t i = 0; i < value.size; ++i) {
        texts.push_back(text_of(static_cast<const tenon_string*>(value.data)[i], where));
      }
      return texts;
    }
    default:
      fail(where, fmt::format("its kind {} does not exist", value.kind));
  }
}

std::vector<FieldSpec> read_fields(const tenon_layer& layer, const std::string& where) {
  if (layer.field_count > kMaxFields || (layer.field_count > 0 && layer.fields == nullptr)) {
    fail(where, fmt::format("its list of {} fields is missing or too long", layer.field_count));
  }
  std::vector<FieldSpec> fields;
  std::set<std::string> names;
  for (size_t i = 0; i < layer.field_count; ++i) {
    const tenon_field field = read_table(layer.fields[i], kFieldSizeV1, where);
    FieldSpec spec;
    spec.name = text_of(field.name, where);
    require_name(spec.name, "field's name", where);
    if (spec.name.starts_with("__")) fail(where, fmt::format("the field '{}' must not begin with '__'", spec.name));
    if (!names.insert(spec.name).second) fail(where, fmt::format("the field '{}' is declared twice", spec.name));
    const std::string field_where = fmt::format("{}, field '{}'", where, spec.name);
    if ((field.flags & ~static_cast<uint32_t>(TENON_FIELD_REQUIRED)) != 0) {
      fail(field_where, fmt::format("its flags {:#x} are not known", field.flags));
    }
    spec.required = (field.flags & TENON_FIELD_REQUIRED) != 0;
    spec.doc = text_of(field.doc, field_where);
    spec.fallback = attribute_of(field.fallback, field_where);
    fields.push_back(std::move(spec));
  }
  return fields;
}

}  // namespace

NativeTable read_native_table(const tenon_layer* table, const std::string& origin) {
  const std::string plugin = fmt::format("the plugin {}", origin);
  NativeTable result;
  tenon_layer& layer = result.layer;
  layer = read_table(table, kLayerSizeV1, plugin);
  LayerInfo& info = result.info;
  info.name = text_of(layer.name, plugin);
  require_name(info.name, "layer's name", plugin);
  const std::string where = fmt::format("{}, layer '{}'", plugin, info.name);
  if (std::string domain = text_of(layer.domain, where); !domain.empty()) info.domain = std::move(domain);
  require_name(info.domain, "layer's namespace", where);
  info.doc = text_of(layer.doc, where);
  info.origin = origin;
  info.version = layer.version;
  info.min_inputs = layer.min_inputs;
  info.max_inputs = layer.max_inputs;
  info.outputs = layer.output_count;
  info.elementwise = (layer.flags & TENON_LAYER_ELEMENTWISE) != 0;
  info.data_dependent = (layer.flags & TENON_LAYER_DATA_DEPENDENT) != 0;
  info.has_cpu = layer.run != nullptr;
  info.has_cuda = layer.run_cuda != nullptr;
  info.fields = read_fields(layer, where);
  constexpr uint32_t kKnownFlags = TENON_LAYER_ELEMENTWISE | TENON_LAYER_DATA_DEPENDENT;
  if ((layer.flags & ~kKnownFlags) != 0) fail(where, fmt::format("its flags {:#x} are not known", layer.flags));
  if (info.version < 1) fail(where, fmt::format("its version is {}; versions begin at 1", info.version));
  if (info.min_inputs < 0 || info.max_inputs < -1 || (info.max_inputs >= 0 && info.max_inputs < info.min_inputs)) {
    fail(where, fmt::format("it cannot have {} to {} inputs", info.min_inputs, info.max_inputs));
  }
  if (info.outputs < 1 || info.outputs > kMaxOutputs) {
    fail(where, fmt::format("it has {} outputs; 1 to {} are possible", info.outputs, kMaxOutputs));
  }
  if (layer.create == nullptr || layer.destroy == nullptr) fail(where, "create and destroy must not be null");
  if (!info.has_cpu && !info.has_cuda) fail(where, "run and run_cuda are both null");
  if ((layer.prepare == nullptr) != (layer.release == nullptr)) fail(where, "prepare and release go together");
  if (layer.infer == nullptr && (info.min_inputs < 1 || info.data_dependent)) {
    fail(where, "infer must not be null: the outputs cannot be like input 0");
  }
  if (info.elementwise && (info.data_dependent || info.min_inputs < 1)) {
    fail(where, "an element-wise layer's outputs are like its input 0");
  }
  return result;
}

std::vector<std::shared_ptr<const LayerType>> read_plugin(const tenon_plugin* plugin, const std::string& origin) {
  const std::string where = fmt::format("the plugin {}", origin);
  if (plugin == nullptr) {
    const std::string text = take_report();
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{} refuses this Tenon, which speaks the plugin ABI versions {} to {}: {}", where,
                            TENON_ABI_OLDEST_VERSION, TENON_ABI_VERSION, text.empty() ? "it gave no reason" : text));
  }
  if (plugin->abi_version < TENON_ABI_OLDEST_VERSION || plugin->abi_version > TENON_ABI_VERSION) {
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format("{} was built for version {} of the plugin ABI, but this Tenon ({}) speaks versions {} to {}; "
                    "build the plugin with this Tenon's headers, or use {} Tenon",
                    where, plugin->abi_version, TENON_VERSION_STRING, TENON_ABI_OLDEST_VERSION, TENON_ABI_VERSION,
                    plugin->abi_version > TENON_ABI_VERSION ? "a newer" : "an older"));
  }
  const tenon_plugin known = read_table(plugin, kPluginSizeV1, where);
  if (known.layer_count < 1 || known.layer_count > kMaxLayers || known.layers == nullptr) {
    fail(where, fmt::format("its list of {} layers is empty, missing or too long", known.layer_count));
  }
  std::vector<std::shared_ptr<const LayerType>> layers;
  for (size_t i = 0; i < known.layer_count; ++i) {
    layers.push_back(make_native_layer(read_native_table(known.layers[i], origin)));
  }
  return layers;
}

}  // namespace tenon
