// SPDX-License-Identifier: Apache-2.0
#include "ops/epilogue.h"
#include "ops/op_testing.h"

namespace tenon::testing {
namespace {

constexpr auto kInvalid = ErrorCode::kInvalidArgument;

TEST(CheckNode, CountsInputs) {
  expect_error(kInvalid, "Add 'it': it has 1 inputs but 2 are required",
               [] { (void)evaluate("Add", {f32({1}, {1})}); });
  expect_error(kInvalid, "it has 0 inputs but 1 or more are required", [] { (void)evaluate("Sum", {}); });
  expect_error(kInvalid, "it has 4 inputs but 2 to 3 are required",
               [] { (void)evaluate("Gemm", {f32({1, 1}, {1}), f32({1, 1}, {1}), std::nullopt, std::nullopt}); });
}

TEST(CheckNode, WantsRequiredInputs) {
  expect_error(kInvalid, "Add 'it': input 1 is left out but required",
               [] { (void)evaluate("Add", {f32({1}, {1}), std::nullopt}); });
}

TEST(CheckNode, CountsOutputs) {
  expect_error(kInvalid, "it has 2 outputs but 1 are required", [] { (void)evaluate_all("Relu", {f32({1}, {1})}, 2); });
}

TEST(CheckNode, KnowsItsAttributes) {
  expect_error(kInvalid, "it has the attribute 'alpa', which the operator does not know; did you mean 'alpha'?",
               [] { (void)evaluate("Elu", {f32({1}, {1})}, {{"alpa", 1.0}}); });
  expect_error(kInvalid, "the attribute 'alpha' is of kind int but float is required",
               [] { (void)evaluate("Elu", {f32({1}, {1})}, {{"alpha", int64_t{1}}}); });
  expect_error(kInvalid, "the attribute 'direction' (string) is missing but required",
               [] { (void)evaluate("BitShift", {tensor(DType::kUInt8, {1}, {1}), tensor(DType::kUInt8, {1}, {1})}); });
}

TEST(OpOf, SuggestsNearNames) {
  expect_error(ErrorCode::kUnsupported, "Relo 'it': it is not a standard operator; did you mean 'Relu'",
               [] { (void)evaluate("Relo", {f32({1}, {1})}); });
}

TEST(Epilogue, StepsRunInOrderOnTheAnchorsResult) {
  OneNode gemm("Gemm", {f32({2, 2}, {1, 2, 3, 4}), f32({2, 2}, {1, 0, 0, -1})});
  append_epilogue(gemm.node(), {.op = "Add"}, gemm.graph().add_constant("", f32({2}, {10, 0})));
  append_epilogue(gemm.node(), {.op = "Clip", .alpha = -2.5, .beta = 12});
  append_epilogue(gemm.node(), {.op = "Mul"}, gemm.graph().add_constant("", f32({2, 1}, {1, 2})));
  EXPECT_EQ(anchor_input_count(gemm.node()), 2U);
  expect_tensor(gemm.evaluate()[0], DType::kFloat32, {2, 2}, {11, -2, 24, -5});
}

TEST(Epilogue, KeepsTheBiasTheAnchorsOwn) {
  OneNode gemm("Gemm", {f32({1, 1}, {2}), f32({1, 1}, {3}), f32({1}, {1})});
  append_epilogue(gemm.node(), {.op = "Sub"}, gemm.graph().add_constant("", f32({1}, {10})));
  append_epilogue(gemm.node(), {.op = "LeakyRelu", .alpha = 0.5});
  const auto steps = epilogue_of(gemm.node());
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].operand, 3);
  EXPECT_EQ(steps[1].operand, -1);
  expect_tensor(gemm.evaluate()[0], DType::kFloat32, {1, 1}, {-1.5});
}

