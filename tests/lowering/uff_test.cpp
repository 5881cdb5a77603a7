// SPDX-License-Identifier: Apache-2.0
#include "errors.h"
#include "lowering/uff_model.h"

#include <gtest/gtest.h>

#include <cstring>

// What is UFF's own, computed by hand: orders, padding, constants, and what is wrong with them.
namespace tenon {
namespace {

using test::elements;
using test::expect_error;
using test::floats;
using test::Ints;
using test::run;
using test::UffModel;
using Floats = std::vector<float>;

TEST(UffConst, IsATensorOfTheBytes) {
  UffModel m;
  Value* x = m.input("x", {-1, 2});
  const Graph graph =
      lower(m.marked({m.node("Binary", "y", {x, m.constant("w", floats({2}, {3, 4}))}, {{"func", "mul"}})}));
  const Tensor* w = graph.find_value("w")->constant();
  ASSERT_NE(w, nullptr);
  EXPECT_TRUE(identical(*w, floats({2}, {3, 4})));
  EXPECT_EQ(elements(run(m.graph, {floats({1, 2}, {5, 6})})[0]), (Floats{15, 24}));
}

TEST(UffConst, MayBeMisalignedEmptyOrAScalar) {
  UffModel m;
  std::vector<uint8_t> bytes(9);
  const float two = 2;
  std::memcpy(&bytes[1], &two, 4);
  const Tensor odd = Tensor::shared(nullptr, &bytes[1], DType::kUInt8, {4});
  Value* scalar = m.node("Const", "w", {}, {{"shape", Ints{}}, {"values", uff::make_ref("weights_w", odd)}});
  Value* y = m.node("Binary", "y", {m.input("x", {3}), scalar}, {{"func", "add"}});
  Value* none = m.node("Const", "none", {}, {{"shape", Ints{0}}, {"values", Tensor::empty(DType::kUInt8, {0})}});
  const std::vector<Tensor> results = run(m.marked({y, none}), {floats({3}, {1, 2, 3})});
  EXPECT_EQ(elements(results[0]), (Floats{3, 4, 5}));
  EXPECT_EQ(results[1].count(), 0);
}

TEST(UffConst, ErrorsNameTheNodeAndWhatIsMissing) {
  const auto expect = [](Attributes fields, const char* fragment) {
    UffModel m;
    const Graph& graph = m.marked({m.node("Const", "w", {}, std::move(fields))});
    expect_error(ErrorCode::kInvalidArgument, fragment, [&] { (void)lower(graph); });
  };
  const Tensor blob = Tensor::zeros(DType::kUInt8, {7});
  const std::string note = "(...4096 bytes...)";
  const Tensor left_out = Tensor::from<uint8_t>(std::span(reinterpret_cast<const uint8_t*>(note.data()), note.size()),
                                                {static_cast<int64_t>(note.size())});
  const Attributes missing = {{"shape", Ints{2}},
                              {"values", std::make_shared<const FunctionRef>(FunctionRef{"uff.ref", {{"key", "k"}}})}};
  expect({{"shape", Ints{2}}}, "Const 'w': its field 'values' is missing");
  expect(missing, "Const 'w': its field 'values' refers to data that the file does not have");
  expect({{"shape", Ints{2}}, {"values", uff::make_ref("k", 1.5)}},
         "Const 'w': its values are of kind float, but a blob");
  expect({{"shape", Ints{2}}, {"values", blob}}, "Const 'w': its values have 7 bytes, but f32[2] requires 8");
  expect({{"shape", Ints{1024}}, {"values", left_out}},
         "Const 'w': its values were left out when the text was written");
  expect({{"shape", Ints{-1}}, {"values", blob}}, "Const 'w': its shape is [-1], but");
  expect({{"shape", Ints{1LL << 40, 1LL << 40}}, {"values", blob}}, "2^63 bytes are possible");
  expect({{"shape", Ints{1LL << 62}}, {"values", blob}}, "Const 'w': its shape is [4611686018427387904], but at most");
  expect({{"values", blob}}, "Const 'w': its attribute 'shape' is missing");
}

TEST(UffConst, AnUnknownDataTypeIsReported) {
  UffModel m;
  const auto dtype = std::make_shared<const FunctionRef>(FunctionRef{"uff.dtype", {{"numbers", Ints{7}}}});
  const Graph& graph = m.marked({m.node("Const", "w", {}, {{"shape", Ints{0}}, {"dtype", dtype}})});
  expect_error(ErrorCode::kUnsupported, "Const 'w': its attribute 'dtype' is a data type that Tenon does not have",
               [&] { (void)lower(graph); });
}

TEST(UffConv, TheKernelMayBeComputedFromAConst) {
  // A one-dimensional convolution as TensorFlow writes it: x and kernel get a height of 1.
  UffModel m;
  Value* x = m.node("ExpandDims", "wide", {m.input("x", {-1, 4, 1})}, {{"axis", int64_t{1}}});
  Value* kernel = m.node("ExpandDims", "kernel", {m.constant("w", floats({2, 1, 1}, {1, 10}))}, {{"axis", int64_t{0}}});
  Value* y = m.ordered("Conv", "conv", {x, kernel}, {"N+C", "+CK"}, {{"strides", Ints{1, 1}}});
  y = m.node("Squeeze", "y", {y}, {{"axes", Ints{1}}});
  const std::vector<Tensor> results = run(m.marked({y}), {floats({1, 4, 1}, {1, 2, 3, 4})});
  EXPECT_TRUE(results[0].dims() == Dims({1, 3, 1}));
  EXPECT_EQ(elements(results[0]), (Floats{21, 32, 43}));
}

TEST(UffConv, KernelsOfEitherOrderGiveTheSame) {
  // [h=1, w=1, in=2, out=3] and the same numbers as [out, in, h, w].
  const Tensor hwio = floats({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}), oihw = floats({3, 2, 1, 1}, {1, 4, 2, 5, 3, 6});
  const Tensor image = floats({1, 1, 1, 2}, {10, 1});
  UffModel last, first;
  Value* y = last.ordered("Conv", "y", {last.input("x", {-1, 1, 1, 2}), last.constant("w", hwio)}, {"N+C", "+CK"});
  Value* z = first.ordered("Conv", "y", {first.input("x", {-1, 1, 1, 2}), first.constant("w", oihw)}, {"N+C", "KC+"});
  EXPECT_EQ(elements(run(last.marked({y}), {image})[0]), (Floats{14, 25, 36}));
  EXPECT_EQ(elements(run(first.marked({z}), {image})[0]), (Floats{14, 25, 36}));
}

TEST(UffConv, DepthwiseChannelsComeByMultiplier) {
  // Result channel c * 2 + m is x[c] * w[c, m].
  UffModel m;
  Value* y = m.ordered("Conv", "y", {m.input("x", {-1, 1, 1, 3}), m.counted("w", {1, 1, 3, 2})}, {"N+C", "+CK"},
                       {{"number_groups", int64_t{3}}});
  EXPECT_EQ(elements(run(m.marked({y}), {floats({1, 1, 1, 3}, {1, 10, 100})})[0]), (Floats{1, 2, 30, 40, 500, 600}));
}

TEST(UffConv, GroupsThatAreNotDepthwise) {
  // Two groups of two channels; a filter of [1, 1, 2, 2] has as many channels as there are groups, and is not
  // depthwise.
  UffModel m;
  Value* y = m.ordered("Conv", "y", {m.input("x", {-1, 1, 1, 4}), m.counted("w", {1, 1, 2, 2})}, {"N+C", "+CK"},
                       {{"number_groups", int64_t{2}}});
  // Group 0: filter 0 is (1, 3) on (x0, x1). Group 1: filter 1 is (2, 4) on (x2, x3).
  EXPECT_EQ(elements(run(m.marked({y}), {floats({1, 1, 1, 4}, {1, 10, 100, 1000})})[0]), (Floats{31, 4200}));
}

TEST(UffConv, PaddingIsSymmetric) {
  UffModel m;
  Value* y = m.ordered("Conv", "y", {m.input("x", {-1, 1, 2, 1}), m.constant("w", floats({1, 3, 1, 1}, {1, 10, 100}))},
                       {"N+C", "+CK"}, {{"padding", Ints{0, 1}}});
  EXPECT_EQ(elements(run(m.marked({y}), {floats({1, 1, 2, 1}, {1, 2})})[0]), (Floats{210, 21}));
}

TEST(UffConvTranspose, ItsSizeComesFromTheThirdInput) {
  // Each pixel spreads over [1, 10, 100] with stride 2; the result has 5 columns, then 6, the last of which is 0.
  for (const int32_t width : {5, 6}) {
    UffModel m;
    Value* size = m.constant("size", test::ints({1, 1, width, 1}));
    Value* w = m.constant("w", floats({1, 3, 1, 1}, {1, 10, 100}));
    Value* y = m.ordered("ConvTranspose", "y", {m.input("x", {-1, 1, 2, 1}), w, size}, {"N+C", "+KC"},
                         {{"strides", Ints{1, 2}}});
    Floats expected = {1, 10, 102, 20, 200};
    if (width == 6) expected.push_back(0);
    EXPECT_EQ(elements(run(m.marked({y}), {floats({1, 1, 2, 1}, {1, 2})})[0]), expected);
  }
}

TEST(UffPool, ZerosOfPaddingCountInAMeanThoseOfSameDoNot) {
  const auto mean = [](Attributes fields) {
    UffModel m;
    fields.insert({{"func", "avg"}, {"kernel", Ints{1, 3}}, {"strides", Ints{1, 1}}});
    Value* y = m.ordered("Pool", "y", {m.input("x", {-1, 1, 2, 1})}, {"N+C"}, std::move(fields));
    return elements(run(m.marked({y}), {floats({1, 1, 2, 1}, {3, 6})})[0]);
  };
  EXPECT_EQ(mean({{"padding", Ints{0, 1}}}), (Floats{3, 3}));
  EXPECT_EQ(mean({{"implicit_padding", "same"}}), (Floats{4.5, 4.5}));
}

TEST(UffSoftmax, ItsAxisIsTheOrdersChannels) {
  const auto sums_along = [](std::initializer_list<std::string_view> order, int64_t axis) {
    UffModel m;
    const Graph& graph = m.marked({m.ordered("Softmax", "y", {m.input("x", {-1, 2, 3, 5})}, order, {{"axis", axis}})});
    const Graph standard = lower(graph);
    return std::get<int64_t>(*standard.find_node("y")->attribute("axis"));
  };
  EXPECT_EQ(sums_along({"N+C"}, 0), -1);
  EXPECT_EQ(sums_along({"NC+"}, 0), 1);
  EXPECT_EQ(sums_along({"N+C"}, 1), 1);  // The first spatial axis.
  EXPECT_EQ(sums_along({"NC+"}, 2), 3);
  EXPECT_EQ(sums_along({"NC+"}, -1), 3);
}

TEST(UffFlatten, SeesHeightWidthChannels) {
  UffModel m;
  Value* x = m.input("x", {-1, 2, 1, 2});
  Value* relu = m.node("Activation", "relu", {x}, {{"func", "relu"}});
  Value* y =
      m.ordered("FullyConnected", "y",
                {m.node("Flatten", "flat", {relu}), m.constant("w", floats({4, 1}, {1, 10, 100, 1000}))}, {"NC", "CK"});
  const Tensor image = floats({1, 2, 1, 2}, {1, 2, 3, 4});
  EXPECT_EQ(elements(run(m.marked({y}), {image})[0]), (Floats{4321}));
}

TEST(UffFlatten, KeepsTheBatch) {
  UffModel m;
  const Graph graph = lower(m.marked({m.node("Flatten", "flat", {m.input("x", {-1, 3, 4})})}));
  EXPECT_EQ(test::type_of(graph.outputs()[0]), "f32[N,12]");
}

TEST(UffFullyConnected, FlattensWhatHasMoreDimensions) {
  UffModel m;
  Value* y = m.ordered("FullyConnected", "y",
                       {m.input("x", {-1, 2, 2}), m.constant("w", floats({4, 1}, {1, 10, 100, 1000}))}, {"NC", "CK"});
  const std::vector<Tensor> results = run(m.marked({y}), {floats({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})});
  EXPECT_TRUE(results[0].dims() == Dims({2, 1}));
  EXPECT_EQ(elements(results[0]), (Floats{4321, 8765}));
}

TEST(UffReduce, KeepsDimensionsAsTheFileSays) {
  const auto reduced = [](Attributes fields) {
    UffModel m;
    fields.emplace("func", "mean");
    return test::type_of(
        lower(m.marked({m.node("Reduce", "y", {m.input("x", {-1, 3, 4})}, std::move(fields))})).outputs()[0]);
  };
  EXPECT_EQ(reduced({{"axes", Ints{1}}, {"keepdims", true}}), "f32[N,1,4]");
  EXPECT_EQ(reduced({{"axes", Ints{1}}, {"keepdims", false}}), "f32[N,4]");
  EXPECT_EQ(reduced({{"axes", int64_t{-1}}}), "f32[N,3]");
}

TEST(UffReshape, AFixedBatchFollowsADynamicOne) {
  UffModel m;
  Value* x = m.input("x", {1, 2, 3});
  Graph& graph = m.marked({m.node("Reshape", "y", {x, m.constant("to", test::ints({1, 6}))})});
  EXPECT_EQ(test::type_of(lower(graph).outputs()[0]), "f32[1,6]");
  CompileOptions options;
  options.input_shapes["x"] = parse_shape("2,3");
  EXPECT_EQ(test::type_of(lower(graph, options).outputs()[0]), "f32[N,6]");
}

struct WrongNode {
  ErrorCode code;
  const char* fragment;
  const char* op;
  Attributes fields;
};

TEST(Uff, ErrorsNameTheNodeAndTheField) {
  const auto invalid = ErrorCode::kInvalidArgument, unsupported = ErrorCode::kUnsupported;
  const std::vector<WrongNode> rows = {
      {unsupported, "Unary 'y': its func is \"cbrt\", but one of abs, acos, acosh", "Unary", {{"func", "cbrt"}}},
      {unsupported, "Binary 'y': its func is missing, but one of add, div, max, min, mul, pow, sub", "Binary", {}},
      {unsupported, "Pool 'y': its func is \"l2\", but one of avg, max", "Pool", {{"func", "l2"}}},
      {unsupported, "Warp 'y': no rule turns this UFF operation into standard operators; map it", "Warp", {}},
      {invalid, "Conv 'y': its field 'strides' has 1 elements, but 2 are required", "Conv", {{"strides", Ints{1}}}},
      {invalid,
       "Conv 'y': its field 'strides' is [0, 1], but 1 or more is required",
       "Conv",
       {{"strides", Ints{0, 1}}}},
      {invalid, "Conv 'y': its field 'padding' is [-1, 0], but 0 or more", "Conv", {{"padding", Ints{-1, 0}}}},
      {invalid, "Conv 'y': its field 'number_groups' is 0", "Conv", {{"number_groups", int64_t{0}}}},
      {invalid,
       "Conv 'y': its field 'inputs_orders' holds 1 orders, but 2 are required",
       "Conv",
       {{"inputs_orders", uff::make_orders(std::vector<std::string_view>{"N+C"})}}},
      {invalid, "Conv 'y': its field 'inputs_orders' holds 0 orders", "Conv", {{"inputs_orders", int64_t{1}}}},
      {invalid,
       "Conv 'y': the order of its filter's axes is [0, 1], but one of 4 axes",
       "Conv",
       {{"inputs_orders", uff::make_orders(std::vector<std::string_view>{"N+C", "KC"})}}},
      {unsupported,
       "Conv 'y': the order of its input's axes is [1, 0], but N+C or NC+",
       "Conv",
       {{"inputs_orders", uff::make_orders(std::vector<std::string_view>{"CN", "+CK"})}}},
      {unsupported,
       "Conv 'y': its implicit_padding is 'valid', but 'same' is required",
       "Conv",
       {{"implicit_padding", "valid"}}},
      {invalid,
       "Conv 'y': it has both 'padding' and 'implicit_padding'",
       "Conv",
       {{"padding", Ints{1, 1}}, {"implicit_padding", "same"}}},
      {invalid, "Pool 'y': its attribute 'kernel' is missing", "Pool", {{"func", "max"}}},
      {invalid,
       "Pool 'y': its field 'kernel' has 4 elements, but 1 to 3",
       "Pool",
       {{"func", "max"}, {"kernel", Ints{1, 1, 1, 1}}}},
      {invalid, "Concat 'y': its field 'axis' is missing", "Concat", {}},
      {invalid, "Concat 'y': its attribute 'axis' is of kind float, but int is required", "Concat", {{"axis", 1.0}}},
      {invalid, "Reduce 'y': its field 'axes' is missing", "Reduce", {{"func", "sum"}}},
      {invalid,
       "Softmax 'y': its axis is 3 in the order [0, 2, 2147483647, 1], but its input has 4",
       "Softmax",
       {{"axis", int64_t{3}}}},
      {invalid,
       "FullyConnected 'y': the orders of its operands are",
       "FullyConnected",
       {{"inputs_orders", uff::make_orders(std::vector<std::string_view>{"NC", "N"})}}},
      {invalid, "LRN 'y': its attribute 'window_size' is -1", "LRN", {{"window_size", int64_t{-1}}}},
  };
  for (const WrongNode& row : rows) {
    UffModel m;
    const Graph& graph =
        m.marked({m.node(row.op, "y", {m.input("x", {-1, 3, 3, 2}), m.counted("w", {1, 1, 2, 2})}, row.fields)});
    expect_error(row.code, row.fragment, [&] { (void)lower(graph); });
  }
}

TEST(Uff, AllThatIsMissingIsReportedAtOnce) {
  UffModel m;
  Value* x = m.input("x", {-1, 3});
  const Graph& graph = m.marked({m.node("_Foo", "foo", {m.node("Unary", "bar", {x}, {{"func", "baz"}})})});
  try {
    (void)lower(graph);
    ADD_FAILURE() << "no error";
  } catch (const UnsupportedError& error) {
    ASSERT_EQ(error.nodes().size(), 2U);
    const std::string text = error.what();
    EXPECT_NE(text.find("_Foo 'foo': no layer 'Foo' is loaded; load the plugin that has it with --plugin FILE, or map "
                        "it to a layer of another name: --map '_Foo=MyFoo()'"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("Unary 'bar': its func is \"baz\""), std::string::npos) << text;
  }
}

TEST(Uff, ACycleIsCorrupt) {
  UffModel m;
  Value* x = m.input("x", {-1, 3});
  Value* a = m.node("Binary", "a", {x, x}, {{"func", "add"}});
  Value* b = m.node("Binary", "b", {a, x}, {{"func", "add"}});
  a->producer()->set_input(1, b);
  const Graph& graph = m.marked({b});
  expect_error(ErrorCode::kCorrupt, "its inputs are computed from its own result", [&] { (void)lower(graph); });
}

TEST(Uff, OutputsAreNamedAfterTheirNodes) {
  UffModel m;
  Value* x = m.input("x", {-1, 3});
  Value* y = m.node("Activation", "scope/y", {x}, {{"func", "relu"}});
  Value* z = m.node("Identity", "z", {y});
  const Graph& graph = m.marked({z, y});
  const auto names = [&](std::vector<std::string> outputs) {
    std::string text;
    CompileOptions options;
    options.outputs = std::move(outputs);
    const Engine engine = compile(graph, options);
    for (const auto& output : engine.outputs()) text += output.name + " ";
    return text;
  };
  EXPECT_EQ(names({}), "z scope/y ");
  EXPECT_EQ(names({"MarkOutput_1"}), "scope/y ");
  EXPECT_EQ(names({"MarkOutput_0:0", "scope/y:0"}), "z scope/y ");
  EXPECT_EQ(names({"scope/y", "MarkOutput_1"}), "scope/y ");
  EXPECT_EQ(names({"x"}), "x ");
  expect_error(ErrorCode::kNotFound, "did you mean 'scope/y'", [&] { (void)names({"scope/Y1"}); });
}

}  // namespace
}  // namespace tenon
