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

Names output_names(const Node* node) {
  Names result;
  for (const Value* value : node->outputs()) result.push_back(value->name());
  return result;
}

// image -> pre/{sub, div} -> features -> {concat/{axis, values}, concat_1/{axis, values}} -> post/{slice, nms} ->
// result, where post/slice also reads the features, and anchors/{grid, grid/concat} are made of the image's shape.
struct Detector {
  Graph graph{"tf"};
  Node* image = add("Placeholder", "image", {});
  Node* mean = add("Const", "pre/mean", {});
  Node* sub = add("Sub", "pre/sub", {image, mean});
  Node* features = add("Conv2D", "features", {sub});
  Node* axis = add("Const", "concat/axis", {});
  Node* boxes = add("ConcatV2", "concat", {features, sub, axis});
  Node* axis1 = add("Const", "concat_1/axis", {});
  Node* scores = add("ConcatV2", "concat_1", {features, axis1});
  Node* grid = add("Grid", "anchors/grid", {image});
  Node* anchors = add("ConcatV2", "anchors/merge/concat", {grid, features});
  Node* slice = add("Slice", "post/slice", {boxes, features});
  Node* nms = add("Nms", "post/nms", {slice, scores, anchors, features});
  Node* result = add("Identity", "result", {nms});

  Detector() { graph.set_outputs({result->output()}); }

  Node* add(const char* op, const char* name, std::initializer_list<Node*> inputs) {
    Node* node = graph.add_node(op, name, {});
    for (const Node* input : inputs) node->append_input(input->output());
    return node;
  }
};

TEST(Collapse, ReplacesEveryNamespaceAndKeepsTheirOrder) {
  Detector s;
  const NodeSpec flatten{.name = "boxes", .layer = layer("FlattenConcat", {{"axis", int64_t{1}}})};
  const auto made = collapse_namespaces(s.graph, {{"post", {.name = "NMS", .layer = layer("NMS_TRT")}},
                                                  {"concat", flatten},
                                                  {"concat_1", {.name = "scores", .layer = layer("FlattenConcat")}},
                                                  {"anchors", {.layer = layer("GridAnchor")}}});
  s.graph.validate();
  EXPECT_EQ(names(made), (Names{"boxes", "scores", "anchors", "NMS"}));
  EXPECT_EQ(names(s.graph.nodes()),
            (Names{"image", "pre/mean", "pre/sub", "features", "result", "boxes", "scores", "anchors", "NMS"}));
  EXPECT_EQ(input_names(made[0]), (Names{"features", "pre/sub"}));
  EXPECT_EQ(input_names(made[1]), (Names{"features"}));
  EXPECT_EQ(input_names(made[2]), (Names{"image", "features"}));
  EXPECT_EQ(input_names(made[3]), (Names{"concat", "features", "concat_1", "anchors/merge/concat"}));
  EXPECT_EQ(made[3]->input(0)->producer(), made[0]);
  EXPECT_EQ(input_names(s.result), (Names{"post/nms"}));
  EXPECT_EQ(s.result->input(0)->producer(), made[3]);
  EXPECT_EQ(made[0]->domain(), kLayerDomain);
  EXPECT_EQ(std::get<int64_t>(*made[0]->attribute("axis")), 1);
}

TEST(Collapse, KeysMatchWholeComponents) {
  Detector s;
  collapse_namespaces(s.graph, {{"concat", {.name = "boxes", .layer = layer("FlattenConcat")}},
                                {"po", {.layer = layer("Never")}},
                                {"features/", {.layer = layer("Backbone")}}});
  s.graph.validate();
  EXPECT_EQ(s.graph.find_node("concat/axis"), nullptr);
  EXPECT_NE(s.graph.find_node("concat_1/axis"), nullptr);
  EXPECT_EQ(s.graph.find_node("po"), nullptr);
  EXPECT_EQ(s.graph.find_node("features")->op(), "Backbone");
  EXPECT_EQ(input_names(s.graph.find_node("features")), (Names{"pre/sub"}));
}

