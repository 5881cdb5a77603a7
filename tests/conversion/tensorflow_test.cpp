// SPDX-License-Identifier: Apache-2.0
#include "errors.h"
#include "support.h"

#include <tenon/compile.h>
#include <tenon/formats.h>
#include <tenon/surgery.h>

#include <gtest/gtest.h>

namespace tenon {
namespace {

using test::Converted;
using test::expect_error;
using test::lines_of;
using test::TensorFlowGraph;
using test::to_uff;
using test::values_of;
using Lines = std::vector<std::string>;

Graph lenet5() { return load(std::string(TENON_SOURCE_DIR) + "/examples/lenet5/lenet5.pb"); }

TEST(TensorFlowToUff, LeNet5WithALayerIs13NodesInTheOrderOfNvidiasConverter) {
  Graph source = lenet5();
  (void)map_to_layer(source, "ReLU6=CustomClipPlugin(clipMin=0.0, clipMax=6.0)");
  const auto [graph, notes] = to_uff(source, {"OutputLayer/Softmax"});
  const Lines nodes = {
      "Softmax OutputLayer/Softmax <- OutputLayer/BiasAdd {axis=0, inputs_orders=@orders_N+C}",
      "Const OutputLayer/bias {dtype=f32, shape=[10], values=@weights_OutputLayer/bias}",
      "Binary OutputLayer/BiasAdd <- OutputLayer/MatMul, OutputLayer/bias {func=add}",
      "FullyConnected OutputLayer/MatMul <- ReLU6/Relu6, OutputLayer/kernel {inputs_orders=@orders_NC_CK}",
      "Const OutputLayer/kernel {dtype=f32, shape=[512, 10], values=@weights_OutputLayer/kernel}",
      "_CustomClipPlugin ReLU6/Relu6 <- dense/BiasAdd {clipMax_u_float=6, clipMin_u_float=0}",
      "Const dense/bias {dtype=f32, shape=[512], values=@weights_dense/bias}",
      "Binary dense/BiasAdd <- dense/MatMul, dense/bias {func=add}",
      "FullyConnected dense/MatMul <- flatten/Reshape, dense/kernel {inputs_orders=@orders_NC_CK}",
      "Const dense/kernel {dtype=f32, shape=[784, 512], values=@weights_dense/kernel}",
      "Flatten flatten/Reshape <- InputLayer",
      "Input InputLayer {dtype=f32, shape=[-1, 1, 28, 28]}",
      "MarkOutput MarkOutput_0 <- OutputLayer/Softmax"};
  EXPECT_EQ(lines_of(graph), nodes);
  const Lines told = {"input  InputLayer  f32[?,1,28,28]",
                      "custom  ReLU6/Relu6  _CustomClipPlugin: whoever loads the file needs a plugin of that name",
                      "flatten  flatten/Reshape  the Reshape to [batch, everything else] becomes a Flatten"};
  EXPECT_EQ(notes, told);
  ASSERT_EQ(graph.outputs().size(), 1U);
  EXPECT_EQ(graph.outputs()[0]->name(), "MarkOutput_0");
  EXPECT_EQ(std::get<std::string>(graph.properties().at("graph")), "main");
  EXPECT_EQ(to_string(graph.properties().at("descriptors")), "[@tensorflow_extension{version=1}, @custom{version=1}]");
}

// The lines of a graph whose outputs are these values of `source`.
Lines uff_lines(TensorFlowGraph& source, std::vector<Value*> outputs) {
  return lines_of(to_uff(source.with_outputs(std::move(outputs))).graph);
}

TEST(TensorFlowToUff, IdentitiesVanishUnlessTheyAreOutputs) {
  TensorFlowGraph tf;
  Value* x = tf.add("Identity", "b", {tf.add("StopGradient", "a", {tf.input("x", "?,3")})});
  Value* kept = tf.add("Identity", "kept", {x});
  Value* relu = tf.add("Relu", "relu", {kept});
  EXPECT_EQ(uff_lines(tf, {kept, relu}),
            (Lines{"Activation relu <- x {func=relu}", "Input x {dtype=f32, shape=[-1, 3]}", "Identity kept <- x",
                   "MarkOutput MarkOutput_0 <- kept", "MarkOutput MarkOutput_1 <- relu"}));
}

TEST(TensorFlowToUff, BiasesAreWrittenRightBeforeTheirSums) {
  TensorFlowGraph tf;
  Value *x = tf.input("x", "?,2,4,4"), *bias = tf.zeros("bias", {2});
  Value* first = tf.add("BiasAdd", "first", {x, bias}, {{"data_format", "NCHW"}});
  Value* second = tf.add("BiasAdd", "second", {first, bias}, {{"data_format", "NCHW"}});
  Value* third = tf.add("Mul", "third", {second, bias});
  EXPECT_EQ(uff_lines(tf, {third}),
            (Lines{"Binary third <- second, bias {func=mul}", "Const bias {dtype=f32, shape=[2], values=@weights_bias}",
                   "Const bias_1 {dtype=f32, shape=[2, 1, 1], values=@weights_bias_1}",
                   "Binary second <- first, bias_1 {func=add}", "Binary first <- x, bias_1 {func=add}",
                   "Input x {dtype=f32, shape=[-1, 2, 4, 4]}", "MarkOutput MarkOutput_0 <- third"}));
}

const Attributes kWindow = {{"padding", "VALID"}, {"strides", std::vector<int64_t>{1, 2, 1, 1}}};

TEST(TensorFlowToUff, PadsBecomeThePaddingOfConvolutions) {
  for (const bool even : {true, false}) {
    TensorFlowGraph tf;
    Value* paddings = tf.integers("paddings", {0, 0, 1, even ? 1 : 2, 2, 2, 0, 0}, {4, 2});
    Value* padded = tf.add("Pad", "pad", {tf.input("x", "?,8,8,3"), paddings});
    Value* y = tf.add("Conv2D", "conv", {padded, tf.zeros("filter", {3, 3, 3, 4})}, kWindow);
    const Lines lines = uff_lines(tf, {y});
    EXPECT_EQ(lines[0], even ? "Conv conv <- x, filter {inputs_orders=@orders_N+C_+CK, padding=[1, 2], strides=[2, 1]}"
                             : "Conv conv <- pad, filter {inputs_orders=@orders_N+C_+CK, strides=[2, 1]}");
    EXPECT_EQ(lines[2], even ? "Input x {dtype=f32, shape=[-1, 8, 8, 3]}" : "Pad pad <- x, paddings");
  }
}

// NVIDIA's converter did; but a MaxPool's padding means nothing where the Pad's zeros may be the greatest.
TEST(TensorFlowToUff, PadsBecomeThePaddingOfAMaxPoolOfWhatIsNeverNegativeOnly) {
  for (const std::string op : {"Relu", "Tanh"}) {
    TensorFlowGraph tf;
    Value* paddings = tf.integers("paddings", {0, 0, 1, 1, 1, 1, 0, 0}, {4, 2});
    Value* padded = tf.add("Pad", "pad", {tf.add(op, "y", {tf.input("x", "?,8,8,3")}), paddings});
    Attributes window = kWindow;
    window.emplace("ksize", std::vector<int64_t>{1, 3, 3, 1});
    const Lines lines = uff_lines(tf, {tf.add("MaxPool", "pool", {padded}, window)});
    const std::string fields = "func=max, inputs_orders=@orders_N+C, kernel=[3, 3]";
    EXPECT_EQ(lines[0], op == "Relu" ? "Pool pool <- y {" + fields + ", padding=[1, 1], strides=[2, 1]}"
                                     : "Pool pool <- pad {" + fields + ", strides=[2, 1]}");
  }
}

TEST(TensorFlowToUff, OtherConvolutionsHaveTheirOwnFieldsAndOrders) {
  TensorFlowGraph tf;
  Value* x = tf.input("x", "?,3,8,8");
  Attributes fields = {{"data_format", "NCHW"},
                       {"dilations", std::vector<int64_t>{1, 1, 2, 3}},
                       {"padding", "SAME"},
                       {"strides", std::vector<int64_t>{1, 1, 1, 2}}};
  Value* y = tf.add("DepthwiseConv2dNative", "depthwise", {x, tf.zeros("filter", {3, 3, 3, 2})}, fields);
  fields.erase("dilations");
  Value* z = tf.add("Conv2DBackpropInput", "up",
                    {tf.integers("sizes", {1, 5, 16, 16}), tf.zeros("up_filter", {3, 3, 5, 6}), y}, fields);
  const Lines lines = uff_lines(tf, {z});
  EXPECT_EQ(lines[0],
            "ConvTranspose up <- depthwise, up_filter, sizes {implicit_padding=same, "
            "inputs_orders=@orders_NC+_+KC, strides=[1, 2]}");
  EXPECT_EQ(lines[3],
            "Conv depthwise <- x, filter {dilation=[2, 3], implicit_padding=same, "
            "inputs_orders=@orders_NC+_+CK, number_groups=3, strides=[1, 2]}");
}

// x -> SpaceToBatchND -> Conv2D -> BatchToSpaceND -> relu, with these paddings of height and width.
TensorFlowGraph dilated(std::initializer_list<int32_t> paddings) {
  TensorFlowGraph tf;
  Value* block = tf.integers("block", {2, 3});
  Value* batch = tf.add("SpaceToBatchND", "to_batch",
                        {tf.input("x", "?,8,9,3"), block, tf.integers("paddings", paddings, {2, 2})});
  Value* conv = tf.add("Conv2D", "conv", {batch, tf.zeros("filter", {3, 3, 3, 4})},
                       {{"padding", "VALID"}, {"strides", std::vector<int64_t>{1, 1, 1, 1}}});
  Value* space = tf.add("BatchToSpaceND", "to_space", {conv, block, tf.integers("crops", {0, 1, 0, 0}, {2, 2})});
  tf.graph.set_outputs({tf.add("Relu", "relu", {space})});
  return tf;
}

TEST(TensorFlowToUff, DilatedConvolutionsBecomeOneNode) {
  const std::string fields = "dilation=[2, 3], inputs_orders=@orders_N+C_+CK";
  const Lines even = lines_of(to_uff(dilated({2, 3, 3, 3}).graph).graph);
  EXPECT_EQ(even, (Lines{"Activation relu <- conv {func=relu}",
                         "Conv conv <- x, filter {" + fields + ", padding=[2, 3], strides=[1, 1]}",
                         "Const filter {dtype=f32, shape=[3, 3, 3, 4], values=@weights_filter}",
                         "Input x {dtype=f32, shape=[-1, 8, 9, 3]}", "MarkOutput MarkOutput_0 <- relu"}));
  const Converted uneven = to_uff(dilated({2, 4, 3, 3}).graph);
  EXPECT_EQ(lines_of(uneven.graph)[3], "Conv conv <- conv/Pad, filter {" + fields + ", strides=[1, 1]}");
  EXPECT_EQ(values_of<int32_t>(uneven.graph, "conv/Const"), (std::vector<int32_t>{0, 0, 2, 3, 3, 3, 0, 0}));
  expect_error(ErrorCode::kUnsupported, "only the middle of a dilated convolution",
               [] { (void)to_uff(dilated({2, 3, 3, 3}).graph, {"relu", "conv"}); });
  // Where the crops are more than the paddings there is no such convolution, and the outer nodes have no form.
  expect_error(ErrorCode::kUnsupported, "SpaceToBatchND 'to_batch'", [] { (void)to_uff(dilated({2, 0, 3, 3}).graph); });
}

TEST(TensorFlowToUff, ASoftmaxOverRowsBecomesOneNode) {
  TensorFlowGraph tf;
  Value* x = tf.input("x", "?,?,4");
  Value* last = tf.add("Sub", "sub", {tf.integers("rank", {3}, {}), tf.integers("one", {1}, {})});
  Value* extent = tf.add("Slice", "slice",
                         {tf.add("Shape", "shape_1", {x}), tf.add("Pack", "begin", {last}), tf.integers("size", {1})});
  Value* rows = tf.add("ConcatV2", "concat", {tf.integers("minus", {-1}), extent, tf.integers("axis", {0}, {})});
  Value* softmax = tf.add("Softmax", "softmax", {tf.add("Reshape", "rows", {x, rows})});
  Value* back = tf.add("Reshape", "back", {softmax, tf.add("Shape", "shape_2", {x})});
  Value* y = tf.add("Relu", "relu", {back});
  EXPECT_EQ(uff_lines(tf, {y}),
            (Lines{"Activation relu <- softmax {func=relu}", "Softmax softmax <- x {axis=0, inputs_orders=@orders_N+C}",
                   "Input x {dtype=f32, shape=[-1, -1, 4]}", "MarkOutput MarkOutput_0 <- relu"}));
  expect_error(ErrorCode::kUnsupported, "only the middle of a softmax",
               [&] { (void)to_uff(tf.with_outputs({softmax, y})); });
}

// A Reshape of x [?,4,4] named `name` to the constant target, or without one to [batch, 16] computed from the shape.
std::string reshape_line(const std::string& name, std::vector<int32_t> target) {
  TensorFlowGraph tf;
  Value* x = tf.input("x", "?,4,4");
  Value* to = nullptr;
  if (target.empty()) {
    Value* batch = tf.add("StridedSlice", "batch",
                          {tf.add("Shape", "shape", {x}), tf.integers("begin", {0}), tf.integers("end", {1}),
                           tf.integers("strides", {1})},
                          {{"shrink_axis_mask", int64_t{1}}});
    to = tf.add("Pack", "pack", {batch, tf.integers("sixteen", {16}, {})});
  } else {
    const Dims dims{static_cast<int64_t>(target.size())};
    to = tf.constant("target", Tensor::from(std::span<const int32_t>(target), dims));
  }
  return uff_lines(tf, {tf.add("Reshape", name, {x, to})})[0];
}

TEST(TensorFlowToUff, ReshapesToTheBatchAndTheRestAreFlatten) {
  EXPECT_EQ(reshape_line("any", {}), "Flatten any <- x");
  EXPECT_EQ(reshape_line("model/Flatten_1/Reshape", {-1, 16}), "Flatten model/Flatten_1/Reshape <- x");
  EXPECT_EQ(reshape_line("flatten", {-1, 16}), "Reshape flatten <- x, target");
  EXPECT_EQ(reshape_line("flatten/more/Reshape", {-1, 16}), "Reshape flatten/more/Reshape <- x, target");
  EXPECT_EQ(reshape_line("flatten/Reshape", {-1, 2, 8}), "Reshape flatten/Reshape <- x, target");
}

TEST(TensorFlowToUff, LayersKeepTheTypesOfTheirFields) {
  TensorFlowGraph tf;
  Node* layer = tf.graph.add_node("My", "my", {tf.input("x", "?,2")},
                                  {{"a", true},
                                   {"b", int64_t{3}},
                                   {"c", 0.5},
                                   {"d", std::vector<double>{1, 2}},
                                   {"e", std::vector<int64_t>{}},
                                   {"f", "text"},
                                   {"T", DType::kFloat32},
                                   {"node.device", "/cpu:0"}},
                                  "mine");
  EXPECT_EQ(
      uff_lines(tf, {layer->output()})[0],
      "_My my <- x {T=f32, a_u_bool=true, b_u_int=3, c_u_float=0.5, d_u_flist=[1, 2], e_u_ilist=[], f_u_str=text}");
  layer->attributes()["g"] = Tensor::zeros(DType::kFloat32, {2});
  expect_error(ErrorCode::kUnsupported, "My 'my': its field 'g' is of kind tensor", [&] { (void)to_uff(tf.graph); });
}

TEST(TensorFlowToUff, ALayersOutputsAreNamedOnce) {
  TensorFlowGraph tf;
  const std::vector<std::string> outputs = {"a", "b"};
  Value* x = tf.input("x", "?,2");
  Node* layer = tf.graph.add_node("Two", "two", std::span<Value* const>(&x, 1), outputs, {}, "custom");
  Value* axis = tf.integers("axis", {1}, {});
  Value* both = tf.add("ConcatV2", "both", {x, layer->output(0), layer->output(1), axis});
  EXPECT_EQ(uff_lines(tf, {both})[0], "Concat both <- x, two {axis=1}");
  EXPECT_EQ(uff_lines(tf, {layer->output(0), layer->output(1)}).back(), "MarkOutput MarkOutput_0 <- two");
  const std::string problem = "'two' has 2 outputs, which are not all used together here";
  expect_error(ErrorCode::kUnsupported, problem, [&] { (void)to_uff(tf.with_outputs({layer->output(1)})); });
  Value* swapped = tf.add("Add", "swapped", {layer->output(1), layer->output(0)});
  expect_error(ErrorCode::kUnsupported, "Add 'swapped': " + problem, [&] { (void)to_uff(tf.with_outputs({swapped})); });
}

TEST(TensorFlowToUff, TypesThatUffLacksAreReplacedAndNoted) {
  TensorFlowGraph tf;
  Value* x = tf.input("x", "?,2", DType::kFloat64);
  Value* y = tf.add("Mul", "y", {x, tf.constant("c", Tensor::from({0.1, 2.0}, Dims{2}))});
  Value* index = tf.constant("index", Tensor::from({int64_t{1} << 40}, Dims{1}));
  Value* z = tf.add("Add", "z",
                    {tf.add("Cast", "cast", {y}, {{"SrcT", DType::kFloat64}, {"DstT", DType::kFloat32}}),
                     tf.add("Gather", "gather", {index, index}, {{"Tindices", DType::kInt64}})});
  const auto [graph, notes] = to_uff(tf.with_outputs({z}));
  EXPECT_EQ(values_of<float>(graph, "c"), (std::vector<float>{0.1F, 2.0F}));
  EXPECT_EQ(values_of<int64_t>(graph, "index"), (std::vector<int64_t>{int64_t{1} << 40}));
  EXPECT_EQ(test::line_of(*graph.find_node("z")), "Binary z <- y, gather {func=add}");
  EXPECT_EQ(notes, (Lines{"input  x  f32[?,2]", "output  z", "dtype  c  f64 becomes f32, as UFF does not have it",
                          "dtype  x  f64 becomes f32, as UFF does not have it"}));
  Value* text = tf.constant("text", Tensor::of_strings({"a"}, {}));
  expect_error(ErrorCode::kUnsupported, "Const 'text': it holds elements of type string",
               [&] { (void)to_uff(tf.with_outputs({text})); });
}

TEST(TensorFlowToUff, NamesOfHelpersAreNoNamesOfTheModel) {
  TensorFlowGraph tf;
  Value *x = tf.input("d/Binary", "?,2"), *y = tf.input("MarkOutput_0", "?,2");
  EXPECT_EQ(uff_lines(tf, {tf.add("SquaredDifference", "d", {x, y})}),
            (Lines{"Binary d/Binary_0 <- d/Binary, MarkOutput_0 {func=sub}", "Unary d <- d/Binary_0 {func=square}",
                   "Input MarkOutput_0 {dtype=f32, shape=[-1, 2]}", "Input d/Binary {dtype=f32, shape=[-1, 2]}",
                   "MarkOutput MarkOutput_1 <- d"}));
}

TEST(TensorFlowToUff, EverythingThatUffLacksIsReportedAtOnce) {
  TensorFlowGraph tf;
  Value *x = tf.input("x", "?,2"), *c = tf.zeros("c", {2});
  Value* erf = tf.add("Erf", "erf", {tf.add("Tile", "tile", {x, tf.integers("twice", {1, 2})})});
  Value* norm = tf.add("FusedBatchNormV3", "norm", {erf, c, c, c, c}, {{"is_training", true}});
  Value* variable = tf.add("ReadVariableOp", "variable", {x});
  try {
    (void)to_uff(tf.with_outputs({norm, tf.add("Add", "sum", {erf, variable})}));
    FAIL() << "nothing was reported";
  } catch (const UnsupportedError& error) {
    Lines found;
    for (const UnsupportedNode& node : error.nodes()) found.push_back(node.op + " " + node.node);
    EXPECT_EQ(found, (Lines{"ReadVariableOp variable", "Erf erf", "Tile tile", "FusedBatchNormV3 norm"}));
    EXPECT_NE(error.nodes()[0].remedy.find("freeze the graph"), std::string::npos);
    EXPECT_EQ(error.nodes()[1].remedy, "map it to a layer of yours: --map 'Erf=MyErf()'");
    EXPECT_NE(error.nodes()[3].reason.find("training mode"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("4 nodes cannot be converted as they are"), std::string::npos);
  }
}

TEST(TensorFlowToUff, WhatDoesNotFitNamesTheNode) {
  TensorFlowGraph tf;
  Value* x = tf.input("x", "?,4,4,3");
  Value* filter = tf.zeros("filter", {3, 3, 3, 4});
  const auto refuse = [&](ErrorCode code, const char* fragment, Value* output) {
    expect_error(code, fragment, [&] { (void)to_uff(tf.with_outputs({output})); });
  };
  refuse(ErrorCode::kInvalidArgument, "Conv2D 'a': its attribute 'strides' is of kind string",
         tf.add("Conv2D", "a", {x, filter}, {{"strides", "1"}}));
  refuse(ErrorCode::kInvalidArgument, "Conv2D 'b': its strides has 2 elements, but 4 are required",
         tf.add("Conv2D", "b", {x, filter}, {{"strides", std::vector<int64_t>{1, 1}}}));
  refuse(ErrorCode::kInvalidArgument, "Add 'c': it has 1 inputs, but at least 2 are required", tf.add("Add", "c", {x}));
  refuse(ErrorCode::kUnsupported, "Transpose 'd': its input 1 ('x', the permutation) is computed",
         tf.add("Transpose", "d", {x, x}));
  refuse(ErrorCode::kUnsupported, "its data_format is 'NCHW_VECT_C'",
         tf.add("Conv2D", "e", {x, filter}, {{"data_format", "NCHW_VECT_C"}}));
}

TEST(TensorFlowToUff, CyclesAreRefused) {
  TensorFlowGraph tf;
  Value* a = tf.add("Identity", "a", {tf.input("x", "?,2")});
  Value* b = tf.add("Identity", "b", {a});
  a->producer()->set_input(0, b);
  expect_error(ErrorCode::kCorrupt, "without cycles is required",
               [&] { (void)convert(tf.with_outputs({tf.add("Relu", "r", {b})}), "uff"); });
  TensorFlowGraph sums;
  Value* c = sums.add("Relu", "c", {sums.input("x", "?,2")});
  Value* d = sums.add("Relu", "d", {c});
  c->producer()->set_input(0, d);
  expect_error(ErrorCode::kCorrupt, "cycle", [&] { (void)convert(sums.with_outputs({d}), "uff"); });
}

TEST(Convert, WhatIsNotThereIsSaid) {
  TensorFlowGraph tf;
  Value* x = tf.input("x", "?,2");
  const Graph& graph = tf.with_outputs({tf.add("Relu", "relu", {x})});
  expect_error(ErrorCode::kNotFound, "did you mean 'relu'", [&] { (void)to_uff(graph, {"rel"}); });
  expect_error(ErrorCode::kUnsupported, "a graph of dialect 'tf' cannot be converted to 'onnx'",
               [&] { (void)convert(graph, "onnx"); });
  expect_error(ErrorCode::kUnsupported, "from 'tf' and 'standard' to 'uff'",
               [] { (void)convert(Graph("uff"), "uff"); });
  expect_error(ErrorCode::kInvalidArgument, "has no outputs", [] { (void)convert(Graph("tf"), "uff"); });
}

}  // namespace
}  // namespace tenon
