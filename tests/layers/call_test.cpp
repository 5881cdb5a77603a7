// SPDX-License-Identifier: Apache-2.0
#include <tenon/compile.h>
#include <tenon/define_layer.h>
#include <tenon/expr_call.h>
#include <tenon/expr_functions.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "layers/support.h"
#include "op_vectors.h"
#include "ops/op.h"

// Standard operators that layers of formulas call.
namespace tenon {
namespace {

using test::expect_error;
using test::floats;
using test::values_of;

using Ints = std::vector<int64_t>;

Tensor counted(const Dims& dims) {
  std::vector<float> values(static_cast<size_t>(dims.count()));
  std::iota(values.begin(), values.end(), -3.0F);
  return Tensor::from<float>(values, dims);
}

// A graph of one node of a layer, on inputs of these types.
Graph graph_of(const std::string& layer, const std::vector<TensorType>& inputs, int outputs = 1) {
  Graph graph;
  std::vector<Value*> values;
  std::vector<std::string> names;
  for (const TensorType& type : inputs) values.push_back(graph.add_input("x" + std::to_string(values.size()), type));
  for (int i = 0; i < outputs; ++i) names.push_back("y" + std::to_string(i));
  Node* node = graph.add_node(layer, "node", values, names, {}, std::string(kLayerDomain));
  graph.set_outputs({node->outputs().begin(), node->outputs().end()});
  return graph;
}

TensorType f32(Shape shape) { return {DType::kFloat32, std::move(shape)}; }

class CalledOperators : public ::testing::TestWithParam<std::string> {};

// Inputs whose values the type rule asks for are constants, the others tensors.
std::vector<bool> constants_of(const test::OpCase& row, const std::vector<Tensor>& inputs) {
  Graph graph;
  std::vector<Value*> values;
  std::vector<TensorType> types;
  std::vector<std::string> names;
  for (const Tensor& input : inputs) {
    types.push_back(input.defined() ? TensorType{input.dtype(), to_shape(input.dims())} : TensorType{});
    values.push_back(input.defined() ? graph.add_input("", types.back()) : nullptr);
  }
  for (size_t i = 0; i < row.outputs.size(); ++i) names.push_back("y" + std::to_string(i));
  const Node* node = graph.add_node(row.op, "node", values, names, row.attributes);
  const std::vector<const Tensor*> none(inputs.size());
  std::vector<bool> constants(inputs.size());
  for (const size_t input : infer_node(*node, types, none).needs_value) constants[input] = true;
  return constants;
}

bool formulas_have(const test::OpCase& row) {
  constexpr DType kDTypes[] = {DType::kBool,    DType::kInt8,    DType::kInt16,   DType::kInt32,  DType::kInt64,
                               DType::kUInt8,   DType::kUInt16,  DType::kUInt32,  DType::kUInt64, DType::kFloat16,
                               DType::kFloat32, DType::kFloat64, DType::kBFloat16};
  const auto has = [&](const std::string& text) {
    const auto dtype = dtype_from_name(text.substr(0, text.find('[')));
    return !dtype || std::find(std::begin(kDTypes), std::end(kDTypes), *dtype) != std::end(kDTypes);
  };
  return std::all_of(row.inputs.begin(), row.inputs.end(), has) &&
         std::all_of(row.outputs.begin(), row.outputs.end(), has);
}

// What is called gives what the operator gives, whether it is inlined as formulas or stays itself.
TEST_P(CalledOperators, AgreeWithNumPy) {
  int called = 0;
  for (const test::OpCase& row : test::op_cases()) {
    if (row.op != GetParam() || !formulas_have(row)) continue;
    SCOPED_TRACE(row.name);
    std::vector<Tensor> inputs, given;
    for (const std::string& text : row.inputs) {
      const auto vector = test::parse_tensor(text);
      inputs.push_back(vector ? vector->tensor : Tensor());
    }
    const std::vector<bool> constants = constants_of(row, inputs);
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].defined() && !constants[i]) given.push_back(inputs[i]);
    if (given.empty()) continue;
    const int outputs = static_cast<int>(row.outputs.size());
    define_layer({.name = "Called", .variadic = true, .outputs = outputs},
                 [&](std::span<const Expr> xs, const LayerFields&) {
                   std::vector<OperatorInput> operands;
                   size_t next = 0;
                   for (size_t i = 0; i < inputs.size(); ++i) {
                     OperatorInput& operand = operands.emplace_back();
                     if (!inputs[i].defined()) continue;
                     if (constants[i])
                       operand = inputs[i];
                     else
                       operand = xs[next++];
                   }
                   return call(row.op, operands, row.attributes, outputs);
                 });
    const std::vector<Tensor> results = test::Subject("Called", {}, given, row.outputs.size()).run();
    ++called;
    for (size_t i = 0; i < results.size(); ++i) {
      test::expect_vector(results[i], test::parse_tensor(row.outputs[i]).value(), row.ulps);
    }
  }
  EXPECT_TRUE(called > 0 || GetParam() == "Constant" || GetParam() == "ConstantOfShape" || GetParam() == "Range");
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CalledOperators);
INSTANTIATE_TEST_SUITE_P(, CalledOperators, ::testing::ValuesIn(test::operators_with_cases()),
                         [](const auto& row) { return row.param; });

