// SPDX-License-Identifier: Apache-2.0
#include "errors.h"
#include "lowering/uff_model.h"

#include <gtest/gtest.h>

#include <optional>

// How the shapes and orders that a caller gives become a UFF graph's inputs and outputs.
namespace tenon {
namespace {

using test::elements;
using test::expect_error;
using test::Ints;
using test::type_of;
using test::UffModel;

CompileOptions given(const char* shape, std::optional<InputOrder> order = std::nullopt) {
  CompileOptions options;
  if (shape != nullptr) options.input_shapes["x"] = parse_shape(shape);
  if (order) options.input_orders["x"] = *order;
  return options;
}

// The image through a 1x1 convolution from 3 channels to 2, then a Relu; `order` is "N+C" or "NC+".
Graph image_model(Ints file_shape, const char* order) {
  UffModel m;
  Value* y =
      m.ordered("Conv", "conv", {m.input("x", std::move(file_shape)), m.counted("w", {1, 1, 3, 2})}, {order, "+CK"});
  m.marked({m.node("Activation", "y", {y}, {{"func", "relu"}})});
  return std::move(m.graph);
}

// [n, h, w, c] as [n, c, h, w].
Tensor channels_first(const Tensor& image) {
  const Dims& d = image.dims();
  Tensor result = Tensor::empty(DType::kFloat32, {d[0], d[3], d[1], d[2]});
  const auto from = image.values<float>();
  const auto to = result.mutable_values<float>();
  size_t at = 0;
  for (int64_t n = 0; n < d[0]; ++n)
    for (int64_t c = 0; c < d[3]; ++c)
      for (int64_t h = 0; h < d[1]; ++h)
        for (int64_t w = 0; w < d[2]; ++w) to[at++] = from[static_cast<size_t>(((n * d[1] + h) * d[2] + w) * d[3] + c)];
  return result;
}

struct Row {
  const char* name;
  Ints file_shape;
  const char* order;
  CompileOptions options;
  const char *input, *output;  // The types of the compiled model.
};

class UffInput : public testing::TestWithParam<Row> {};

TEST_P(UffInput, BecomesTheGraphs) {
  const Row& row = GetParam();
  const Graph graph = lower(image_model(row.file_shape, row.order), row.options);
  EXPECT_EQ(graph.inputs()[0]->name(), "x");
  EXPECT_EQ(type_of(graph.inputs()[0]), row.input);
  EXPECT_EQ(graph.outputs()[0]->name(), "y");
  EXPECT_EQ(type_of(graph.outputs()[0]), row.output);
  graph.validate();
}

constexpr auto kNHWC = InputOrder::kNHWC;
constexpr auto kNCHW = InputOrder::kNCHW;

INSTANTIATE_TEST_SUITE_P(
    All, UffInput,
    testing::Values(
        Row{"nothing_given", {-1, 5, 7, 3}, "N+C", {}, "f32[N,5,7,3]", "f32[N,5,7,2]"},
        Row{"a_fixed_batch_stays", {4, 5, 7, 3}, "N+C", {}, "f32[4,5,7,3]", "f32[4,5,7,2]"},
        Row{"nchw_of_nhwc", {-1, 5, 7, 3}, "N+C", given("3,5,7"), "f32[N,3,5,7]", "f32[N,2,5,7]"},
        Row{"nchw_said", {-1, 5, 7, 3}, "N+C", given("3,5,7", kNCHW), "f32[N,3,5,7]", "f32[N,2,5,7]"},
        Row{"a_whole_shape", {-1, 5, 7, 3}, "N+C", given("8,3,5,7"), "f32[8,3,5,7]", "f32[8,2,5,7]"},
        Row{"a_named_batch", {-1, 5, 7, 3}, "N+C", given("B,3,5,7"), "f32[B,3,5,7]", "f32[B,2,5,7]"},
        Row{"a_fixed_batch_made_dynamic", {1, 5, 7, 3}, "N+C", given("3,5,7"), "f32[N,3,5,7]", "f32[N,2,5,7]"},
        Row{"nhwc_of_nhwc", {-1, 5, 7, 3}, "N+C", given("5,7,3", kNHWC), "f32[N,5,7,3]", "f32[N,5,7,2]"},
        Row{"the_files_own_shape", {-1, 5, 7, 3}, "N+C", given("5,7,3"), "f32[N,5,7,3]", "f32[N,5,7,2]"},
        Row{"an_order_alone", {-1, 5, 7, 3}, "N+C", given(nullptr, kNCHW), "f32[N,3,5,7]", "f32[N,2,5,7]"},
        Row{"the_same_order_alone", {-1, 5, 7, 3}, "N+C", given(nullptr, kNHWC), "f32[N,5,7,3]", "f32[N,5,7,2]"},
        Row{"the_shape_does_not_tell", {-1, 3, 3, 3}, "N+C", given("3,3,3"), "f32[N,3,3,3]", "f32[N,2,3,3]"},
        Row{"the_file_knows_nothing", {-1, -1, -1, -1}, "N+C", given("3,5,7"), "f32[N,3,5,7]", "f32[N,2,5,7]"},
        Row{"the_file_has_no_shape", {}, "N+C", given("3,5,7"), "f32[N,3,5,7]", "f32[N,2,5,7]"},
        Row{"no_shape_and_a_whole_one", {}, "N+C", given("2,3,5,7"), "f32[2,3,5,7]", "f32[2,2,5,7]"},
        Row{"another_rank_counts", {-1, 9}, "N+C", given("3,5,7"), "f32[N,3,5,7]", "f32[N,2,5,7]"},
        Row{"other_extents_count", {-1, 5, 7, 3}, "N+C", given("3,9,9"), "f32[N,3,9,9]", "f32[N,2,9,9]"},
        Row{"nchw_of_nchw", {-1, 3, 5, 7}, "NC+", given("3,5,7"), "f32[N,3,5,7]", "f32[N,2,5,7]"},
        Row{"nhwc_of_nchw", {-1, 3, 5, 7}, "NC+", given("5,7,3", kNHWC), "f32[N,5,7,3]", "f32[N,5,7,2]"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(UffInputs, NchwBuffersOfAnNhwcModelAreItsTransposes) {
  const Tensor image = UffModel::counting({2, 5, 7, 3});
  const Tensor as_written = test::run(image_model({-1, 5, 7, 3}, "N+C"), {image})[0];
  for (const Ints& file_shape : {Ints{-1, 5, 7, 3}, Ints{-1, -1, -1, -1}}) {
    const Tensor turned = test::run(image_model(file_shape, "N+C"), {channels_first(image)}, given("3,5,7"))[0];
    EXPECT_TRUE(identical(turned, channels_first(as_written)));
  }
}

TEST(UffInputs, TheLayoutIsFoundThroughWhatPassesItOn) {
  UffModel m;
  Value* x = m.node("Binary", "scaled", {m.input("x", {-1, 4, 4, 4}), m.constant("two", Tensor::scalar(2.0F))},
                    {{"func", "mul"}});
  Value* y = m.ordered("Pool", "pool", {m.node("Concat", "joined", {x, x}, {{"axis", int64_t{3}}})}, {"N+C"},
                       {{"func", "max"}, {"kernel", Ints{2, 2}}, {"strides", Ints{2, 2}}});
  Value* z = m.node("Identity", "z", {m.ordered("Softmax", "soft", {y}, {"N+C"})});
  const Graph graph = lower(m.marked({z}), given("4,4,4"));
  EXPECT_EQ(type_of(graph.outputs()[0]), "f32[N,8,2,2]");
}

TEST(UffInputs, WhatIsNoImageIsNotTurned) {
  UffModel m;
  Value* x = m.input("x", {-1, 5, 7, 3});
  Value* y = m.ordered("Conv", "conv", {x, m.counted("w", {1, 1, 3, 2})}, {"N+C", "+CK"});
  Value* cut = m.node("Reshape", "cut", {y, m.constant("to", test::ints({-1, 35, 2, 1}))});
  const Graph graph = lower(m.marked({cut, y, x}), given("3,5,7"));
  EXPECT_EQ(type_of(graph.outputs()[0]), "f32[N,35,2,1]");
  EXPECT_EQ(type_of(graph.outputs()[1]), "f32[N,2,5,7]");
  EXPECT_EQ(type_of(graph.outputs()[2]), "f32[N,3,5,7]");  // The buffer as it came.
  EXPECT_EQ(graph.outputs()[2], graph.inputs()[0]);
}

TEST(UffInputs, AFlatInputStaysAsItIs) {
  UffModel m;
  Value* x = m.input("x", {-1, 4});
  Graph& graph = m.marked({m.node("Activation", "y", {x}, {{"func", "relu"}})});
  EXPECT_EQ(type_of(lower(graph, given("4")).inputs()[0]), "f32[N,4]");
  EXPECT_EQ(type_of(lower(graph, given("4", InputOrder::kNC)).inputs()[0]), "f32[N,4]");
  EXPECT_EQ(type_of(lower(graph, given("2,4", InputOrder::kNC)).inputs()[0]), "f32[2,4]");
}

TEST(UffInputs, AnImageOfOneChannelIsReadRowByRowByADenseModel) {
  // As LeNet-like models without convolutions are registered: 1,28,28 for a placeholder of [-1,28,28,1].
  UffModel m;
  Value* x = m.input("x", {-1, 2, 3, 1});
  Graph& graph = m.marked({m.node("Flatten", "flat", {x})});
  const std::vector<Tensor> results = test::run(graph, {UffModel::counting({1, 1, 2, 3})}, given("1,2,3"));
  EXPECT_EQ(elements(results[0]), (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST(UffInputs, ErrorsSayWhatToGive) {
  const Graph model = image_model({}, "N+C");
  expect_error(ErrorCode::kInvalidArgument,
               "Input 'x': the file does not say its shape, but one is required; give it with --input x:", [&] {
                 (void)lower(model);
               });
  expect_error(ErrorCode::kInvalidArgument, "Input 'x': the file does not say its shape",
               [&] { (void)lower(model, given(nullptr, kNCHW)); });
  CompileOptions misspelt;
  misspelt.input_shapes["X1"] = parse_shape("3,5,7");
  expect_error(ErrorCode::kNotFound, "there is no input 'X1' to give the shape [3,5,7]",
               [&] { (void)lower(model, misspelt); });
  CompileOptions lost;
  lost.input_orders["z"] = kNHWC;
  expect_error(ErrorCode::kNotFound, "there is no input 'z' to give an order", [&] { (void)lower(model, lost); });
  expect_error(ErrorCode::kInvalidArgument, "only the inputs of UFF models have one",
               [&] { (void)lower(Graph("tf"), lost); });
}

}  // namespace
}  // namespace tenon
