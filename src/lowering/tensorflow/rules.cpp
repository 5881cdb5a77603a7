// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/rules.h"

#include "lowering/lower.h"
#include "lowering/lowering.h"

#include <algorithm>
#include <unordered_map>

namespace tenon::lowering::tensorflow {
namespace {

constexpr std::string_view kFreeze =
    "freeze the graph: tf.compat.v1.graph_util.convert_variables_to_constants makes constants of variables";
constexpr std::string_view kUnroll =
    "freeze the graph with a fixed condition (Keras: training=False), so that TensorFlow removes it";

// Why an operator without a rule cannot be lowered, and what to do about it, where there is more to say than that it
// is not known.
struct Obstacle {
  std::string_view op, reason, remedy;
};

constexpr Obstacle kObstacles[] = {
    {"Enter", "it is control flow (a loop), which is not compiled", ""},
    {"Exit", "it is control flow (a loop), which is not compiled", ""},
    {"If", "it is control flow, which is not compiled", kUnroll},
    {"IteratorGetNext", "it reads a data set", "cut the graph behind it: `tenon surgery --extract`"},
    {"LoopCond", "it is control flow (a loop), which is not compiled", ""},
    {"Merge", "it is control flow, which is not compiled", kUnroll},
    {"NextIteration", "it is control flow (a loop), which is not compiled", ""},
    {"PartitionedCall", "it calls a function of the graph's library, which is not inlined",
     "freeze the graph with convert_variables_to_constants_v2, which inlines functions"},
    {"ReadVariableOp", "it reads a variable, so the graph is not frozen", kFreeze},
    {"StatefulPartitionedCall", "it calls a function of the graph's library, which is not inlined",
     "freeze the graph with convert_variables_to_constants_v2, which inlines functions"},
    {"StatelessIf", "it is control flow, which is not compiled", kUnroll},
    {"StatelessWhile", "it is control flow (a loop), which is not compiled", ""},
    {"Switch", "it is control flow, which is not compiled", kUnroll},
    {"VarHandleOp", "it is a variable, so the graph is not frozen", kFreeze},
    {"Variable", "it is a variable, so the graph is not frozen", kFreeze},
    {"VariableV2", "it is a variable, so the graph is not frozen", kFreeze},
    {"While", "it is control flow (a loop), which is not compiled", ""},
};

UnsupportedNode explain(const Node& node, const Graph& graph) {
  for (const Obstacle& obstacle : kObstacles) {
    if (obstacle.op != node.op()) continue;
    return {node.name(), node.op(), std::string(obstacle.reason),
            obstacle.remedy.empty() ? map_option(node) : std::string(obstacle.remedy)};
  }
  const auto functions = graph.properties().find("functions");
  const auto* names =
      functions == graph.properties().end() ? nullptr : std::get_if<std::vector<std::string>>(&functions->second);
  const bool is_function = names != nullptr && std::find(names->begin(), names->end(), node.op()) != names->end();
  return {node.name(), node.op(),
          is_function ? "it calls a function of the graph's library, which is not inlined"
                      : "no rule turns this TensorFlow operator into standard ones",
          map_option(node)};
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
