// SPDX-License-Identifier: Apache-2.0
#include <tenon/graph.h>

#include "errors.h"

#include <algorithm>
#include <cmath>

namespace tenon {
namespace {

using test::expect_error;

// x -> Relu "a" -> Add "b"(a, weight) -> output
struct Sample {
  Graph graph;
  Value* x = graph.add_input("x", {DType::kFloat32, parse_shape("N,4")});
  Value* weight = graph.add_constant("weight", Tensor::from<float>({1, 2, 3, 4}, {4}));
  Node* a = graph.add_node("Relu", "a", {x});
  Node* b = graph.add_node("Add", "b", {a->output(), weight}, {{"note", std::string("hi")}});
  Sample() { graph.set_outputs({b->output()}); }
};

std::vector<std::string> names(const std::vector<Node*>& nodes) {
  std::vector<std::string> result;
  for (const Node* node : nodes) result.push_back(node->name());
  return result;
}

TEST(Graph, LinksValuesWithTheirReaders) {
  Sample s;
  s.graph.validate();
  ASSERT_EQ(s.x->uses().size(), 1U);
  EXPECT_EQ(s.x->uses()[0].node, s.a);
  EXPECT_EQ(s.b->output()->producer(), s.b);
  EXPECT_EQ(s.graph.find_node("b"), s.b);
  EXPECT_EQ(s.graph.find_value("weight"), s.weight);
  EXPECT_EQ(s.graph.find_value("nothing"), nullptr);
}

TEST(Graph, AValueReadTwiceByOneNodeHasTwoUses) {
  Sample s;
  Node* twice = s.graph.add_node("Mul", "twice", {s.x, s.x});
  EXPECT_EQ(s.x->uses().size(), 3U);
  twice->set_input(0, nullptr);
  EXPECT_EQ(s.x->uses().size(), 2U);
  s.graph.validate();
}

TEST(Graph, NamesAreUniqueAndFreshOnesAvoidThem) {
  Sample s;
  expect_error(ErrorCode::kInvalidArgument, "already has a node named 'a'",
               [&] { s.graph.add_node("Relu", "a", {s.x}); });
  expect_error(ErrorCode::kInvalidArgument, "already has a value named 'x'", [&] { s.graph.add_input("x", {}); });
  EXPECT_EQ(s.graph.fresh_name("a"), "a_1");
  EXPECT_EQ(s.graph.fresh_name("new"), "new");
}

TEST(Graph, ReplaceUsesMovesReadersAndGraphOutputs) {
  Sample s;
  s.graph.replace_uses(s.b->output(), s.a->output());
  EXPECT_EQ(s.graph.outputs()[0], s.a->output());
  s.graph.remove(s.b);
  EXPECT_EQ(s.graph.node_count(), 1U);
  EXPECT_TRUE(s.weight->uses().empty());
  s.graph.validate();
}

TEST(Graph, NodesThatAreReadCannotBeRemoved) {
  Sample s;
  expect_error(ErrorCode::kInvalidArgument, "output 'a' is still read", [&] { s.graph.remove(s.a); });
  expect_error(ErrorCode::kInvalidArgument, "output 'b' is still read", [&] { s.graph.remove(s.b); });
  expect_error(ErrorCode::kInvalidArgument, "'weight' cannot be removed", [&] { s.graph.remove(s.weight); });
}

TEST(Graph, NodesThatReadOneAnotherAreRemovedTogether) {
  Sample s;
  s.graph.add_node("Relu", "after", {s.x})->set_control_inputs({s.a, s.b});
  const std::vector<Node*> both = {s.a, s.b};
  expect_error(ErrorCode::kInvalidArgument, "output 'b' is still read", [&] { s.graph.remove(both); });
  EXPECT_EQ(names(s.graph.nodes()), (std::vector<std::string>{"a", "b", "after"}));
  s.graph.set_outputs({});
  s.graph.remove(both);
  EXPECT_EQ(names(s.graph.nodes()), (std::vector<std::string>{"after"}));
  EXPECT_TRUE(s.graph.find_node("after")->control_inputs().empty());
  EXPECT_EQ(s.graph.find_value("b"), nullptr);
  s.graph.validate();
}

TEST(Graph, TopologicalOrderPutsProducersAndControlInputsFirst) {
  Graph graph;
  Value* x = graph.add_input("x", {});
  Node* last = graph.add_node("Relu", "last", {x});
  Node* middle = graph.add_node("Relu", "middle", {x});
  Node* first = graph.add_node("Relu", "first", {x});
  last->set_input(0, middle->output());
  middle->set_control_inputs({first});
  EXPECT_EQ(names(graph.topological_order()), (std::vector<std::string>{"first", "middle", "last"}));
}

TEST(Graph, ACycleIsReportedWithItsNodes) {
  Sample s;
  s.a->set_input(0, s.b->output());
  expect_error(ErrorCode::kCorrupt, "'a' reads 'b' reads 'a'", [&] { (void)s.graph.topological_order(); });
}

TEST(Graph, RemoveUnreachableKeepsInputsAndDropsUnreadConstants) {
  Sample s;
  Value* other = s.graph.add_constant("other", Tensor::scalar(1.0F));
  Node* dead = s.graph.add_node("Add", "dead", {s.a->output(), other});
  s.graph.add_node("Relu", "deader", {dead->output()});
  EXPECT_EQ(s.graph.remove_unreachable(), 2U);
  EXPECT_EQ(s.graph.find_value("other"), nullptr);
  EXPECT_EQ(s.graph.find_node("dead"), nullptr);
  EXPECT_NE(s.graph.find_value("x"), nullptr);
  s.graph.validate();
}

TEST(Graph, RenamingChangesWhatIsFound) {
  Sample s;
  s.graph.rename(s.a, "first");
  s.graph.rename(s.a->output(), "hidden");
  EXPECT_EQ(s.graph.find_node("a"), nullptr);
  EXPECT_EQ(s.graph.find_node("first"), s.a);
  EXPECT_EQ(s.graph.find_value("hidden"), s.a->output());
  expect_error(ErrorCode::kInvalidArgument, "empty or taken", [&] { s.graph.rename(s.a, "b"); });
}

TEST(Graph, ACloneIsIdenticalAndIndependent) {
  Sample s;
  s.b->set_control_inputs({s.a});
  Graph copy = s.graph.clone();
  copy.validate();
  EXPECT_TRUE(identical(copy, s.graph));
  EXPECT_EQ(copy.find_value("weight")->constant()->data(), s.weight->constant()->data());  // shared, not copied
  copy.find_node("b")->attributes()["note"] = std::string("changed");
  EXPECT_FALSE(identical(copy, s.graph));
}

TEST(Graph, PrintsSoThatAPersonCanReadIt) {
  Sample s;
  s.graph.set_name("sample");
  EXPECT_EQ(s.graph.to_string(),
            "graph \"sample\" (standard, 2 nodes)\n"
            "  input  x: f32[N,4]\n"
            "  const  weight = f32[4] {1, 2, 3, 4}\n"
            "  a: ?[...] = Relu(x)\n"
            "  b: ?[...] = Add(a, weight) {note=\"hi\"}\n"
            "  output b: ?[...]\n");
}

TEST(Attribute, KindsAreNamed) {
  EXPECT_EQ(attribute_kind(Attribute{}), "none");
  EXPECT_EQ(attribute_kind(Attribute{int64_t{1}}), "int");
  EXPECT_EQ(attribute_kind(Attribute{std::vector<std::string>{}}), "strings");
  EXPECT_EQ(attribute_kind(Attribute{std::vector<std::shared_ptr<const FunctionRef>>{}}), "functions");
}

TEST(Attribute, PrintingQuotesBytesAndStopsAtTheLimit) {
  EXPECT_EQ(to_string(Attribute{std::string("a\"\n\xff")}), "\"a\\\"\\x0a\\xff\"");
  EXPECT_EQ(to_string(Attribute{std::vector<int64_t>{1, -2}}), "[1, -2]");
  EXPECT_EQ(to_string(Attribute{std::string(100, 'x')}, 10), "\"xxxxxxxxx...");
}

TEST(Attribute, PrintsFunctionsWithTheirAttributes) {
  EXPECT_EQ(to_string(Attribute{std::make_shared<const FunctionRef>(FunctionRef{"f", {}})}), "@f");
  EXPECT_EQ(to_string(Attribute{std::make_shared<const FunctionRef>(FunctionRef{"f", {{"a", true}, {"b", 2.5}}})}),
            "@f{a=true, b=2.5}");
}

TEST(Attribute, ComparesFloatsByTheirBits) {
  EXPECT_TRUE(identical(Attribute{std::nan("")}, Attribute{std::nan("")}));
  EXPECT_FALSE(identical(Attribute{0.0}, Attribute{-0.0}));
  EXPECT_FALSE(identical(Attribute{0.0}, Attribute{int64_t{0}}));
  const auto function = [](double value) {
    return Attribute{std::shared_ptr<const FunctionRef>(new FunctionRef{"f", {{"p", value}}})};
  };
  EXPECT_TRUE(identical(function(1), function(1)));
  EXPECT_FALSE(identical(function(1), function(2)));
}

}  // namespace
}  // namespace tenon
