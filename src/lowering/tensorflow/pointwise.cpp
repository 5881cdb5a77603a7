// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/rules.h"

// Operators that work element by element. Formulas are TensorFlow's (tensorflow/core/ops/math_ops.cc, nn_ops.cc).
namespace tenon::lowering::tensorflow {
namespace {

// --- the same operator under another name

void unary(Rewrite& rewrite) { rewrite.emit(rewrite.target(), {rewrite.input(0)}); }

void binary(Rewrite& rewrite) { rewrite.emit(rewrite.target(), {rewrite.input(0), rewrite.input(1)}); }

void elu(Rewrite& rewrite) { rewrite.emit("Elu", {rewrite.input(0)}, {{"alpha", 1.0}}); }

void leaky_relu(Rewrite& rewrite) {
  rewrite.emit("LeakyRelu", {rewrite.input(0)}, {{"alpha", rewrite.number("alpha", 0.2)}});
}

void not_equal(Rewrite& rewrite) { rewrite.emit("Not", {rewrite.step("Equal", {rewrite.input(0), rewrite.input(1)})}); }

// --- made of others

void add_n(Rewrite& rewrite) {
  const std::vector<Value*> inputs = rewrite.inputs();
  if (inputs.empty()) rewrite.fail("it has no inputs, but at least 1 is required");
  if (inputs.size() == 1) return rewrite.alias(0, inputs[0]);
  Value* sum = inputs[0];
  for (size_t i = 1; i + 1 < inputs.size(); ++i) sum = rewrite.step("Add", {sum, inputs[i]});
  rewrite.emit("Add", {sum, inputs.back()});
}

void relu6(Rewrite& rewrite) {
  const DType dtype = rewrite.dtype();
  rewrite.emit("Clip", {rewrite.input(0), rewrite.scalar(dtype, 0), rewrite.scalar(dtype, 6)});
}

void clip_by_value(Rewrite& rewrite) {
  Value *x = rewrite.input(0), *low = rewrite.input(1), *high = rewrite.input(2);
  const auto is_scalar = [](const Value* value) { return value->type().shape && value->type().shape->empty(); };
  if (is_scalar(low) && is_scalar(high)) {
    rewrite.emit("Clip", {x, low, high});
  } else {
    rewrite.emit("Max", {rewrite.step("Min", {x, high}), low});
  }
}

void rsqrt(Rewrite& rewrite) { rewrite.emit("Reciprocal", {rewrite.step("Sqrt", {rewrite.input(0)})}); }

void square(Rewrite& rewrite) { rewrite.emit("Mul", {rewrite.input(0), rewrite.input(0)}); }

void squared_difference(Rewrite& rewrite) {
  Value* difference = rewrite.step("Sub", {rewrite.input(0), rewrite.input(1)});
  rewrite.emit("Mul", {difference, difference});
}

// erfc(x) = 1 - erf(x): exact to one rounding of 1, so small results (x > 3) lose digits.
void erfc(Rewrite& rewrite) {
  rewrite.emit("Sub", {rewrite.scalar(rewrite.dtype(), 1), rewrite.step("Erf", {rewrite.input(0)})});
}

// ln(1 + x) without losing the digits of a small x: with u = 1 + x rounded, ln(u) * x / (u - 1) (Kahan, see Goldberg
// 1991, theorem 4); x itself where u is 1, ln(u) where u is x, which covers infinity.
void log1p(Rewrite& rewrite) {
  Value* x = rewrite.input(0);
  Value* one = rewrite.scalar(rewrite.dtype(), 1);
  Value* u = rewrite.step("Add", {x, one});
  Value* log = rewrite.step("Log", {u});
  Value* corrected = rewrite.step("Mul", {log, rewrite.step("Div", {x, rewrite.step("Sub", {u, one})})});
  Value* small = rewrite.step("Where", {rewrite.step("Equal", {u, one}), x, corrected});
  rewrite.emit("Where", {rewrite.step("Equal", {u, x}), log, small});
}

// e^x - 1 by the same idea: with u = e^x rounded, (u - 1) * x / ln(u); x itself where u is 1, u - 1 where that is u
// (large x, infinity) or -1 (very negative x).
void expm1(Rewrite& rewrite) {
  Value* x = rewrite.input(0);
  Value* one = rewrite.scalar(rewrite.dtype(), 1);
  Value* u = rewrite.step("Exp", {x});
  Value* minus = rewrite.step("Sub", {u, one});
  Value* corrected = rewrite.step("Mul", {minus, rewrite.step("Div", {x, rewrite.step("Log", {u})})});
  Value* small = rewrite.step("Where", {rewrite.step("Equal", {u, one}), x, corrected});
  Value* is_large = rewrite.step("Equal", {minus, u});
  Value* is_least = rewrite.step("Equal", {minus, rewrite.scalar(rewrite.dtype(), -1)});
  rewrite.emit("Where", {rewrite.step("Or", {is_large, is_least}), minus, small});
}

void floor_div(Rewrite& rewrite) {
  Value *a = rewrite.input(0), *b = rewrite.input(1);
  switch (dtype_kind(rewrite.dtype())) {
    case DTypeKind::kFloat:
      rewrite.emit("Floor", {rewrite.step("Div", {a, b})});
      return;
    case DTypeKind::kUnsigned:
      rewrite.emit("Div", {a, b});
      return;
    // Taking off the remainder with the divisor's sign makes the division exact.
    case DTypeKind::kSigned:
      rewrite.emit("Div", {rewrite.step("Sub", {a, rewrite.step("Mod", {a, b}, {{"fmod", int64_t{0}}})}), b});
      return;
    default:
      Rewrite::decline("the data type of its inputs is not known, or no number");
  }
}

void floor_mod(Rewrite& rewrite) {
  Value *a = rewrite.input(0), *b = rewrite.input(1);
  if (dtype_kind(rewrite.dtype()) != DTypeKind::kFloat) {
    rewrite.emit("Mod", {a, b}, {{"fmod", int64_t{0}}});
    return;
  }
  // fmod has the dividend's sign; where that is not the divisor's, the divisor is added. Exact, unlike a - b * floor(a
  // / b).
  Value* zero = rewrite.scalar(rewrite.dtype(), 0);
  Value* rest = rewrite.step("Mod", {a, b}, {{"fmod", int64_t{1}}});
  Value* differs = rewrite.step("Xor", {rewrite.step("Less", {rest, zero}), rewrite.step("Less", {b, zero})});
  Value* is_rest = rewrite.step("Not", {rewrite.step("Equal", {rest, zero})});
  rewrite.emit("Where", {rewrite.step("And", {differs, is_rest}), rewrite.step("Add", {rest, b}), rest});
}

// TensorFlow's Mod truncates.
void mod(Rewrite& rewrite) { rewrite.emit("Mod", {rewrite.input(0), rewrite.input(1)}, {{"fmod", int64_t{1}}}); }

void div_no_nan(Rewrite& rewrite) {
  Value *a = rewrite.input(0), *b = rewrite.input(1), *zero = rewrite.scalar(rewrite.dtype(), 0);
  rewrite.emit("Where", {rewrite.step("Equal", {b, zero}), zero, rewrite.step("Div", {a, b})});
}

// x * y, but 0 where y is 0, whatever x is.
void mul_no_nan(Rewrite& rewrite) {
  Value *x = rewrite.input(0), *y = rewrite.input(1), *zero = rewrite.scalar(rewrite.dtype(), 0);
  rewrite.emit("Where", {rewrite.step("Equal", {y, zero}), zero, rewrite.step("Mul", {x, y})});
}

void is_finite(Rewrite& rewrite) {
  Value* x = rewrite.input(0);
  rewrite.emit("Not", {rewrite.step("Or", {rewrite.step("IsNaN", {x}), rewrite.step("IsInf", {x})})});
}

// TensorFlow 1's Select takes a vector that chooses whole rows, too.
void select(Rewrite& rewrite) {
  Value* condition = rewrite.input(0);
  const auto& condition_shape = rewrite.shape(0);
  if (!condition_shape || condition_shape->size() == 1) {
    const int64_t rank = rewrite.rank(1);
    if (rewrite.rank(0) == 1 && rank > 1) {
      std::vector<int64_t> axes;
      for (int64_t axis = 1; axis < rank; ++axis) axes.push_back(axis);
      condition = rewrite.step("Unsqueeze", {condition, rewrite.vector(axes)});
    }
  }
  rewrite.emit("Where", {condition, rewrite.input(1), rewrite.input(2)});
}

void where(Rewrite& rewrite) { rewrite.emit("Where", {rewrite.input(0), rewrite.input(1), rewrite.input(2)}); }

// BiasAdd, NCHW: the bias goes along axis 1.
void bias_add(Rewrite& rewrite) {
  Value* bias = rewrite.input(1);
  if (rewrite.text("data_format", "NHWC") == "NCHW") {
    std::vector<int64_t> target(static_cast<size_t>(rewrite.rank(0)), 1);
    if (target.size() < 2) rewrite.fail("data_format is NCHW, but its input has less than 2 dimensions");
    target[1] = -1;
    bias = rewrite.reshaped(bias, target);
  }
  rewrite.emit("Add", {rewrite.input(0), bias});
}

void cast(Rewrite& rewrite) {
  const DType to = rewrite.type("DstT", DType::kUndefined);
  if (to == DType::kUndefined) rewrite.fail("its attribute 'DstT' is missing");
  if (rewrite.input(0)->type().dtype == to) return rewrite.alias(0, rewrite.input(0));
  rewrite.emit("Cast", {rewrite.input(0)}, {{"to", to}});
}

constexpr Rule kRules[] = {
    {"Abs", unary, "Abs"},
    {"Acos", unary, "Acos"},
    {"Acosh", unary, "Acosh"},
    {"Add", binary, "Add"},
    {"AddN", add_n},
    {"AddV2", binary, "Add"},
    {"Asin", unary, "Asin"},
    {"Asinh", unary, "Asinh"},
    {"Atan", unary, "Atan"},
    {"Atanh", unary, "Atanh"},
    {"BiasAdd", bias_add},
    {"BiasAddV1", binary, "Add"},
    {"BitwiseAnd", binary, "BitwiseAnd"},
    {"BitwiseOr", binary, "BitwiseOr"},
    {"BitwiseXor", binary, "BitwiseXor"},
    {"Cast", cast},
    {"Ceil", unary, "Ceil"},
    {"ClipByValue", clip_by_value},
    {"Cos", unary, "Cos"},
    {"Cosh", unary, "Cosh"},
    {"Div", binary, "Div"},
    {"DivNoNan", div_no_nan},
    {"Elu", elu},
    {"Equal", binary, "Equal"},
    {"Erf", unary, "Erf"},
    {"Erfc", erfc},
    {"Exp", unary, "Exp"},
    {"Expm1", expm1},
    {"Floor", unary, "Floor"},
    {"FloorDiv", floor_div},
    {"FloorMod", floor_mod},
    {"Greater", binary, "Greater"},
    {"GreaterEqual", binary, "GreaterOrEqual"},
    {"Inv", unary, "Reciprocal"},
    {"Invert", unary, "BitwiseNot"},
    {"IsFinite", is_finite},
    {"IsInf", unary, "IsInf"},
    {"IsNan", unary, "IsNaN"},
    {"LeakyRelu", leaky_relu},
    {"Less", binary, "Less"},
    {"LessEqual", binary, "LessOrEqual"},
    {"Log", unary, "Log"},
    {"Log1p", log1p},
    {"LogicalAnd", binary, "And"},
    {"LogicalNot", unary, "Not"},
    {"LogicalOr", binary, "Or"},
    {"Maximum", binary, "Max"},
    {"Minimum", binary, "Min"},
    {"Mod", mod},
    {"Mul", binary, "Mul"},
    {"MulNoNan", mul_no_nan},
    {"Neg", unary, "Neg"},
    {"NotEqual", not_equal},
    {"Pow", binary, "Pow"},
    {"RealDiv", binary, "Div"},
    {"Reciprocal", unary, "Reciprocal"},
    {"Relu", unary, "Relu"},
    {"Relu6", relu6},
    {"Rint", unary, "Round"},
    {"Round", unary, "Round"},
    {"Rsqrt", rsqrt},
    {"Select", select},
    {"SelectV2", where},
    {"Selu", unary, "Selu"},
    {"Sigmoid", unary, "Sigmoid"},
    {"Sign", unary, "Sign"},
    {"Sin", unary, "Sin"},
    {"Sinh", unary, "Sinh"},
    {"Softplus", unary, "Softplus"},
    {"Softsign", unary, "Softsign"},
    {"Sqrt", unary, "Sqrt"},
    {"Square", square},
    {"SquaredDifference", squared_difference},
    {"Sub", binary, "Sub"},
    {"Tan", unary, "Tan"},
    {"Tanh", unary, "Tanh"},
    {"TruncateDiv", binary, "Div"},
    {"TruncateMod", mod},
};

}  // namespace

std::span<const Rule> pointwise_rules() { return kRules; }

}  // namespace tenon::lowering::tensorflow
