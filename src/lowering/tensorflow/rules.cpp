// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/rules.h"

#include "lowering/lower.h"
#include "lowering/lowering.h"
#include "lowering/tensorflow/obstacles.h"

#include <unordered_map>

namespace tenon::lowering::tensorflow {
namespace {

UnsupportedNode explain(const Node& node, const Graph& graph) {
  return obstacle(node, graph)
      .value_or(UnsupportedNode{node.name(), node.op(), "no rule turns this TensorFlow operator into standard ones",
                                map_option(node)});
}

constexpr Dialect kDialect{"Placeholder", [](const Node& node) { return find_rule(node.op()); }, explain};

}  // namespace

const Rule* find_rule(std::string_view op) {
  static const std::unordered_map<std::string_view, const Rule*> rules = [] {
    std::unordered_map<std::string_view, const Rule*> table;
    for (const auto family : {convolution_rules(), joining_rules(), matmul_rules(), normalization_rules(),
                              padding_rules(), pointwise_rules(), pooling_rules(), reduction_rules(), reshaping_rules(),
                              resizing_rules(), slicing_rules(), source_rules()})
      for (const Rule& rule : family) table.emplace(rule.op, &rule);
    return table;
  }();
  const auto found = rules.find(op);
  return found == rules.end() ? nullptr : found->second;
}

Graph lower(const Graph& graph, const CompileOptions& options) { return Lowering(graph, kDialect, options).run(); }

}  // namespace tenon::lowering::tensorflow
