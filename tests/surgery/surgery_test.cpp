// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include "errors.h"

namespace tenon {
namespace {

using test::expect_error;

// A TensorFlow-like graph: Placeholder -> dense/{MatMul, BiasAdd, Relu6} -> out/{MatMul, Softmax}, constants as nodes.
Graph tf_sample() {
  Graph graph("tf");
  graph.set_name("sample.pb");
  const auto constant = [&](const char* name) {
    return graph
        .add_node("Const", name, {}, {{"value", Tensor::zeros(DType::kFloat32, {2, 2})}, {"dtype", DType::kFloat32}})
        ->output();
  };
  Value* x = graph
                 .add_node("Placeholder", "x", {},
                           {{"dtype", DType::kFloat32}, {"shape", TensorType{DType::kUndefined, parse_shape("?,2")}}})
                 ->output();
  Value* h = graph.add_node("MatMul", "dense/MatMul", {x, constant("dense/kernel")})->output();
  h = graph.add_node("BiasAdd", "dense/BiasAdd", {h, constant("dense/bias")})->output();
  h = graph.add_node("Relu6", "dense/Relu6", {h}, {{"T", DType::kFloat32}})->output();
  h = graph.add_node("MatMul", "out/MatMul", {h, constant("out/kernel")})->output();
  graph.set_outputs({graph.add_node("Softmax", "out/Softmax", {h})->output()});
  return graph;
}

std::vector<std::string> names(const std::vector<Node*>& nodes) {
  std::vector<std::string> result;
  for (const Node* node : nodes) result.push_back(node->name());
  return result;
}

std::vector<std::string> input_names(const Node* node) {
  std::vector<std::string> result;
  for (const Value* value : node->inputs()) result.push_back(value->name());
  return result;
}

using Names = std::vector<std::string>;

TEST(Query, FindsByNameOperatorNamespaceAndAttribute) {
  const Graph graph = tf_sample();
  EXPECT_EQ(names(find_nodes(graph, {.op = "MatMul"})), (Names{"dense/MatMul", "out/MatMul"}));
  EXPECT_EQ(names(find_nodes(graph, {.name = "*/kernel"})), (Names{"dense/kernel", "out/kernel"}));
  EXPECT_EQ(names(find_nodes(graph, {.path = "out/"})), (Names{"out/kernel", "out/MatMul", "out/Softmax"}));
  EXPECT_EQ(names(find_nodes(graph, {.attribute = "T", .value = Attribute{DType::kFloat32}})), (Names{"dense/Relu6"}));
  EXPECT_EQ(names(find_nodes(graph, {.op = "MatMul", .path = "out"})), (Names{"out/MatMul"}));
  EXPECT_TRUE(find_nodes(graph, {.attribute = "T", .value = Attribute{DType::kInt32}}).empty());
  EXPECT_TRUE(find_nodes(graph, {.path = "den"}).empty());
}

TEST(Query, NothingFoundListsNearNames) {
  const Graph graph = tf_sample();
  expect_error(ErrorCode::kNotFound, "matches operator 'Softmaxx'; did you mean 'Softmax'?",
               [&] { (void)require_nodes(graph, {.op = "Softmaxx"}); });
  expect_error(ErrorCode::kNotFound, "did you mean 'dense'?", [&] { (void)require_nodes(graph, {.path = "densee"}); });
  expect_error(ErrorCode::kNotFound, "did you mean 'dense/bias'",
               [&] { (void)require_nodes(graph, {.name = "dense/bais"}); });
}

TEST(Query, RequiredNodesAndValuesAreFoundOrNamed) {
  Graph graph = tf_sample();
  EXPECT_EQ(require_node(graph, "dense/MatMul")->op(), "MatMul");
  EXPECT_EQ(require_value(graph, "dense/MatMul:0"), graph.find_value("dense/MatMul"));
  EXPECT_EQ(require_value(graph, "dense/MatMul:1")->output_index(), 1);
  expect_error(ErrorCode::kNotFound, "no node named 'dense/MatMull'; did you mean 'dense/MatMul'",
               [&] { (void)require_node(graph, "dense/MatMull"); });
  expect_error(ErrorCode::kNotFound, "no tensor named 'dense/MatMull'; did you mean 'dense/MatMul'",
               [&] { (void)require_value(graph, "dense/MatMull"); });
}

TEST(Replace, AMappingMayComeInTwoParts) {
  Graph graph = tf_sample();
  const auto nodes = map_to_layer(graph, "ReLU6", layer("Clip", {{"hi", 6.0}}));
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0]->op(), "Clip");
  EXPECT_NE(nodes[0]->attribute("hi"), nullptr);
}

