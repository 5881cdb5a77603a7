// SPDX-License-Identifier: Apache-2.0
#include "ops/define.h"

#include "ops/op_testing.h"

#include <cstring>

namespace tenon::testing {
namespace {

// A definition as text, after the inputs of the node that it reads: "0 2: layer Clip(…", or why there is none.
std::string define(const std::string& op, std::initializer_list<Typed> inputs, Attributes attributes = {},
                   int outputs = 1) {
  const TypedNode typed(op, {inputs.begin(), inputs.size()}, std::move(attributes), outputs);
  std::string text;
  const auto definition = definition_of(*typed.node, typed.types, typed.known, &text);
  if (!definition) return text;
  for (const size_t input : definition->inputs) text += std::to_string(input) + " ";
  return text + definition->layer.to_string();
}

TEST(Definition, KeepsConstantAndNamedDimensions) {
  EXPECT_EQ(define("Relu", {"f32[N,3]"}),
            "0 layer Relu(x0: f32[N, 3]) -> f32[N, 3]\n"
            "  y[N, i] = max(x0[N, i], 0)\n");
  EXPECT_EQ(define("Add", {"f32[N,?]", "f32[]"}),
            "0 1 layer Add(x0: f32[N, x0_1], x1: f32[]) -> f32[N, x0_1]\n"
            "  y[N, x0_1] = x0[N, x0_1] + x1[]\n");
}

TEST(Definition, RenamesDimensionsThatFormulasCannotName) {
  Typed x("f32[N,N]");
  x.type.shape = Shape{Dim("batch size"), Dim("x0")};
  EXPECT_EQ(define("Neg", {x}),
            "0 layer Neg(x0: f32[x_0, x_1]) -> f32[x_0, x_1]\n"
            "  y[x_0, x_1] = -x0[x_0, x_1]\n");
}

TEST(Definition, ReadsOnlyWhatItsFormulasNeed) {
  EXPECT_EQ(define("Clip", {"f32[n]", "", f32({}, {6})}),
            "0 layer Clip(x0: f32[n]) -> f32[n]\n"
            "  y[n] = min(x0[n], 6)\n");
  EXPECT_EQ(define("Clip", {"f32[n]", "", "f32[1]"}),
            "0 2 layer Clip(x0: f32[n], x2: f32[1]) -> f32[n]\n"
            "  y[n] = min(x0[n], x2[0])\n");
  EXPECT_EQ(define("ReduceSum", {"f32[n,m]", i64({1})}, {{"keepdims", int64_t{0}}}),
            "0 layer ReduceSum(x0: f32[n, m]) -> f32[n]\n"
            "  y[n] = sum[k < #m](x0[n, k])\n");
}

TEST(Definition, SaysWhyThereIsNone) {
  EXPECT_EQ(define("NonZero", {"f32[3]"}), "NonZero is not defined by formulas");
  EXPECT_EQ(define("Relu", {"f32[...]"}), "the rank of input 0 is not known");
  EXPECT_EQ(define("Identity", {"i4[2]"}), "input 0 has dtype i4, which expressions do not have");
  EXPECT_EQ(define("ReduceSum", {"f32[n,m]", "i64[1]"}), "the value of input 1 is not known");
  EXPECT_NE(define("Add", {"f32[N]", "f32[M]"}).find("N and M are not known to be equal"), std::string::npos);
  EXPECT_EQ(define("Slice", {"f32[N]", i64({1}), i64({2})}), "the extent of axis 0 is not known");
}

TEST(Definition, RefusesInvalidNodes) {
  expect_error(ErrorCode::kInvalidArgument, "Relu 'it': input 0 has dtype bool",
               [] { (void)define("Relu", {"bool[3]"}); });
}

// Bit by bit, whatever the bits mean: a NaN that signals, complex numbers, two elements to a byte.
TEST(Definition, MovesElementsOfEveryDType) {
  for (int32_t d = 1; d < kDTypeCount; ++d) {
    const auto dtype = static_cast<DType>(d);
    if (dtype == DType::kString) continue;
    SCOPED_TRACE(dtype_name(dtype));
    Tensor x = Tensor::zeros(dtype, {3, 5});
    auto* bytes = static_cast<uint8_t*>(x.mutable_data());
    for (int64_t i = 0; i < x.size_bytes(); ++i)
      bytes[i] = dtype == DType::kBool ? i % 4 == 0 : static_cast<uint8_t>(0xA1 + 7 * i);
    if (dtype_bits(dtype) == 4) bytes[7] &= 0x0F;  // The half that is none of its elements.
    if (dtype == DType::kFloat32) std::memcpy(bytes, "\x01\x00\x80\x7f", 4);
    const Tensor y = evaluate("Transpose", {x});
    EXPECT_EQ(to_string(y.dims()), "[5,3]");
    EXPECT_FALSE(identical(y.reshaped({3, 5}), x));
    EXPECT_TRUE(identical(evaluate("Transpose", {y}), x));
    EXPECT_TRUE(identical(evaluate("Concat", {x, x}, {{"axis", int64_t{1}}}).reshaped({3, 2, 5}),
                          evaluate("Expand", {x.reshaped({3, 1, 5}), i64({3, 2, 5})})));
    const Tensor places = Tensor::from<int64_t>({2, -3, 0}, {3, 1});
    EXPECT_TRUE(identical(evaluate("GatherND", {x, places}), evaluate("Gather", {x, i64({2, 0, 0})})));
  }
}

// With indices of a dtype that formulas compute with.
TEST(Definition, ChoosesElementsOfEveryDType) {
  for (int32_t d = 1; d < kDTypeCount; ++d) {
    const auto dtype = static_cast<DType>(d);
    if (dtype == DType::kString) continue;
    SCOPED_TRACE(dtype_name(dtype));
    Tensor values = Tensor::zeros(dtype, {2});
    auto* bytes = static_cast<uint8_t*>(values.mutable_data());
    for (int64_t i = 0; i < values.size_bytes(); ++i)
      bytes[i] = dtype == DType::kBool ? i % 2 == 0 : static_cast<uint8_t>(0x12 + i);
    const Tensor y = evaluate("OneHot", {f32({2}, {0, -1}), f32({}, {2}), values});
    EXPECT_TRUE(identical(y, evaluate("Gather", {values, i64({1, 0, 0, 1})}).reshaped({2, 2})));
  }
}

}  // namespace
}  // namespace tenon::testing