TEST(Collapse, TheLongestKeyDecides) {
  Detector s;
  const auto made = collapse_namespaces(
      s.graph, {{"anchors", {.layer = layer("GridAnchor")}},
                {"anchors/merge", {.name = "priors", .layer = operation("ConcatV2", {{"axis", int64_t{2}}})}}});
  s.graph.validate();
  EXPECT_EQ(names(made), (Names{"anchors", "priors"}));
  EXPECT_EQ(input_names(made[0]), (Names{"image"}));
  EXPECT_EQ(input_names(made[1]), (Names{"anchors/grid", "features"}));
  EXPECT_EQ(made[1]->domain(), "");
  EXPECT_EQ(s.nms->op(), "Nms");
  EXPECT_EQ(s.nms->input(2)->producer(), made[1]);
}

TEST(Collapse, SeveralKeysMayBecomeOneNode) {
  Detector s;
  const NodeSpec all{.name = "head", .layer = layer("Head")};
  const auto made = collapse_namespaces(s.graph, {{"post", all}, {"concat", all}, {"concat_1", all}});
  s.graph.validate();
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(input_names(made[0]), (Names{"features", "pre/sub", "anchors/merge/concat"}));
  EXPECT_EQ(output_names(made[0]), (Names{"post/nms"}));
}

TEST(Collapse, AKeyMayBeOneNode) {
  Detector s;
  const auto made = collapse_namespaces(s.graph, {{"anchors/merge/concat", {.layer = layer("Priors")}}});
  s.graph.validate();
  EXPECT_EQ(names(made), (Names{"anchors/merge/concat"}));
  EXPECT_EQ(input_names(made[0]), (Names{"anchors/grid", "features"}));
  EXPECT_EQ(s.nms->input(2)->producer(), made[0]);
}

TEST(Collapse, KeysThatMatchNothingAreNoError) {
  Detector s;
  const Graph before = s.graph.clone();
  EXPECT_TRUE(collapse_namespaces(s.graph, {{"Preprocessor", {.name = "Input", .layer = layer("L")}},
                                            {"features:1", {.name = "Input", .layer = layer("L")}},
                                            {"", {.name = "Input", .layer = layer("L")}}})
                  .empty());
  EXPECT_TRUE(identical(s.graph, before));
}

TEST(Collapse, InputsOfTheSpecComeFirst) {
  Detector s;
  const auto made = collapse_namespaces(
      s.graph, {{"post", {.name = "NMS", .layer = layer("NMS_TRT"), .inputs = {"boxes", "image:0", "concat_1/axis"}}},
                {"concat", {.name = "boxes", .layer = layer("FlattenConcat")}},
                {"concat_1", {.name = "scores", .layer = layer("FlattenConcat")}}});
  s.graph.validate();
  // "boxes" is a new node, and what was concat_1/axis is an output of one.
  EXPECT_EQ(input_names(made[2]),
            (Names{"concat", "image", "concat_1/axis", "features", "concat_1", "anchors/merge/concat"}));
  EXPECT_EQ(output_names(made[1]), (Names{"concat_1/axis", "concat_1"}));
}

TEST(Collapse, RepeatedInputsAreOneUnlessTheyAreAskedFor) {
  for (const bool unique : {true, false}) {
    Detector s;
    const NodeSpec head{.name = "head", .layer = layer("Head"), .inputs = {"features"}};
    const auto made = collapse_namespaces(s.graph, {{"concat", head}, {"concat_1", head}}, {.unique_inputs = unique});
    s.graph.validate();
    EXPECT_EQ(input_names(made[0]),
              unique ? (Names{"features", "pre/sub"}) : (Names{"features", "features", "pre/sub", "features"}));
  }
}

TEST(Collapse, EveryValueThatIsReadOutsideIsAnOutput) {
  Detector s;
  s.grid->output()->set_type({DType::kFloat32, parse_shape("4")});
  s.nms->append_input(s.grid->output());
  s.graph.set_outputs({s.result->output(), s.grid->output()});
  const auto made =
      collapse_namespaces(s.graph, {{"anchors", {.name = "GridAnchor", .layer = layer("GridAnchor_TRT")}}});
  s.graph.validate();
  EXPECT_EQ(output_names(made[0]), (Names{"anchors/grid", "anchors/merge/concat"}));
  EXPECT_EQ(to_string(made[0]->output()->type()), "f32[4]");
  EXPECT_EQ(input_names(s.nms), (Names{"post/slice", "concat_1", "anchors/merge/concat", "features", "anchors/grid"}));
  EXPECT_EQ(s.graph.outputs()[1], made[0]->output(0));
}

