// SPDX-License-Identifier: Apache-2.0
#include <tenon/compile.h>
#include <tenon/convert.h>
#include <tenon/formats.h>

#include <gtest/gtest.h>

#include <string>

namespace tenon {
namespace {

TEST(LowerLeNet5, AMappedLayerPassesThrough) {
  Graph source = load(std::string(TENON_SOURCE_DIR) + "/examples/lenet5/lenet5.pb");
  Node* relu6 = source.find_node("ReLU6/Relu6");
  relu6->set_op("Clip", "custom");
  relu6->attributes() = {{"lo", 0.0}, {"hi", 6.0}};
  const Graph graph = lower(source);
  const Node* layer = graph.find_node("ReLU6/Relu6");
  ASSERT_NE(layer, nullptr);
  EXPECT_EQ(layer->domain(), "custom");
  EXPECT_EQ(layer->attributes().size(), 2U);
  EXPECT_EQ(layer->input(0)->name(), "dense/BiasAdd");
  EXPECT_EQ(graph.outputs()[0]->name(), "OutputLayer/Softmax");
}

TEST(LowerLeNet5, ItsUffBecomesTheSameGraph) {
  const Graph source = load(std::string(TENON_SOURCE_DIR) + "/examples/lenet5/lenet5.pb");
  const Graph from_pb = lower(source), from_uff = lower(convert(source, "uff"));
  EXPECT_TRUE(identical(from_pb, from_uff)) << from_uff.to_string() << "\ninstead of\n" << from_pb.to_string();
}

}  // namespace
}  // namespace tenon
