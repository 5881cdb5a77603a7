// SPDX-License-Identifier: Apache-2.0
#include "errors.h"
#include "lowering/uff_model.h"

#include <tenon/plugins.h>
#include <tenon/surgery.h>

#include <gtest/gtest.h>

// Custom operations of UFF as users' layers: those of tests/layers/plugins/kinds.cpp.
namespace tenon {
namespace {

using test::elements;
using test::expect_error;
using test::floats;
using test::Ints;
using test::run;
using test::UffModel;
using Floats = std::vector<float>;

class UffLayers : public testing::Test {
 protected:
  static void SetUpTestSuite() { (void)load_plugin(TENON_KINDS_PLUGIN); }

  UffModel m;
  Value* x = m.input("x", {-1, 3});
  const Tensor three = floats({1, 3}, {-5, 2, 9});
};

TEST_F(UffLayers, AnOperationIsTheLayerOfItsName) {
  Graph& graph = m.marked({m.node("_Clip", "clip", {x}, {{"lo_u_float", 0.0}, {"hi_u_float", 6.0}})});
  const Graph standard = lower(graph);
  const Node* layer = standard.find_node("clip");
  EXPECT_EQ(layer->op(), "Clip");
  EXPECT_EQ(layer->domain(), "custom");
  EXPECT_EQ(layer->attributes().size(), 2U);
  EXPECT_EQ(test::type_of(standard.outputs()[0]), "f32[N,3]");
  EXPECT_EQ(elements(run(graph, {three})[0]), (Floats{0, 2, 6}));
}

TEST_F(UffLayers, FieldsConvertWhereNothingIsLost) {
  EXPECT_EQ(elements(run(m.marked({m.node("_Clip", "clip", {x}, {{"lo_u_int", int64_t{-1}}, {"hi_u_bool", true}})}),
                         {three})[0]),
            (Floats{-1, 1, 1}));
}

TEST_F(UffLayers, FieldsAboutTypesAreNotTheLayers) {
  const Attributes suffixed = {{"hi_u_float", 1.0}, {"T", DType::kFloat32}, {"shape", Ints{3}}};
  const Attributes plain = {{"hi", 1.0}, {"T", DType::kFloat32}, {"shape", Ints{3}}, {"_class", "loc:@x"}};
  for (const Attributes& fields : {suffixed, plain}) {
    UffModel model;
    Value* y = model.node("_Clip", "clip", {model.input("x", {-1, 3})}, fields);
    EXPECT_EQ(elements(run(model.marked({y}), {three})[0]), (Floats{0, 1, 1}));
  }
}

TEST_F(UffLayers, AWrongFieldIsNamedWithItsKind) {
  const auto expect = [&](Attributes fields, const char* fragment) {
    UffModel model;
    const Graph& graph = model.marked({model.node("_Clip", "clip", {model.input("x", {-1, 3})}, std::move(fields))});
    expect_error(ErrorCode::kInvalidArgument, fragment, [&] { (void)lower(graph); });
  };
  expect({{"lo_u_str", "low"}}, "Clip 'clip': the field 'lo' is \"low\" (string), but must be of kind float");
  expect({{"loo_u_float", 1.0}}, "Clip 'clip': the field 'loo' was given, but the layer has only lo, hi");
  expect({{"low", 1.0}}, "Clip 'clip': the field 'low' was given");
}

TEST_F(UffLayers, AnOperationWithoutUnderscoreMayBeOne) {
  EXPECT_EQ(elements(run(m.marked({m.node("Negate", "y", {x})}), {three})[0]), (Floats{5, -2, -9}));
}

TEST_F(UffLayers, UffsOwnOperationsComeFirst) {
  // There may be a layer "Pad" in some plugin; the file's Pad is UFF's.
  Value* y = m.node("Pad", "y", {x, m.constant("p", Tensor::from<int32_t>({0, 0, 1, 0}, {2, 2}))});
  EXPECT_EQ(lower(m.marked({y})).find_node("y")->domain(), "");
}

TEST_F(UffLayers, WhoeverReadsALayerReadsAllItsOutputs) {
  // MinMax gives the least, the greatest, and where the least is.
  Value* counts = m.node("_CountAll", "counts", {m.node("_MinMax", "ends", {x}), x});
  Graph& graph = m.marked({counts});
  const Graph standard = lower(graph);
  const auto inputs = standard.find_node("counts")->inputs();
  ASSERT_EQ(inputs.size(), 4U);
  EXPECT_EQ(inputs[0]->name(), "ends");
  EXPECT_EQ(inputs[1]->name(), "ends_1");
  EXPECT_EQ(inputs[2]->name(), "ends_2");
  EXPECT_EQ(inputs[3]->name(), "x");
  const Tensor result = run(graph, {three})[0];
  EXPECT_TRUE(identical(result, Tensor::from<int64_t>({1, 1, 3, 3}, {4})));
}

TEST_F(UffLayers, AMarkedLayerGivesAllItsOutputs) {
  Graph& graph = m.marked({m.node("_MinMax", "ends", {x})});
  for (const char* name : {"", "ends", "MarkOutput_0"}) {
    CompileOptions options;
    if (*name != '\0') options.outputs = {name};
    const Engine engine = compile(graph, options);
    ASSERT_EQ(engine.outputs().size(), 3U);
    EXPECT_EQ(engine.outputs()[0].name, "ends");
    EXPECT_EQ(engine.outputs()[2].name, "ends_2");
    EXPECT_EQ(engine.run(std::span(&three, 1))[1].values<float>()[0], 9);
  }
}

TEST_F(UffLayers, AMappedNodeGetsItsLayersOutputsToo) {
  Graph& graph = m.marked({m.node("_Ends", "ends", {x})});
  ASSERT_EQ(map_to_layer(graph, "_Ends=MinMax()").size(), 1U);
  EXPECT_EQ(lower(graph).outputs().size(), 3U);
}

TEST_F(UffLayers, AnElementwiseLayerPassesTheLayoutOn) {
  UffModel model;
  Value* image = model.node("_Clip", "clip", {model.input("x", {-1, 4, 4, 4})});
  Value* y = model.ordered("Pool", "pool", {image}, {"N+C"},
                           {{"func", "max"}, {"kernel", Ints{2, 2}}, {"strides", Ints{2, 4}}});
  CompileOptions options;
  options.input_shapes["x"] = parse_shape("4,4,4");
  const Graph graph = lower(model.marked({model.node("_Clip", "y", {y})}), options);
  EXPECT_EQ(test::type_of(graph.outputs()[0]), "f32[N,4,2,1]");
}

TEST_F(UffLayers, TheLayersNameIsAskedForBeforeTensorFlows) {
  // _Split is a TensorFlow operator with several outputs, which UFF cannot tell apart; without a layer it is refused.
  const Graph& graph = m.marked({m.node("_Split", "parts", {x}, {{"num_split", int64_t{2}}})});
  expect_error(ErrorCode::kUnsupported, "_Split 'parts': no layer 'Split' is loaded", [&] { (void)lower(graph); });
}

}  // namespace
}  // namespace tenon
