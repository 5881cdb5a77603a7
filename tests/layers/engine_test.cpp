// SPDX-License-Identifier: Apache-2.0
#include <tenon/compile.h>
#include <tenon/define_layer.h>
#include <tenon/engine.h>
#include <tenon/tensor.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "layers/allocations.h"
#include "layers/support.h"
#include "runtime/graphs.h"

namespace tenon {
namespace {

using test::expect_error;
using test::floats;
using test::values_of;
using test::vector;

// Layers of a plugin in whole models: compiled, and run by contexts.
class LayersInEngines : public test::WithKinds {
 protected:
  Graph graph;

  Value* input(const char* name, Shape shape) { return graph.add_input(name, {DType::kFloat32, std::move(shape)}); }
  Value* layer(const char* op, const char* name, std::initializer_list<Value*> inputs, Attributes fields = {}) {
    return graph.add_node(op, name, inputs, std::move(fields), "custom")->output();
  }
  Engine compiled(std::vector<Value*> outputs) {
    graph.set_outputs(std::move(outputs));
    return compile(graph);
  }
};

std::vector<float> first_of(const std::vector<Tensor>& outputs) { return values_of<float>(outputs.at(0)); }

TEST_F(LayersInEngines, AnElementwiseLayerBetweenBuiltInsServesEveryBatch) {
  Value* x = input("x", {Dim("N"), 2});
  Value* negated = graph.add_node("Neg", "before", {x})->output();
  Value* clipped = layer("Clip", "clip", {negated}, {{"hi", int64_t{2}}});
  Context context = compiled({graph.add_node("Exp", "after", {clipped})->output()}).context();
  for (int run = 0; run < 3; ++run) {
    const Tensor two = floats({1, 0, -1, -9}, {2, 2}), one = floats({-9, 1}, {1, 2});
    const std::vector<float> results = first_of(context.run(std::span(&two, 1)));
    ASSERT_EQ(results.size(), 4U);
    EXPECT_FLOAT_EQ(results[0], 1);
    EXPECT_FLOAT_EQ(results[2], 2.7182817f);
    EXPECT_FLOAT_EQ(results[3], 7.3890562f);
    EXPECT_FLOAT_EQ(first_of(context.run(std::span(&one, 1)))[0], 7.3890562f);
  }
}

Tensor some_numbers(const Dims& dims) {
  std::vector<float> values(static_cast<size_t>(dims.count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 7 % 13) / 13 - 0.5F;
  return Tensor::from<float>(std::span<const float>(values), dims);
}

// An element-wise layer behind a convolution is done on its parts; that changes no bit.
TEST_F(LayersInEngines, ALayerBehindAConvolutionSeesEveryPart) {
  for (const int64_t stride : {1, 2}) {
    for (const int64_t batch : {1, 3}) {
      graph = Graph();
      Value* x = input("x", {Dim("N"), 3, 67, 61});
      Value* w = graph.add_constant("w", some_numbers({24, 3, 3, 3}));
      Value* b = graph.add_constant("b", some_numbers({24}));
      const Attributes attributes = {{"strides", std::vector<int64_t>{stride, stride}},
                                     {"pads", std::vector<int64_t>{1, 1, 1, 1}}};
      Value* y = graph.add_node("Conv", "conv", {x, w, b}, attributes)->output();
      const Engine engine = compiled({layer("Clip", "clip", {y}, {{"hi", 0.5}})});
      Context whole = engine.context({.threads = 2}), parts = engine.context({.threads = 2});
      const std::vector<Tensor> inputs = {some_numbers({batch, 3, 67, 61})};
      // The layer is watched at first, so a context's first run is whole.
      const std::vector<Tensor> expected = whole.run(inputs);
      (void)parts.run(inputs);
      const std::vector<Tensor> again = parts.run(inputs);
      EXPECT_TRUE(identical(again[0], expected[0])) << stride << " " << batch;
      if (batch == 3) {
        EXPECT_NE(parts.explain().find("in parts with the step before"), std::string::npos) << parts.explain();
      }
    }
  }
}

TEST_F(LayersInEngines, ElementwiseLayersFollowDepthwiseConvolutionsInParts) {
  using Row = std::pair<int64_t, std::string>;
  for (const auto& [channels, op] : {Row{40, "Clip"}, {700, "Clip"}, {40, "Signs"}}) {  // 700: one row at a time.
    graph = Graph();
    Value* x = input("x", {Dim("N"), 21, 23, channels});
    Value* y =
        graph
            .add_node("Conv", "conv",
                      {x, graph.add_constant("w", some_numbers({channels, 1, 3, 3})),
                       graph.add_constant("b", some_numbers({channels}))},
                      {{"channels_last", int64_t{1}}, {"group", channels}, {"pads", std::vector<int64_t>{1, 1, 1, 1}}})
            ->output();
    const std::array<std::string, 2> names = {"first", "second"};
    const Node* layer =
        graph.add_node(op, "layer", std::array{y}, std::span(names).first(op == "Signs" ? 2 : 1), {}, "custom");
    const Engine engine = compiled({layer->outputs().begin(), layer->outputs().end()});
    Context whole = engine.context({.threads = 2}), parts = engine.context({.threads = 2});
    const std::vector<Tensor> inputs = {some_numbers({2, 21, 23, channels})};
    // The layer is watched at first, so a context's first run is whole.
    const std::vector<Tensor> expected = whole.run(inputs);
    (void)parts.run(inputs);
    const std::vector<Tensor> again = parts.run(inputs);
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(identical(again[i], expected[i])) << channels << op << i;
    const std::string text = parts.explain();
    EXPECT_NE(text.find("cpu.depthwise_f32 ("), std::string::npos) << text;
    EXPECT_NE(text.find("in parts with the step before"), std::string::npos) << text;
  }
}

// Layers within a block of convolutions that one kernel runs.
class LayersInBlocks : public LayersInEngines {
 protected:
  Value* conv(const char* name, Value* x, const Dims& weights, Attributes attributes = {}) {
    Tensor w = some_numbers(weights);
    const auto taps = static_cast<float>(weights[1] * weights[2] * weights[3]);
    for (float& value : w.mutable_values<float>()) value /= std::sqrt(taps);
    return graph.add_node("Conv", name, {x, graph.add_constant(std::string(name) + ".w", std::move(w))}, attributes)
        ->output();
  }
  Engine block(int64_t channels, const char* op, const Attributes& fields) {
    Value* y =
        layer(op, "block/first", {conv("expand", input("x", {Dim("N"), 16, 21, 23}), {channels, 16, 1, 1})}, fields);
    y = conv(
        "depthwise", y, {channels, 1, 3, 3},
        {{"group", channels}, {"pads", std::vector<int64_t>{1, 1, 1, 1}}, {"strides", std::vector<int64_t>{2, 2}}});
    return compiled({conv("project", layer(op, "block/second", {y}, fields), {24, channels, 1, 1})});
  }
  static std::vector<Tensor> numbers(int64_t batch) { return {some_numbers({batch, 16, 21, 23})}; }
};

TEST_F(LayersInBlocks, GiveTheSameBitsOnEveryRunAndThread) {
  for (const auto& [channels, batch] : {std::pair{48, 2}, {144, 1}, {1536, 2}}) {  // The last one in bands of rows.
    graph = Graph();
    const Engine engine = block(channels, "Clip", {{"lo", -0.25}, {"hi", 0.5}});
    Context context = engine.context({.threads = 1});
    const std::vector<Tensor> inputs = numbers(batch), first = context.run(inputs);
    EXPECT_NE(context.explain().find("cpu.conv_block_f32 ("), std::string::npos) << context.explain();
    EXPECT_TRUE(identical(context.run(inputs)[0], first[0])) << channels;
    Context threads = engine.context({.threads = 3});
    for (int run = 0; run < 2; ++run) EXPECT_TRUE(identical(threads.run(inputs)[0], first[0])) << channels;
    const std::vector<Tensor> want = engine.context({.backend = "reference"}).run(inputs);
    const auto a = first[0].values<float>(), b = want[0].values<float>();
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-5) << i;
  }
}

// A layer may be called like an operator.
TEST_F(LayersInBlocks, MayBeNamedConv) {
  define_layer(LayerDefinition{.name = "Conv"},
               LayerFunctions{.run = [](std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                                        const LayerFields&) {
                 std::memcpy(outputs[0].data, inputs[0].data, static_cast<size_t>(inputs[0].size_bytes()));
               }});
  Value* y = conv("expand", input("x", {1, 21, 23, 16}), {48, 16, 1, 1}, {{"channels_last", int64_t{1}}});
  graph.set_outputs({layer("Conv", "mine", {layer("Clip", "clip", {y})})});
  const std::vector<Tensor> inputs = {some_numbers({1, 21, 23, 16})};
  EXPECT_EQ(testing::engine_of(std::move(graph)).run(inputs)[0].dims(), (Dims{1, 21, 23, 48}));
}

TEST_F(LayersInBlocks, AnElementwiseFunctionTakesTheLayoutOfItsNeighbours) {
  define_layer(LayerDefinition{.name = "Doubles", .elementwise = true},
               LayerFunctions{.run = [](std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                                        const LayerFields&) {
                 const int64_t count = outputs[0].dims.count();
                 for (int64_t i = 0; i < count; ++i) outputs[0].as<float>()[i] = 2 * inputs[0].as<float>()[i];
               }});
  Value* y = layer("Doubles", "doubles", {conv("first", input("x", {1, 16, 21, 23}), {48, 16, 1, 1})});
  const Engine engine = compiled({conv("second", y, {24, 48, 1, 1})});
  Context context = engine.context();
  const std::vector<Tensor> inputs = numbers(1);
  (void)context.run(inputs);
  const std::string text = context.explain();
  EXPECT_NE(text.find("Doubles 'doubles' f32[1,21,23,48]: callback"), std::string::npos) << text;
  const std::vector<Tensor> want = engine.context({.backend = "reference"}).run(inputs), result = context.run(inputs);
  const auto a = result[0].values<float>(), b = want[0].values<float>();
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-5) << i;
}

TEST_F(LayersInBlocks, AreWatchedAtFirst) {
  Context context = block(48, "Claims", {{"how", std::string("needs all")}}).context();
  for (int run = 0; run < 2; ++run) {
    expect_error(ErrorCode::kInternal,
                 "Claims 'block/first': it is declared to be element-wise, but gives other results",
                 [&] { (void)context.run(numbers(1)); });
  }
}

TEST_F(LayersInBlocks, AreRunWholeWhenEveryRunIsChecked) {
  Context context = block(48, "Clip", {}).context();
  ::setenv("TENON_CHECK_LAYERS", "1", 1);
  (void)context.run(numbers(1));
  ::unsetenv("TENON_CHECK_LAYERS");
  EXPECT_NE(context.explain().find("not cpu.conv_block_f32: a layer within the block"), std::string::npos)
      << context.explain();
}

TEST_F(LayersInBlocks, RunsDoNotAllocateAfterTheFirst) {
  Context context = block(48, "Clip", {}).context({.threads = 1});
  const std::vector<Tensor> tensors = numbers(1);
  const TensorView view = tensors[0].view();
  for (int run = 0; run < 2; ++run) context.run(std::span(&view, 1));
  const int64_t before = test::allocations();
  context.run(std::span(&view, 1));
  EXPECT_EQ(test::allocations() - before, 0);
}

TEST_F(LayersInEngines, RunsDoNotAllocateAfterTheFirst) {
  Value* x = input("x", {1, 4});
  Value* sum = graph.add_node("Add", "sum", {layer("Clip", "clip", {x}), x})->output();
  Context context = compiled({layer("AddScaled", "scaled", {sum, sum})}).context({.threads = 1});
  const Tensor tensor = floats({1, 2, -3, 9}, {1, 4});
  const TensorView view = tensor.view();
  const std::span<const TensorView> views(&view, 1);
  for (int run = 0; run < 2; ++run) context.run(views);
  const int64_t before = test::allocations();
  const std::span<const TensorView> results = context.run(views);
  EXPECT_EQ(test::allocations() - before, 0);
  const auto* result = results[0].as<float>();
  EXPECT_EQ(std::vector<float>(result, result + 4), (std::vector<float>{4, 8, -6, 30}));
}

TEST_F(LayersInEngines, StateIsPreparedOncePerShapeFromTheModelsWeights) {
  Value* x = input("x", {Dim("N"), 2});
  Value* weights = graph.add_constant("w", floats({1, 0, 2, 0, 1, 3}, {2, 3}));
  const std::vector<std::string> names = {"y", "runs"};
  Value* const inputs[] = {x, weights};
  Node* node = graph.add_node("PreparedLinear", "linear", inputs, names, {}, "custom");
  Context context = compiled({node->output(0), node->output(1)}).context();
  const Tensor one = floats({1, 2}, {1, 2}), two = floats({1, 2, 3, 4}, {2, 2});
  for (int run = 1; run < 4; ++run) {
    const std::vector<Tensor> small = context.run(std::span(&one, 1)), large = context.run(std::span(&two, 1));
    EXPECT_EQ(values_of<float>(small[0]), (std::vector<float>{1, 2, 8}));
    EXPECT_EQ(values_of<float>(large[0]), (std::vector<float>{1, 2, 8, 3, 4, 18}));
    EXPECT_EQ(values_of<int32_t>(small[1])[0], run);
    EXPECT_EQ(values_of<int32_t>(large[1])[0], run);
  }
}

TEST_F(LayersInEngines, WhatFollowsADataDependentLayerIsPlannedAsItRuns) {
  Value* x = input("x", {Dim("N")});
  const std::vector<std::string> names = {"values", "places"};
  Value* const inputs[] = {x};
  Node* positive = graph.add_node("Positive", "positive", inputs, names, {}, "custom");
  Value* negated = graph.add_node("Neg", "negated", {layer("Clip", "clip", {positive->output(0)})})->output();
  Context context = compiled({negated, positive->output(1)}).context();
  for (int run = 0; run < 2; ++run) {
    const Tensor some = vector({-1, 2, 9}), none = vector({-1, -2, 0});
    const std::vector<Tensor> results = context.run(std::span(&some, 1));
    EXPECT_EQ(values_of<float>(results[0]), (std::vector<float>{-2, -6}));
    EXPECT_EQ(values_of<int64_t>(results[1]), (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(context.run(std::span(&none, 1))[0].dims(), (Dims{0}));
  }
}

TEST_F(LayersInEngines, SeveralOutputsAndOptionalInputs) {
  Value* x = input("x", {2, 2});
  const std::vector<std::string> names = {"least", "greatest", "is_least"};
  Value* const inputs[] = {x};
  Node* min_max = graph.add_node("MinMax", "min_max", inputs, names, {}, "custom");
  Value* linear = layer("Linear", "linear", {x, x});
  const Engine engine = compiled({min_max->output(1), min_max->output(2), linear});
  const Tensor tensor = floats({1, 2, 3, 4}, {2, 2});
  const std::vector<Tensor> results = engine.run(std::span(&tensor, 1));
  EXPECT_EQ(values_of<float>(results[0]), (std::vector<float>{4}));
  EXPECT_EQ(values_of<bool>(results[1]), (std::vector<bool>{true, false, false, false}));
  EXPECT_EQ(values_of<float>(results[2]), (std::vector<float>{7, 10, 15, 22}));
}

TEST_F(LayersInEngines, FailuresNameTheNodeAndTheContextGoesOn) {
  Value* x = input("x", {3});
  Context context = compiled({layer("Fails", "block/bad", {x}, {{"how", std::string("beyond")}})}).context();
  const Tensor tensor = vector({1, 2, 3});
  for (int run = 0; run < 2; ++run) {
    expect_error(ErrorCode::kInternal, "Fails 'block/bad': run wrote beyond the end of output 0 (f32[3])",
                 [&] { (void)context.run(std::span(&tensor, 1)); });
  }
}

TEST_F(LayersInEngines, CompilingChecksFieldsAndTypes) {
  Value* x = input("x", {3});
  graph.set_outputs({layer("Clip", "block/clip", {x}, {{"low", 1.0}})});
  expect_error(ErrorCode::kInvalidArgument,
               "Clip 'block/clip': the field 'low' was given, but the layer has only lo, hi; did you mean 'lo'?",
               [&] { (void)compile(graph); });
  Graph other;
  Value* integers = other.add_input("x", {DType::kInt32, Shape{3}});
  other.set_outputs({other.add_node("Clip", "ints", {integers}, {}, "custom")->output()});
  expect_error(ErrorCode::kInvalidArgument, "Clip 'ints': the inputs are (i32), but the layer takes (f32)",
               [&] { (void)compile(other); });
}

}  // namespace
}  // namespace tenon
