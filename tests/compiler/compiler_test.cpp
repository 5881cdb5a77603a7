// SPDX-License-Identifier: Apache-2.0
#include "compiler/pipeline.h"
#include "errors.h"
#include "runtime/graphs.h"

#include <tenon/surgery.h>

#include <gtest/gtest.h>

#include <map>

// What the passes make of small graphs, and that they do not change what a graph computes.
namespace tenon {
namespace {

using testing::f32;
using testing::random_f32;
using Ints = std::vector<int64_t>;

// "Conv+Clip+Add Softmax": the operators in order, with their epilogues.
std::string operators(const Graph& graph) {
  std::string text;
  for (const Node* node : graph.topological_order()) {
    text += (text.empty() ? "" : " ") + node->op();
    if (const Attribute* steps = node->attribute("epilogue"))
      for (const std::string& step : std::get<std::vector<std::string>>(*steps)) text += "+" + step;
  }
  return text;
}

// By all passes but the last fusion, which has tests of its own.
std::string compiled(const Graph& graph, std::vector<std::string> disabled = {}) {
  CompileOptions options;
  disabled.emplace_back("fuse_expressions");
  options.disabled_passes = std::move(disabled);
  return operators(compile_plan(graph, options).graph);
}

// A graph under construction: each call adds a node to what was there.
struct Builder {
  Graph graph;
  uint32_t seed = 0;

