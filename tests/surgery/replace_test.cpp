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

TEST(Replace, AMappingMayComeInTwoParts) {
  Graph graph = tf_sample();
  const auto nodes = map_to_layer(graph, "ReLU6", layer("Clip", {{"hi", 6.0}}));
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0]->op(), "Clip");
  EXPECT_NE(nodes[0]->attribute("hi"), nullptr);
}

TEST(Replace, AnOperatorBecomesALayerInPlace) {
  Graph graph = tf_sample();
  const auto nodes = replace_nodes(graph, {.op = "Relu6"}, layer("Clip", {{"lo", 0.0}, {"hi", 6.0}}));
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0]->op(), "Clip");
  EXPECT_EQ(nodes[0]->domain(), kLayerDomain);
  EXPECT_EQ(nodes[0]->attribute("T"), nullptr);
  EXPECT_EQ(input_names(graph.find_node("out/MatMul")), (Names{"dense/Relu6", "out/kernel"}));
  graph.validate();
}

TEST(Replace, AnotherOperatorOfTheDialectIsNotALayer) {
  Graph graph = tf_sample();
  const auto nodes = map_to_layer(graph, "Relu6=::Relu(T='x')");
  EXPECT_EQ(nodes[0]->domain(), "");
  EXPECT_EQ(nodes[0]->op(), "Relu");
}

TEST(Map, TakesOperatorsThenNamesThenNamespacesThenOperatorsInAnyCase) {
  const auto mapped = [](const char* mapping) {
    Graph graph = tf_sample();
    const auto nodes = names(map_to_layer(graph, mapping));
    graph.validate();
    return nodes;
  };
  EXPECT_EQ(mapped("Relu6=Clip()"), (Names{"dense/Relu6"}));
  EXPECT_EQ(mapped("ReLU6=Clip(lo=0)"), (Names{"dense/Relu6"}));
  EXPECT_EQ(mapped("out/Softmax=MySoftmax"), (Names{"out/Softmax"}));
  EXPECT_EQ(mapped("dense=Dense(units=2)"), (Names{"dense"}));
  EXPECT_EQ(mapped("*/MatMul=Mm()"), (Names{"dense/MatMul", "out/MatMul"}));
}

TEST(Map, WhatCannotBeReadOrFoundIsSaid) {
  Graph graph = tf_sample();
  expect_error(ErrorCode::kInvalidArgument, "must read WHAT=Layer", [&] { (void)map_to_layer(graph, "Clip(lo=0)"); });
  expect_error(ErrorCode::kNotFound,
               "no operator, node or namespace 'Relu7' to map to the layer 'Clip'; did you mean 'Relu6'",
               [&] { (void)map_to_layer(graph, "Relu7=Clip()"); });
}

}  // namespace
}  // namespace tenon