TEST(CalledOperator, OfFormulasIsPartOfTheLayers) {
  LayerBuilder layer("Soft");
  const Expr x = layer.input("x", "f32[n, c]");
  const LayerExpr soft = layer.build(call("Softmax", {x}, {{"axis", int64_t{-1}}}) * 2);
  LayerBuilder by_hand("Soft");
  const Expr y = by_hand.input("x", "f32[n, c]");
  EXPECT_EQ(soft, by_hand.build(softmax(y) * 2));
}

TEST(CalledOperator, IsANodeBetweenFormulas) {
  LayerBuilder layer("Block", "Convolves.");
  const Expr x = layer.input("x", "f32[n, 1, h, w]"), w = layer.input("w", "f32[2, 1, 3, 3]");
  const Expr y = call("Conv", {exp(x), w}, {{"pads", Ints{1, 1, 1, 1}}});
  const Expr z = call("MaxPool", {y}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}});
  EXPECT_TRUE(layer.calls_operators());
  EXPECT_EQ(y.type_text(), "f32[n, 2, h, w]");
  const Graph graph = layer.build_graph(std::vector<Expr>{z * 2, y});
  std::vector<std::string> ops;
  for (const Node* node : graph.topological_order()) ops.push_back(node->op());
  EXPECT_EQ(ops, (std::vector<std::string>{"Expression", "Conv", "MaxPool", "Expression"}));
  EXPECT_EQ(graph.outputs()[1]->producer()->op(), "Conv");
  EXPECT_EQ(to_string(graph.outputs()[1]->type()), "f32[n,2,h,w]");
  expect_error(ErrorCode::kUnsupported, "layer 'Block': it calls the operator Conv", [&] { (void)layer.build(z); });
}

TEST(CalledOperator, TakesWhatFollowsAsItsEpilogue) {
  define_layer("ConvSwish", {{"alpha", 1.0}}, [](const Expr& x, const Expr& w, const LayerFields& f) {
    const Expr y = call("Conv", {x, w}, {{"pads", Ints{1, 1, 1, 1}}});
    return y * sigmoid(f["alpha"] * y);
  });
  Graph layered = graph_of("ConvSwish", {f32({Dim("N"), 1, 4, 4}), f32({2, 1, 3, 3})});
  Graph by_hand;
  Value* x = by_hand.add_input("x0", f32({Dim("N"), 1, 4, 4}));
  Value* w = by_hand.add_input("x1", f32({2, 1, 3, 3}));
  Node* conv = by_hand.add_node("Conv", "conv", {x, w}, {{"pads", Ints{1, 1, 1, 1}}});
  by_hand.set_outputs({by_hand.add_node("Swish", "y0", {conv->output()})->output()});
  const std::vector<Tensor> inputs = {counted({3, 1, 4, 4}), counted({2, 1, 3, 3})};
  const Engine engine = compile(layered);
  EXPECT_EQ(engine.context().memory().steps, compile(by_hand).context().memory().steps);
  EXPECT_EQ(values_of<float>(engine.run(inputs)[0]), values_of<float>(compile(by_hand).run(inputs)[0]));
}

