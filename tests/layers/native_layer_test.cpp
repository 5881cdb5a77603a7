// SPDX-License-Identifier: Apache-2.0
#include <tenon/tensor.h>

#include <gtest/gtest.h>

#include "layers/support.h"

namespace tenon {
namespace {

using test::expect_error;
using test::floats;
using test::Subject;
using test::values_of;
using test::vector;

class NativeLayer : public test::WithKinds {};

TEST_F(NativeLayer, ComputesTheSameCheckedAndDirect) {
  Subject clip("Clip", {{"hi", 2.0}}, {floats({-1, 0.5, 3, 2}, {2, 2})});
  for (int run = 0; run < 3; ++run) EXPECT_EQ(values_of<float>(clip.run()[0]), (std::vector<float>{0, 0.5, 2, 2}));
  EXPECT_EQ(to_string(clip.types()[0]), "f32[2,2]");
}

TEST_F(NativeLayer, SymbolsAndUnknownsPassThroughTheTypeRule) {
  Graph graph;
  Value* x = graph.add_input("x", {});
  const Node& node = *graph.add_node("Clip", "here", {x}, {}, "custom");
  const auto rule = [&](const std::optional<Shape>& shape) {
    const TensorType type{DType::kFloat32, shape};
    return to_string(instance_of(node)->infer({&type, 1})[0]);
  };
  EXPECT_EQ(rule(Shape{Dim("N"), 3, Dim(), Dim("N"), Dim("M")}), "f32[N,3,?,N,M]");
  EXPECT_EQ(rule(std::nullopt), "f32[...]");
  EXPECT_EQ(rule(Shape{}), "f32[]");
}

TEST_F(NativeLayer, ShapeRuleComputesWithSymbols) {
  Graph graph;
  Value *x = graph.add_input("x", {}), *w = graph.add_input("w", {});
  const auto linear = instance_of(*graph.add_node("Linear", "here", {x, w}, {}, "custom"));
  const TensorType types[] = {{DType::kFloat32, Shape{Dim("N"), Dim("K")}}, {DType::kFloat32, Shape{4, 5}}};
  EXPECT_EQ(to_string(linear->infer(types)[0]), "f32[N,5]");
  const TensorType unknown[] = {{DType::kFloat32, std::nullopt}, {DType::kFloat32, Shape{4, 5}}};
  EXPECT_EQ(to_string(linear->infer(unknown)[0]), "f32[...]");
  const TensorType wrong[] = {{DType::kFloat32, Shape{Dim("N"), 3}}, {DType::kFloat32, Shape{4, 5}}};
  expect_error(ErrorCode::kInvalidArgument, "Linear 'here': x and w do not fit together (from infer in the plugin ",
               [&] { (void)linear->infer(wrong); });
}

TEST_F(NativeLayer, OverloadsAndTemplatesServeSeveralDtypes) {
  EXPECT_EQ(values_of<float>(Subject("Negate", {}, {vector({1, -2})}).run()[0]), (std::vector<float>{-1, 2}));
  Subject integers("Negate", {}, {Tensor::from<int64_t>({1, -2}, {2})});
  EXPECT_EQ(values_of<int64_t>(integers.run()[0]), (std::vector<int64_t>{-1, 2}));
  EXPECT_EQ(values_of<int32_t>(Subject("Twice", {}, {Tensor::from<int32_t>({4}, {1})}).run()[0]),
            (std::vector<int32_t>{8}));
  EXPECT_EQ(values_of<double>(Subject("Twice", {}, {Tensor::from<double>({0.5}, {})}).run()[0]),
            (std::vector<double>{1}));
  expect_error(ErrorCode::kInvalidArgument,
               "Twice 'here': the inputs are (i64), but the layer takes (f32) or (f64) or (i32)",
               [] { Subject("Twice", {}, {Tensor::from<int64_t>({4}, {1})}); });
}

TEST_F(NativeLayer, WeightsAreInputsAndOptionalOnesMayBeLeftOut) {
  const Tensor x = floats({1, 2, 3, 4}, {2, 2}), w = floats({1, 0, 2, 0, 1, 3}, {2, 3});
  const std::vector<float> product = {1, 2, 8, 3, 4, 18};
  EXPECT_EQ(values_of<float>(Subject("Linear", {}, {x, w}).run()[0]), product);
  EXPECT_EQ(values_of<float>(Subject("Linear", {}, {x, w, Tensor()}).run()[0]), product);
  EXPECT_EQ(values_of<float>(Subject("Linear", {}, {x, w, vector({1, 1, 1})}).run()[0]),
            (std::vector<float>{2, 3, 9, 4, 5, 19}));
  expect_error(ErrorCode::kInvalidArgument, "Linear 'here': the node has 1 inputs, but the layer has 2 to 3",
               [&] { Subject("Linear", {}, {x}); });
  expect_error(ErrorCode::kInvalidArgument, "the inputs are (f32, nothing), but the layer takes (f32, f32, f32?)",
               [&] { Subject("Linear", {}, {x, Tensor()}); });
}

TEST_F(NativeLayer, StateIsMadeOncePerShapeFromConstantWeights) {
  const Tensor w = floats({1, 0, 2, 0, 1, 3}, {2, 3});
  Subject linear("PreparedLinear", {}, {floats({1, 2, 3, 4}, {2, 2}), w}, 2, {1});
  for (int run = 1; run < 4; ++run) {
    EXPECT_EQ(values_of<float>(linear.run()[0]), (std::vector<float>{1, 2, 8, 3, 4, 18}));
    EXPECT_EQ(values_of<int32_t>(linear.run()[1])[0], 2 * run);  // Two runs a turn, with one state.
  }
  Subject other("PreparedLinear", {}, {floats({1, 2}, {1, 2}), w}, 2, {1});
  EXPECT_EQ(values_of<int32_t>(other.run()[1])[0], 1);
  expect_error(ErrorCode::kUnsupported, "PreparedLinear 'here': the weights must be constant (from prepare",
               [&] { Subject("PreparedLinear", {}, {floats({1, 2}, {1, 2}), w}, 2); });
}

TEST_F(NativeLayer, SeveralOutputsHaveTheirOwnShapesAndDtypes) {
  Subject min_max("MinMax", {}, {floats({3, 1, 2, 1}, {2, 2})}, 3);
  const std::vector<Tensor>& out = min_max.run();
  EXPECT_EQ(values_of<float>(out[0]), (std::vector<float>{1}));
  EXPECT_EQ(values_of<float>(out[1]), (std::vector<float>{3}));
  EXPECT_EQ(values_of<bool>(out[2]), (std::vector<bool>{false, true, false, true}));
  EXPECT_EQ(to_string(min_max.types()[2]), "bool[2,2]");
  expect_error(ErrorCode::kInvalidArgument, "MinMax 'here': the node has 1 outputs, but the layer has 3",
               [] { Subject("MinMax", {}, {vector({1})}); });
}

TEST_F(NativeLayer, DataDependentOutputsGetTheirShapeFromRun) {
  Subject positive("Positive", {}, {vector({-1, 2, 0, 4})}, 2);
  EXPECT_EQ(to_string(positive.types()[0]), "f32[...]");
  for (int run = 0; run < 3; ++run) {  // The first is the checked one.
    const std::vector<Tensor>& out = positive.run();
    EXPECT_EQ(values_of<float>(out[0]), (std::vector<float>{2, 4}));
    EXPECT_EQ(values_of<int64_t>(out[1]), (std::vector<int64_t>{1, 3}));
    EXPECT_EQ(out[1].dims(), (Dims{2, 1}));
  }
  Subject none("Positive", {}, {vector({-1})}, 2);
  EXPECT_EQ(none.run()[0].dims(), (Dims{0}));
}

TEST_F(NativeLayer, AnyNumberOfInputsOfAnyDtype) {
  Subject count("CountAll", {}, {vector({1, 2}), Tensor(), Tensor::from<int64_t>({1, 2, 3}, {3, 1})});
  EXPECT_EQ(values_of<int64_t>(count.run()[0]), (std::vector<int64_t>{2, -1, 3}));
}

TEST_F(NativeLayer, NoInputsAtAll) {
  EXPECT_EQ(values_of<float>(Subject("Ramp", {{"size", int64_t{3}}}, {}).run()[0]), (std::vector<float>{0, 1, 2}));
}

TEST_F(NativeLayer, EmptyTensorsAreFine) {
  EXPECT_EQ(Subject("Clip", {}, {floats({}, {0, 4})}).run()[0].dims(), (Dims{0, 4}));
}

TEST_F(NativeLayer, EveryKindOfFieldArrives) {
  const auto spelled = [](const Attributes& fields) {
    const std::vector<uint8_t> bytes = values_of<uint8_t>(Subject("Fields", fields, {vector({0})}).run()[0]);
    return std::string(bytes.begin(), bytes.end());
  };
  EXPECT_EQ(spelled({}), "1 3 7 0.500000 a yes no 1 2 0.250000 x yz");
  EXPECT_EQ(spelled({{"flag", false},
                     {"small", int64_t{-128}},
                     {"count", int64_t{4294967295}},
                     {"number", 1.5},
                     {"text", std::string("ü")},
                     {"flags", std::vector<bool>{}},
                     {"axes", std::vector<int64_t>{-1}},
                     {"scales", std::vector<double>{2, 3}},
                     {"names", std::vector<std::string>{""}}}),
            "0 -128 4294967295 1.500000 ü -1 2.000000 3.000000 ");
  expect_error(ErrorCode::kInvalidArgument, "Fields 'here': a field's value 128 does not fit its type",
               [&] { spelled({{"small", int64_t{128}}}); });
  expect_error(ErrorCode::kInvalidArgument, "does not fit its type", [&] { spelled({{"count", int64_t{-1}}}); });
}

TEST_F(NativeLayer, ParallelForCoversEverythingAndCarriesErrors) {
  std::vector<float> values(1000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const Tensor x = Tensor::from<float>(values, {1000});
  Subject sum("ParallelSum", {}, {x});
  for (float& value : values) value += 1;
  for (int run = 0; run < 2; ++run) EXPECT_EQ(values_of<float>(sum.run()[0]), values);
  expect_error(ErrorCode::kInvalidArgument, "ParallelSum 'here': the last part failed",
               [&] { Subject("ParallelSum", {{"fail", true}}, {x}).run(); });
}

TEST_F(NativeLayer, RunsWithoutAStateToo) {
  Graph graph;
  Value* x = graph.add_input("x", {});
  const auto clip = instance_of(*graph.add_node("Clip", "here", {x}, {}, "custom"));
  const Tensor input = vector({-1, 7});
  Tensor output = Tensor::zeros(DType::kFloat32, {2});
  const TensorView in = input.view();
  const MutableTensorView out = output.mutable_view();
  clip->run(nullptr, {&in, 1}, {&out, 1}, {});
  EXPECT_EQ(values_of<float>(output), (std::vector<float>{0, 6}));
}

TEST_F(NativeLayer, ALayerWithoutACpuVersionSaysSo) {
  Subject cuda("CudaOnly", {}, {vector({1})});
  expect_error(ErrorCode::kUnsupported, "CudaOnly 'here': the layer runs on CUDA only; the plugin ",
               [&] { cuda.run(); });
}

TEST_F(NativeLayer, StringsAreRefused) {
  expect_error(ErrorCode::kUnsupported, "CountAll 'here': input 0 holds strings",
               [] { Subject("CountAll", {}, {Tensor::of_strings({"a"}, {1})}); });
}

}  // namespace
}  // namespace tenon
