// SPDX-License-Identifier: Apache-2.0
#include "errors.h"
#include "support.h"

#include <tenon/compile.h>
#include <tenon/formats.h>
#include <tenon/surgery.h>

#include <gtest/gtest.h>

namespace tenon {
namespace {

using test::expect_error;
using test::lines_of;
using test::TensorFlowGraph;
using test::to_uff;
using Lines = std::vector<std::string>;

Graph lenet5() { return load(std::string(TENON_SOURCE_DIR) + "/examples/lenet5/lenet5.pb"); }

TEST(TensorFlowToUff, LeNet5WithALayerIs13NodesInTheOrderOfNvidiasConverter) {
  Graph source = lenet5();
  (void)map_to_layer(source, "ReLU6=CustomClipPlugin(clipMin=0.0, clipMax=6.0)");
  const auto [graph, notes] = to_uff(source, {"OutputLayer/Softmax"});
  const Lines nodes = {
      "Softmax OutputLayer/Softmax <- OutputLayer/BiasAdd {axis=0, inputs_orders=@orders_N+C}",
      "Const OutputLayer/bias {dtype=f32, shape=[10], values=@weights_OutputLayer/bias}",
      "Binary OutputLayer/BiasAdd <- OutputLayer/MatMul, OutputLayer/bias {func=add}",
      "FullyConnected OutputLayer/MatMul <- ReLU6/Relu6, OutputLayer/kernel {inputs_orders=@orders_NC_CK}",
      "Const OutputLayer/kernel {dtype=f32, shape=[512, 10], values=@weights_OutputLayer/kernel}",
      "_CustomClipPlugin ReLU6/Relu6 <- dense/BiasAdd {clipMax_u_float=6, clipMin_u_float=0}",
      "Const dense/bias {dtype=f32, shape=[512], values=@weights_dense/bias}",
      "Binary dense/BiasAdd <- dense/MatMul, dense/bias {func=add}",
      "FullyConnected dense/MatMul <- flatten/Reshape, dense/kernel {inputs_orders=@orders_NC_CK}",
      "Const dense/kernel {dtype=f32, shape=[784, 512], values=@weights_dense/kernel}",
      "Flatten flatten/Reshape <- InputLayer",
      "Input InputLayer {dtype=f32, shape=[-1, 1, 28, 28]}",
      "MarkOutput MarkOutput_0 <- OutputLayer/Softmax"};
  EXPECT_EQ(lines_of(graph), nodes);
  const Lines told = {"input  InputLayer  f32[?,1,28,28]",
                      "custom  ReLU6/Relu6  _CustomClipPlugin: whoever loads the file needs a plugin of that name",
                      "flatten  flatten/Reshape  the Reshape to [batch, everything else] becomes a Flatten"};
  EXPECT_EQ(notes, told);
  ASSERT_EQ(graph.outputs().size(), 1U);
  EXPECT_EQ(graph.outputs()[0]->name(), "MarkOutput_0");
  EXPECT_EQ(std::get<std::string>(graph.properties().at("graph")), "main");
  EXPECT_EQ(to_string(graph.properties().at("descriptors")), "[@tensorflow_extension{version=1}, @custom{version=1}]");
}

}  // namespace
}  // namespace tenon