TEST(CalledOperator, MayHaveSeveralOutputsAndConstantInputs) {
  define_layer("Best", {}, [](const Expr& x, const LayerFields&) {
    const auto [values, places] = call<2>("TopK", {x * 2, 2}, {{"axis", int64_t{1}}});
    return std::array{values - 1, places};
  });
  const auto results = compile(graph_of("Best", {f32({Dim("N"), 3})}, 2)).run(std::vector{floats({1, 3, 2}, {1, 3})});
  EXPECT_EQ(values_of<float>(results[0]), (std::vector<float>{5, 3}));
  EXPECT_EQ(values_of<int64_t>(results[1]), (std::vector<int64_t>{1, 2}));
}

TEST(CalledOperator, DimensionsThatAreComputedGoThrough) {
  LayerBuilder layer("Sums");
  const Expr x = layer.input("x", "f32[n, c]");
  const Expr twice = concat(std::vector<Expr>{x, x}, 0);
  const Expr sums = call("CumSum", {twice, 0});
  EXPECT_EQ(sums.type_text(), twice.type_text());
  (void)(sums + twice);
  EXPECT_NE(call("TopK", {x, sum(cast(x, DType::kInt64))}).type_text(), x.type_text());
}

TEST(CalledOperator, MistakesNameTheOperator) {
  LayerBuilder layer("Wrong");
  const Expr x = layer.input("x", "f32[n, 3]"), open = layer.input("t", "T[n]"), field = layer.field("f", 1.0);
  const auto refused = [](const std::string& fragment, std::initializer_list<OperatorInput> inputs,
                          const std::string& op = "TopK", const Attributes& attributes = {}) {
    expect_error(ErrorCode::kInvalidArgument, fragment, [&] { (void)call(op, inputs, attributes); });
  };
  expect_error(ErrorCode::kNotFound, "there is no standard operator 'TopC'; did you mean 'TopK'",
               [&] { (void)call("TopC", {x, 2}); });
  expect_error(ErrorCode::kNotFound, "no standard operator 'Expression'", [&] { (void)call("Expression", {x}); });
  refused("TopK 'Wrong/TopK': it has 1 inputs but 2 are required", {x});
  refused("it has the attribute 'axes', which the operator does not know; did you mean 'axis'", {x, 2}, "TopK",
          {{"axes", int64_t{0}}});
  refused("the attribute 'axis' is of kind string but int is required", {x, 2}, "TopK", {{"axis", std::string("0")}});
  refused("TopK: input 0 is T[n], whose dtype is not known", {open, 2});
  refused("TopK: input 1 is a float, whose dtype is not known", {x, field});
  refused("k is 4 but axis 1 of [n,3] has 3 elements", {x, 4});
  refused("rank 3 to 5 is required", {x, x}, "Conv");
  refused("CumSum: none of its inputs is made of the layer's", {Tensor::from<float>({1}, {1}), 0}, "CumSum");
  refused("Reshape: the rank of its output 0 depends on the value of input 1",
          {x, reshape(cast(sum(x, 1), DType::kInt64), std::vector<Expr>{-1})}, "Reshape");
  expect_error(ErrorCode::kInvalidArgument, "CumSum: input 0 depends on an index of a compute()", [&] {
    (void)compute(x.shape(), [&](const Expr& i, const Expr& j) {
      return call("CumSum", {reshape(x(i, j), std::vector<Expr>{1}), 0})(0);
    });
  });
}

}  // namespace
}  // namespace tenon