TEST(Collapse, ASingleOutputIsReadByAllAndOnce) {
  Detector s;
  s.nms->append_input(s.grid->output());
  s.graph.set_outputs({s.grid->output(), s.anchors->output()});
  const auto made = collapse_namespaces(
      s.graph, {{"anchors", {.name = "GridAnchor", .layer = layer("GridAnchor_TRT")}}}, {.single_output = true});
  s.graph.validate();
  EXPECT_EQ(output_names(made[0]), (Names{"GridAnchor"}));
  EXPECT_EQ(input_names(s.nms), (Names{"post/slice", "concat_1", "GridAnchor", "features"}));
  ASSERT_EQ(s.graph.outputs().size(), 1U);
  EXPECT_EQ(s.graph.outputs()[0], made[0]->output());
}

TEST(Collapse, OtherOutputsOfAMemberAreTheNewNodesToo) {
  Graph graph("tf");
  Node* x = graph.add_node("Placeholder", "x", {});
  Node* split = graph.add_node("Split", "s/split", {x->output()});
  Value* second = graph.add_output_value(split, "s/split:1");
  Node* reader = graph.add_node("Relu", "reader", {second});
  graph.set_outputs({reader->output()});
  const auto made = collapse_namespaces(graph, {{"s", {.layer = layer("Parts")}}});
  graph.validate();
  EXPECT_EQ(output_names(made[0]), (Names{"s/split:1"}));
  EXPECT_EQ(reader->input(0), made[0]->output(0));
}

TEST(Collapse, ANodeThatNobodyReadsHasAnOutputOfItsName) {
  Detector s;
  s.graph.set_outputs({});
  const NodeSpec end{.name = "end", .layer = layer("End")};
  const auto made = collapse_namespaces(s.graph, {{"post", end}, {"result", end}});
  s.graph.validate();
  EXPECT_EQ(output_names(made[0]), (Names{"end"}));
  EXPECT_EQ(require_value(s.graph, "end"), made[0]->output());
}

TEST(Collapse, NewNodesMayHaveTheNamesOfOldOnes) {
  Detector s;
  const auto made = collapse_namespaces(
      s.graph,
      {{"concat", {.name = "concat_1", .layer = layer("A")}}, {"concat_1", {.name = "concat", .layer = layer("B")}}},
      {.single_output = true});
  s.graph.validate();
  EXPECT_EQ(output_names(made[0]), (Names{"concat_1"}));
  EXPECT_EQ(output_names(made[1]), (Names{"concat"}));
  EXPECT_EQ(input_names(s.slice), (Names{"concat_1", "features"}));
  EXPECT_EQ(input_names(s.nms), (Names{"post/slice", "concat", "anchors/merge/concat", "features"}));
}

TEST(Collapse, ExcludedNodesAreOutside) {
  Detector s;
  const auto made =
      collapse_namespaces(s.graph, {{"post", {.name = "NMS", .layer = layer("NMS_TRT")}}}, {.exclude = {s.slice}});
  s.graph.validate();
  EXPECT_EQ(input_names(made[0]), (Names{"post/slice", "concat_1", "anchors/merge/concat", "features"}));
  EXPECT_EQ(input_names(s.slice), (Names{"concat", "features"}));
}

TEST(Collapse, ControlInputsMoveToTheNewNodes) {
  Detector s;
  s.slice->set_control_inputs({s.features, s.boxes});
  s.features->set_control_inputs({s.mean});
  s.result->set_control_inputs({s.slice, s.nms, s.features});
  const auto made = collapse_namespaces(s.graph, {{"post", {.name = "NMS", .layer = layer("NMS_TRT")}},
                                                  {"concat", {.name = "boxes", .layer = layer("FlattenConcat")}}});
  s.graph.validate();
  EXPECT_EQ(names(made[1]->control_inputs()), (Names{"features", "boxes"}));
  EXPECT_EQ(names(s.result->control_inputs()), (Names{"NMS", "features"}));
  EXPECT_EQ(names(s.features->control_inputs()), (Names{"pre/mean"}));
}