TEST(Replace, AnOperatorBecomesALayerInPlace) {
  Graph graph = tf_sample();
  const auto nodes = replace_nodes(graph, {.op = "Relu6"}, layer("Clip", {{"lo", 0.0}, {"hi", 6.0}}));
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0]->op(), "Clip");
  EXPECT_EQ(nodes[0]->domain(), kLayerDomain);
  EXPECT_EQ(nodes[0]->attribute("T"), nullptr);
  EXPECT_EQ(input_names(graph.find_node("out/MatMul")), (Names{"dense/Relu6", "out/kernel"}));
  graph.validate();
}

TEST(Replace, ANamespaceBecomesOneLayerAndItsConstantsGoWithIt) {
  Graph graph = tf_sample();
  Node* after = graph.add_node("NoOp", "after", {});
  after->set_control_inputs({graph.find_node("dense/Relu6"), graph.find_node("dense/BiasAdd")});
  Node* node = replace_namespace(graph, "dense", layer("Dense"));
  graph.validate();
  EXPECT_EQ(node->name(), "dense");
  EXPECT_EQ(input_names(node), (Names{"x"}));
  EXPECT_EQ(node->output()->name(), "dense/Relu6");
  EXPECT_EQ(graph.find_node("dense/kernel"), nullptr);
  EXPECT_EQ(names(after->control_inputs()), (Names{"dense"}));
  EXPECT_EQ(input_names(graph.find_node("out/MatMul")), (Names{"dense/Relu6", "out/kernel"}));
}

TEST(Replace, ANamespaceAtTheEndKeepsTheGraphOutput) {
  Graph graph = tf_sample();
  Node* node = replace_namespace(graph, "out", layer("Head"));
  graph.validate();
  EXPECT_EQ(graph.outputs()[0], node->output());
  EXPECT_EQ(graph.outputs()[0]->name(), "out/Softmax");
}

TEST(Replace, ANamespaceThatDependsOnItselfIsRefused) {
  Graph graph;
  Value* x = graph.add_input("x", {});
  Value* a = graph.add_node("Relu", "s/a", {x})->output();
  Value* outside = graph.add_node("Exp", "outside", {a})->output();
  graph.set_outputs({graph.add_node("Add", "s/b", {a, outside})->output()});
  expect_error(ErrorCode::kInvalidArgument, "its input 'outside' depends on one of its own outputs",
               [&] { (void)replace_namespace(graph, "s", layer("S")); });
  graph.validate();
  EXPECT_EQ(graph.node_count(), 3U);
}

TEST(Map, TakesOperatorsThenNamesThenNamespacesThenOperatorsInAnyCase) {
  const auto mapped = [](const char* mapping) {
    Graph graph = tf_sample();
    const auto nodes = names(map_to_layer(graph, mapping));
    graph.validate();
    return nodes;
  };
  EXPECT_EQ(mapped("Relu6=Clip()"), (Names{"dense/Relu6"}));
  EXPECT_EQ(mapped("ReLU6=Clip(lo=0)"), (Names{"dense/Relu6"}));
  EXPECT_EQ(mapped("out/Softmax=MySoftmax"), (Names{"out/Softmax"}));
  EXPECT_EQ(mapped("dense=Dense(units=2)"), (Names{"dense"}));
  EXPECT_EQ(mapped("*/MatMul=Mm()"), (Names{"dense/MatMul", "out/MatMul"}));
}

