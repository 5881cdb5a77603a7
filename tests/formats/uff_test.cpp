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

TEST(Uff, EveryCutFileIsReported) {
  const std::string whole = test::uff_dense_net().bytes();
  size_t read_well = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    try {
      const Graph graph = read(Message().raw(whole.substr(0, size)));
      EXPECT_EQ(graph.node_count(), 11U) << size;  // Cut between the entries of the data.
      ++read_well;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorrupt) << size;
      EXPECT_NE(std::string(error.what()).find("while reading the UFF model 'test.pb'"), std::string::npos)
          << error.what();
    }
  }
  EXPECT_EQ(read_well, 5U);
}

TEST(Uff, WrongWireTypesAreReported) {
  const auto expect = [](const std::string& fragment, const Message& file) {
    expect_error(ErrorCode::kCorrupt, fragment, [&] { (void)read(file); });
  };
  const Message wrong[] = {Message().text(1, "x"),  Message().text(2, "x"),  Message().integer(3, 1),
                           Message().integer(4, 1), Message().integer(5, 1), Message().integer(100, 1)};
  const int fields[] = {1, 2, 3, 4, 5, 100};
  for (size_t i = 0; i < std::size(wrong); ++i)
    expect("field " + std::to_string(fields[i]) + " of MetaGraph has the protobuf wire type",
           uff_file({}).raw(wrong[i].bytes()));
  for (const int field : {1, 2, 100}) {
    expect("field " + std::to_string(field) + " of Graph has the protobuf wire type 0",
           Message().message(4, Message().integer(static_cast<uint32_t>(field), 1)));
  }
  for (const int field : {1, 2, 3, 4, 100}) {
    expect("field " + std::to_string(field) + " of Node has the protobuf wire type 0",
           uff_file({uff_node("n", "_Op").integer(static_cast<uint32_t>(field), 1)}));
  }
  expect("field 1 of Descriptor", Message().message(3, Message().integer(1, 1)));
  expect("field 2 of Descriptor", Message().message(3, Message().text(2, "1")));
  expect("field 3 of Descriptor", Message().message(3, Message().text(3, "1")));
  expect("field 1 of Entry", uff_file({uff_node("n", "_Op").message(4, Message().integer(1, 1))}));
  expect("field 2 of Entry", uff_file({uff_node("n", "_Op").message(4, Message().integer(2, 1))}));
  for (const uint32_t member : {1, 2, 4, 6, 8, 9, 100, 102, 103, 104}) {
    expect("field " + std::to_string(member) + " of Data has the protobuf wire type 0",
           uff_file({uff_node("n", "_Op", {}, {{"f", Message().integer(member, 1)}})}));
  }
  for (const uint32_t member : {3, 5, 7, 101}) {
    expect("field " + std::to_string(member) + " of Data has the protobuf wire type 2",
           uff_file({uff_node("n", "_Op", {}, {{"f", Message().text(member, "1")}})}));
  }
  const auto list = [](uint32_t member, const Message& content) {
    return uff_file({uff_node("n", "_Op", {}, {{"f", Message().message(member, content)}})});
  };
  expect("field 1 of ListString", list(2, Message().integer(1, 1)));
  expect("no protobuf message", list(4, Message().text(1, "1234567")));
  expect("field 1 of ListDouble", list(4, Message().integer(1, 1)));
  expect("field 1 of ListBool", list(6, Message().float32(1, 1)));
  expect("field 1 of ListInt64", list(8, Message().float32(1, 1)));
  expect("field 1 of ListDataType", list(102, Message().float64(1, 1)));
  expect("field 1 of DimensionOrders", list(103, Message().integer(1, 1)));
  expect("field 1 of ListDimensionOrders", list(104, Message().integer(1, 1)));
  expect("while reading field 'f'", list(8, Message().float32(1, 1)));
}