TEST(Collapse, AnInputOfTheGraphReadsNothing) {
  Detector s;
  s.sub->append_input(s.add("Const", "scale", {})->output());
  const NodeSpec input{.name = "Input",
                       .layer = operation("Placeholder", {{"shape", std::vector<int64_t>{1, 3, 8, 8}}})};
  const auto made = collapse_namespaces(s.graph, {{"pre", input}, {"image", input}}, {.single_output = true});
  s.graph.validate();
  EXPECT_TRUE(made[0]->inputs().empty());
  EXPECT_EQ(input_names(s.features), (Names{"Input"}));
  EXPECT_EQ(input_names(s.grid), (Names{"Input"}));
  EXPECT_EQ(to_string(made[0]->output()->type()), "f32[1,3,8,8]");
  EXPECT_EQ(graph_inputs(s.graph), (std::vector<Value*>{made[0]->output()}));
}

TEST(Collapse, ConstantsThatAreValuesGoWithTheirNamespace) {
  Graph graph;
  Value* x = graph.add_input("s/x", {});
  Value* inside = graph.add_constant("s/inside", Tensor::scalar(1.0F));
  Value* shared = graph.add_constant("s/shared", Tensor::scalar(2.0F));
  Value* outside = graph.add_constant("outside", Tensor::scalar(3.0F));
  Value* sum = graph.add_node("Sum", "s/sum", {x, inside, shared, outside})->output();
  Node* after = graph.add_node("Add", "after", {sum, shared});
  graph.set_outputs({after->output()});
  const auto made = collapse_namespaces(graph, {{"s", {.layer = layer("S")}}});
  graph.validate();
  EXPECT_EQ(input_names(made[0]), (Names{"s/x", "outside"}));
  EXPECT_EQ(input_names(after), (Names{"s/sum", "s/shared"}));
  EXPECT_EQ(graph.find_value("s/inside"), nullptr);
}

TEST(Collapse, ALoopMayLieInsideANamespace) {
  Detector s;
  s.mean->append_input(s.sub->output());
  const auto made = collapse_namespaces(s.graph, {{"pre", {.layer = layer("Pre")}}});
  s.graph.validate();
  EXPECT_EQ(input_names(made[0]), (Names{"image"}));
}

TEST(Collapse, CyclesAreRefusedAndChangeNothing) {
  Detector s;
  const Graph before = s.graph.clone();
  const NodeSpec all{.name = "all", .layer = layer("All")};
  const NodeSpec other{.name = "other", .layer = layer("Other")};
  expect_error(
      ErrorCode::kInvalidArgument,
      "the namespace 'concat', 'pre' cannot become one layer: its input 'features' depends on one of its own outputs",
      [&] { (void)collapse_namespaces(s.graph, {{"pre", all}, {"concat", all}}); });
  // Through another new node.
  expect_error(ErrorCode::kInvalidArgument, "depends on one of its own outputs", [&] {
    (void)collapse_namespaces(s.graph,
                              {{"concat", all}, {"features", other}, {"post/nms", other}, {"post/slice", all}});
  });
  expect_error(ErrorCode::kInvalidArgument, "its input 'all' depends on one of its own outputs", [&] {
    (void)collapse_namespaces(s.graph, {{"post", {.name = "all", .layer = layer("All"), .inputs = {"all"}}}});
  });
  // Through an excluded node, and through one that is waited for.
  expect_error(ErrorCode::kInvalidArgument, "its input 'post/slice' depends on",
               [&] { (void)collapse_namespaces(s.graph, {{"post", all}, {"concat", all}}, {.exclude = {s.slice}}); });
  EXPECT_TRUE(identical(s.graph, before));
  s.nms->set_control_inputs({s.add("Relu", "late", {s.slice})});
  expect_error(ErrorCode::kInvalidArgument, "its input '^late' depends on",
               [&] { (void)collapse_namespaces(s.graph, {{"post", all}}); });
}

