// SPDX-License-Identifier: Apache-2.0
#include "surgery/sample.h"

#include <tenon/surgery.h>

#include "errors.h"

namespace tenon {
namespace {

using test::expect_error;
using test::input_names;
using test::Names;
using test::names;
using test::tf_sample;

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

TEST(Edit, UffHoldsShapesAsInts) {
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

// x -> a -> {b, c} -> d, and e waits for c.
struct Diamond {
  Graph graph{"tf"};
  Node* x = graph.add_node("Placeholder", "x", {});
  Node* a = graph.add_node("Identity", "a", {x->output()});
  Node* k = graph.add_node("Const", "k", {});
  Node* b = graph.add_node("Add", "b", {a->output(), k->output()});
  Node* c = graph.add_node("Relu", "c", {a->output()});
  Node* d = graph.add_node("Concat", "d", {b->output(), c->output(), b->output()});
  Node* e = graph.add_node("NoOp", "e", {});
  Diamond() {
    e->set_control_inputs({c});
    graph.set_outputs({d->output()});
  }
};

TEST(Remove, SeveralNodesMayReadOneAnother) {
  Diamond s;
  remove_nodes(s.graph, std::vector<Node*>{s.c, s.d});
  s.graph.validate();
  EXPECT_EQ(names(s.graph.nodes()), (Names{"x", "a", "k", "b", "e"}));
  EXPECT_TRUE(s.e->control_inputs().empty());
  EXPECT_TRUE(s.graph.outputs().empty());
  remove_nodes(s.graph, {});
  EXPECT_EQ(s.graph.node_count(), 5U);
}

TEST(Remove, ReadersAreDetachedOnRequestOnly) {
  Diamond s;
  expect_error(ErrorCode::kInvalidArgument,
               "Add 'b' cannot be removed: 'd' reads it; forward its input to the readers, detach",
               [&] { remove_nodes(s.graph, std::vector<Node*>{s.b}); });
  EXPECT_EQ(s.graph.node_count(), 7U);
  remove_nodes(s.graph, std::vector<Node*>{s.b}, {.detach = true});
  s.graph.validate();
  EXPECT_EQ(input_names(s.d), (Names{"c"}));
  EXPECT_NE(s.graph.find_node("k"), nullptr);
}

TEST(Remove, DependenciesThatOnlyRemovedNodesNeedGoToo) {
  Diamond s;
  remove_nodes(s.graph, std::vector<Node*>{s.b}, {.dependencies = true, .detach = true});
  EXPECT_EQ(names(s.graph.nodes()), (Names{"x", "a", "c", "d", "e"}));  // c needs a
  remove_nodes(s.graph, std::vector<Node*>{s.d}, {.dependencies = true});
  EXPECT_EQ(names(s.graph.nodes()), (Names{"x", "a", "c", "e"}));  // e waits for c
  remove_nodes(s.graph, std::vector<Node*>{s.e}, {.dependencies = true});
  EXPECT_EQ(s.graph.node_count(), 0U);
  s.graph.validate();
}

TEST(Remove, ReadersMayReadAnInputInstead) {
  Diamond s;
  remove_nodes(s.graph, std::vector<Node*>{s.a, s.b}, {.forward = 0, .dependencies = true});
  s.graph.validate();
  EXPECT_EQ(input_names(s.d), (Names{"x", "c", "x"}));
  EXPECT_EQ(names(s.graph.nodes()), (Names{"x", "c", "d", "e"}));
  expect_error(ErrorCode::kInvalidArgument, "Relu 'c' has no input 1 to forward",
               [&] { remove_nodes(s.graph, std::vector<Node*>{s.c}, {.forward = 1}); });
}

TEST(Remove, DependenciesThatAreGraphOutputsStay) {
  Diamond s;
  s.graph.set_outputs({s.d->output(), s.b->output()});
  remove_nodes(s.graph, std::vector<Node*>{s.d, s.e}, {.dependencies = true});
  EXPECT_EQ(names(s.graph.nodes()), (Names{"x", "a", "k", "b"}));
  EXPECT_EQ(s.graph.outputs().size(), 1U);
  s.graph.validate();
}

TEST(Remove, ConstantsAreDependenciesAndGraphInputsAreNot) {
  Graph graph;
  Value* x = graph.add_input("x", {});
  Value* k = graph.add_constant("k", Tensor::scalar(1.0F));
  Value* other = graph.add_constant("other", Tensor::scalar(2.0F));
  Node* sum = graph.add_node("Add", "sum", {x, k});
  Node* keep = graph.add_node("Relu", "keep", {other});
  remove_nodes(graph, std::vector<Node*>{sum}, {.dependencies = true});
  EXPECT_EQ(graph.find_value("k"), nullptr);
  EXPECT_NE(graph.find_value("x"), nullptr);
  EXPECT_EQ(input_names(keep), (Names{"other"}));
  graph.validate();
}

TEST(Forward, ChainsOfNodesGoTogether) {
  Diamond s;
  EXPECT_TRUE(forward_inputs(s.graph, std::vector<Node*>{s.a, s.c}).empty());
  s.graph.validate();
  EXPECT_EQ(input_names(s.d), (Names{"b", "x", "b"}));
  EXPECT_EQ(input_names(s.b), (Names{"x", "k"}));
}

TEST(Forward, AllInputsTakeThePlaceOfANode) {
  Diamond s;
  EXPECT_TRUE(forward_inputs(s.graph, std::vector<Node*>{s.c, s.b, s.a}, true).empty());
  s.graph.validate();
  EXPECT_EQ(input_names(s.d), (Names{"x", "k", "x", "x", "k"}));
}

TEST(Forward, AGraphOutputBecomesTheFirstInput) {
  Diamond s;
  forward_inputs(s.graph, std::vector<Node*>{s.d}, true);
  EXPECT_EQ(s.graph.outputs()[0], s.b->output());
  s.graph.validate();
}

TEST(Forward, NodesThatWaitForOthersStay) {
  Diamond s;
  s.a->set_control_inputs({s.k});
  EXPECT_EQ(names(forward_inputs(s.graph, std::vector<Node*>{s.a, s.c})), (Names{"a"}));
  EXPECT_EQ(input_names(s.d), (Names{"b", "a", "b"}));
  expect_error(ErrorCode::kInvalidArgument, "Identity 'a' cannot be bypassed: it waits for 'k'",
               [&] { forward_inputs(s.graph, s.a); });
  s.graph.validate();
}

TEST(Forward, WhatHasNothingToForwardIsSaid) {
  Diamond s;
  expect_error(ErrorCode::kInvalidArgument, "Placeholder 'x' has no input 0",
               [&] { (void)forward_inputs(s.graph, std::vector<Node*>{s.x}); });
  s.b->set_input(1, s.b->output());
  expect_error(ErrorCode::kInvalidArgument, "Add 'b' reads itself",
               [&] { (void)forward_inputs(s.graph, std::vector<Node*>{s.b}); });
}

TEST(Forward, InputsThatDoubleWithEachLinkAreRefused) {
  Graph graph("tf");
  std::vector<Node*> links;
  Value* value = graph.add_node("Placeholder", "x", {})->output();
  for (int i = 0; i < 40; ++i) {
    links.push_back(graph.add_node("Add", "", {value, value}));
    value = links.back()->output();
  }
  graph.add_node("Relu", "last", {value});
  expect_error(ErrorCode::kInvalidArgument, "inputs, more than 65536",
               [&] { (void)forward_inputs(graph, links, true); });
}

TEST(AddNode, MakesOperatorsAndLayers) {
  Diamond s;
  Node* layer_node =
      add_node(s.graph, {.name = "nms", .layer = layer("NMS_TRT", {{"topK", int64_t{100}}}), .inputs = {"d", "b:0"}});
  EXPECT_EQ(layer_node->domain(), kLayerDomain);
  EXPECT_EQ(input_names(layer_node), (Names{"d", "b"}));
  EXPECT_EQ(layer_node->output()->name(), "nms");
  Node* op = add_node(s.graph, {.layer = operation("ConcatV2", {{"axis", int64_t{2}}})});
  EXPECT_EQ(op->domain(), "");
  EXPECT_EQ(op->name(), "ConcatV2");
  s.graph.validate();
  expect_error(ErrorCode::kNotFound, "no tensor named 'dd'",
               [&] { (void)add_node(s.graph, {.name = "y", .layer = layer("L"), .inputs = {"dd"}}); });
  expect_error(ErrorCode::kInvalidArgument, "already has a node named 'nms'",
               [&] { (void)add_node(s.graph, {.name = "nms", .layer = layer("L")}); });
  EXPECT_EQ(s.graph.find_node("y"), nullptr);
}

TEST(AddNode, InputsAndConstantsGetTheTypesThatAPersonWrites) {
  Graph tf("tf");
  const std::vector<int64_t> sizes = {1, 3, -1, 300};
  const Node* image = add_node(tf, {.name = "image", .layer = operation("Placeholder", {{"shape", sizes}})});
  EXPECT_EQ(to_string(*image->attribute("dtype")), "f32");
  EXPECT_EQ(to_string(*image->attribute("shape")), "?[1,3,?,300]");
  EXPECT_EQ(to_string(image->output()->type()), "f32[1,3,?,300]");
  const Node* half = add_node(tf, {.name = "half", .layer = parse_layer("::Placeholder(dtype='f16', shape=[2])")});
  EXPECT_EQ(to_string(half->output()->type()), "f16[2]");
  const Node* constant =
      add_node(tf, {.name = "k", .layer = operation("Const", {{"value", Tensor::zeros(DType::kInt32, {2})}})});
  EXPECT_EQ(to_string(constant->output()->type()), "i32[2]");
  EXPECT_EQ(to_string(*constant->attribute("dtype")), "i32");
  expect_error(ErrorCode::kInvalidArgument, "Placeholder: dtype is 'f33' but the name of an element type is required",
               [&] { (void)add_node(tf, {.layer = parse_layer("::Placeholder(dtype='f33')")}); });

  Graph uff("uff");
  const Node* input = add_node(uff, {.name = "in", .layer = operation("Input", {{"shape", sizes}})});
  EXPECT_EQ(std::get<std::vector<int64_t>>(*input->attribute("shape")), sizes);
  EXPECT_EQ(to_string(input->output()->type()), "f32[1,3,?,300]");
  const Node* layer_node = add_node(uff, {.layer = layer("Input", {{"dtype", std::string("as it is")}})});
  EXPECT_EQ(std::get<std::string>(*layer_node->attribute("dtype")), "as it is");
}

TEST(Connect, AddsAnInputOnceWhereItIsAsked) {
  Diamond s;
  EXPECT_TRUE(connect(s.x->output(), s.d));
  EXPECT_EQ(input_names(s.d), (Names{"b", "c", "b", "x"}));
  EXPECT_FALSE(connect(s.x->output(), s.d, 0));
  EXPECT_TRUE(connect(s.k->output(), s.d, 0));
  EXPECT_EQ(input_names(s.d), (Names{"k", "b", "c", "b", "x"}));
  expect_error(ErrorCode::kInvalidArgument, "'e' has 0 inputs, so none can be put in as number 1",
               [&] { (void)connect(s.x->output(), s.e, 1); });
  s.graph.validate();
}

TEST(Connect, DisconnectTakesEveryUseOut) {
  Diamond s;
  EXPECT_EQ(disconnect(s.b->output(), s.d), 2U);
  EXPECT_EQ(input_names(s.d), (Names{"c"}));
  EXPECT_EQ(disconnect(s.b->output(), s.d), 0U);
  s.graph.validate();
}

TEST(Outputs, OfATensorFlowGraphAreNodesThatReadAndNobodyNeeds) {
  Diamond s;
  s.graph.add_node("Placeholder", "unread", {});
  EXPECT_EQ(names(output_nodes(s.graph)), (Names{"d"}));
  remove_nodes(s.graph, output_nodes(s.graph));
  EXPECT_EQ(names(output_nodes(s.graph)), (Names{"b"}));  // e waits for c, and reads nothing
}

TEST(Outputs, OfUffAreWhatMarkOutputsMark) {
  Graph graph("uff");
  Value* x = graph.add_node("Input", "x", {})->output();
  Value* a = graph.add_node("Relu", "a", {x})->output();
  Value* b = graph.add_node("Relu", "b", {a})->output();
  EXPECT_EQ(names(output_nodes(graph)), (Names{"b"}));
  Node* mark = graph.add_node("MarkOutput", "MarkOutput_0", {b});
  mark->append_input(a);
  EXPECT_EQ(names(output_nodes(graph)), (Names{"b", "a"}));
}

TEST(Outputs, OfOtherGraphsAreTheOnesTheyName) {
  Graph graph;
  Value* a = graph.add_node("Relu", "a", {graph.add_input("x", {})})->output();
  graph.add_node("Relu", "b", {a});
  graph.set_outputs({a, a, graph.inputs()[0]});
  EXPECT_EQ(names(output_nodes(graph)), (Names{"a"}));
}

}  // namespace
}  // namespace tenon
