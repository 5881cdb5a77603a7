// SPDX-License-Identifier: Apache-2.0
#include "compiler/pipeline.h"
#include "ops/op.h"
#include "runtime/graphs.h"

#include <tenon/define_layer.h>
#include <tenon/expr_functions.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tenon {
namespace {

using testing::f32;
using testing::random_f32;
using Ints = std::vector<int64_t>;

// A graph under construction.
struct Builder {
  Graph graph;

  Value* input(const Shape& shape) { return graph.add_input(graph.fresh_name("x"), f32(shape)); }
  Value* ints(Ints values) {
    const auto count = static_cast<int64_t>(values.size());
    return graph.add_constant(graph.fresh_name("i"), Tensor::from<int64_t>(values, {count}));
  }
  Value* scalar(float value) { return graph.add_constant(graph.fresh_name("c"), Tensor::scalar(value)); }
  Value* op(const std::string& name, std::initializer_list<Value*> inputs, Attributes attributes = {},
            const std::string& domain = "") {
    return graph.add_node(name, graph.fresh_name(name), inputs, std::move(attributes), domain)->output();
  }
  Graph finish(std::initializer_list<Value*> outputs) {
    graph.set_outputs(outputs);
    return std::move(graph);
  }
};

// The labels of what runs, in order.
std::string steps(const Graph& graph) {
  std::string text;
  const Plan plan = compile_plan(graph, {});
  for (const Node* node : plan.graph.topological_order()) {
    const auto* label = node->attribute("label");
    text += (text.empty() ? "" : " ") + (label == nullptr ? node->op() : std::get<std::string>(*label));
    if (const Attribute* epilogue = node->attribute("epilogue"))
      for (const std::string& step : std::get<std::vector<std::string>>(*epilogue)) text += "+" + step;
  }
  return text;
}

// Fused and unfused, on the same inputs, give the same up to rounding.
void expect_same(const Graph& graph, int64_t batch, const std::string& what) {
  const Engine fused = compile(graph),
               plain = compile(graph, {.disabled_passes = {"extract_products", "fuse_expressions"}});
  std::vector<Tensor> inputs;
  for (const Port& port : fused.inputs()) {
    Dims dims;
    for (const Dim& dim : *port.type.shape) dims.push_back(dim.is_constant() ? dim.value() : batch);
    inputs.push_back(random_f32(dims, static_cast<uint32_t>(inputs.size()) + 1));
  }
  const std::vector<Tensor> actual = fused.run(inputs), expected = plain.run(inputs);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_EQ(actual[i].dims(), expected[i].dims()) << what;
    for (int64_t k = 0; k < actual[i].count(); ++k) {
      const float a = actual[i].values<float>()[static_cast<size_t>(k)];
      const float e = expected[i].values<float>()[static_cast<size_t>(k)];
      if (std::isnan(e) && std::isnan(a)) continue;
      ASSERT_LE(std::fabs(a - e), 2e-5 * std::max(1.0F, std::fabs(e))) << what << ", output " << i << ", element " << k;
    }
  }
}

Graph layer_norm() {
  Builder b;
  Value* x = b.input({Dim("N"), 48});
  Value* mean = b.op("ReduceMean", {x, b.ints({-1})});
  Value* d = b.op("Sub", {x, mean});
  Value* variance = b.op("ReduceMean", {b.op("Mul", {d, d}), b.ints({-1})});
  Value* deviation = b.op("Sqrt", {b.op("Add", {variance, b.scalar(1e-5F)})});
  Value* gain = b.graph.add_constant("gain", random_f32({48}, 1));
  return b.finish({b.op("Mul", {b.op("Div", {d, deviation}), gain})});
}

TEST(FuseExpressions, AWrittenOutNormalisationIsOneStep) {
  const Graph graph = layer_norm();
  const std::string labels = steps(graph);
  EXPECT_EQ(labels.find(' '), std::string::npos) << labels;
  EXPECT_NE(labels.find("ReduceMean+Sub"), std::string::npos) << labels;
  expect_same(graph, 7, "layer norm");
}