TEST(Uff, HugeLengthsAreReported) {
  const auto expect = [](const Message& file) {
    expect_error(ErrorCode::kCorrupt, "cut short or damaged", [&] { (void)read(file); });
  };
  const std::string huge = from_hex("ffffffff0f");
  expect(Message().raw("\x22" + huge));
  expect(Message().message(4, Message().raw("\x12" + huge)));
  expect(uff_file({Message().raw("\x0a" + huge)}));
  expect(uff_file({uff_node("n", "_Op", {}, {{"f", Message().raw("\x4a" + huge)}})}));
  expect(uff_file({uff_node("n", "_Op", {}, {{"f", Message().raw("\x42" + huge)}})}));
  expect_error(ErrorCode::kCorrupt, "no protobuf message",
               [&] { (void)read(uff_file({}).raw(from_hex("08ffffffffffffffffffffff01"))); });
}

TEST(Uff, RejectsNodesThatDoNotFitTogether) {
  const auto expect = [](const char* fragment, const std::vector<Message>& nodes) {
    expect_error(ErrorCode::kCorrupt, fragment, [&] { (void)read(uff_file(nodes)); });
  };
  expect("reads 'relu_1', but the graph has no node of that name; did you mean 'relu1'?",
         {uff_node("relu1", "Activation"), uff_node("y", "Unary", {"relu_1"})});
  expect("while reading Unary 'y' at byte 40", {uff_node("y", "Unary", {"gone"})});
  expect("reads '', but the graph has no node", {uff_node("y", "Unary", {""})});
  expect("is a second node named 'x'", {uff_node("x", "_Op"), uff_node("x", "_Op")});
  expect("node 0 at byte 40 has no id", {Message().text(3, "Unary")});
  expect("('x') has no operation", {Message().text(1, "x")});
  expect("reads 'm', a MarkOutput, which has no value",
         {uff_node("x", "_Op"), uff_node("m", "MarkOutput", {"x"}), uff_node("y", "Unary", {"m"})});
  expect("a field 'node.extra', a name that Tenon uses itself",
         {uff_node("x", "_Op", {}, {{"node.extra", test::uff_int(1)}})});
  expect("a field 'node.unknown', a name that Tenon uses itself",
         {uff_node("x", "_Op", {}, {{"node.unknown", test::uff_string("s")}})});
  expect_error(ErrorCode::kCorrupt, "holds no graph", [] { (void)read(Message().integer(1, 1).integer(2, 1)); });
  expect_error(ErrorCode::kCorrupt, "while reading the data 'd' at byte", [] {
    (void)read(uff_file({uff_node("x", "_Op", {}, {{"f", test::uff_ref("d")}})}, {{"d", Message().integer(8, 1)}}));
  });
  expect_error(ErrorCode::kCorrupt, "while reading the data 'unread' at byte",
               [] { (void)read(uff_file({}, {{"unread", Message().integer(8, 1)}})); });
}

TEST(Uff, NamesOfMarkedOutputsAreBoundedByTheFile) {
  const Names inputs(1000, "x");
  expect_error(ErrorCode::kCorrupt, "it marks 1000 outputs, more than a file of", [&] {
    (void)read(uff_file({uff_node("x", "_Op"), uff_node(std::string(1 << 14, 'm'), "MarkOutput", inputs)}));
  });
  EXPECT_EQ(read(uff_file({uff_node("x", "_Op"), uff_node("m", "MarkOutput", inputs)})).outputs().size(), 1000U);
}

// --- Writing what did not come from a file.

