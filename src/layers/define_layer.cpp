// SPDX-License-Identifier: Apache-2.0
#include <tenon/define_layer.h>

#include "layers/expression_layer.h"
#include "layers/function_layer.h"

#include <fmt/core.h>

#include <utility>

namespace tenon {
namespace {

const Attribute& field_of(const Attributes& values, std::string_view name) {
  const auto found = values.find(std::string(name));
  if (found != values.end()) return found->second;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("the layer declares no field '{}'", name));
}

[[noreturn]] void wrong_kind(std::string_view name, const Attribute& found, const char* required) {
  throw Error(ErrorCode::kInvalidArgument, fmt::format("the field '{}' is {}, {}, but is read as {}", name,
                                                       to_string(found), attribute_kind(found), required));
}

template <typename T>
const T& field_as(const Attributes& values, std::string_view name, const char* required) {
  const Attribute& found = field_of(values, name);
  const auto* value = std::get_if<T>(&found);
  if (value == nullptr) wrong_kind(name, found, required);
  return *value;
}

}  // namespace

Expr LayerFields::operator[](std::string_view name) const {
  const Attribute& found = field_of(*values_, name);
  if (const auto* value = std::get_if<double>(&found)) return *value;
  if (const auto* value = std::get_if<int64_t>(&found)) return *value;
  if (const auto* value = std::get_if<bool>(&found)) return *value;
  wrong_kind(name, found, "a number");
}

double LayerFields::number(std::string_view name) const {
  const Attribute& found = field_of(*values_, name);
  if (const auto* value = std::get_if<int64_t>(&found)) return static_cast<double>(*value);
  return field_as<double>(*values_, name, "a number");
}
int64_t LayerFields::integer(std::string_view name) const { return field_as<int64_t>(*values_, name, "an integer"); }
bool LayerFields::flag(std::string_view name) const { return field_as<bool>(*values_, name, "a bool"); }
const std::string& LayerFields::string(std::string_view name) const {
  return field_as<std::string>(*values_, name, "a string");
}
const std::vector<int64_t>& LayerFields::integers(std::string_view name) const {
  return field_as<std::vector<int64_t>>(*values_, name, "integers");
}
const std::vector<double>& LayerFields::numbers(std::string_view name) const {
  return field_as<std::vector<double>>(*values_, name, "numbers");
}

void define_layer(const LayerDefinition& definition, LayerFormulas formulas) {
  if (definition.elementwise) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("layer '{}': elementwise is what a function says of itself; formulas show it, so leave it out",
                    definition.name));
  }
  LayerInfo info = layer_info_of(definition, LayerKind::kExpression);
  std::vector<std::string> inputs = definition.inputs.empty() ? std::vector<std::string>{"x"} : definition.inputs;
  LayerRegistry::global().add_or_replace(std::make_shared<const ExpressionLayer>(std::move(info), std::move(inputs),
                                                                                 definition.fast, std::move(formulas)));
}

void define_layer(const LayerDefinition& definition, LayerFunctions functions) {
  LayerInfo info = layer_info_of(definition, LayerKind::kCallback);
  info.elementwise = definition.elementwise;
  LayerRegistry::global().add_or_replace(std::make_shared<const FunctionLayer>(std::move(info), std::move(functions)));
}

}  // namespace tenon
