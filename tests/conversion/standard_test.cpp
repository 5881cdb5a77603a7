// SPDX-License-Identifier: Apache-2.0
#include "errors.h"
#include "support.h"

#include <gtest/gtest.h>

#include <limits>

namespace tenon {
namespace {

using test::expect_error;
using test::lines_of;
using test::to_uff;
using test::values_of;
using Lines = std::vector<std::string>;

// A graph of one operator on x of this shape and on constants.
struct OneNode {
  OneNode(const std::string& op, std::string_view shape, const std::vector<Tensor>& constants,
          Attributes attributes = {}) {
    std::vector<Value*> inputs = {graph.add_input("x", {DType::kFloat32, parse_shape(shape)})};
    for (size_t i = 0; i < constants.size(); ++i)
      inputs.push_back(constants[i].defined() ? graph.add_constant("c" + std::to_string(i + 1), constants[i])
                                              : nullptr);
    const std::string name = "y";
    graph.set_outputs({graph.add_node(op, "node", inputs, std::span(&name, 1), std::move(attributes))->output()});
  }
  // What the operator has become: the lines but for Consts, the Input and the MarkOutput.
  [[nodiscard]] Lines lines() const {
    Lines lines = lines_of(to_uff(graph).graph);
    std::erase_if(lines, [](const std::string& line) {
      return line.starts_with("Const ") || line.starts_with("Input ") || line.starts_with("MarkOutput ");
    });
    return lines;
  }
  Graph graph;
};

Tensor zeros(Dims dims) { return Tensor::zeros(DType::kFloat32, dims); }
Tensor ints(std::initializer_list<int64_t> values) {
  return Tensor::from(values, Dims{static_cast<int64_t>(values.size())});
}
using Ints = std::vector<int64_t>;

TEST(StandardToUff, ConstantsAndInputsBecomeNodesAndShareTheirMemory) {
  const Tensor weights = zeros({3, 2});
  const OneNode one("MatMul", "N,3", {weights});
  const auto [graph, notes] = to_uff(one.graph);
  EXPECT_EQ(lines_of(graph), (Lines{"FullyConnected y <- x, c1 {inputs_orders=@orders_NC_CK}",
                                    "Const c1 {dtype=f32, shape=[3, 2], values=@weights_c1}",
                                    "Input x {dtype=f32, shape=[-1, 3]}", "MarkOutput MarkOutput_0 <- y"}));
  const Attribute* blob = uff::resolve(*graph.find_node("c1")->attribute("values"));
  EXPECT_EQ(std::get<Tensor>(*blob).data(), weights.data());
  EXPECT_EQ(notes, (Lines{"input  x  f32[N,3]", "output  y"}));
}

TEST(StandardToUff, ConvolutionsHaveTheOrdersNCAndKC) {
  const Tensor filter = zeros({4, 3, 3, 3});
  EXPECT_EQ(OneNode("Conv", "N,3,8,8", {filter}, {{"strides", Ints{2, 1}}}).lines(),
            (Lines{"Conv y <- x, c1 {inputs_orders=@orders_NC+_KC+, strides=[2, 1]}"}));
  EXPECT_EQ(
      OneNode("Conv", "N,3,8,8", {filter, zeros({4})}, {{"pads", Ints{1, 2, 1, 2}}, {"dilations", Ints{1, 2}}}).lines(),
      (Lines{"Conv y/Conv <- x, c1 {dilation=[1, 2], inputs_orders=@orders_NC+_KC+, padding=[1, 2], strides=[1, 1]}",
             "Binary y <- y/Conv, c2 {func=add}"}));
  EXPECT_EQ(OneNode("Conv", "N,3,8,8", {filter}, {{"pads", Ints{0, 0, 1, 1}}, {"strides", Ints{2, 2}}}).lines(),
            (Lines{"Conv y <- x, c1 {implicit_padding=same, inputs_orders=@orders_NC+_KC+, strides=[2, 2]}"}));
  const OneNode uneven("Conv", "N,3,8,8", {filter}, {{"pads", Ints{2, 0, 1, 0}}});
  EXPECT_EQ(uneven.lines(),
            (Lines{"Pad y/Pad <- x, y/Const", "Conv y <- y/Pad, c1 {inputs_orders=@orders_NC+_KC+, strides=[1, 1]}"}));
  EXPECT_EQ(values_of<int32_t>(to_uff(uneven.graph).graph, "y/Const"), (std::vector<int32_t>{0, 0, 0, 0, 2, 1, 0, 0}));
  EXPECT_EQ(OneNode("Conv", "N,6,8,8", {filter}, {{"group", int64_t{2}}}).lines(),
            (Lines{"Conv y <- x, c1 {inputs_orders=@orders_NC+_KC+, number_groups=2, strides=[1, 1]}"}));
}

TEST(StandardToUff, TransposedConvolutionsAreGivenTheirSize) {
  const OneNode one("ConvTranspose", "N,4,5,5", {zeros({4, 2, 3, 3}), zeros({2})},
                    {{"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}});
  EXPECT_EQ(one.lines(),
            (Lines{"ConvTranspose y/ConvTranspose <- x, c1, y/Const {inputs_orders=@orders_NC+_CK+, padding=[1, 1], "
                   "strides=[2, 2]}",
                   "Binary y <- y/ConvTranspose, c2 {func=add}"}));
  EXPECT_EQ(values_of<int32_t>(to_uff(one.graph).graph, "y/Const"), (std::vector<int32_t>{-1, 2, 9, 9}));
}

TEST(StandardToUff, PoolingKeepsTheMeaningOfItsPadding) {
  const auto pool = [](const std::string& op, Attributes more) {
    more.emplace("kernel_shape", Ints{3, 3});
    return OneNode(op, "N,3,8,8", {}, std::move(more)).lines()[0];
  };
  const std::string end = "strides=[1, 1]}", orders = "inputs_orders=@orders_NC+, kernel=[3, 3], ";
  EXPECT_EQ(pool("MaxPool", {{"pads", Ints{1, 1, 1, 1}}}),
            "Pool y <- x {func=max, " + orders + "padding=[1, 1], " + end);
  EXPECT_EQ(pool("AveragePool", {{"pads", Ints{1, 1, 1, 1}}, {"count_include_pad", int64_t{1}}}),
            "Pool y <- x {func=avg, " + orders + "padding=[1, 1], " + end);
  // Zeros that do not count are those of SAME.
  EXPECT_EQ(pool("AveragePool", {{"pads", Ints{1, 1, 1, 1}}}),
            "Pool y <- x {func=avg, implicit_padding=same, " + orders + end);
  EXPECT_EQ(pool("AveragePool", {{"pads", Ints{2, 0, 0, 0}}, {"count_include_pad", int64_t{1}}}),
            "Pad y/Pad <- x, y/Const");
  const auto refused = [&](const char* fragment, const std::string& op, Attributes more) {
    expect_error(ErrorCode::kUnsupported, fragment, [&] { (void)pool(op, std::move(more)); });
  };
  refused("counting zeros in a mean", "AveragePool", {{"pads", Ints{2, 2, 2, 2}}});
  refused("pads both ends of an axis alike", "MaxPool", {{"pads", Ints{2, 0, 0, 0}}});
  refused("(ceil_mode)", "MaxPool", {{"ceil_mode", int64_t{1}}, {"strides", Ints{2, 2}}});
  refused("dilated", "MaxPool", {{"dilations", Ints{2, 2}}});
}

// The operation that `op` becomes, with its fields.
std::string line(const std::string& op, std::string_view shape, const std::vector<Tensor>& constants,
                 Attributes attributes = {}) {
  return OneNode(op, shape, constants, std::move(attributes)).lines().back();
}

TEST(StandardToUff, ImagesAreNormalisedAndReduced) {
  const Tensor c = zeros({3});
  EXPECT_EQ(line("BatchNormalization", "N,3,8,8", {c, c, c, c}, {{"epsilon", 0.5}}),
            "BatchNorm y <- x, c1, c2, c3, c4 {epsilon=0.5, inputs_orders=@orders_NC+}");
  EXPECT_EQ(line("GlobalAveragePool", "N,3,8,8", {}), "Reduce y <- x {axes=[2, 3], func=mean, keepdims=true}");
  // UFF's LRN is over the last axis.
  EXPECT_EQ(OneNode("LRN", "N,3,8,8", {}, {{"size", int64_t{5}}, {"alpha", 0.5}}).lines(),
            (Lines{"Transpose y/Transpose <- x {permutation=[0, 2, 3, 1]}",
                   "LRN y/LRN <- y/Transpose {alpha=0.1, beta=0.75, inputs_orders=@orders_N+C, k=1, window_size=2}",
                   "Transpose y <- y/LRN {permutation=[0, 3, 1, 2]}"}));
  EXPECT_EQ(line("Softmax", "N,3,8", {}), "Softmax y <- x {axis=0, inputs_orders=@orders_N+C}");
  EXPECT_EQ(line("Softmax", "N,3,8", {}, {{"axis", int64_t{1}}}), "Softmax y <- x {axis=0, inputs_orders=@orders_NC+}");
  expect_error(ErrorCode::kUnsupported, "over the batch",
               [] { (void)line("Softmax", "N,3", {}, {{"axis", int64_t{0}}}); });
  EXPECT_EQ(line("ReduceMax", "N,3", {}, {{"keepdims", int64_t{0}}}),
            "Reduce y <- x {axes=[0, 1], func=max, keepdims=false}");
  EXPECT_EQ(OneNode("ArgMax", "N,3", {}, {{"axis", int64_t{1}}}).lines(),
            (Lines{"ArgMax y/ArgMax <- x {axis=1}", "ExpandDims y <- y/ArgMax {axis=1}"}));
}

TEST(StandardToUff, GemmBecomesAsManyNodesAsItTakes) {
  const Tensor w = zeros({2, 3}), b = zeros({2});
  EXPECT_EQ(line("Gemm", "3,N", {zeros({3, 2})}, {{"transA", int64_t{1}}}),
            "FullyConnected y <- x, c1 {inputs_orders=@orders_CN_CK}");
  EXPECT_EQ(OneNode("Gemm", "N,3", {w, b}, {{"transB", int64_t{1}}, {"alpha", 2.0}, {"beta", 0.5}}).lines(),
            (Lines{"FullyConnected y/FullyConnected <- x, c1 {inputs_orders=@orders_NC_KC}",
                   "Binary y/Binary <- y/FullyConnected, y/Const {func=mul}",
                   "Binary y/Binary_1 <- c2, y/Const_1 {func=mul}", "Binary y <- y/Binary, y/Binary_1 {func=add}"}));
  expect_error(ErrorCode::kUnsupported, "it multiplies more than two matrices",
               [] { (void)line("MatMul", "N,2,3", {zeros({3, 2})}); });
}

TEST(StandardToUff, FunctionsOfElements) {
  const Tensor zero = Tensor::scalar(0.0F), six = Tensor::scalar(6.0F);
  EXPECT_EQ(line("Tanh", "N,3", {}), "Activation y <- x {func=tanh}");
  EXPECT_EQ(line("Clip", "N,3", {zero, six}), "Activation y <- x {func=relu6}");
  EXPECT_EQ(OneNode("Clip", "N,3", {six, Tensor::scalar(9.0F)}).lines(),
            (Lines{"Binary y/Binary <- x, c1 {func=max}", "Binary y <- y/Binary, c2 {func=min}"}));
  EXPECT_EQ(line("Clip", "N,3", {Tensor(), six}), "Binary y <- x, c2 {func=min}");
  EXPECT_EQ(line("LeakyRelu", "N,3", {}), "LeakyRelu y <- x {alpha=0.01}");
  EXPECT_EQ(OneNode("Max", "N,3", {zero, six}).lines(),
            (Lines{"Binary y/Binary <- x, c1 {func=max}", "Binary y <- y/Binary, c2 {func=max}"}));
  EXPECT_EQ(line("Reciprocal", "N,3", {}), "Binary y <- y/Const, x {func=div}");
  expect_error(ErrorCode::kUnsupported, "its alpha is not 1", [] { (void)line("Elu", "N,3", {}, {{"alpha", 2.0}}); });
  expect_error(ErrorCode::kUnsupported, "Erf 'node': UFF has no form of this operator",
               [] { (void)line("Erf", "N,3", {}); });
}

TEST(StandardToUff, ReshapeTargetsCountTheBatch) {
  EXPECT_EQ(line("Reshape", "N,3,4", {ints({0, -1})}), "Flatten y <- x");
  EXPECT_EQ(line("Flatten", "N,3,4", {}), "Flatten y <- x");
  const auto target = [](std::string_view shape, Tensor to) {
    return values_of<int32_t>(to_uff(OneNode("Reshape", shape, {std::move(to)}).graph).graph, "y/Const");
  };
  EXPECT_EQ(target("N,3,4", ints({0, 2, -1})), (std::vector<int32_t>{-1, 2, 6}));
  EXPECT_EQ(target("2,3,4", ints({0, 2, -1})), (std::vector<int32_t>{2, 2, 6}));
  EXPECT_EQ(target("N,3,4", ints({-1, 6})), (std::vector<int32_t>{-1, 6}));
  expect_error(ErrorCode::kUnsupported, "not known well enough",
               [] { (void)line("Reshape", "N,M,4", {ints({0, 0, 2, 2})}); });
}

TEST(StandardToUff, OthersThatArrangeElements) {
  EXPECT_EQ(line("Transpose", "N,3,4", {}), "Transpose y <- x {permutation=[2, 1, 0]}");
  EXPECT_EQ(line("Squeeze", "N,1,4", {ints({1})}), "Squeeze y <- x {axes=[1]}");
  EXPECT_EQ(OneNode("Unsqueeze", "N,3", {ints({-1, 1})}).lines(),
            (Lines{"ExpandDims y/ExpandDims <- x {axis=1}", "ExpandDims y <- y/ExpandDims {axis=3}"}));
  EXPECT_EQ(line("Concat", "N,3", {zeros({2, 3})}, {{"axis", int64_t{0}}}), "Concat y <- x, c1 {axis=0}");
  EXPECT_EQ(line("Gather", "N,3", {ints({1})}, {{"axis", int64_t{1}}}),
            "GatherV2 y <- x, c1 {axis=1, indices_dtype=i32, params_dtype=f32}");
  EXPECT_EQ(line("Shape", "N,3", {}), "Shape y <- x");
  const OneNode pad("Pad", "N,3", {ints({1, 2}), Tensor(), ints({-1})});
  EXPECT_EQ(values_of<int32_t>(to_uff(pad.graph).graph, "y/Const"), (std::vector<int32_t>{0, 0, 1, 2}));
  expect_error(ErrorCode::kUnsupported, "a negative pad", [] { (void)line("Pad", "N,3", {ints({0, -1, 0, 0})}); });
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max(), kFirst = std::numeric_limits<int64_t>::min();
  const OneNode slice("Slice", "N,3,4", {ints({kLast, 1}), ints({kFirst, 3}), ints({-1, 1}), ints({-1, 1})});
  EXPECT_EQ(slice.lines(), (Lines{"StridedSlice y <- x, y/Const, y/Const_1, y/Const_2 {begin_mask=5, end_mask=5, "
                                  "shrink_axis_mask=0}"}));
  EXPECT_EQ(values_of<int32_t>(to_uff(slice.graph).graph, "y/Const_1"), (std::vector<int32_t>{0, 3, 0}));
}

TEST(StandardToUff, Integers64BecomeThoseOf32BitsOrAreRefused) {
  Graph graph;
  Value* x = graph.add_input("x", {DType::kInt64, parse_shape("N,2")});
  Value* y = graph.add_node("Add", "y", {x, graph.add_constant("c", ints({1, -2}))})->output();
  Value* z = graph.add_node("Cast", "z", {y}, {{"to", DType::kInt32}})->output();
  graph.set_outputs({graph.add_node("Neg", "n", {z})->output()});
  const auto [result, notes] = to_uff(graph);
  EXPECT_EQ(test::line_of(*result.find_node("n")), "Unary n <- y {func=neg}");
  EXPECT_EQ(values_of<int32_t>(result, "c"), (std::vector<int32_t>{1, -2}));
  EXPECT_EQ(notes.back(), "dtype  x  i64 becomes i32, as UFF does not have it");
  expect_error(ErrorCode::kUnsupported, "it holds the number 4294967296, which does not fit",
               [] { (void)line("Gather", "N,3", {ints({int64_t{1} << 32})}); });
}

TEST(StandardToUff, TypesThatDoNotFitNameTheNode) {
  expect_error(ErrorCode::kInvalidArgument, "MatMul 'node'", [] { (void)line("MatMul", "N,3", {zeros({2, 3})}); });
  Graph graph;
  Value* x = graph.add_input("x", {DType::kFloat32, std::nullopt});
  graph.set_outputs({graph.add_node("Transpose", "t", {x})->output()});
  expect_error(ErrorCode::kUnsupported, "the rank of its input 0 ('x') is not known", [&] { (void)to_uff(graph); });
}

}  // namespace
}  // namespace tenon