TEST(WriteUff, AGraphFromScratchGetsWhatTheConverterWrites) {
  Graph graph("uff");
  Value* x = graph.add_input("x", {DType::kFloat32, Shape{Dim("N"), Dim(3)}});
  Value* c = graph.add_constant("c", Tensor::from({1.0F, 2.0F, 3.0F}, {3}));
  Value* sum = graph.add_node("Binary", "sum", {x, c}, {{"func", std::string("add")}})->output();
  graph.add_node("_Op", "MarkOutput_0", {sum});
  graph.set_outputs({sum});
  const Message expected = Message().raw(bytes_of(graph));
  const Graph again = read(expected);
  EXPECT_EQ(std::get<int64_t>(again.properties().at("version")), 1);
  EXPECT_EQ(std::get<int64_t>(again.properties().at("descriptor_core_version")), 1);
  EXPECT_EQ(std::get<std::string>(again.properties().at("graph")), "main");
  const auto& descriptors = std::get<std::vector<Function>>(again.properties().at("descriptors"));
  ASSERT_EQ(descriptors.size(), 2U);
  EXPECT_EQ(descriptors[0]->name, "tensorflow_extension");
  EXPECT_EQ(descriptors[1]->name, "custom");
  EXPECT_EQ(again.find_node("x")->op(), "Input");
  EXPECT_EQ(to_string(again.find_value("x")->type()), "f32[?,3]");
  const Node* constant = again.find_node("c");
  EXPECT_EQ(to_string(constant->output()->type()), "f32[3]");
  const Attribute& values = *constant->attribute("values");
  EXPECT_EQ(std::get<std::string>(function(values).attributes.at("key")), "weights_c");
  EXPECT_EQ(std::get<Tensor>(*resolve(values)).dims(), (Dims{12}));
  EXPECT_EQ(again.nodes().back()->name(), "MarkOutput_1");  // The name MarkOutput_0 is taken.
  EXPECT_EQ(names(again.outputs()), Names{"MarkOutput_1"});
  expect_round_trip(again);
}

TEST(WriteUff, AUsersLayerBecomesACustomOperation) {
  Graph graph = read(uff_file({uff_input("x", {2}), uff_node("relu", "Activation", {"x"}), mark("relu")}));
  Node* layer = graph.find_node("relu");
  layer->set_op("Clip", "custom");
  layer->attributes() = {{"lo", 0.0},
                         {"n", int64_t{3}},
                         {"on", true},
                         {"name", std::string("a")},
                         {"floats", std::vector<double>{1}},
                         {"ints", Ints{2}},
                         {"kept_u_int", int64_t{4}},
                         {"dtype", DType::kFloat32}};
  const Graph again = read(Message().raw(bytes_of(graph)));
  const Node* written = again.find_node("relu");
  EXPECT_EQ(written->op(), "_Clip");
  EXPECT_EQ(written->domain(), "");
  Names fields;
  for (const auto& [name, value] : written->attributes()) fields.push_back(name);
  EXPECT_EQ(fields, (Names{"dtype", "floats_u_flist", "ints_u_ilist", "kept_u_int", "lo_u_float", "n_u_int",
                           "name_u_str", "on_u_bool"}));
  const auto& descriptors = std::get<std::vector<Function>>(again.properties().at("descriptors"));
  ASSERT_EQ(descriptors.size(), 2U);
  EXPECT_EQ(descriptors[1]->name, "custom");
  expect_round_trip(again);
}

TEST(WriteUff, ALayersOutputsAreHandedOnTogether) {
  Graph graph("uff");
  Node* layer = graph.add_node("_Split", "split", {});
  graph.add_output_value(layer, "split:1");
  Node* reader = graph.add_node("Concat", "concat", {layer->output(0), layer->output(1)});
  graph.set_outputs({reader->output()});
  const Graph again = read(Message().raw(bytes_of(graph)));
  EXPECT_EQ(names(again.find_node("concat")->inputs()), Names{"split"});
  reader->set_inputs(std::vector<Value*>{layer->output(1)});
  expect_error(ErrorCode::kUnsupported, "the value 'split:1' is used alone", [&] { (void)bytes_of(graph); });
  expect_error(ErrorCode::kUnsupported, "while writing Concat 'concat'", [&] { (void)bytes_of(graph); });
}

