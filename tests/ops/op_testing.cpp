// SPDX-License-Identifier: Apache-2.0
#include "ops/op_testing.h"

#include "ops/define.h"

#include <cmath>

namespace tenon::testing {
namespace {

std::vector<std::string> output_names(int outputs) {
  std::vector<std::string> names;
  for (int i = 0; i < outputs; ++i) names.push_back("out" + std::to_string(i));
  return names;
}

TensorType parse_type(const std::string& text) {
  if (text.empty()) return {};
  const size_t bracket = text.find('[');
  TensorType type;
  type.dtype = dtype_from_name(text.substr(0, bracket)).value();
  if (text.substr(bracket) != "[...]") type.shape = parse_shape(text.substr(bracket));
  return type;
}

// The node's definition for dimensions that have names only (equal extents the same), if there is one, gives what it
// gives for known extents.
void expect_definition(const Node& node, std::span<const Tensor* const> inputs, const std::vector<Tensor>& expected) {
  std::vector<TensorType> types(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr) continue;
    types[i] = {inputs[i]->dtype(), to_shape(inputs[i]->dims())};
    for (Dim& dim : *types[i].shape)
      if (dim.value() > 1 && dim.value() < 10000) dim = Dim("n" + std::to_string(dim.value()));
  }
  const auto definition = definition_of(node, types, inputs);
  if (!definition) return;
  SCOPED_TRACE(definition->layer.to_string());
  std::vector<Tensor> given;
  for (const size_t i : definition->inputs) given.push_back(*inputs[i]);
  const std::vector<Tensor> actual = definition->layer.evaluate(given);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    expect_tensor(actual[i], expected[i].dtype(), expected[i].dims(), doubles(expected[i]));
}

}  // namespace

OneNode::OneNode(const std::string& op, std::span<const Input> inputs, Attributes attributes, int outputs) {
  std::vector<Value*> values;
  for (const Input& input : inputs) values.push_back(input ? graph_.add_constant("", *input) : nullptr);
  node_ = graph_.add_node(op, "it", values, output_names(outputs), std::move(attributes));
}

std::vector<Tensor> OneNode::evaluate() const {
  std::vector<const Tensor*> inputs;
  for (const Value* value : node_->inputs()) inputs.push_back(value == nullptr ? nullptr : value->constant());
  std::vector<Tensor> outputs = tenon::evaluate(*node_, inputs);
  evaluated_operators().insert(node_->op());
  expect_definition(*node_, inputs, outputs);
  return outputs;
}

std::set<std::string>& evaluated_operators() {
  static std::set<std::string> names;
  return names;
}

Tensor evaluate(const std::string& op, std::initializer_list<Input> inputs, Attributes attributes) {
  return OneNode(op, inputs, std::move(attributes)).evaluate().at(0);
}

std::vector<Tensor> evaluate_all(const std::string& op, std::initializer_list<Input> inputs, int outputs,
                                 Attributes attributes) {
  return OneNode(op, inputs, std::move(attributes), outputs).evaluate();
}

Typed::Typed(const char* text) : type(parse_type(text)), present(type.dtype != DType::kUndefined) {}
Typed::Typed(Tensor tensor) : type{tensor.dtype(), to_shape(tensor.dims())}, value(std::move(tensor)) {}

Typed Typed::without_dtype() {
  Typed typed("");
  typed.present = true;
  return typed;
}

TypedNode::TypedNode(const std::string& op, std::span<const Typed> inputs, Attributes attributes, int outputs) {
  std::vector<Value*> values;
  for (const Typed& input : inputs) {
    values.push_back(input.present ? graph.add_input("", input.type) : nullptr);
    types.push_back(input.type);
    known.push_back(input.value ? &*input.value : nullptr);
  }
  node = graph.add_node(op, "it", values, output_names(outputs), std::move(attributes));
}

std::string infer(const std::string& op, std::span<const Typed> inputs, Attributes attributes, int outputs) {
  const TypedNode typed(op, inputs, std::move(attributes), outputs);
  std::string text;
  for (const TensorType& type : infer_node(*typed.node, typed.types, typed.known).outputs) {
    if (!text.empty()) text += ", ";
    text += to_string(type);
  }
  return text;
}

Tensor tensor(DType dtype, const Dims& dims, const std::vector<double>& values) {
  Tensor result = Tensor::zeros(dtype, dims);
  EXPECT_EQ(result.count(), static_cast<int64_t>(values.size()));
  for (size_t i = 0; i < values.size(); ++i)
    store_f64(result.mutable_data(), dtype, static_cast<int64_t>(i), values[i]);
  return result;
}

Tensor spread(DType dtype, const Dims& dims, int seed) {
  std::vector<double> values(static_cast<size_t>(dims.count()));
  uint32_t state = 12345U + static_cast<uint32_t>(seed) * 977U;
  for (double& value : values) {
    state = state * 1664525U + 1013904223U;  // Knuth's linear congruential generator.
    value = (static_cast<double>(state >> 24U) - 128) * (is_float(dtype) ? 0.03125 : 0.1);
  }
  return tensor(dtype, dims, values);
}

std::vector<double> doubles(const Tensor& tensor) {
  std::vector<double> values(static_cast<size_t>(tensor.count()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = load_f64(tensor.data(), tensor.dtype(), static_cast<int64_t>(i));
  return values;
}

void expect_tensor(const Tensor& actual, DType dtype, const Dims& dims, const std::vector<double>& expected,
                   double tolerance) {
  ASSERT_EQ(dtype_name(actual.dtype()), dtype_name(dtype));
  ASSERT_EQ(to_string(actual.dims()), to_string(dims));
  ASSERT_EQ(actual.count(), static_cast<int64_t>(expected.size()));
  const std::vector<double> values = doubles(actual);
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(values[i])) << "element " << i << " is " << values[i];
    } else if (std::isinf(expected[i]) || tolerance == 0) {
      EXPECT_EQ(values[i], expected[i]) << "element " << i;
    } else {
      EXPECT_NEAR(values[i], expected[i], tolerance * std::max(1.0, std::fabs(expected[i]))) << "element " << i;
    }
  }
}

}  // namespace tenon::testing