TEST(Collapse, MapsThatContradictThemselvesOrTheGraphAreRefused) {
  Detector s;
  const Graph before = s.graph.clone();
  const auto refused = [&](ErrorCode code, const char* message, const NamespaceMap& map) {
    expect_error(code, message, [&] { (void)collapse_namespaces(s.graph, map); });
  };
  refused(ErrorCode::kInvalidArgument, "'concat' and 'post' are to become one node 'n', but with different layers",
          {{"concat", {.name = "n", .layer = layer("A", {{"k", int64_t{1}}})}},
           {"post", {.name = "n", .layer = layer("A", {{"k", int64_t{2}}})}}});
  refused(ErrorCode::kInvalidArgument, "'post' cannot become the node 'features': the graph keeps a node of that name",
          {{"post", {.name = "features", .layer = layer("A")}}});
  refused(ErrorCode::kInvalidArgument, "the namespace 'post' is given twice",
          {{"post", {.layer = layer("A")}}, {"post/", {.layer = layer("A")}}});
  refused(ErrorCode::kNotFound, "no tensor named 'featuress'; did you mean 'features'",
          {{"post", {.layer = layer("A"), .inputs = {"featuress"}}}});
  refused(ErrorCode::kInvalidArgument, "dtype is 'x'", {{"post", {.layer = parse_layer("::A(dtype='x')")}}});
  EXPECT_TRUE(identical(s.graph, before));
}

TEST(ReplaceNamespace, ANamespaceBecomesOneLayerAndItsConstantsGoWithIt) {
  Graph graph = tf_sample();
  Node* after = graph.add_node("NoOp", "after", {});
  after->set_control_inputs({graph.find_node("dense/Relu6"), graph.find_node("dense/BiasAdd")});
  Node* node = replace_namespace(graph, "dense", layer("Dense"));
  graph.validate();
  EXPECT_EQ(node->name(), "dense");
  EXPECT_EQ(input_names(node), (Names{"x"}));
  EXPECT_EQ(node->output()->name(), "dense/Relu6");
  EXPECT_EQ(graph.find_node("dense/kernel"), nullptr);
  EXPECT_EQ(names(after->control_inputs()), (Names{"dense"}));
  EXPECT_EQ(input_names(graph.find_node("out/MatMul")), (Names{"dense/Relu6", "out/kernel"}));
}

TEST(ReplaceNamespace, ANamespaceAtTheEndKeepsTheGraphOutput) {
  Graph graph = tf_sample();
  Node* node = replace_namespace(graph, "out", layer("Head"));
  graph.validate();
  EXPECT_EQ(graph.outputs()[0], node->output());
  EXPECT_EQ(graph.outputs()[0]->name(), "out/Softmax");
}

TEST(ReplaceNamespace, ANamespaceThatDependsOnItselfIsRefused) {
  Graph graph;
  Value* x = graph.add_input("x", {});
  Value* a = graph.add_node("Relu", "s/a", {x})->output();
  Value* outside = graph.add_node("Exp", "outside", {a})->output();
  graph.set_outputs({graph.add_node("Add", "s/b", {a, outside})->output()});
  expect_error(ErrorCode::kInvalidArgument, "its input 'outside' depends on one of its own outputs",
               [&] { (void)replace_namespace(graph, "s", layer("S")); });
  graph.validate();
  EXPECT_EQ(graph.node_count(), 3U);
}

TEST(ReplaceNamespace, NothingFoundIsAnError) {
  Graph graph = tf_sample();
  expect_error(ErrorCode::kNotFound, "matches namespace 'densee'; did you mean 'dense'",
               [&] { (void)replace_namespace(graph, "densee", layer("Dense")); });
}

