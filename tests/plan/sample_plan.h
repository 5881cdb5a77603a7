// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan/plan.h"

// A small plan that has something of everything a plan may hold.
namespace tenon::test {

inline Attributes every_kind_of_attribute() {
  auto inner = std::make_shared<Graph>();
  Value* in = inner->add_input("inner_in", {DType::kInt8, std::nullopt});
  inner->set_outputs({inner->add_node("Neg", "inner_neg", {in})->output()});
  const auto function = std::make_shared<const FunctionRef>(FunctionRef{"f", {{"depth", int64_t{2}}}});
  const TensorType type{DType::kFloat16, Shape{Dim("N"), Dim(3), Dim()}};
  return {
      {"a_none", std::monostate()},
      {"bool", true},
      {"bools", std::vector<bool>{true, false, true}},
      {"dtype", DType::kBFloat16},
      {"dtypes", std::vector<DType>{DType::kInt4, DType::kString}},
      {"float", -0.0},
      {"floats", std::vector<double>{0.1, -0.0, 1e300}},
      {"function", function},
      {"functions", std::vector<std::shared_ptr<const FunctionRef>>{function, function}},
      {"graph", std::shared_ptr<const Graph>(inner)},
      {"graphs", std::vector<std::shared_ptr<const Graph>>{inner}},
      {"int", int64_t{-7}},
      {"ints", std::vector<int64_t>{}},
      {"string", std::string("a\0b", 3)},
      {"strings", std::vector<std::string>{"", "x"}},
      {"tensor", Tensor::from<uint8_t>({1, 2, 3}, {3})},
      {"tensors", std::vector<Tensor>{Tensor::scalar(2.5F), Tensor::empty(DType::kFloat64, {0, 4})}},
      {"type", type},
      {"types", std::vector<TensorType>{type, {DType::kUndefined, std::nullopt}}},
  };
}

inline Plan sample_plan() {
  Plan plan;
  plan.producer = "tenon test";
  plan.source = "sample.pb";
  Graph& graph = plan.graph;
  graph.set_name("sample");
  graph.properties()["note"] = std::string("made by a test");
  Value* x = graph.add_input("x", {DType::kFloat32, Shape{Dim("N"), 3}});
  Value* bias = graph.add_constant("bias", Tensor::from<float>({1, 2, 3}, {3}));
  graph.add_constant("words", Tensor::of_strings({"zero", "", "two"}, {3}));
  graph.add_constant("none", Tensor::empty(DType::kFloat32, {2, 0}));
  Node* add = graph.add_node("Add", "add", {x, bias});
  add->output()->set_type({DType::kFloat32, Shape{Dim("N"), 3}});
  const std::string names[] = {"layer:0", "layer:1"};
  Value* const inputs[] = {add->output(), nullptr, bias};
  Node* layer = graph.add_node("MyLayer", "layer", inputs, names, every_kind_of_attribute(), "custom");
  layer->set_control_inputs({add});
  graph.set_outputs({layer->output(1), add->output(), x});
  return plan;
}

}  // namespace tenon::test
