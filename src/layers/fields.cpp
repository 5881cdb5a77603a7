// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/near_names.h"
#include "graph/widen.h"
#include "layers/layer_type.h"

namespace tenon {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

Attributes check_fields(const LayerInfo& info, const Attributes& given, const std::string& node_name) {
  const std::string where = fmt::format("{} '{}'", info.name, node_name);
  std::vector<std::string> names;
  for (const FieldSpec& field : info.fields) names.push_back(field.name);
  Attributes result;
  for (const auto& [name, value] : given) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("{}: the field '{}' was given, but the layer {}{}", where, name,
                              names.empty() ? std::string("has no fields") : "has only " + listed(names),
                              did_you_mean(name, names)));
    }
  }
  for (const FieldSpec& field : info.fields) {
    const auto found = given.find(field.name);
    if (found == given.end()) {
      if (field.required) {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("{}: the field '{}' ({}) is missing, but it has no default; write {}({}=...)", where,
                                field.name, attribute_kind(field.fallback), info.name, field.name));
      }
      result.emplace(field.name, field.fallback);
      continue;
    }
    std::optional<Attribute> value = widened(found->second, field.fallback);
    if (!value) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("{}: the field '{}' is {} ({}), but must be of kind {}", where, field.name,
                              to_string(found->second), attribute_kind(found->second), attribute_kind(field.fallback)));
    }
    result.emplace(field.name, *std::move(value));
  }
  return result;
}

}  // namespace tenon