TEST(NamespaceMap, IsReadFromJson) {
  const NamespaceMap map = parse_namespace_map(R"json({
    "concat": "FlattenConcat_TRT(axis=1)",
    "Postprocessor": {"layer": "nvinfer::NMS_TRT", "name": "NMS", "inputs": ["boxes", "scores:1"],
                      "fields": {"topK": 100, "nmsThreshold": 0.5, "isNormalized": true, "code": "center",
                                 "inputOrder": [1, 0, 2], "variance": [0.1, 1], "names": ["a"], "none": [],
                                 "flags": [true], "big": 9223372036854775808}},
    "Preprocessor": {"layer": "::Placeholder(dtype='f32', shape=[1])", "fields": {"shape": [2]}}
  })json");
  ASSERT_EQ(map.size(), 3U);
  EXPECT_EQ(map.at("concat").name, "");
  EXPECT_EQ(std::get<int64_t>(map.at("concat").layer.fields.at("axis")), 1);
  const NodeSpec& nms = map.at("Postprocessor");
  EXPECT_EQ(nms.name, "NMS");
  EXPECT_EQ(nms.layer.name, "NMS_TRT");
  EXPECT_EQ(nms.layer.domain, "nvinfer");
  EXPECT_EQ(nms.inputs, (Names{"boxes", "scores:1"}));
  const Attributes& fields = nms.layer.fields;
  EXPECT_EQ(std::get<int64_t>(fields.at("topK")), 100);
  EXPECT_EQ(std::get<double>(fields.at("nmsThreshold")), 0.5);
  EXPECT_EQ(std::get<bool>(fields.at("isNormalized")), true);
  EXPECT_EQ(std::get<std::string>(fields.at("code")), "center");
  EXPECT_EQ(std::get<std::vector<int64_t>>(fields.at("inputOrder")), (std::vector<int64_t>{1, 0, 2}));
  EXPECT_EQ(std::get<std::vector<double>>(fields.at("variance")), (std::vector<double>{0.1, 1}));
  EXPECT_EQ(std::get<std::vector<std::string>>(fields.at("names")), (Names{"a"}));
  EXPECT_TRUE(std::get<std::vector<int64_t>>(fields.at("none")).empty());
  EXPECT_EQ(std::get<std::vector<bool>>(fields.at("flags")), (std::vector<bool>{true}));
  EXPECT_EQ(std::get<double>(fields.at("big")), 9223372036854775808.0);
  EXPECT_EQ(map.at("Preprocessor").layer.domain, "");
  EXPECT_EQ(std::get<std::vector<int64_t>>(map.at("Preprocessor").layer.fields.at("shape")), std::vector<int64_t>{2});
}

TEST(NamespaceMap, MistakesNameTheirPlace) {
  struct Row {
    std::string json;
    const char* message;
  };
  const std::vector<Row> rows = {
      {"{", "must be JSON"},
      {"[1]", "must be a JSON object"},
      {R"json({"a": 1})json", "a layer is required"},
      {R"json({"a": "Clip("})json", "at 'a'"},
      {R"json({"a": {"name": "x"}})json", "the key 'layer' is required"},
      {R"json({"a": {"layer": "L", "input": []}})json", "there is no key 'input'; did you mean 'inputs'"},
      {R"json({"a": {"layer": 1}})json", "'layer' is number but a string is required"},
      {R"json({"a": {"layer": "L", "name": null}})json", "'name' is null but a string"},
      {R"json({"a": {"layer": "L", "inputs": "x"}})json", "'inputs' is string but a list"},
      {R"json({"a": {"layer": "L", "inputs": [1]}})json", "one of 'inputs' is number"},
      {R"json({"a": {"layer": "L", "fields": [1]}})json", "'fields' is array but an object"},
      {R"json({"a": {"layer": "L", "fields": {"f": null}}})json", "the field 'f' must be a number"},
      {R"json({"a": {"layer": "L", "fields": {"f": [1, "x"]}}})json", "the field 'f' must be a number"},
      {std::string(100000, '['), "must be JSON"},
  };
  for (const Row& row : rows) {
    expect_error(ErrorCode::kInvalidArgument, row.message, [&] { (void)parse_namespace_map(row.json); });
  }
  expect_error(ErrorCode::kNotFound, "no/such.json", [&] { (void)load_namespace_map("no/such.json"); });
}

}  // namespace
}  // namespace tenon
