// SPDX-License-Identifier: Apache-2.0
#include "formats/tensorflow/graphdef.h"

#include "errors.h"
#include "formats/graphdef_builder.h"
#include "formats/scratch_file.h"

#include <tenon/formats.h>

#include <gtest/gtest.h>

#include <filesystem>

namespace tenon::tensorflow {
namespace {

using test::expect_error;
using test::graph_def;
using test::Message;
using test::node;
using test::placeholder;
using test::ScratchFile;

Graph read(const Message& message) { return read_graphdef(test::as_file(message)); }

// Reads, writes and reads again; both graphs must be the same, and writing both must give the same bytes.
void expect_round_trip(const Graph& graph) {
  const ScratchFile file;
  save(graph, file.path());
  const std::string first = file.content();
  const Graph again = load(file.path());
  EXPECT_TRUE(identical(graph, again)) << graph.to_string() << again.to_string();
  save(again, file.path());
  EXPECT_EQ(file.content(), first);
}

TEST(GraphDef, LeNet5IsReadAsItIs) {
  const Graph graph = load(std::string(TENON_SOURCE_DIR) + "/examples/lenet5/lenet5.pb");
  graph.validate();
  EXPECT_EQ(graph.dialect(), "tf");
  const Node* input = graph.find_node("InputLayer");
  ASSERT_NE(input, nullptr);
  EXPECT_EQ(input->op(), "Placeholder");
  EXPECT_EQ(to_string(input->output()->type()), "f32[?,1,28,28]");
  const Node* relu6 = graph.find_node("ReLU6/Relu6");
  ASSERT_NE(relu6, nullptr);
  EXPECT_EQ(relu6->input(0)->name(), "dense/BiasAdd");
  EXPECT_EQ(std::get<DType>(*relu6->attribute("T")), DType::kFloat32);
  ASSERT_EQ(graph.outputs().size(), 1U);
  EXPECT_EQ(graph.outputs()[0]->name(), "OutputLayer/Softmax");
  EXPECT_EQ(std::get<Tensor>(*graph.find_node("dense/kernel")->attribute("value")).dims(), (Dims{784, 512}));
  expect_round_trip(graph);
}

TEST(GraphDef, EveryKindOfAttributeIsKept) {
  const Message function = Message().text(1, "f").message(2, Message().text(1, "n").message(2, test::int_value(3)));
  const Message list_of_all[] = {Message().text(2, "a").text(2, "b"),
                                 Message().packed(3, {1, -2}),
                                 Message().packed_floats(4, {1.5F}),
                                 Message().packed(5, {1, 0}),
                                 Message().packed(6, {test::kTfFloat, test::kTfInt4}),
                                 Message().message(7, test::shape({2, -1})).message(7, Message().integer(3, 1)),
                                 Message().message(8, test::tensor(test::kTfInt32, {1}).packed(7, {5})),
                                 Message().message(9, function),
                                 Message(),
                                 Message().integer(3, 7).text(2, "mixed")};
  test::AttributeList attributes = {
      {"s", test::string_value(std::string("\0\xFF", 2))},
      {"i", test::int_value(-5)},
      {"f", test::float_value(0.1F)},
      {"b", test::bool_value(true)},
      {"type", test::type_value(test::kTfHalf)},
      {"invalid_type", test::type_value(0)},
      {"quantised", test::type_value(test::kTfQInt8)},
      {"reference", test::type_value(101)},
      {"shape", test::shape_value({1, -1})},
      {"unknown_rank", Message().message(7, Message().integer(3, 1))},
      {"named", Message().message(7, Message().message(2, Message().integer(1, -1).text(2, "batch")))},
      {"named_and_sized", Message().message(7, Message().message(2, Message().integer(1, 4).text(2, "batch")))},
      {"tensor", test::tensor_value(test::tensor(test::kTfFloat, {2}).packed_floats(5, {1, 2}))},
      {"quantised_tensor", test::tensor_value(test::tensor(test::kTfQInt8, {2}).text(4, "ab"))},
      {"func", Message().message(10, function)},
      {"placeholder", Message().text(9, "T")},
      {"nothing", Message()},
      {"newer", Message().integer(99, 1)},
  };
  for (size_t i = 0; i < std::size(list_of_all); ++i)
    attributes.emplace_back("list" + std::to_string(i), test::list_value(list_of_all[i]));
  const Graph graph = read(graph_def({node("n", "Op", {}, attributes)}));
  const Attributes& read_attributes = graph.find_node("n")->attributes();
  EXPECT_EQ(read_attributes.size(), attributes.size());
  EXPECT_EQ(std::get<std::string>(read_attributes.at("s")), std::string("\0\xFF", 2));
  EXPECT_EQ(std::get<double>(read_attributes.at("f")), static_cast<double>(0.1F));
  EXPECT_EQ(std::get<DType>(read_attributes.at("invalid_type")), DType::kUndefined);
  EXPECT_FALSE(std::get<TensorType>(read_attributes.at("unknown_rank")).shape.has_value());
  EXPECT_EQ(to_string(*std::get<TensorType>(read_attributes.at("named")).shape), "[batch]");
  EXPECT_EQ(std::get<std::shared_ptr<const FunctionRef>>(read_attributes.at("func"))->name, "f");
  EXPECT_EQ(std::get<std::vector<DType>>(read_attributes.at("list4")),
            (std::vector<DType>{DType::kFloat32, DType::kInt4}));
  EXPECT_EQ(std::get<std::vector<bool>>(read_attributes.at("list3")), (std::vector<bool>{true, false}));
  expect_round_trip(graph);
}

TEST(GraphDef, WhatStandsBesideTheNodesIsKept) {
  Message message = graph_def({node("n", "Op")
                                   .text(4, "/cpu:0")
                                   .message(6, Message().text(1, "original"))
                                   .message(7, Message().integer(1, 3))
                                   .integer(50, 1)});
  message.message(2, Message().message(1, Message().message(1, Message().text(1, "my_function"))));
  message.message(4, Message().integer(1, 1395).integer(2, 12).packed(3, {7, 8}));
  message.integer(3, 21).text(5, "debug").integer(60, 9);
  const Graph graph = read(message);
  EXPECT_EQ(std::get<std::string>(*graph.find_node("n")->attribute(kDevice)), "/cpu:0");
  EXPECT_EQ(std::get<std::vector<std::string>>(graph.properties().at("functions")),
            std::vector<std::string>{"my_function"});
  EXPECT_EQ(std::get<int64_t>(graph.properties().at("producer")), 1395);
  EXPECT_EQ(std::get<std::vector<int64_t>>(graph.properties().at("bad_consumers")), (std::vector<int64_t>{7, 8}));
  EXPECT_EQ(graph.find_node("n")->attributes().size(), 4U);
  EXPECT_EQ(graph.properties().size(), 8U);
  expect_round_trip(graph);
}

TEST(GraphDef, InputsNameOutputsAndControl) {
  const Graph graph = read(graph_def({node("last", "Add", {"split:2", "split", "^effect"}),
                                      node("split", "Split", {"x"}, {{"num_split", test::int_value(4)}}),
                                      placeholder("x", {4}), node("effect", "NoOp")}));
  graph.validate();
  const Node* last = graph.find_node("last");
  EXPECT_EQ(last->input(0)->name(), "split:2");
  EXPECT_EQ(last->input(1)->name(), "split");
  ASSERT_EQ(last->control_inputs().size(), 1U);
  EXPECT_EQ(last->control_inputs()[0]->name(), "effect");
  EXPECT_EQ(graph.find_node("split")->outputs().size(), 4U);
  EXPECT_TRUE(graph.find_node("effect")->outputs().empty());
  EXPECT_TRUE(graph.inputs().empty());
  expect_round_trip(graph);
}

TEST(GraphDef, OutputsAreWhatNobodyReads) {
  const Graph graph = read(graph_def({placeholder("x", {2}), placeholder("unread", {2}), test::int_scalar("k", 1),
                                      node("waited_for", "Print", {"x"}), node("norm", "FusedBatchNorm", {"x"}),
                                      node("top", "TopKV2", {"x", "k", "^waited_for"}), node("effect", "NoOp")}));
  std::vector<std::string> names;
  for (const Value* value : graph.outputs()) names.push_back(value->name());
  EXPECT_EQ(names, (std::vector<std::string>{"norm", "top", "top:1"}));
}

TEST(GraphDef, AUsersLayerKeepsItsDomainAndOutputs) {
  Graph graph = read(graph_def({placeholder("x", {2}), node("relu", "Relu6", {"x"})}));
  Node* layer = graph.find_node("relu");
  layer->set_op("Clip", "custom");
  layer->attributes() = {{"lo", 0.0}, {"hi", 6.0}};
  graph.add_output_value(layer, "relu:1");
  graph.set_outputs({layer->output(0), layer->output(1)});
  expect_round_trip(graph);
}

TEST(GraphDef, GraphInputsAndConstantsAreWrittenAsNodes) {
  Graph graph("tf");
  Value* x = graph.add_input("x", {DType::kFloat32, Shape{Dim(), Dim(3)}});
  Value* c = graph.add_constant("c", Tensor::from({1.0F, 2.0F, 3.0F}, {3}));
  graph.set_outputs({graph.add_node("Add", "sum", {x, c})->output()});
  const ScratchFile file;
  save(graph, file.path());
  const Graph again = load(file.path());
  EXPECT_EQ(again.find_node("x")->op(), "Placeholder");
  EXPECT_EQ(to_string(again.find_node("x")->output()->type()), "f32[?,3]");
  EXPECT_EQ(again.find_node("c")->op(), "Const");
  EXPECT_EQ(again.find_node("sum")->input(1)->name(), "c");
}

TEST(GraphDef, EveryCutFileIsReported) {
  const std::string whole =
      graph_def({placeholder("x", {-1, 4}), node("y", "Relu", {"x"}, {{"T", test::type_value(1)}})}).bytes();
  for (size_t size = 1; size < whole.size(); ++size) {
    try {
      const Graph graph = read(Message().raw(whole.substr(0, size)));
      EXPECT_EQ(graph.node_count(), 1U) << size;  // Cut between the nodes.
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorrupt) << size;
      EXPECT_NE(std::string(error.what()).find("test.pb"), std::string::npos) << error.what();
    }
  }
}

TEST(GraphDef, RejectsNodesThatDoNotFitTogether) {
  const auto expect = [](const char* fragment, const std::vector<Message>& nodes) {
    expect_error(ErrorCode::kCorrupt, fragment, [&] { (void)read(graph_def(nodes)); });
  };
  expect("reads 'relu_1', but the graph has no node of that name; did you mean 'relu1'?",
         {node("relu1", "Relu"), node("y", "Neg", {"relu_1"})});
  expect("while reading Neg 'y' at byte", {node("y", "Neg", {"gone"})});
  expect("is a second node named 'x'", {node("x", "Relu"), node("x", "Relu")});
  expect("has no name", {Message().text(2, "Relu")});
  expect("('x') has no operator", {Message().text(1, "x")});
  expect("names have no '^' or ':'", {node("x:0", "Relu")});
  expect("names have no '^' or ':'", {node("^x", "Relu")});
  expect("is not of the form 'node:number'", {node("x", "Relu"), node("y", "Neg", {"x:one"})});
  expect("is not of the form 'node:number'", {node("x", "Relu"), node("y", "Neg", {"x:-1"})});
  expect("names no node", {node("y", "Neg", {"^"})});
  expect("a name that Tenon uses itself", {node("x", "Relu", {}, {{"node.device", test::int_value(1)}})});
  expect("a name that Tenon uses itself",
         {node("x", "Relu", {}, {{"node.unknown", test::int_value(1)}}).integer(50, 1)});
  expect("while reading attribute 'value'", {test::constant("c", 1, test::tensor(1, {2}).text(4, "abc"))});
}

TEST(GraphDef, OutputNumbersAreBoundedByTheFile) {
  expect_error(ErrorCode::kCorrupt, "is said to have 1000000001 outputs",
               [] { (void)read(graph_def({node("x", "Relu"), node("y", "Neg", {"x:1000000000"})})); });
  expect_error(ErrorCode::kCorrupt, "is said to have 2147483647 outputs",
               [] { (void)read(graph_def({node("x", "Split", {}, {{"num_split", test::int_value(2147483647)}})})); });
}

TEST(GraphDef, FunctionsMayNotNestEndlessly) {
  Message value = test::int_value(1);
  for (int depth = 0; depth < 1000; ++depth)
    value = Message().message(10, Message().text(1, "f").message(2, Message().text(1, "g").message(2, value)));
  expect_error(ErrorCode::kCorrupt, "nest deeper than 32",
               [&] { (void)read(graph_def({node("x", "Op", {}, {{"f", value}})})); });
}

TEST(GraphDef, WhatAGraphDefCannotHoldIsRefused) {
  Graph graph("tf");
  graph.add_node("Op", "n", {}, {{"body", std::make_shared<const Graph>()}});
  const ScratchFile file;
  expect_error(ErrorCode::kUnsupported, "cannot hold a graph as an attribute", [&] { save(graph, file.path()); });
  EXPECT_FALSE(std::filesystem::exists(file.path()));
}

}  // namespace
}  // namespace tenon::tensorflow