TEST(FuseExpressions, DiamondsAndSoftmaxWithWhatStandsAroundIt) {
  Builder b;
  Value* x = b.input({Dim("N"), 33});
  Value* scaled = b.op("Mul", {x, b.scalar(0.5F)});
  Value* diamond = b.op("Add", {b.op("Tanh", {scaled}), b.op("Exp", {scaled})});
  const Graph graph = b.finish({b.op("Log", {b.op("Softmax", {diamond})})});
  EXPECT_EQ(steps(graph).find(' '), std::string::npos) << steps(graph);
  expect_same(graph, 5, "diamond");
}

TEST(FuseExpressions, UsersFormulasAndBuiltInsAreOneStep) {
  define_layer("Wave", {{"k", 2.0}}, [](const Expr& x, const LayerFields& f) { return sin(x * f["k"]) + x; });
  Builder b;
  Value* x = b.input({Dim("N"), 9});
  Value* wave = b.op("Wave", {b.op("Exp", {x})}, {{"k", 3.0}}, std::string(kLayerDomain));
  const Graph graph = b.finish({b.op("Mul", {wave, x})});
  EXPECT_EQ(steps(graph), "Exp+Wave+Mul");
  expect_same(graph, 3, "wave");
}

TEST(FuseExpressions, AUsersClipRidesOnTheConvolution) {
  define_layer("Relu6", {}, [](const Expr& x, const LayerFields&) { return minimum(maximum(x, 0.0), 6.0); });
  Builder b;
  Value* x = b.input({Dim("N"), 3, 6, 5});
  Value* w = b.graph.add_constant("w", random_f32({4, 3, 1, 1}, 1));
  Value* y = b.op("Relu6", {b.op("Conv", {x, w})}, {}, std::string(kLayerDomain));
  const Graph graph = b.finish({y});
  EXPECT_NE(steps(graph).find("Conv+Clip"), std::string::npos) << steps(graph);
}

TEST(FuseExpressions, TransposesBetweenConvolutionsVanishIntoFormulas) {
  define_layer("Wave", {{"k", 2.0}}, [](const Expr& x, const LayerFields& f) { return sin(x * f["k"]) + x; });
  Builder b;
  Value* x = b.input({Dim("N"), 3, 6, 5});
  Value* w = b.graph.add_constant("w", random_f32({3, 3, 1, 1}, 1));
  Value* wave = b.op("Wave", {b.op("Conv", {x, w})}, {}, std::string(kLayerDomain));
  const Graph graph = b.finish({b.op("Conv", {wave, w})});
  EXPECT_EQ(steps(graph), "Transpose Conv Transpose+Wave+Transpose Conv Transpose");
  expect_same(graph, 2, "convolutions");
}

TEST(FuseExpressions, WhatManyReadOrWouldBeComputedAgainStaysApart) {
  Builder b;
  Value* x = b.input({Dim("N"), 16});
  Value* shared = b.op("Exp", {b.op("Mul", {x, b.scalar(2)})});
  Value* one = b.op("Tanh", {b.op("Neg", {shared})});
  Value* other = b.op("Sqrt", {b.op("Abs", {shared})});
  EXPECT_EQ(steps(b.finish({one, other})), "Mul+Exp Neg+Tanh Abs+Sqrt");

  // A row is not computed for each row of what it is added to.
  Builder c;
  Value* row = c.input({16});
  Value* rows = c.input({100, 16});
  Value* costly = c.op("Exp", {c.op("Tanh", {row})});
  EXPECT_EQ(steps(c.finish({c.op("Neg", {c.op("Add", {rows, costly})})})), "Tanh+Exp Add+Neg");
}