TEST(Epilogue, RefusesWhatDoesNotFitTogether) {
  OneNode unequal("MatMul", {f32({1, 1}, {2}), f32({1, 1}, {3})}, {{"epilogue", std::vector<std::string>{"Relu"}}});
  expect_error(ErrorCode::kCorrupt, "its epilogue has 1 operators but 0 and 0 parameters",
               [&] { (void)unequal.evaluate(); });
  OneNode unknown("MatMul", {f32({1, 1}, {2}), f32({1, 1}, {3})}, {{"epilogue", std::vector<std::string>{"Conv"}}});
  expect_error(ErrorCode::kCorrupt, "the step 'Conv', which no epilogue may have", [&] { (void)unknown.evaluate(); });
  OneNode shape("MatMul", {f32({1, 1}, {2}), f32({1, 1}, {3})});
  append_epilogue(shape.node(), {.op = "Add"}, shape.graph().add_constant("", f32({2}, {1, 2})));
  expect_error(kInvalid, "epilogue's Add has shape [2], which does not broadcast to [1,1]",
               [&] { (void)shape.evaluate(); });
  OneNode dtype("MatMul", {f32({1, 1}, {2}), f32({1, 1}, {3})});
  append_epilogue(dtype.node(), {.op = "Add"}, dtype.graph().add_constant("", tensor(DType::kFloat64, {}, {1})));
  expect_error(kInvalid, "epilogue's Add has dtype f64 but the result has f32", [&] { (void)dtype.evaluate(); });
  OneNode relu("Relu", {f32({1}, {1})}, {{"epilogue", std::vector<std::string>{"Relu"}}});
  expect_error(kInvalid, "it has the attribute 'epilogue', which the operator does not know",
               [&] { (void)relu.evaluate(); });
}

// A step does what the operator of its name does.
TEST(Epilogue, EveryStepIsAnOperator) {
  const std::vector<double> values = {0.25, 0.5, 1, 3.5};
  for (const std::string_view name : epilogue_unary_ops()) {
    SCOPED_TRACE(name);
    const std::string op(name);
    ASSERT_NE(find_op(op), nullptr);
    Attributes attributes;
    EpilogueStep step{.op = op};
    for (const AttributeSpec& spec : find_op(op)->attributes) {
      if (!std::holds_alternative<double>(spec.fallback)) continue;
      (spec.name == "alpha" ? step.alpha : step.beta) = 0.75;
      attributes[spec.name] = 0.75;
    }
    if (op == "Clip") step.beta = 0.75;
    const Tensor expected = op == "Clip" ? evaluate(op, {f32({4}, values), f32({}, {0}), f32({}, {0.75})})
                                         : evaluate(op, {f32({4}, values)}, attributes);
    Tensor actual = f32({4}, values);
    apply_epilogue_step(step, actual.mutable_view(), {});
    EXPECT_TRUE(identical(actual, expected));
  }
  for (const std::string_view name : epilogue_binary_ops()) {
    SCOPED_TRACE(name);
    const Tensor operand = f32({1}, {-2});
    Tensor actual = f32({4}, values);
    apply_epilogue_step({.op = std::string(name), .operand = 1}, actual.mutable_view(), operand.view());
    EXPECT_TRUE(identical(actual, evaluate(std::string(name), {f32({4}, values), operand})));
  }
}

TEST(Epilogue, IsAppendedOnlyAsItCanRun) {
  OneNode gemm("Gemm", {f32({1, 1}, {2}), f32({1, 1}, {3})});
  expect_error(ErrorCode::kInternal, "'Add' with no operand cannot be appended",
               [&] { append_epilogue(gemm.node(), {.op = "Add"}); });
  expect_error(ErrorCode::kInternal, "'Relu' with an operand cannot be appended",
               [&] { append_epilogue(gemm.node(), {.op = "Relu"}, gemm.node().input(0)); });
  expect_error(ErrorCode::kInternal, "'Conv' with no operand cannot be appended",
               [&] { append_epilogue(gemm.node(), {.op = "Conv"}); });
  EXPECT_TRUE(epilogue_of(gemm.node()).empty());
}

TEST(AttributeReader, GivesDefaultsAndRefusesWhatIsNotDeclared) {
  OpDef op;
  op.attributes = {{"axis", int64_t{3}}, {"to", DType::kFloat16}, {"size", std::vector<int64_t>{}, true}};
  OneNode given("Relu", {f32({1}, {1})}, {{"to", int64_t{1}}});
  OneNode none("Relu", {f32({1}, {1})});
  EXPECT_EQ(AttributeReader(none.node(), op).integer("axis"), 3);
  EXPECT_FALSE(AttributeReader(none.node(), op).has("axis"));
  EXPECT_EQ(AttributeReader(none.node(), op).dtype("to"), DType::kFloat16);
  EXPECT_EQ(AttributeReader(given.node(), op).dtype("to"), DType::kFloat32);
  expect_error(kInvalid, "Relu 'it': the attribute 'size' (ints) is missing but required",
               [&] { (void)AttributeReader(none.node(), op).integers("size"); });
  expect_error(ErrorCode::kInternal, "does not declare the attribute 'mode'",
               [&] { (void)AttributeReader(none.node(), op).string("mode"); });
  expect_error(ErrorCode::kInternal, "declared as int and read as another kind",
               [&] { (void)AttributeReader(none.node(), op).number("axis"); });
}

}  // namespace
}  // namespace tenon::testing
