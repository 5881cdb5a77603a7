// SPDX-License-Identifier: Apache-2.0
#include "conversion/step.h"
#include "conversion/tensorflow/rules.h"

#include <fmt/core.h>

// Sources, operators that work element by element, and the matrix product.
namespace tenon::conversion::tensorflow {
namespace {

void placeholder(Step& step) {
  const DType dtype = step.type("dtype", DType::kUndefined);
  if (dtype == DType::kUndefined)
    step.fail("its attribute 'dtype' is missing, but the data type of an input is required");
  const Attribute* shape = step.node().attribute("shape");
  const auto* type = shape == nullptr ? nullptr : std::get_if<TensorType>(shape);
  step.emit_input({dtype, type == nullptr ? std::nullopt : type->shape});
}

void constant(Step& step) {
  const Attribute* value = step.node().attribute("value");
  if (value == nullptr) step.fail("its attribute 'value' is missing");
  const auto* tensor = std::get_if<Tensor>(value);
  if (tensor == nullptr)
    Step::decline("its tensor is of a data type that Tenon does not have (quantised, a resource or a variant)");
  step.emit_constant(*tensor);
}

void function(Step& step) { step.emit_function(); }

void leaky_relu(Step& step) {
  // The attribute is a float, which the file has as a double.
  step.emit("LeakyRelu", {step.input(0)}, {{"alpha", double{static_cast<float>(step.number("alpha", 0.2))}}});
}

// The constant comes right before the sum. In the order NCHW it goes along axis 1.
void bias_add(Step& step) {
  const bool channels_first = step.text("data_format", "NHWC") == "NCHW";
  Operand bias = step.input(1);
  if (const Tensor* tensor = step.constant(1)) {
    if (tensor->dims().rank() != 1)
      step.fail(fmt::format("its bias has the shape {}, but 1 dimension is required", to_string(tensor->dims())));
    bias = step.constant_input(1, channels_first ? tensor->reshaped({tensor->count(), 1, 1}) : *tensor);
  } else if (channels_first) {
    bias = step.helper("ExpandDims", {bias}, {{"axis", int64_t{1}}});
    bias = step.helper("ExpandDims", {bias}, {{"axis", int64_t{2}}});
  }
  step.emit("Binary", {step.input(0), bias}, {{"func", "add"}});
}

void matmul(Step& step) {
  const bool transpose_a = step.flag("transpose_a"), transpose_b = step.flag("transpose_b");
  step.emit("FullyConnected", {step.input(0), step.input(1)},
            {{"inputs_orders", orders({transpose_a ? "CN" : "NC", transpose_b ? "KC" : "CK"})}});
}

// --- made of several

void add_n(Step& step) {
  std::vector<Operand> terms = step.inputs();
  if (terms.empty()) step.fail("it has no inputs, but at least 1 is required");
  if (terms.size() == 1) {
    step.emit("Identity", std::move(terms));
    return;
  }
  Operand sum = terms[0];
  for (size_t i = 1; i + 1 < terms.size(); ++i) sum = step.helper("Binary", {sum, terms[i]}, {{"func", "add"}});
  step.emit("Binary", {sum, terms.back()}, {{"func", "add"}});
}

void squared_difference(Step& step) {
  Node* difference = step.helper("Binary", {step.input(0), step.input(1)}, {{"func", "sub"}});
  step.emit("Unary", {difference}, {{"func", "square"}});
}

void clip_by_value(Step& step) {
  Node* capped = step.helper("Binary", {step.input(0), step.input(2)}, {{"func", "min"}});
  step.emit("Binary", {capped, step.input(1)}, {{"func", "max"}});
}

void reciprocal(Step& step) {
  Node* one = step.scalar(step.type("T", DType::kUndefined), 1);
  step.emit("Binary", {one, step.input(0)}, {{"func", "div"}});
}

constexpr Rule kRules[] = {
    {"Abs", function, "Unary:abs"},
    {"Acos", function, "Unary:acos"},
    {"Acosh", function, "Unary:acosh"},
    {"Add", function, "Binary:add"},
    {"AddN", add_n},
    {"AddV2", function, "Binary:add"},
    {"Asin", function, "Unary:asin"},
    {"Asinh", function, "Unary:asinh"},
    {"Atan", function, "Unary:atan"},
    {"Atanh", function, "Unary:atanh"},
    {"BiasAdd", bias_add},
    {"BiasAddV1", bias_add},
    {"Ceil", function, "Unary:ceil"},
    {"ClipByValue", clip_by_value},
    {"Const", constant},
    {"Cos", function, "Unary:cos"},
    {"Cosh", function, "Unary:cosh"},
    {"Div", function, "Binary:div"},
    {"Elu", function, "Activation:elu"},
    {"Exp", function, "Unary:exp"},
    {"Floor", function, "Unary:floor"},
    {"Inv", reciprocal},
    {"LeakyRelu", leaky_relu},
    {"Log", function, "Unary:log"},
    {"MatMul", matmul},
    {"Maximum", function, "Binary:max"},
    {"Minimum", function, "Binary:min"},
    {"Mul", function, "Binary:mul"},
    {"Neg", function, "Unary:neg"},
    {"Placeholder", placeholder},
    {"PlaceholderV2", placeholder},
    {"Pow", function, "Binary:pow"},
    {"RealDiv", function, "Binary:div"},
    {"Reciprocal", reciprocal},
    {"Relu", function, "Activation:relu"},
    {"Relu6", function, "Activation:relu6"},
    {"Rsqrt", function, "Unary:rsqrt"},
    {"Selu", function, "Activation:selu"},
    {"Sigmoid", function, "Activation:sigmoid"},
    {"Sin", function, "Unary:sin"},
    {"Sinh", function, "Unary:sinh"},
    {"Softplus", function, "Activation:softplus"},
    {"Softsign", function, "Activation:softsign"},
    {"Sqrt", function, "Unary:sqrt"},
    {"Square", function, "Unary:square"},
    {"SquaredDifference", squared_difference},
    {"Sub", function, "Binary:sub"},
    {"Tan", function, "Unary:tan"},
    {"Tanh", function, "Activation:tanh"},
};

}  // namespace

std::span<const Rule> pointwise_rules() { return kRules; }

}  // namespace tenon::conversion::tensorflow