  Value* weights(const Dims& dims) { return graph.add_constant(graph.fresh_name("w"), random_f32(dims, ++seed)); }
  Value* scalar(float value) { return graph.add_constant(graph.fresh_name("c"), Tensor::scalar(value)); }
  Value* op(const char* name, std::initializer_list<Value*> inputs, Attributes attributes = {}) {
    return graph.add_node(name, graph.fresh_name(name), inputs, std::move(attributes))->output();
  }
  Value* conv(Value* x, int64_t from, int64_t to, int64_t kernel = 1) {
    return op("Conv", {x, weights({to, from, kernel, kernel}), weights({to})},
              {{"pads", Ints{kernel / 2, kernel / 2, kernel / 2, kernel / 2}}});
  }
  Value* image(int64_t channels = 4) { return graph.add_input("x", f32({Dim("N"), channels, 6, 5})); }
  Graph finish(Value* y) {
    graph.set_outputs({y});
    return std::move(graph);
  }
};

TEST(Simplify, ClampsInEveryGuiseAreOneClip) {
  Builder b;
  Value* x = b.graph.add_input("x", f32({Dim("N"), 8}));
  Value* y = b.op("Min", {b.op("Max", {x, b.scalar(0)}), b.scalar(6)});
  EXPECT_EQ(compiled(b.finish(b.op("Relu", {y}))), "Clip");
}

TEST(Simplify, NeutralOperandsGo) {
  Builder b;
  Value* x = b.graph.add_input("x", f32({Dim("N"), 8}));
  Value* y = b.op("Sub", {b.op("Div", {b.op("Mul", {x, b.scalar(1)}), b.scalar(1)}), b.scalar(0)});
  EXPECT_EQ(compiled(b.finish(b.op("Tanh", {b.op("Identity", {y})}))), "Tanh");
}

TEST(Simplify, AdditionOfZeroStaysBecauseItChangesNegativeZero) {
  Builder b;
  Value* x = b.graph.add_input("x", f32({Dim("N"), 8}));
  EXPECT_EQ(compiled(b.finish(b.op("Add", {x, b.scalar(0)}))), "Add");
}

TEST(Simplify, ABroadcastingOperandIsNotNeutral) {
  Builder b;
  Value* x = b.graph.add_input("x", f32({Dim(1), 8}));
  Value* ones = b.graph.add_constant("ones", Tensor::from<float>({1}, {1, 1, 1}));
  EXPECT_EQ(compiled(b.finish(b.op("Mul", {x, ones}))), "Mul");  // The rank grows.
}

TEST(Simplify, TransposesComposeAndCancel) {
  Builder b;
  Value* x = b.graph.add_input("x", f32({Dim("N"), 3, 4}));
  Value* y = b.op("Transpose", {b.op("Transpose", {x}, {{"perm", Ints{2, 0, 1}}})}, {{"perm", Ints{1, 2, 0}}});
  EXPECT_EQ(compiled(b.finish(b.op("Exp", {y}))), "Exp");
}

TEST(Simplify, AProductWithABiasIsGemm) {
  Builder b;
  Value* x = b.graph.add_input("x", f32({Dim("N"), 8}));
  EXPECT_EQ(compiled(b.finish(b.op("Add", {b.op("MatMul", {x, b.weights({8, 3})}), b.weights({3})}))), "Gemm");
}

TEST(MergeCommon, EqualConstantsAndNodesAreOne) {
  Builder b;
  Value* x = b.graph.add_input("x", f32({Dim("N"), 8}));
  Value* left = b.op("Exp", {b.op("Div", {x, b.scalar(3)})});
  Value* right = b.op("Exp", {b.op("Div", {x, b.scalar(3)})});
  EXPECT_EQ(compiled(b.finish(b.op("Add", {left, right}))), "Div Exp Add");
}

TEST(AssignLayout, AnImageNetworkHasTransposesAtItsEdgesOnly) {
  Builder b;
  Value* x = b.conv(b.image(), 4, 8, 3);
  x = b.op("Mish", {b.op("Concat", {b.op("Sin", {x}), b.conv(x, 8, 8)}, {{"axis", int64_t{1}}})});
  EXPECT_EQ(compiled(b.finish(b.conv(x, 16, 4))), "Transpose Conv Sin Conv Concat Mish Conv Transpose");
}

TEST(FoldScale, NormalisationsScalesAndShiftsGoIntoTheWeights) {
  Builder b;
  Value* y = b.conv(b.image(), 4, 8, 3);
  Value* variance = b.graph.add_constant("var", Tensor::from<float>({1, 2, 3, 4, 5, 6, 7, 8}, {8}));
  y = b.op("BatchNormalization", {y, b.weights({8}), b.weights({8}), b.weights({8}), variance});
  y = b.op("Add", {b.op("Mul", {y, b.weights({8, 1, 1})}), b.weights({1, 8, 1, 1})});
  EXPECT_EQ(compiled(b.finish(y)), "Transpose Conv Transpose");
}

TEST(FoldScale, AScaleThatSomebodyElseBypassesStays) {
  Builder b;
  Value* y = b.conv(b.image(), 4, 8);
  Value* scaled = b.op("Mul", {y, b.weights({8, 1, 1})});
  b.graph.set_outputs({y, scaled});
  EXPECT_EQ(compiled(b.graph), "Transpose Conv Mul Transpose Transpose");
}

TEST(FoldPad, ZerosInFrontOfAConvolutionAreItsOwn) {
  Builder b;
  Value* pads = b.graph.add_constant("pads", Tensor::from<int64_t>({0, 0, 1, 0, 0, 2, 1, 0}, {8}));
  Value* x = b.graph.add_input("x", f32({Dim("N"), 4, 6, 5}));
  // In TensorFlow's order of axes, as its models have it: the transpose is the lowering's.
  Value* padded = b.op("Pad", {b.op("Transpose", {x}, {{"perm", Ints{0, 2, 3, 1}}}), pads});
  const Graph graph =
      compile_plan(b.finish(b.conv(b.op("Transpose", {padded}, {{"perm", Ints{0, 3, 1, 2}}}), 4, 8))).graph;
  EXPECT_EQ(operators(graph), "Transpose Conv Transpose");
  EXPECT_EQ(std::get<Ints>(*graph.topological_order()[1]->attribute("pads")), (Ints{0, 1, 2, 1}));
}

// Conv -> `activation` -> Pad by `amount` -> MaxPool 3x3, the Pad in TensorFlow's order of axes.
Graph padded_pool(const char* activation, int64_t amount, int64_t ceil_mode = 0) {
  Builder b;
  Value* x = b.op(activation, {b.conv(b.image(), 4, 8)});
  Value* amounts =
      b.graph.add_constant("amounts", Tensor::from<int64_t>({0, amount, amount, 0, 0, amount, amount, 0}, {8}));
  x = b.op("Pad", {b.op("Transpose", {x}, {{"perm", Ints{0, 2, 3, 1}}}), amounts});
  return b.finish(b.op("MaxPool", {b.op("Transpose", {x}, {{"perm", Ints{0, 3, 1, 2}}})},
                       {{"kernel_shape", Ints{3, 3}}, {"ceil_mode", ceil_mode}}));
}

TEST(FoldPad, ZerosInFrontOfAMaximumGoWhenNothingIsBelowThem) {
  EXPECT_EQ(compiled(padded_pool("Relu", 1)), "Transpose Conv+Relu MaxPool Transpose");
  for (const Graph& stays : {padded_pool("Tanh", 1), padded_pool("Relu", 3), padded_pool("Relu", 1, 1)})
    EXPECT_NE(compiled(stays).find("Pad MaxPool"), std::string::npos) << stays.to_string();
  const Graph graph = padded_pool("Relu", 2);
  const Tensor input = random_f32({2, 4, 6, 5}, 1);
  CompileOptions plain;
  plain.disabled_passes = {"fold_pad"};
  const Tensor want = compile(graph, plain).run(std::span(&input, 1)).at(0);
  EXPECT_EQ(testing::difference(compile(graph).run(std::span(&input, 1)).at(0), want, 0), "");
}

TEST(FuseEpilogue, ActivationsAndResidualsRideOnTheConvolution) {
  Builder b;
  Value* x = b.image();
  Value* y = b.op("Relu", {b.op("Add", {b.conv(x, 4, 4, 3), x})});
  EXPECT_EQ(compiled(b.finish(y)), "Transpose Conv+Add+Relu Transpose");
}

TEST(Pipeline, PassesCanBeLeftOutByNameUnlessOthersRelyOnThem) {
  Builder b;
  const Graph graph = b.finish(b.op("Relu", {b.conv(b.image(), 4, 4)}));
  EXPECT_EQ(compiled(graph, {"assign_layout", "fuse_epilogue"}), "Conv Relu");
  test::expect_error(ErrorCode::kInvalidArgument, "did you mean 'simplify'",
                     [&] { (void)compiled(graph, {"simplfy"}); });
  test::expect_error(ErrorCode::kInvalidArgument, "cannot be disabled",
                     [&] { (void)compiled(graph, {"infer_types"}); });
}

TEST(Pipeline, NamesOfInputsAndOutputsStay) {
  Builder b;
  Value* x = b.graph.add_input("x", f32({Dim("N"), 8}));
  const std::string name = b.op("Identity", {b.op("Relu", {x})})->name();
  b.graph.set_outputs({b.graph.find_value(name), x});
  const Graph graph = compile_plan(b.graph).graph;
  EXPECT_EQ(graph.outputs()[0]->name(), name);
  EXPECT_EQ(graph.inputs()[0]->name(), "x");
  EXPECT_EQ(graph.outputs().size(), 2U);
}

// A random network of convolutions, normalisations, activations, residuals and concatenations.
Graph random_network(uint32_t seed) {
  std::mt19937 random(seed);
  const auto pick = [&](uint32_t count) { return random() % count; };
  Builder b;
  b.seed = seed * 1000;
  int64_t channels = 4;
  Value* x = b.image(channels);
  for (int step = 0; step < 8; ++step) {
    switch (pick(9)) {
      case 0:
      case 1:
        x = b.conv(x, channels, channels, pick(2) == 0 ? 1 : 3);
        break;
      case 2: {
        std::vector<float> variance;
        for (int64_t c = 0; c < channels; ++c) variance.push_back(0.5F + static_cast<float>(pick(100)) / 50);
        Value* v =
            b.graph.add_constant(b.graph.fresh_name("var"), Tensor::from(std::span<const float>(variance), {channels}));
        x = b.op("BatchNormalization", {x, b.weights({channels}), b.weights({channels}), b.weights({channels}), v});
        break;
      }
      case 3:
        x = b.op(pick(2) == 0 ? "Relu" : "Tanh", {x});
        break;
      case 4:
        x = b.op("Mul", {x, b.op("Sigmoid", {x})});
        break;
      case 5:
        x = b.op(pick(2) == 0 ? "Mul" : "Sub", {x, b.weights({channels, 1, 1})});
        break;
      case 6:
        x = b.op("Add", {b.conv(x, channels, channels, 3), x});
        break;
      case 7:
        x = b.op("Concat", {x, b.conv(x, channels, 2)}, {{"axis", int64_t{1}}});
        channels += 2;
        break;
      default:
        x = b.op(pick(2) == 0 ? "MaxPool" : "AveragePool", {x},
                 {{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}});
        break;
    }
  }
  return b.finish(b.op("GlobalAveragePool", {x}));
}

TEST(Pipeline, OptimisedNetworksComputeWhatTheReferenceDoesUnoptimised) {
  CompileOptions plain;
  plain.disabled_passes = {"merge_common", "simplify", "assign_layout", "fold_pad", "fold_scale", "fuse_epilogue"};
  for (uint32_t seed = 0; seed < 60; ++seed) {
    const Graph graph = random_network(seed);
    const Tensor input = random_f32({2, 4, 6, 5}, seed);
    const Tensor want =
        compile(graph, plain).context({.threads = 1, .backend = "reference"}).run(std::span(&input, 1)).at(0);
    const Engine engine = compile(graph);
    for (const char* backend : {"reference", "cpu"}) {
      const Tensor got = engine.context({.threads = 1, .backend = backend}).run(std::span(&input, 1)).at(0);
      // Eight layers, each a sum of at most 9 * 20 products whose values grow with it.
      double largest = 1;
      for (const float value : want.values<float>()) largest = std::max(largest, static_cast<double>(std::fabs(value)));
      EXPECT_EQ(testing::difference(got, want, 8 * testing::f32_bound(180) * largest), "")
          << backend << ", seed " << seed << "\n"
          << graph.to_string();
    }
  }
}

}  // namespace
}  // namespace tenon
