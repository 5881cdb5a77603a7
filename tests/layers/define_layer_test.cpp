// SPDX-License-Identifier: Apache-2.0
#include <tenon/compile.h>
#include <tenon/define_layer.h>
#include <tenon/engine.h>
#include <tenon/expr_functions.h>
#include <tenon/plugins.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "layers/support.h"

namespace tenon {
namespace {

using test::expect_error;
using test::floats;
using test::values_of;

// Layers that the program defines, in a graph of one node.
class DefinedLayer : public ::testing::Test {
 protected:
  Graph graph;

  Node* node(const char* op, std::vector<Shape> inputs, int outputs = 1, Attributes fields = {}) {
    std::vector<Value*> values;
    for (size_t i = 0; i < inputs.size(); ++i) {
      values.push_back(graph.add_input("input" + std::to_string(i), {DType::kFloat32, std::move(inputs[i])}));
    }
    std::vector<std::string> names;
    for (int i = 0; i < outputs; ++i) names.push_back("output" + std::to_string(i));
    Node* added = graph.add_node(op, "node", values, names, std::move(fields), std::string(kLayerDomain));
    graph.set_outputs({added->outputs().begin(), added->outputs().end()});
    return added;
  }
  std::vector<Tensor> run(const std::vector<Tensor>& inputs) { return compile(graph).run(inputs); }
};

TEST_F(DefinedLayer, FormulasServeEveryRankAndKeepNamedDimensions) {
  define_layer("Clamp", {{"lo", 0.0}, {"hi", 6.0}},
               [](const Expr& x, const LayerFields& f) { return minimum(maximum(x, f["lo"]), f["hi"]); });
  node("Clamp", {{Dim("batch size"), 2}}, 1, {{"hi", 2.0}});
  const Engine engine = compile(graph);
  EXPECT_EQ(to_string(engine.outputs()[0].type), "f32[batch size,2]");
  const std::vector<float> expected = {0, 2, 1, 0};
  EXPECT_EQ(values_of<float>(engine.run(std::vector{floats({-1, 3, 1, 0}, {2, 2})})[0]), expected);
}

TEST_F(DefinedLayer, FieldsSteerTheTraceAndOutputsMayBeSeveral) {
  define_layer("Parts", {{"square", false}}, [](const Expr& x, const Expr& y, const LayerFields& f) {
    const Expr total = f.flag("square") ? x * x + y : x + y;
    return std::array{total, sum(total, -1)};
  });
  node("Parts", {{2, 3}, {3}}, 2, {{"square", true}});
  const auto outputs = run({floats({1, 2, 3, 4, 5, 6}, {2, 3}), floats({1, 0, -1}, {3})});
  const std::vector<float> total = {2, 4, 8, 17, 25, 35}, sums = {14, 77};
  EXPECT_EQ(values_of<float>(outputs[0]), total);
  EXPECT_EQ(values_of<float>(outputs[1]), sums);
}

TEST_F(DefinedLayer, NaNIsKeptUnlessTheLayerIsFast) {
  const LayerFormulas zeros = [](std::span<const Expr> inputs, const LayerFields&) {
    return std::vector<Expr>{inputs[0] - inputs[0]};
  };
  define_layer({.name = "Exact"}, zeros);
  define_layer({.name = "Fast", .fast = true}, zeros);
  const Tensor infinity = floats({std::numeric_limits<float>::infinity()}, {1});
  node("Exact", {{1}});
  EXPECT_TRUE(std::isnan(values_of<float>(run({infinity})[0])[0]));
  graph = Graph();
  node("Fast", {{1}});
  EXPECT_EQ(values_of<float>(run({infinity})[0])[0], 0);
}

TEST_F(DefinedLayer, AFunctionIsCalledWhenThePlanRuns) {
  std::atomic<int> calls = 0;
  define_layer({.name = "Reverse"},
               LayerFunctions{.run = [&](std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                                         const LayerFields&) {
                 ++calls;
                 const auto* from = static_cast<const float*>(inputs[0].data);
                 std::reverse_copy(from, from + inputs[0].dims.count(), static_cast<float*>(outputs[0].data));
               }});
  node("Reverse", {{3}});
  const std::vector<float> expected = {3, 2, 1};
  EXPECT_EQ(values_of<float>(run({floats({1, 2, 3}, {3})})[0]), expected);
  EXPECT_EQ(calls, 1);
  const auto all = layers();
  const auto found = std::find_if(all.begin(), all.end(), [](const auto& layer) { return layer.name == "Reverse"; });
  ASSERT_NE(found, all.end());
  EXPECT_EQ(found->kind, "callback");
}

TEST_F(DefinedLayer, ALaterDefinitionReplacesAnEarlierOneOfTheSameOrigin) {
  const auto scale = [](double factor) {
    define_layer("Scale", {}, [factor](const Expr& x, const LayerFields&) { return x * factor; });
  };
  scale(2);
  scale(3);
  node("Scale", {{1}});
  EXPECT_EQ(values_of<float>(run({floats({1}, {1})})[0])[0], 3);
  expect_error(ErrorCode::kInvalidArgument, "is there already", [] {
    define_layer({.name = "Scale", .origin = "elsewhere"},
                 [](std::span<const Expr> x, const LayerFields&) { return std::vector<Expr>{x[0]}; });
  });
}

TEST_F(DefinedLayer, MistakesNameTheNode) {
  define_layer("Wrong", {}, [](const Expr& x, const LayerFields& f) { return x + f["missing"]; });
  node("Wrong", {{2}});
  expect_error(ErrorCode::kInvalidArgument, "Wrong 'node': the layer declares no field 'missing'",
               [&] { (void)compile(graph); });
  expect_error(ErrorCode::kInvalidArgument, "a name is letters",
               [] { define_layer("no name", {}, [](const Expr& x, const LayerFields&) { return x; }); });
}

TEST_F(DefinedLayer, OutputsMayNotFitTogether) {
  define_layer("Sum", {}, [](const Expr& x, const Expr& y, const LayerFields&) { return x + y; });
  node("Sum", {{2}, {3}});
  expect_error(ErrorCode::kInvalidArgument, "Sum 'node'", [&] { (void)compile(graph); });
}

}  // namespace
}  // namespace tenon
