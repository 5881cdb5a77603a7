// SPDX-License-Identifier: Apache-2.0
#include "formats/uff/uff.h"

#include "errors.h"
#include "formats/uff/dialect.h"
#include "formats/uff/write.h"
#include "formats/uff_builder.h"

#include <gtest/gtest.h>

namespace tenon::uff {
namespace {

using test::expect_error;
using test::from_hex;
using test::Message;
using test::uff_file;
using test::uff_input;
using test::uff_node;

Graph read(const Message& message) { return read_uff(test::as_file(message)); }

std::string bytes_of(const Graph& graph) {
  std::string bytes;
  encode_meta_graph(graph, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

// Writes and reads again; both graphs must be the same, and writing both must give the same bytes.
void expect_round_trip(const Graph& graph) {
  const std::string first = bytes_of(graph);
  const Graph again = read(Message().raw(first));
  EXPECT_TRUE(identical(graph, again)) << graph.to_string() << again.to_string();
  EXPECT_EQ(bytes_of(again), first);
}

std::vector<std::string> names(std::span<Value* const> values) {
  std::vector<std::string> result;
  for (const Value* value : values) result.push_back(value->name());
  return result;
}

using Names = std::vector<std::string>;
using Ints = std::vector<int64_t>;

const FunctionRef& function(const Attribute& attribute) {
  return *std::get<std::shared_ptr<const FunctionRef>>(attribute);
}

// A node that makes `node` the graph's output.
Message mark(const std::string& node) { return uff_node("MarkOutput_0", "MarkOutput", {node}); }

// The smallest file that NVIDIA's converter made: a placeholder that is the output.
constexpr std::string_view kSmallest =
    "080110011a180a1474656e736f72666c6f775f657874656e73696f6e10012276"
    "0a046d61696e12460a0a6f75745f7461726765741a05496e70757422210a0573"
    "68617065121842160a14ffffffffffffffffff01ffffffffffffffffff01220e"
    "0a0564747970651205a806a0800812260a0c4d61726b4f75747075745f30120a"
    "6f75745f7461726765741a0a4d61726b4f7574707574";

TEST(Uff, TheConvertersSmallestFileIsReadAsItIs) {
  const std::string file = from_hex(kSmallest);
  ASSERT_EQ(file.size(), 150U);
  const Graph graph = read(Message().raw(file));
  graph.validate();
  EXPECT_EQ(graph.dialect(), "uff");
  EXPECT_EQ(graph.name(), "test.pb");
  const Attributes& properties = graph.properties();
  EXPECT_EQ(properties.size(), 4U);
  EXPECT_EQ(std::get<int64_t>(properties.at("version")), 1);
  EXPECT_EQ(std::get<int64_t>(properties.at("descriptor_core_version")), 1);
  EXPECT_EQ(std::get<std::string>(properties.at("graph")), "main");
  const auto& descriptors = std::get<std::vector<Function>>(properties.at("descriptors"));
  ASSERT_EQ(descriptors.size(), 1U);
  EXPECT_EQ(descriptors[0]->name, "tensorflow_extension");
  EXPECT_EQ(std::get<int64_t>(descriptors[0]->attributes.at("version")), 1);
  const Node* input = graph.find_node("out_target");
  ASSERT_NE(input, nullptr);
  EXPECT_EQ(input->op(), "Input");
  EXPECT_EQ(std::get<Ints>(*input->attribute("shape")), (Ints{-1, -1}));
  EXPECT_EQ(std::get<DType>(*input->attribute("dtype")), DType::kFloat32);
  EXPECT_EQ(to_string(input->output()->type()), "f32[?,?]");
  const Node* mark = graph.find_node("MarkOutput_0");
  ASSERT_NE(mark, nullptr);
  EXPECT_TRUE(mark->attributes().empty());
  EXPECT_EQ(names(mark->inputs()), Names{"out_target"});
  EXPECT_EQ(names(graph.outputs()), Names{"MarkOutput_0"});
  EXPECT_EQ(graph.node_count(), 2U);
  EXPECT_TRUE(graph.inputs().empty());
  expect_round_trip(graph);
  // The same fields, in the order of their names.
  std::string sorted = file;
  const size_t at = sorted.find(from_hex("22210a05"));
  sorted.replace(at, 35 + 16, sorted.substr(at + 35, 16) + sorted.substr(at, 35));
  EXPECT_EQ(bytes_of(graph), sorted);
}

TEST(Uff, OrdersAreThoseOfTheConvertersFiles) {
  // The data of "orders_N+C" and "orders_NC_CK".
  const std::string n_space_c = from_hex("c2061b 0a19 0a17 08ffffffffffffffffff01 120a 0a08 00 02 ffffffff07 01");
  const std::string nc_ck = from_hex(
      "c2062a 0a13 0a11 08ffffffffffffffffff01 1204 0a02 0001  0a13 0a11 08ffffffffffffffffff01 1204 0a02 0100");
  const Graph graph = read(
      uff_file({uff_node("a", "Softmax", {}, {{"inputs_orders", test::uff_ref("orders_N+C")}}),
                uff_node("b", "FullyConnected", {}, {{"inputs_orders", test::uff_ref("orders_NC_CK")}}), mark("a")},
               {{"orders_N+C", Message().raw(n_space_c)}, {"orders_NC_CK", Message().raw(nc_ck)}}));
  const Attribute& one = *graph.find_node("a")->attribute("inputs_orders");
  const Attribute& two = *graph.find_node("b")->attribute("inputs_orders");
  EXPECT_EQ(orders_of(one), (std::vector<Order>{{0, 2, kIncrement, 1}}));
  EXPECT_EQ(orders_of(two), (std::vector<Order>{{0, 1}, {1, 0}}));
  EXPECT_TRUE(identical(one, make_orders(std::vector<std::string_view>{"N+C"})));
  EXPECT_TRUE(identical(two, make_orders(std::vector<std::string_view>{"NC", "CK"})));
  const std::string written = bytes_of(graph);
  EXPECT_NE(written.find(n_space_c), std::string::npos);
  EXPECT_NE(written.find(nc_ck), std::string::npos);
  expect_round_trip(graph);
}

TEST(Uff, EveryKindOfDataIsKept) {
  const test::UffFields fields = test::uff_every_data();
  const Message file = uff_file({uff_node("n", "_Op", {}, fields), mark("n")}, {{"shared", test::uff_int(1)}});
  const Graph graph = read(file);
  const Attributes& attributes = graph.find_node("n")->attributes();
  ASSERT_EQ(attributes.size(), fields.size());
  const auto kind = [&](std::string_view name) { return attribute_kind(attributes.find(name)->second); };
  EXPECT_EQ(std::get<std::string>(attributes.at("s")), std::string("a\0\xff\n", 4));
  EXPECT_EQ(std::get<double>(attributes.at("d")), static_cast<double>(0.2F));
  EXPECT_EQ(std::get<int64_t>(attributes.at("i")), -5);
  EXPECT_EQ(std::get<std::vector<bool>>(attributes.at("b_list")), (std::vector<bool>{true, false}));
  EXPECT_EQ(std::get<std::vector<DType>>(attributes.at("dtype_list")),
            (std::vector<DType>{DType::kInt8, DType::kInt64}));
  EXPECT_EQ(std::get<DType>(attributes.at("dtype_zero")), DType::kUndefined);
  EXPECT_EQ(std::get<Tensor>(attributes.at("blob")).dims(), (Dims{2}));
  EXPECT_EQ(std::get<Tensor>(attributes.at("blob_zero")).dims(), (Dims{0}));
  EXPECT_EQ(kind("s_zero"), "string");
  EXPECT_EQ(kind("s_list_zero"), "strings");
  EXPECT_EQ(kind("d_zero"), "float");
  EXPECT_EQ(kind("d_list_zero"), "floats");
  EXPECT_EQ(kind("b_zero"), "bool");
  EXPECT_EQ(kind("b_list_zero"), "bools");
  EXPECT_EQ(kind("i_zero"), "int");
  EXPECT_EQ(kind("i_list_zero"), "ints");
  EXPECT_EQ(kind("dtype_list_zero"), "dtypes");
  EXPECT_EQ(kind("none"), "none");
  EXPECT_EQ(function(attributes.at("dtype_unknown")).name, kDType);
  EXPECT_EQ(function(attributes.at("dtype_list_unknown")).name, kDType);
  EXPECT_EQ(function(attributes.at("dim_orders")).name, kOrders);
  EXPECT_EQ(function(attributes.at("dim_orders_zero")).attributes.size(), 0U);
  EXPECT_EQ(function(attributes.at("dim_orders_list_zero")).name, kOrdersList);
  EXPECT_EQ(function(attributes.at("newer")).name, kRawData);
  EXPECT_EQ(function(attributes.at("newer_list")).name, kRawData);
  EXPECT_EQ(std::get<int64_t>(*resolve(attributes.at("ref"))), 1);
  EXPECT_EQ(resolve(attributes.at("ref_to_nothing")), nullptr);
  expect_round_trip(graph);
  // Not one of them changes its encoding.
  const std::string written = bytes_of(graph);
  for (const auto& [name, data] : fields) {
    EXPECT_NE(written.find(test::uff_entry(name, data).bytes()), std::string::npos) << name;
  }
}

TEST(Uff, UnpackedListsReadAsPackedOnes) {
  const auto data = [](uint32_t member, const Message& list) { return Message().message(member, list); };
  const Graph graph = read(uff_file({uff_node("n", "_Op", {},
                                              {{"i", data(8, Message().integer(1, -1).integer(1, 5).packed(1, {6}))},
                                               {"d", data(4, Message().float64(1, 1.5).float64(1, 2))},
                                               {"b", data(6, Message().integer(1, 1).integer(1, 0))},
                                               {"t", data(102, Message().integer(1, test::kUffFloat32))}}),
                                     mark("n")}));
  const Attributes& attributes = graph.find_node("n")->attributes();
  EXPECT_EQ(std::get<Ints>(attributes.at("i")), (Ints{-1, 5, 6}));
  EXPECT_EQ(std::get<std::vector<double>>(attributes.at("d")), (std::vector<double>{1.5, 2}));
  EXPECT_EQ(std::get<std::vector<bool>>(attributes.at("b")), (std::vector<bool>{true, false}));
  EXPECT_EQ(std::get<std::vector<DType>>(attributes.at("t")), std::vector<DType>{DType::kFloat32});
  expect_round_trip(graph);
}

TEST(Uff, FieldsMayComeInAnyOrder) {
  Message file;
  file.message(5, Message().message(2, test::uff_int(4)).text(1, "shared"));
  file.message(4, Message()
                      .message(2, Message()
                                      .message(4, Message().message(2, test::uff_ref("shared")).text(1, "f"))
                                      .text(3, "_Op")
                                      .text(1, "n"))
                      .text(1, "main"));
  file.integer(2, 1).integer(1, 1);
  const Graph graph = read(file);
  EXPECT_EQ(std::get<int64_t>(*resolve(*graph.find_node("n")->attribute("f"))), 4);
}

TEST(Uff, ADenseNetIsReadAsItIs) {
  const auto file = test::as_file(test::uff_dense_net());
  const Graph graph = read_uff(file);
  graph.validate();
  EXPECT_EQ(graph.node_count(), 11U);
  EXPECT_EQ(graph.nodes().front()->name(), "out/Softmax");
  EXPECT_EQ(names(graph.find_node("out/BiasAdd")->inputs()), (Names{"out/MatMul", "out/bias"}));
  EXPECT_EQ(to_string(graph.find_value("input_1")->type()), "f32[?,1,3,1]");
  EXPECT_EQ(to_string(graph.find_value("dense/kernel")->type()), "f32[3,4]");
  EXPECT_EQ(names(graph.outputs()), Names{"MarkOutput_0"});
  EXPECT_FALSE(graph.properties().contains("data"));
  const auto& blob = std::get<Tensor>(*resolve(*graph.find_node("dense/kernel")->attribute("values")));
  EXPECT_EQ(blob.dims(), (Dims{48}));
  const std::byte* begin = file->bytes().data();  // Weights are not copied.
  EXPECT_GE(blob.data(), begin);
  EXPECT_LT(blob.data(), begin + file->bytes().size());
  expect_round_trip(graph);
}

TEST(Uff, WhatStandsBesideTheNodesIsKept) {
  Message node = uff_node("n", "_Op", {}, {{"a", test::uff_int(1)}});
  node.message(100, test::uff_entry("x", test::uff_ref("from_extra"))).integer(50, 7).text(51, "t");
  Message graph_message = test::uff_graph({node});
  graph_message.message(100, test::uff_entry("y", test::uff_bool(false))).integer(60, 1);
  Message file;
  file.integer(1, 3).integer(2, 4);
  file.message(3, Message().text(1, "custom").integer(3, 1).integer(9, 5)).message(3, Message());
  file.message(4, graph_message).message(4, test::uff_graph({}, "second")).text(4, "no graph at all");
  file.message(5, test::uff_entry("from_extra", test::uff_int(2)));
  file.message(5, test::uff_entry("unread", test::uff_ref("more")));
  file.message(5, test::uff_entry("more", test::uff_blob("abc")));
  file.message(100, test::uff_entry("z", test::uff_string("s"))).float64(70, 1.5).float32(71, 2);
  const Graph graph = read(file);
  const Attributes& properties = graph.properties();
  EXPECT_EQ(std::get<int64_t>(properties.at("version")), 3);
  const auto& descriptors = std::get<std::vector<Function>>(properties.at("descriptors"));
  ASSERT_EQ(descriptors.size(), 2U);
  EXPECT_TRUE(std::get<bool>(descriptors[0]->attributes.at("optional")));
  EXPECT_EQ(std::get<std::string>(descriptors[0]->attributes.at("unknown")), from_hex("4805"));
  EXPECT_EQ(std::get<std::vector<std::string>>(properties.at("more_graphs")).size(), 2U);
  EXPECT_EQ(function(properties.at("data")).attributes.size(), 2U);
  EXPECT_EQ(std::get<std::string>(function(properties.at("extra")).attributes.at("z")), "s");
  EXPECT_FALSE(std::get<bool>(function(properties.at("graph_extra")).attributes.at("y")));
  EXPECT_EQ(std::get<std::string>(properties.at("graph_unknown")), from_hex("e00301"));
  EXPECT_EQ(std::get<std::string>(properties.at("unknown")).size(), 16U);
  const Attributes& attributes = graph.find_node("n")->attributes();
  EXPECT_EQ(std::get<std::string>(attributes.at(std::string(kUnknownFields))), from_hex("9003079a030174"));
  EXPECT_EQ(std::get<int64_t>(*resolve(function(attributes.at(std::string(kExtra))).attributes.at("x"))), 2);
  // The file has no MarkOutput, so it gains one; from then on nothing changes.
  const Graph marked = read(Message().raw(bytes_of(graph)));
  EXPECT_EQ(marked.properties().size(), properties.size());
  EXPECT_EQ(names(marked.outputs()), Names{"MarkOutput_0"});
  expect_round_trip(marked);
}

TEST(Uff, AFileThatSaysNothingStaysSo) {
  const Graph graph = read(Message().message(4, Message().message(2, uff_node("m", "MarkOutput"))));
  EXPECT_EQ(std::get<int64_t>(graph.properties().at("version")), 0);
  EXPECT_TRUE(graph.outputs().empty());
  EXPECT_EQ(bytes_of(graph), from_hex("2211 120f 0a016d 1a0a4d61726b4f7574707574"));
  expect_round_trip(graph);
}

TEST(Uff, MarkOutputsAreTheOutputs) {
  const Graph graph =
      read(uff_file({uff_node("a", "_Op"), uff_node("both", "MarkOutput", {"b", "a"}), uff_node("both:1", "Identity"),
                     uff_node("b", "_Op"), uff_node("one", "MarkOutput", {"b"}), uff_node("unread", "_Op")}));
  graph.validate();
  EXPECT_EQ(names(graph.outputs()), (Names{"both", "both:1_1", "one"}));
  EXPECT_EQ(names(graph.find_node("both")->inputs()), (Names{"b", "a"}));
  expect_round_trip(graph);
}

TEST(Uff, WithoutMarksTheOutputsAreWhatNobodyReads) {
  const Graph graph = read(uff_file({uff_node("top", "_Op", {"x"}), uff_input("x", {2}), uff_input("unread", {2}),
                                     uff_node("other", "_Op", {"x"}), test::uff_const("c", {1})}));
  EXPECT_EQ(names(graph.outputs()), (Names{"top", "other"}));
}

TEST(Uff, InputsOfUnknownRankAndScalarsAreTold) {
  const Graph graph = read(uff_file({uff_input("x", {}), test::uff_const("c", {}), uff_node("y", "Input")}));
  EXPECT_EQ(to_string(graph.find_value("x")->type()), "f32[...]");
  EXPECT_EQ(to_string(graph.find_value("c")->type()), "f32[]");
  EXPECT_EQ(graph.find_value("y")->type(), TensorType());
}

TEST(Uff, CyclesAreRead) {
  const Graph graph = read(uff_file({uff_node("a", "_Op", {"b"}), uff_node("b", "_Op", {"a", "a"})}));
  EXPECT_EQ(names(graph.find_node("b")->inputs()), (Names{"a", "a"}));
  EXPECT_TRUE(graph.outputs().empty());
  expect_round_trip(graph);
}

TEST(Uff, NodesShareWhatTheyReferTo) {
  std::vector<Message> nodes;
  for (int i = 0; i < 100; ++i)
    nodes.push_back(uff_node("n" + std::to_string(i), "_Op", {}, {{"f", test::uff_ref("list")}}));
  const Graph graph = read(uff_file(nodes, {{"list", test::uff_ints(Ints(1000, 1))}}));
  EXPECT_EQ(std::get<Function>(*graph.find_node("n0")->attribute("f")).get(),
            std::get<Function>(*graph.find_node("n99")->attribute("f")).get());
}

}  // namespace
}  // namespace tenon::uff