TEST(WriteUff, MarksFollowTheGraphsOutputs) {
  Graph graph = read(uff_file({uff_node("a", "_Op"), uff_node("b", "_Op", {"a"}), mark("b")}));
  graph.set_outputs({graph.find_value("a")});
  EXPECT_EQ(names(read(Message().raw(bytes_of(graph))).find_node("MarkOutput_1")->inputs()), Names{"a"});
  EXPECT_EQ(read(Message().raw(bytes_of(graph))).outputs().size(), 1U);
  graph.set_outputs({graph.find_value("MarkOutput_0"), graph.find_value("b")});  // That one is marked already.
  EXPECT_EQ(names(read(Message().raw(bytes_of(graph))).outputs()), Names{"MarkOutput_0"});
}

TEST(WriteUff, DifferentDataUnderOneKeyGetsKeysOfItsOwn) {
  Graph graph("uff");
  for (const int64_t k : {1, 2, 1, 3}) graph.add_node("_Op", "", {}, {{"f", make_ref("key", k)}});
  const Graph again = read(Message().raw(bytes_of(graph)));
  Names keys;
  for (const Node* node : again.nodes())
    if (const Attribute* ref = node->attribute("f"))
      keys.push_back(std::get<std::string>(function(*ref).attributes.at("key")));
  EXPECT_EQ(keys, (Names{"key", "key_0", "key", "key_1"}));
}

TEST(WriteUff, WhatUffCannotSayIsRefused) {
  const auto expect_code = [](ErrorCode code, const char* fragment, const Attribute& value) {
    Graph graph("uff");
    graph.add_node("_Op", "n", {}, {{"f", value}});
    expect_error(code, fragment, [&] { (void)bytes_of(graph); });
    expect_error(code, "while writing field 'f'\n  while writing _Op 'n'", [&] { (void)bytes_of(graph); });
  };
  const auto expect = [&](const char* fragment, const Attribute& value) {
    expect_code(ErrorCode::kUnsupported, fragment, value);
  };
  expect("kind graph", std::make_shared<const Graph>());
  expect("kind type", TensorType());
  expect("kind function", make_function("other", {}));
  expect("kind function", Function());
  expect("kind functions", std::vector<Function>());
  expect("kind function", make_function(kOrdersList, {{"orders", std::vector<Function>{nullptr}}}));
  expect("no data type for u8", DType::kUInt8);
  expect("no data type for bool", std::vector<DType>{DType::kFloat32, DType::kBool});
  expect("a tensor f32[2] is no Data", Tensor::zeros(DType::kFloat32, {2}));
  expect_code(ErrorCode::kInvalidArgument, "a uff.ref must have 'key', of kind string", make_function(kRef, {}));
  expect_code(ErrorCode::kInvalidArgument, "a uff.orders must have '-1', of kind ints",
              make_function(kOrders, {{"-1", true}}));
  expect_code(ErrorCode::kInvalidArgument, "'any' is no key of a uff.orders",
              make_function(kOrders, {{"any", Order()}}));
  expect_code(ErrorCode::kInvalidArgument, "a uff.dtype must have 'list', of kind bool",
              make_function(kDType, {{"numbers", Ints{1}}}));

  Graph graph("uff");
  Node* node = graph.add_node("_Op", "n", {});
  node->set_inputs(std::vector<Value*>{nullptr});
  expect_error(ErrorCode::kUnsupported, "an input is left out", [&] { (void)bytes_of(graph); });
  node->set_inputs({});
  node->set_control_inputs({graph.add_node("_Op", "before", {})});
  expect_error(ErrorCode::kUnsupported, "it waits for 'before'", [&] { (void)bytes_of(graph); });
  node->set_control_inputs({});
  graph.rename(graph.find_value("n"), "value");
  Value* input = graph.add_input("n", {DType::kBool, Shape()});
  expect_error(ErrorCode::kInvalidArgument, "the input or constant 'n' and a node have the same name",
               [&] { (void)bytes_of(graph); });
  graph.rename(input, "x");
  expect_error(ErrorCode::kUnsupported, "while writing the input or constant 'x'", [&] { (void)bytes_of(graph); });
}

}  // namespace
}  // namespace tenon::uff