TEST(Map, WhatCannotBeReadOrFoundIsSaid) {
  Graph graph = tf_sample();
  expect_error(ErrorCode::kInvalidArgument, "must read WHAT=Layer", [&] { (void)map_to_layer(graph, "Clip(lo=0)"); });
  expect_error(ErrorCode::kNotFound,
               "no operator, node or namespace 'Relu7' to map to the layer 'Clip'; did you mean 'Relu6'",
               [&] { (void)map_to_layer(graph, "Relu7=Clip()"); });
}

TEST(LayerText, ReadsEveryKindOfField) {
  const LayerSpec spec = parse_layer(
      "my::Clip( lo=0, hi=6.5, mode='e\\'dge', axes=[1, 2], s=[1,2.5], on=true, names=[\"a\"], none=[], big=-1e3 )");
  EXPECT_EQ(spec.domain, "my");
  EXPECT_EQ(spec.name, "Clip");
  EXPECT_EQ(std::get<int64_t>(spec.fields.at("lo")), 0);
  EXPECT_EQ(std::get<double>(spec.fields.at("hi")), 6.5);
  EXPECT_EQ(std::get<std::string>(spec.fields.at("mode")), "e'dge");
  EXPECT_EQ(std::get<std::vector<int64_t>>(spec.fields.at("axes")), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(std::get<std::vector<double>>(spec.fields.at("s")), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(std::get<bool>(spec.fields.at("on")), true);
  EXPECT_EQ(std::get<std::vector<std::string>>(spec.fields.at("names")), (Names{"a"}));
  EXPECT_EQ(std::get<double>(spec.fields.at("big")), -1000);
  EXPECT_TRUE(parse_layer("Clip").fields.empty());
}

TEST(LayerText, MistakesPointAtTheirPlace) {
  struct Row {
    const char* text;
    const char* message;
  };
  for (const Row& row :
       {Row{"Clip(lo)", "at character 8: '=' is required"}, Row{"Clip(lo=)", "'' is not a number"},
        Row{"Clip(lo=1", "')' is required after the last field"}, Row{"Clip(lo=1) x", "nothing more is expected"},
        Row{"(lo=1)", "a layer's name is required"}, Row{"Clip(s='a)", "string is not closed"},
        Row{"Clip(a=[1,'x'])", "must be of one kind"}, Row{"Clip(a=1, a=2)", "'a' is given twice"}})
    expect_error(ErrorCode::kInvalidArgument, row.message, [&] { (void)parse_layer(row.text); });
}

TEST(Edit, RemovingNeedsAForwardWhileSomebodyReads) {
  Graph graph = tf_sample();
  Node* relu = graph.find_node("dense/Relu6");
  expect_error(ErrorCode::kInvalidArgument, "'out/MatMul' reads it", [&] { remove_node(graph, relu); });
  forward_inputs(graph, relu);
  EXPECT_EQ(input_names(graph.find_node("out/MatMul")), (Names{"dense/BiasAdd", "out/kernel"}));
  remove_node(graph, graph.find_node("out/Softmax"), 0);
  EXPECT_EQ(graph.outputs()[0]->name(), "out/MatMul");
  expect_error(ErrorCode::kInvalidArgument, "has no input 0 to forward",
               [&] { forward_inputs(graph, graph.find_node("x")); });
  graph.validate();
}

TEST(Edit, AppendTakesOverReadersAndTheGraphOutput) {
  Graph graph = tf_sample();
  Node* middle = append_after(graph, graph.find_value("dense/Relu6"), layer("Scale", {{"by", 2.0}}), "scale");
  EXPECT_EQ(input_names(graph.find_node("out/MatMul")), (Names{"scale", "out/kernel"}));
  EXPECT_EQ(input_names(middle), (Names{"dense/Relu6"}));
  Node* last = append_after(graph, graph.outputs()[0], layer("Top"));
  EXPECT_EQ(graph.outputs()[0], last->output());
  graph.validate();
}

TEST(Edit, ExtractCutsAtTheGivenTensors) {
  const Graph graph = tf_sample();
  const Names inputs = {"dense/BiasAdd"}, outputs = {"out/MatMul:0"};
  const Graph part = extract(graph, inputs, outputs);
  part.validate();
  EXPECT_EQ(names(part.topological_order()), (Names{"out/kernel", "dense/BiasAdd", "dense/Relu6", "out/MatMul"}));
  EXPECT_EQ(part.find_node("dense/BiasAdd")->op(), "Placeholder");
  EXPECT_EQ(graph.node_count(), 9U);
}

TEST(Edit, ExtractRefusesACutThatLeavesAnInputOut) {
  Graph graph = tf_sample();
  Value* other = graph.add_node("Placeholder", "other", {})->output();
  graph.set_outputs({graph.add_node("Add", "sum", {graph.outputs()[0], other})->output()});
  const Names inputs = {"x"}, outputs = {"sum"};
  expect_error(ErrorCode::kInvalidArgument, "still needs the input 'other'",
               [&] { (void)extract(graph, inputs, outputs); });
  const Names unknown = {"summ"};
  expect_error(ErrorCode::kNotFound, "no tensor named 'summ'; did you mean 'sum'?",
               [&] { (void)extract(graph, {}, unknown); });
}

TEST(Edit, ExtractOnAStandardGraphMakesGraphInputs) {
  Graph graph;
  Value* x = graph.add_input("x", {DType::kFloat32, parse_shape("2")});
  Value* y = graph.add_input("y", {DType::kFloat32, parse_shape("2")});
  Value* h = graph.add_node("Add", "h", {x, y})->output();
  graph.set_outputs({graph.add_node("Relu", "r", {h})->output()});
  const Names inputs = {"h"};
  const Graph part = extract(graph, inputs, {});
  part.validate();
  ASSERT_EQ(part.inputs().size(), 1U);
  EXPECT_EQ(part.inputs()[0]->name(), "h");
}

TEST(Edit, InputShapesChangeAndForgetWhatWasDerived) {
  Graph graph = tf_sample();
  graph.find_value("dense/MatMul")->set_type({DType::kFloat32, parse_shape("?,2")});
  set_input_shape(graph, "x", parse_shape("8,2"), DType::kFloat64);
  EXPECT_EQ(to_string(graph.find_value("x")->type()), "f64[8,2]");
  EXPECT_EQ(to_string(*graph.find_node("x")->attribute("shape")), "?[8,2]");
  EXPECT_EQ(graph.find_value("dense/MatMul")->type(), TensorType{});
  expect_error(ErrorCode::kNotFound, "no input named 'X'; it has 'x'", [&] { set_input_shape(graph, "X", {}); });
}

TEST(SetInputShape, UffHoldsShapesAsInts) {
  Graph graph("uff");
  graph.add_node("Input", "x", {}, {{"dtype", DType::kFloat32}, {"shape", std::vector<int64_t>{-1, 3}}});
  set_input_shape(graph, "x", parse_shape("N,?,28"));
  EXPECT_EQ(std::get<std::vector<int64_t>>(*graph.find_node("x")->attribute("shape")),
            (std::vector<int64_t>{-1, -1, 28}));
  EXPECT_EQ(to_string(graph.find_value("x")->type()), "?[N,?,28]");
}

TEST(Edit, OutputsOfATensorFlowNodeComeIntoBeingWhenTheyAreNamed) {
  Graph graph = tf_sample();
  const Names wanted = {"dense/Relu6:0", "out/MatMul:2"};
  set_outputs(graph, wanted);
  EXPECT_EQ(graph.outputs()[0]->name(), "dense/Relu6");
  EXPECT_EQ(graph.outputs()[1]->name(), "out/MatMul:2");
  EXPECT_EQ(graph.find_node("out/MatMul")->outputs().size(), 3U);
  graph.validate();
}

TEST(Edit, RenamingANodeRenamesItsOutputs) {
  Graph graph = tf_sample();
  (void)graph.add_output_value(graph.find_node("dense/Relu6"), "dense/Relu6:1");
  rename_node(graph, "dense/Relu6", "act");
  EXPECT_EQ(input_names(graph.find_node("out/MatMul")), (Names{"act", "out/kernel"}));
  EXPECT_NE(graph.find_value("act:1"), nullptr);
  expect_error(ErrorCode::kNotFound, "did you mean 'act'", [&] { rename_node(graph, "actt", "b"); });
}

}  // namespace
}  // namespace tenon