TEST(FuseExpressions, AViewDoesNotHideThatSomethingIsComputedAgain) {
  // Rows of a batch, at each of which the same weights are added: by a view, and by two of them.
  const auto graph_of = [](bool transposed) {
    Builder b;
    Value* weights = b.op("Exp", {b.op("Tanh", {b.input(transposed ? Shape{8, 16} : Shape{16, 8})})});
    if (transposed) weights = b.op("Transpose", {weights});
    Value* x = b.input({100, 16, 5, 8});
    return b.finish({b.op("Neg", {b.op("Add", {x, b.op("Unsqueeze", {weights, b.ints({1})})})})});
  };
  EXPECT_EQ(steps(graph_of(false)), "Tanh+Exp Unsqueeze+Add+Neg");
  EXPECT_EQ(steps(graph_of(true)), "Tanh+Exp Transpose+Unsqueeze+Add+Neg");
  expect_same(graph_of(true), 1, "weights");
  const Plan plan = compile_plan(graph_of(true), {});
  const auto& report = std::get<std::vector<std::string>>(plan.graph.properties().at("fusion"));
  EXPECT_EQ(report[1], "'Exp' is Tanh+Exp; it ends here, because 'Add' would compute each of its elements 500 times");

  // What is needed once is computed where it is.
  Builder b;
  Value* x = b.input({16, 8});
  Value* once = b.op("Transpose", {b.op("Exp", {b.op("Tanh", {b.input({8, 16})})})});
  EXPECT_EQ(steps(b.finish({b.op("Add", {x, once})})), "Tanh+Exp+Transpose+Add");
}

TEST(FuseExpressions, WhatNoKernelDoesIsCompiledAlone) {
  Builder b;
  Value* x = b.input({Dim("N"), 2, 5});
  const Graph graph = b.finish({b.op("Resize", {x, nullptr, nullptr, b.ints({9})}, {{"axes", Ints{2}}})});
  const Plan plan = compile_plan(graph, {});
  EXPECT_EQ(plan.graph.outputs()[0]->producer()->op(), "Expression");
  expect_same(graph, 3, "resize");
}

// The kernels that run the graph, on zeros.
std::string kernels_of(const Graph& graph) {
  const Engine engine = compile(graph);
  Context context = engine.context();
  std::vector<Tensor> inputs;
  for (const Port& port : engine.inputs()) inputs.push_back(Tensor::zeros(port.type.dtype, *to_dims(*port.type.shape)));
  (void)context.run(inputs);
  return context.explain();
}

// An operator alone, on many elements, has a kernel or is compiled.
TEST(FuseExpressions, NoOperatorOnElementsIsInterpreted) {
  int compiled = 0;
  for (const OpDef& op : all_ops()) {
    if (!op.pointwise || op.define == nullptr) continue;
    for (const DType dtype : {DType::kFloat16, DType::kBFloat16, DType::kFloat32, DType::kFloat64, DType::kUInt8,
                              DType::kInt64, DType::kBool}) {
      Builder b;
      std::vector<Value*> inputs;
      for (int i = 0; i < (op.max_inputs == kVariadic ? 3 : op.min_inputs); ++i) {
        const DType given = op.name == "Where" && i == 0 ? DType::kBool : dtype;
        inputs.push_back(b.graph.add_input(b.graph.fresh_name("x"), {given, Shape{Dim(64), Dim(33)}}));
      }
      const std::array<std::string, 1> names = {"y"};
      b.graph.set_outputs({b.graph.add_node(op.name, op.name, inputs, names)->output()});
      try {
        const std::string kernels = kernels_of(b.graph);
        EXPECT_EQ(kernels.find(": reference."), std::string::npos) << kernels;
        ++compiled;
      } catch (const Error& error) {  // It is not for this dtype.
        EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << op.name << ": " << error.message();
      }
    }
  }
  EXPECT_GE(compiled, 150);
}

