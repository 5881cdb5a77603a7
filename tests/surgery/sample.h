// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <string>
#include <vector>

// The graph that most tests of surgery start from, and names to compare.
namespace tenon::test {

using Names = std::vector<std::string>;

/// A TensorFlow-like graph: Placeholder -> dense/{MatMul, BiasAdd, Relu6} -> out/{MatMul, Softmax}, constants as nodes.
inline Graph tf_sample() {
  Graph graph("tf");
  graph.set_name("sample.pb");
  const auto constant = [&](const char* name) {
    return graph
        .add_node("Const", name, {}, {{"value", Tensor::zeros(DType::kFloat32, {2, 2})}, {"dtype", DType::kFloat32}})
        ->output();
  };
  Value* x = graph
                 .add_node("Placeholder", "x", {},
                           {{"dtype", DType::kFloat32}, {"shape", TensorType{DType::kUndefined, parse_shape("?,2")}}})
                 ->output();
  Value* h = graph.add_node("MatMul", "dense/MatMul", {x, constant("dense/kernel")})->output();
  h = graph.add_node("BiasAdd", "dense/BiasAdd", {h, constant("dense/bias")})->output();
  h = graph.add_node("Relu6", "dense/Relu6", {h}, {{"T", DType::kFloat32}})->output();
  h = graph.add_node("MatMul", "out/MatMul", {h, constant("out/kernel")})->output();
  graph.set_outputs({graph.add_node("Softmax", "out/Softmax", {h})->output()});
  return graph;
}

inline Names names(const std::vector<Node*>& nodes) {
  Names result;
  for (const Node* node : nodes) result.push_back(node->name());
  return result;
}

/// The names of the values that a node reads; "-" for one that is left out.
inline Names input_names(const Node* node) {
  Names result;
  for (const Value* value : node->inputs()) result.push_back(value == nullptr ? "-" : value->name());
  return result;
}

}  // namespace tenon::test
