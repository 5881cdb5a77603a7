// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/obstacles.h"

#include "lowering/rewrite.h"

#include <algorithm>

namespace tenon::lowering::tensorflow {
namespace {

constexpr std::string_view kFreeze =
    "freeze the graph: tf.compat.v1.graph_util.convert_variables_to_constants makes constants of variables";
constexpr std::string_view kUnroll =
    "freeze the graph with a fixed condition (Keras: training=False), so that TensorFlow removes it";

struct Obstacle {
  std::string_view op, reason, remedy;
};

constexpr Obstacle kObstacles[] = {
    {"Enter", "it is control flow (a loop)", ""},
    {"Exit", "it is control flow (a loop)", ""},
    {"If", "it is control flow", kUnroll},
    {"IteratorGetNext", "it reads a data set", "cut the graph behind it: `tenon surgery --extract`"},
    {"LoopCond", "it is control flow (a loop)", ""},
    {"Merge", "it is control flow", kUnroll},
    {"NextIteration", "it is control flow (a loop)", ""},
    {"PartitionedCall", "it calls a function of the graph's library, which is not inlined",
     "freeze the graph with convert_variables_to_constants_v2, which inlines functions"},
    {"ReadVariableOp", "it reads a variable, so the graph is not frozen", kFreeze},
    {"StatefulPartitionedCall", "it calls a function of the graph's library, which is not inlined",
     "freeze the graph with convert_variables_to_constants_v2, which inlines functions"},
    {"StatelessIf", "it is control flow", kUnroll},
    {"StatelessWhile", "it is control flow (a loop)", ""},
    {"Switch", "it is control flow", kUnroll},
    {"VarHandleOp", "it is a variable, so the graph is not frozen", kFreeze},
    {"Variable", "it is a variable, so the graph is not frozen", kFreeze},
    {"VariableV2", "it is a variable, so the graph is not frozen", kFreeze},
    {"While", "it is control flow (a loop)", ""},
};

}  // namespace

std::optional<UnsupportedNode> obstacle(const Node& node, const Graph& graph) {
  for (const Obstacle& obstacle : kObstacles) {
    if (obstacle.op != node.op()) continue;
    return UnsupportedNode{node.name(), node.op(), std::string(obstacle.reason),
                           obstacle.remedy.empty() ? map_option(node) : std::string(obstacle.remedy)};
  }
  const auto functions = graph.properties().find("functions");
  const auto* names =
      functions == graph.properties().end() ? nullptr : std::get_if<std::vector<std::string>>(&functions->second);
  if (names == nullptr || std::find(names->begin(), names->end(), node.op()) == names->end()) return std::nullopt;
  return UnsupportedNode{node.name(), node.op(), "it calls a function of the graph's library, which is not inlined",
                         map_option(node)};
}

}  // namespace tenon::lowering::tensorflow
