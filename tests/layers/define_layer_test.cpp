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
#include <mutex>
#include <set>

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

// Halves each element, and notes how it was called.
struct Halves {
  std::mutex mutex;
  std::set<int64_t> counts = {};
  bool in_place = false;

  void define() {
    define_layer(
        {.name = "Halves", .inputs = {"x", "by"}, .elementwise = true},
        LayerFunctions{.run = [this](auto inputs, auto outputs, const LayerFields&) { run(inputs, outputs); }});
  }
  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs) {
    const float by = inputs[1].as<float>()[0];
    const int64_t count = outputs[0].dims.count();
    EXPECT_EQ(inputs[0].dims, Dims{count});
    EXPECT_EQ(outputs[0].dims, Dims{count});
    for (int64_t i = 0; i < count; ++i) outputs[0].as<float>()[i] = inputs[0].as<float>()[i] / by;
    const std::lock_guard lock(mutex);
    counts.insert(count);
    in_place |= inputs[0].data == outputs[0].data;
  }
};

TEST_F(DefinedLayer, AnElementwiseFunctionIsRunInPlaceAndInParts) {
  Halves halves;
  halves.define();
  constexpr int64_t kRows = 3, kColumns = 400'001;
  Value* x = graph.add_input("x", {DType::kFloat32, Shape{Dim(kRows), Dim(kColumns)}});
  Value* by = graph.add_input("by", {DType::kFloat32, Shape{Dim(1)}});
  Value* sum = graph.add_node("Add", "sum", {x, x})->output();
  Value* y = graph.add_node("Halves", "node", {sum, by}, {}, std::string(kLayerDomain))->output();
  graph.set_outputs({graph.add_node("Neg", "neg", {y})->output()});
  std::vector<float> values(kRows * kColumns);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 1000);
  const std::vector<Tensor> inputs = {Tensor::from<float>(values, {kRows, kColumns}), floats({2}, {1})};
  Context context = compile(graph).context({.threads = 3});
  for (int run = 0; run < 2; ++run) {
    halves.counts.clear();
    halves.in_place = false;
    const std::vector<Tensor> results = context.run(inputs);
    for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(results[0].values<float>()[i], -values[i]) << i;
    EXPECT_TRUE(halves.in_place) << run;
  }
  EXPECT_EQ(halves.counts, (std::set<int64_t>{400'000, 400'003}));  // Each thread has its part, of whole lines.
}

TEST_F(DefinedLayer, AWrongClaimToBeElementwiseIsFound) {
  // It reads what it has written already, unless the memory is another.
  define_layer({.name = "Shifts", .elementwise = true},
               LayerFunctions{.run = [](std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                                        const LayerFields&) {
                 const int64_t count = outputs[0].dims.count();
                 for (int64_t i = 0; i < count; ++i)
                   outputs[0].as<float>()[i] = inputs[0].as<float>()[i == 0 ? count - 1 : i - 1];
               }});
  node("Shifts", {{4}});
  const Engine engine = compile(graph);
  Context context = engine.context();
  for (int run = 0; run < 2; ++run) {
    expect_error(ErrorCode::kInvalidArgument, "Shifts 'node': it is declared to be element-wise, but gives other",
                 [&] { (void)context.run(std::vector<Tensor>{floats({1, 2, 3, 4}, {4})}); });
  }
}

TEST_F(DefinedLayer, AWrongClaimIsFoundOnOneElement) {
  define_layer({.name = "WritesFirst", .elementwise = true},
               LayerFunctions{.run = [](std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                                        const LayerFields&) {
                 outputs[0].as<float>()[0] = 1;
                 outputs[0].as<float>()[0] += inputs[0].as<float>()[0];
               }});
  node("WritesFirst", {{1}});
  expect_error(ErrorCode::kInvalidArgument, "declared to be element-wise, but gives other",
               [&] { (void)run({floats({3}, {1})}); });
}

TEST_F(DefinedLayer, AnElementwiseFunctionMayRoundInAnotherWayInParts) {
  define_layer({.name = "Rounds", .elementwise = true},
               LayerFunctions{.run = [](std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                                        const LayerFields&) {
                 const int64_t count = outputs[0].dims.count();
                 for (int64_t i = 0; i < count; ++i)
                   outputs[0].as<float>()[i] = inputs[0].as<float>()[i] * (i + 1 == count ? 1.0000001F : 1);
               }});
  node("Rounds", {{4}});
  EXPECT_EQ(values_of<float>(run({floats({1, 2, std::nanf(""), 4}, {4})})[0])[1], 2);
}

TEST_F(DefinedLayer, AnElementwiseFunctionsShapesMustFit) {
  Halves halves;
  halves.define();
  node("Halves", {{2, 3}, {3}});
  expect_error(ErrorCode::kInvalidArgument, "input 1 is f32[3], but the layer is element-wise",
               [&] { (void)compile(graph); });
  define_layer({.name = "Longer", .elementwise = true},
               LayerFunctions{.run = [](auto, auto, const LayerFields&) {},
                              .types =
                                  [](std::span<const TensorType>, const LayerFields&) {
                                    return std::vector<TensorType>{{DType::kFloat32, Shape{Dim(7)}}};
                                  }});
  expect_error(ErrorCode::kInvalidArgument, "formulas show it", [] {
    define_layer({.name = "Formula", .elementwise = true},
                 [](std::span<const Expr> x, const LayerFields&) { return std::vector<Expr>{x[0]}; });
  });
  graph = Graph();
  node("Longer", {{2}});
  expect_error(ErrorCode::kInvalidArgument, "declared to be element-wise, but makes f32[7] of f32[2]",
               [&] { (void)compile(graph); });
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
