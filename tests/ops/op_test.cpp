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

}  // namespace
}  // namespace tenon::testing