TEST(FuseExpressions, NoOtherFormulaIsInterpreted) {
  struct Row {
    const char* op;
    std::vector<Ints> constants = {};  // What it gets beside x[8, 9, 10].
    Attributes attributes = {};
    int outputs = 1;
  };
  std::vector<Row> rows = {
      {"Concat", {}, {{"axis", int64_t{0}}}},
      {"Expand", {{2, 8, 9, 10}}},
      {"Flatten"},
      {"Gather", {{1, 0}}},
      {"Identity"},
      {"LogSoftmax", {}, {{"axis", int64_t{-1}}}},
      {"Pad", {{0, 0, 0, 1, 1, 1}}},
      {"Pad", {{0, 0, 0, 1, 1, 1}}, {{"mode", std::string("reflect")}}},
      {"Reshape", {{72, 10}}},
      {"Slice", {{1}, {5}}},
      {"Softmax", {}, {{"axis", int64_t{-1}}}},
      {"Split", {{3, 5}}, {}, 2},
      {"Squeeze"},
      {"Tile", {{2, 1, 1}}},
      {"Transpose", {}, {{"perm", Ints{2, 0, 1}}}},
      {"Unsqueeze", {{0}}},
      {"ArgMax"},
  };
  for (const char* op : {"ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
                         "ReduceSumSquare", "ReduceLogSum"}) {
    for (const Ints& axes : {Ints{1, 2}, Ints{0, -1}}) rows.push_back({op, {axes}});
  }
  for (const DType to : {DType::kFloat16, DType::kFloat64, DType::kInt32, DType::kBool})
    rows.push_back({"Cast", {}, {{"to", to}}});
  for (const Row& row : rows) {
    for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
      Builder b;
      std::vector<Value*> inputs = {b.graph.add_input("x", {dtype, Shape{Dim(8), Dim(9), Dim(10)}})};
      for (const Ints& values : row.constants) inputs.push_back(b.ints(values));
      std::vector<std::string> names = {"y", "z"};
      names.resize(static_cast<size_t>(row.outputs));
      Node* node = b.graph.add_node(row.op, "node", inputs, names, row.attributes);
      b.graph.set_outputs({node->outputs().begin(), node->outputs().end()});
      const std::string kernels = kernels_of(b.graph);
      EXPECT_EQ(kernels.find(": reference."), std::string::npos) << kernels;
    }
  }
}

TEST(ExtractProducts, SumsOfProductsAreMatrixProducts) {
  const Attributes none;
  define_layer("Product", none, [](const Expr& a, const Expr& b, const LayerFields&) { return matmul(a, b); });
  define_layer("Dense", none, [](const Expr& x, const Expr& w, const Expr& b, const LayerFields&) {
    return tanh(matmul(relu(x), transpose(w)) + b);
  });
  define_layer("Scores", none, [](const Expr& q, const Expr& k, const LayerFields&) {
    return softmax(matmul(q, transpose(k, {0, 2, 1})) * 0.25);
  });
  {
    Builder b;
    Value* x = b.input({Dim("N"), 5, 16});
    const Graph graph = b.finish({b.op("Product", {x, b.input({16, 7})}, {}, std::string(kLayerDomain))});
    EXPECT_EQ(steps(graph), "MatMul");
    expect_same(graph, 3, "product");
  }
  {
    Builder b;
    Value* x = b.input({Dim("N"), 16});
    Value* y = b.op("Dense", {x, b.input({7, 16}), b.input({7})}, {}, std::string(kLayerDomain));
    const Graph graph = b.finish({y});
    EXPECT_NE(steps(graph).find("MatMul"), std::string::npos) << steps(graph);
    expect_same(graph, 3, "dense");
  }
  {
    Builder b;
    Value* q = b.input({Dim("N"), 6, 8});
    Value* y = b.op("Scores", {q, b.input({Dim("N"), 9, 8})}, {}, std::string(kLayerDomain));
    const Graph graph = b.finish({y});
    EXPECT_NE(steps(graph).find("MatMul"), std::string::npos) << steps(graph);
    expect_same(graph, 2, "scores");
  }
}

TEST(FuseExpressions, SaysWhatItDid) {
  Builder b;
  Value* x = b.input({Dim("N"), 16});
  Value* y = b.op("Exp", {b.op("Neg", {x})});
  Value* w = b.graph.add_constant("w", random_f32({16, 4}, 1));
  const Engine engine = compile(b.finish({b.op("MatMul", {y, w})}));
  Context context = engine.context();
  (void)context.run(std::vector{random_f32({2, 16}, 1)});
  const std::string text = context.explain();
  EXPECT_NE(text.find("is Neg+Exp; it ends here, because 'MatMul' reads it, which is MatMul and no formula"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace tenon
