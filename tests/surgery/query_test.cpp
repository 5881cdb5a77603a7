// SPDX-License-Identifier: Apache-2.0
#include "surgery/sample.h"

#include <tenon/surgery.h>

#include "errors.h"

namespace tenon {
namespace {

using test::expect_error;
using test::Names;
using test::names;
using test::tf_sample;

TEST(Query, FindsByNameOperatorNamespaceAndAttribute) {
  const Graph graph = tf_sample();
  EXPECT_EQ(names(find_nodes(graph, {.op = "MatMul"})), (Names{"dense/MatMul", "out/MatMul"}));
  EXPECT_EQ(names(find_nodes(graph, {.name = "*/kernel"})), (Names{"dense/kernel", "out/kernel"}));
  EXPECT_EQ(names(find_nodes(graph, {.path = "out/"})), (Names{"out/kernel", "out/MatMul", "out/Softmax"}));
  EXPECT_EQ(names(find_nodes(graph, {.attribute = "T", .value = Attribute{DType::kFloat32}})), (Names{"dense/Relu6"}));
  EXPECT_EQ(names(find_nodes(graph, {.op = "MatMul", .path = "out"})), (Names{"out/MatMul"}));
  EXPECT_TRUE(find_nodes(graph, {.attribute = "T", .value = Attribute{DType::kInt32}}).empty());
  EXPECT_TRUE(find_nodes(graph, {.path = "den"}).empty());
}

TEST(Query, NothingFoundListsNearNames) {
  const Graph graph = tf_sample();
  expect_error(ErrorCode::kNotFound, "matches operator 'Softmaxx'; did you mean 'Softmax'?",
               [&] { (void)require_nodes(graph, {.op = "Softmaxx"}); });
  expect_error(ErrorCode::kNotFound, "did you mean 'dense'?", [&] { (void)require_nodes(graph, {.path = "densee"}); });
  expect_error(ErrorCode::kNotFound, "did you mean 'dense/bias'",
               [&] { (void)require_nodes(graph, {.name = "dense/bais"}); });
}

TEST(Query, RequiredNodesAndValuesAreFoundOrNamed) {
  Graph graph = tf_sample();
  EXPECT_EQ(require_node(graph, "dense/MatMul")->op(), "MatMul");
  EXPECT_EQ(require_value(graph, "dense/MatMul:0"), graph.find_value("dense/MatMul"));
  EXPECT_EQ(require_value(graph, "dense/MatMul:1")->output_index(), 1);
  graph.rename(graph.find_value("dense/Relu6"), "activation");
  EXPECT_EQ(require_value(graph, "dense/Relu6"), graph.find_value("activation"));
  expect_error(ErrorCode::kNotFound, "no node named 'dense/MatMull'; did you mean 'dense/MatMul'",
               [&] { (void)require_node(graph, "dense/MatMull"); });
  expect_error(ErrorCode::kNotFound, "no tensor named 'dense/MatMull'; did you mean 'dense/MatMul'",
               [&] { (void)require_value(graph, "dense/MatMull"); });
}

TEST(Query, TheLastComponentIsEnough) {
  const Graph graph = tf_sample();
  EXPECT_EQ(names(find_nodes(graph, {.leaf = "MatMul"})), (Names{"dense/MatMul", "out/MatMul"}));
  EXPECT_EQ(names(find_nodes(graph, {.leaf = "x"})), (Names{"x"}));
  EXPECT_EQ(names(find_nodes(graph, {.leaf = "b*"})), (Names{"dense/bias"}));
  EXPECT_TRUE(find_nodes(graph, {.leaf = "dense/MatMul"}).empty());
  EXPECT_TRUE(find_nodes(graph, {.name = "MatMul"}).empty());
  expect_error(ErrorCode::kNotFound, "matches last component 'Matmul'; did you mean 'MatMul'",
               [&] { (void)require_nodes(graph, {.leaf = "Matmul"}); });
}

TEST(Query, SeveralPatternsMatchWhatAnyOfThemDoes) {
  const Graph graph = tf_sample();
  EXPECT_EQ(names(find_nodes(graph, {.op = {"Softmax", "Relu*"}})), (Names{"dense/Relu6", "out/Softmax"}));
  EXPECT_EQ(names(find_nodes(graph, {.leaf = {"kernel", "bias"}, .path = "dense"})),
            (Names{"dense/kernel", "dense/bias"}));
  EXPECT_EQ(find_nodes(graph, {.op = Patterns(std::vector<std::string>{})}).size(), graph.node_count());
  expect_error(ErrorCode::kNotFound, "matches operator 'Add' or 'Sub'",
               [&] { (void)require_nodes(graph, {.op = {"Add", "Sub"}}); });
}

TEST(Query, RegularExpressionsMatchTheWhole) {
  const Graph graph = tf_sample();
  EXPECT_EQ(names(find_nodes(graph, {.leaf = "Mat.*|Relu\\d", .regex = true})),
            (Names{"dense/MatMul", "dense/Relu6", "out/MatMul"}));
  EXPECT_TRUE(find_nodes(graph, {.leaf = "Mat", .regex = true}).empty());
  EXPECT_EQ(names(find_nodes(graph, {.name = "[^/]+/kernel", .regex = true})), (Names{"dense/kernel", "out/kernel"}));
  EXPECT_EQ(names(find_nodes(graph, {.op = {"Soft.+", "Placeholder"}, .regex = true})), (Names{"x", "out/Softmax"}));
  expect_error(ErrorCode::kInvalidArgument, "the regular expression 'a(' cannot be read: missing ): a(",
               [&] { (void)find_nodes(graph, {.name = "a(", .regex = true}); });
}

// Matchers that go back take time here that is exponential in the pattern.
TEST(Query, NestedRepetitionsAreCheap) {
  Graph graph;
  graph.add_node("Relu", std::string(1000, 'a'), {});
  EXPECT_TRUE(find_nodes(graph, {.name = "(a|aa|a*)*b", .regex = true}).empty());
}

TEST(Query, ANameThatIsSpelledOutIsFoundWhateverCharactersItHas) {
  Graph graph;
  graph.add_node("Relu", "a/b.c+d[0]", {});
  graph.add_node("Relu", "a/bxc", {});
  for (const bool regex : {false, true}) {
    EXPECT_EQ(names(find_nodes(graph, {.leaf = "b.c+d[0]", .regex = regex})), (Names{"a/b.c+d[0]"}));
    EXPECT_EQ(names(find_nodes(graph, {.name = "a/b.c+d[0]", .regex = regex})), (Names{"a/b.c+d[0]"}));
  }
}

TEST(Query, FindsWhatANodeReadsAndWhatReadsIt) {
  Graph graph = tf_sample();
  const Node* relu = graph.find_node("dense/Relu6");
  const Node* matmul = graph.find_node("dense/MatMul");
  EXPECT_EQ(names(find_nodes(graph, {.feeds = matmul})), (Names{"x", "dense/kernel"}));
  EXPECT_EQ(names(find_nodes(graph, {.op = "Const", .feeds = matmul})), (Names{"dense/kernel"}));
  EXPECT_EQ(names(find_nodes(graph, {.leaf = "kernel", .feeds = matmul})), (Names{"dense/kernel"}));
  EXPECT_TRUE(find_nodes(graph, {.op = "Relu6", .feeds = matmul}).empty());
  EXPECT_EQ(names(find_nodes(graph, {.reads = relu})), (Names{"out/MatMul"}));
  EXPECT_TRUE(find_nodes(graph, {.feeds = graph.find_node("x")}).empty());
  expect_error(ErrorCode::kNotFound, "matches operator 'Squeeze', read by 'dense/MatMul'",
               [&] { (void)require_nodes(graph, {.op = "Squeeze", .feeds = matmul}); });
}

TEST(Query, WhatANodeReadsComesInTheOrderOfItsInputsAndOnce) {
  Graph graph("tf");
  Node* a = graph.add_node("Split", "a", {});
  Value* second = graph.add_output_value(a, "a:1");
  Node* b = graph.add_node("Const", "b", {});
  Node* sum = graph.add_node("AddN", "sum", {b->output(), second, b->output(), a->output()});
  sum->append_input(nullptr);
  EXPECT_EQ(names(find_nodes(graph, {.feeds = sum})), (Names{"b", "a"}));
  EXPECT_EQ(names(find_nodes(graph, {.reads = a})), (Names{"sum"}));
}

TEST(Chains, RunFromTheInputSideAndBranch) {
  Graph graph("tf");
  Value* x = graph.add_node("Placeholder", "x", {})->output();
  const auto add = [&](const char* op, const char* name, std::initializer_list<Value*> inputs) {
    return graph.add_node(op, name, inputs)->output();
  };
  Value* pad = add("Pad", "pad", {x});
  Value* left = add("Conv2D", "left", {pad});
  Value* right = add("Conv2D", "right", {pad});
  add("Relu", "left/relu", {left});
  add("Relu", "both", {right, left});
  add("Conv2D", "alone", {x});
  const auto chains = [&](const std::vector<std::string>& ops) {
    std::vector<Names> result;
    for (const std::vector<Node*>& chain : find_chains(graph, ops)) result.push_back(names(chain));
    return result;
  };
  EXPECT_EQ(chains({"Pad", "Conv2D", "Relu"}),
            (std::vector<Names>{{"pad", "left", "left/relu"}, {"pad", "left", "both"}, {"pad", "right", "both"}}));
  EXPECT_EQ(chains({"Conv*"}), (std::vector<Names>{{"left"}, {"right"}, {"alone"}}));
  EXPECT_TRUE(chains({"Relu", "Conv2D"}).empty());
  EXPECT_TRUE(chains({"Pad", "Relu"}).empty());
  EXPECT_TRUE(chains({}).empty());
}

TEST(Chains, TooManyAreRefusedAndDeadEndsCostNothing) {
  Graph graph("tf");
  std::vector<Node*> layer{graph.add_node("A", "", {})};
  for (int depth = 0; depth < 30; ++depth) {
    std::vector<Node*> next{graph.add_node("A", "", {}), graph.add_node("A", "", {})};
    for (Node* node : next)
      for (const Node* before : layer) node->append_input(before->output());
    layer = std::move(next);
  }
  std::vector<std::string> ops(30, "A");
  expect_error(ErrorCode::kInvalidArgument, "more than 65536 chains of these 30 operators",
               [&] { (void)find_chains(graph, ops); });
  ops.emplace_back("B");
  EXPECT_TRUE(find_chains(graph, ops).empty());
}

}  // namespace
}  // namespace tenon
