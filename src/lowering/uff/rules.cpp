// SPDX-License-Identifier: Apache-2.0
#include "lowering/uff/rules.h"

#include "formats/uff/dialect.h"
#include "lowering/lower.h"
#include "lowering/lowering.h"
#include "lowering/tensorflow/rules.h"
#include "lowering/uff/inputs.h"
#include "lowering/uff/layers.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>

namespace tenon::lowering::uff {
namespace {

// Operations that have the inputs and attributes of a TensorFlow operator, and do what it does.
struct Equivalent {
  std::string_view op, tensorflow;
};

constexpr Equivalent kEquivalents[] = {
    {"Activation elu", "Elu"},
    {"Activation relu", "Relu"},
    {"Activation relu6", "Relu6"},
    {"Activation selu", "Selu"},
    {"Activation sigmoid", "Sigmoid"},
    {"Activation softplus", "Softplus"},
    {"Activation softsign", "Softsign"},
    {"Activation tanh", "Tanh"},
    {"Binary add", "Add"},
    {"Binary div", "RealDiv"},
    {"Binary max", "Maximum"},
    {"Binary min", "Minimum"},
    {"Binary mul", "Mul"},
    {"Binary pow", "Pow"},
    {"Binary sub", "Sub"},
    {"Identity", "Identity"},
    {"LeakyRelu", "LeakyRelu"},
    {"Pad", "Pad"},
    {"Shape", "Shape"},
    {"Stack", "Pack"},
    {"StridedSlice", "StridedSlice"},
    {"Unary abs", "Abs"},
    {"Unary acos", "Acos"},
    {"Unary acosh", "Acosh"},
    {"Unary asin", "Asin"},
    {"Unary asinh", "Asinh"},
    {"Unary atan", "Atan"},
    {"Unary atanh", "Atanh"},
    {"Unary ceil", "Ceil"},
    {"Unary cos", "Cos"},
    {"Unary cosh", "Cosh"},
    {"Unary exp", "Exp"},
    {"Unary floor", "Floor"},
    {"Unary log", "Log"},
    {"Unary neg", "Neg"},
    {"Unary rsqrt", "Rsqrt"},
    {"Unary sin", "Sin"},
    {"Unary sinh", "Sinh"},
    {"Unary sqrt", "Sqrt"},
    {"Unary square", "Square"},
    {"Unary tan", "Tan"},
};

using Table = std::unordered_map<std::string_view, const Rule*>;

const Table& table() {
  static const Table rules = [] {
    Table all;
    for (const auto family :
         {normalization_rules(), reduction_rules(), shaping_rules(), source_rules(), window_rules()})
      for (const Rule& rule : family) all.emplace(rule.op, &rule);
    for (const Equivalent& row : kEquivalents) all.emplace(row.op, tensorflow::find_rule(row.tensorflow));
    return all;
  }();
  return rules;
}

// The functions that an operation has rows for: "abs, acos, ..."; "" when it has no such field.
std::string functions_of(std::string_view op) {
  std::set<std::string_view> names;
  for (const auto& [key, rule] : table())
    if (key.size() > op.size() && key.starts_with(op) && key[op.size()] == ' ') names.insert(key.substr(op.size() + 1));
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

UnsupportedNode explain(const Node& node, const Graph&) {
  if (is_custom(node)) return explain_layer(node);
  const std::string functions = functions_of(node.op());
  const Attribute* given = node.attribute("func");
  if (functions.empty()) {
    return {node.name(), node.op(), "no rule turns this UFF operation into standard operators", map_option(node)};
  }
  return {node.name(), node.op(),
          fmt::format("its func is {}, but one of {} is required", given == nullptr ? "missing" : to_string(*given),
                      functions),
          fmt::format("map the node to a layer of yours: --map '{}=My{}()'", node.name(), node.op())};
}

constexpr Dialect kDialect{"Input", find_rule, explain};

// TensorFlow operators whose outputs an operation of one output cannot tell apart.
constexpr std::string_view kSeveralOutputs[] = {"IdentityN", "ShapeN", "Split", "SplitV", "TopK", "TopKV2", "Unpack"};

// The rule for "_Foo" where Foo is an operator of TensorFlow that the converter had no operation for, and wrote as it
// was.
const Rule* find_tensorflow_rule(const Node& node) {
  const std::string_view op = std::string_view(node.op()).substr(1);
  const bool is_typed = std::any_of(node.attributes().begin(), node.attributes().end(), [](const auto& field) {
    const std::string_view suffix = tenon::uff::field_suffix(field.second);
    return !suffix.empty() && field.first.ends_with(suffix);
  });
  const bool has_one_output =
      std::find(std::begin(kSeveralOutputs), std::end(kSeveralOutputs), op) == std::end(kSeveralOutputs);
  return has_one_output && !is_typed ? tensorflow::find_rule(op) : nullptr;
}

}  // namespace

const Rule* find_rule(const Node& node) {
  if (is_custom(node)) return find_tensorflow_rule(node);
  const Attribute* function = node.attribute("func");
  const auto* name = function == nullptr ? nullptr : std::get_if<std::string>(function);
  auto found = table().find(node.op());
  if (found == table().end() && name != nullptr) found = table().find(fmt::format("{} {}", node.op(), *name));
  return found == table().end() ? nullptr : found->second;
}

int64_t required_axis(const Rewrite& rewrite) {
  if (rewrite.node().attribute("axis") == nullptr)
    rewrite.fail("its field 'axis' is missing, but an integer is required");
  return rewrite.integer("axis", 0);
}

std::vector<int64_t> axes_field(const Rewrite& rewrite) {
  const Attribute* field = rewrite.node().attribute("axes");
  const bool is_single = field != nullptr && std::holds_alternative<int64_t>(*field);
  return is_single ? std::vector<int64_t>{rewrite.integer("axes", 0)} : rewrite.list("axes");
}

Graph lower(const Graph& graph, const CompileOptions& options) {
  Graph work = graph.clone();
  find_layers(work);
  work.set_outputs(computed_values(work, options.outputs));
  CompileOptions rest = options;
  rest.outputs.clear();
  const InputLayouts layouts = register_inputs(work, rest);
  const std::vector<size_t> images = images_to_turn(work, layouts);
  Graph result = Lowering(work, kDialect, rest).run();
  turn_outputs(result, images, layouts);
  return result;
}

}  // namespace tenon::lowering::uff
