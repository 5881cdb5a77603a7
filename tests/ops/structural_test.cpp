// SPDX-License-Identifier: Apache-2.0
#include "errors.h"
#include "ops/op_testing.h"

// Operators with a shape rule of their own: what their type rules answer with symbols and unknown extents, what they
// refuse, and the attributes that the vectors cannot write. Their results are compared by vectors_test.cpp.
namespace tenon::testing {
namespace {

using Ints = std::vector<int64_t>;

struct Rule {
  const char* op;
  std::vector<Typed> inputs;
  Attributes attributes;
  const char* expected;
  int outputs = 1;
};

TEST(StructuralTypes, FollowSymbolsAndKnownValues) {
  const std::vector<Rule> rules = {
      {"Conv",
       {"f32[N,3,224,224]", "f32[32,3,3,3]"},
       {{"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}},
       "f32[N,32,112,112]"},
      {"Conv", {"f32[N,3,H,224]", "f32[32,3,3,3]"}, {}, "f32[N,32,?,222]"},
      {"Conv", {"f32[N,3,H,9]", "f32[8,3,3,3]"}, {{"auto_pad", std::string("SAME_UPPER")}}, "f32[N,8,H,9]"},
      {"Conv", {"f32[N,224,224,3]", "f32[32,3,3,3]"}, {{"channels_last", int64_t{1}}}, "f32[N,222,222,32]"},
      {"Conv", {"f32[...]", "f32[32,3,3,3]"}, {}, "f32[...]"},
      {"ConvTranspose", {"f32[N,4,5,5]", "f32[4,2,3,3]"}, {{"strides", Ints{2, 2}}}, "f32[N,2,11,11]"},
      {"MaxPool", {"f32[N,3,8,8]"}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}}, "f32[N,3,4,4]"},
      {"GlobalAveragePool", {"f32[N,3,H,W]"}, {}, "f32[N,3,1,1]"},
      {"GlobalAveragePool", {"f32[N,H,W,3]"}, {{"channels_last", int64_t{1}}}, "f32[N,1,1,3]"},
      {"Reshape", {"f32[N,1,28,28]", i64({-1, 784})}, {}, "f32[N,784]"},
      {"Reshape", {"f32[N,1,28,28]", i64({0, -1})}, {}, "f32[N,784]"},
      {"Reshape", {"f32[N,4]", "i64[3]"}, {}, "f32[?,?,?]"},
      {"Flatten", {"f32[N,1,28,28]"}, {}, "f32[N,784]"},
      {"Transpose", {"f32[N,H,W,3]"}, {{"perm", Ints{0, 3, 1, 2}}}, "f32[N,3,H,W]"},
      {"Concat", {"f32[N,3]", "f32[N,4]"}, {{"axis", int64_t{1}}}, "f32[N,7]"},
      {"Concat", {"f32[N,3]", "f32[M,3]"}, {{"axis", int64_t{0}}}, "f32[?,3]"},
      {"Split", {"f32[N,6]"}, {{"axis", int64_t{1}}, {"num_outputs", int64_t{2}}}, "f32[N,3], f32[N,3]", 2},
      {"Slice", {"f32[N,10]", i64({1}), i64({9}), i64({1})}, {}, "f32[N,8]"},
      {"Slice", {"f32[N,10]", "i64[1]", "i64[1]", i64({1})}, {}, "f32[?,?]"},
      {"Gather", {"f32[V,8]", "i64[N,5]"}, {}, "f32[N,5,8]"},
      {"Pad", {"f32[N,3]", i64({0, 1, 0, 2})}, {}, "f32[N,6]"},
      {"Squeeze", {"f32[N,1,1,8]", i64({1, 2})}, {}, "f32[N,8]"},
      {"Unsqueeze", {"f32[N]", i64({0, -1})}, {}, "f32[1,N,1]"},
      {"Expand", {"f32[N,1]", i64({1, 4})}, {}, "f32[N,4]"},
      {"Tile", {"f32[2,3]", i64({2, 1})}, {}, "f32[4,3]"},
      {"Shape", {"f32[N,3,4]"}, {}, "i64[3]"},
      {"Size", {"f32[N,3]"}, {}, "i64[]"},
      {"ConstantOfShape", {i64({2, 3})}, {}, "f32[2,3]"},
      {"ConstantOfShape", {"i64[2]"}, {}, "f32[?,?]"},
      {"Cast", {"f32[N,3]"}, {{"to", int64_t{7}}}, "i64[N,3]"},
      {"Range", {i64({0}).reshaped({}), i64({5}).reshaped({}), i64({2}).reshaped({})}, {}, "i64[3]"},
      {"NonZero", {"f32[N,3]"}, {}, "i64[2,?]"},
      {"Resize", {"f32[N,3,8,8]", "", f32({4}, {1, 1, 2, 0.5})}, {}, "f32[N,3,16,4]"},
      {"DepthToSpace", {"f32[N,8,H,3]"}, {{"blocksize", int64_t{2}}}, "f32[N,2,?,6]"},
  };
  for (const Rule& rule : rules) {
    EXPECT_EQ(infer(rule.op, rule.inputs, rule.attributes, rule.outputs), rule.expected) << rule.op;
  }
}

struct Refusal {
  const char* op;
  std::vector<Typed> inputs;
  Attributes attributes;
  const char* message;
  int outputs = 1;
};

TEST(StructuralTypes, RefuseWhatDoesNotFit) {
  const int64_t huge = int64_t{1} << 62;
  const std::vector<Refusal> rows = {
      {"Conv", {"f32[1,3,8,8]", "f32[4,2,3,3]"}, {}, "input 0 has 3 channels but the weights"},
      {"Conv", {"f32[1,3,8,8]", "f32[4,3,9,9]"}, {}, "but the kernel spans 9"},
      {"Conv", {"f32[1,3,8,8]", "f32[4,3,3,3]"}, {{"strides", Ints{0, 1}}}, "strides has the number 0"},
      {"Conv", {"f32[1,3,8,8]", "f32[4,3,3,3]"}, {{"strides", Ints{1}}}, "strides has 1 numbers but 2 are required"},
      {"Conv", {"f32[1,3,8,8]", "f32[4,3,3,3]"}, {{"dilations", Ints{huge, 1}}}, "dilations has the number"},
      {"Conv", {"f32[1,3,8,8]", "f32[4,3,3,3]"}, {{"pads", Ints{-1, 0, 0, 0}}}, "pads has the number -1"},
      {"Conv", {"f32[1,3,8,8]", "f32[4,3,3,3]"}, {{"group", int64_t{0}}}, "group is 0"},
      {"Conv", {"f32[1,3,8,8]", "f32[4,3,3,3]"}, {{"auto_pad", std::string("SAME")}}, "auto_pad is 'SAME'"},
      {"Conv", {"i32[1,3,8,8]", "i32[4,3,3,3]"}, {}, "has dtype i32"},
      {"Conv", {"f32[1,3]", "f32[4,3]"}, {}, "rank 3 to 5 is required"},
      {"MaxPool", {"f32[1,3,8,8]"}, {}, "kernel_shape"},
      {"MaxPool",
       {"f32[1,3,8,8]"},
       {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{2, 0, 0, 0}}},
       "less than the kernel's span"},
      {"Concat", {"f32[2,3]", "f32[2,4]"}, {{"axis", int64_t{0}}}, "3 and 4 but must be equal"},
      {"Concat", {"f32[2,3]", "f32[2]"}, {{"axis", int64_t{0}}}, "equal ranks are required"},
      {"Split", {"f32[6]", i64({4, 4})}, {}, "add up to 8 but axis 0 has extent 6", 2},
      {"Slice", {"f32[4]", i64({0}), i64({4}), i64({0}), i64({0})}, {}, "steps has a 0"},
      {"Slice", {"f32[4]", i64({0}), i64({4}), i64({3})}, {}, "axis 3 is given"},
      {"Pad", {"f32[2,3]", i64({1, 1})}, {}, "4 are required"},
      {"Pad", {"f32[2]", i64({-2, -1})}, {}, "take more away"},
      {"Pad", {"f32[2]", i64({1, 1})}, {{"mode", std::string("loop")}}, "mode is 'loop'"},
      {"Squeeze", {"f32[2,1]", i64({0})}, {}, "has extent 2"},
      {"Expand", {"f32[2]", i64({3})}, {}, "do not broadcast"},
      {"Transpose", {"f32[2,3]"}, {{"perm", Ints{0, 0}}}, "perm is"},
      {"Tile", {"f32[2]", i64({-1})}, {}, "repeats has the number -1"},
      {"Resize", {"f32[1,1,2,2]"}, {}, "exactly one of scales and sizes"},
      {"OneHot", {"i64[2]", i64({0}), "f32[2]"}, {}, "depth is 0"},
      {"DepthToSpace", {"f32[1,3,2,2]"}, {{"blocksize", int64_t{2}}}, "a multiple of blocksize"},
      {"Reshape", {"f32[2,3]", i64({4, 2})}, {}, "Reshape"},
      {"Constant", {}, {}, "exactly one of the attributes"},
  };
  for (const Refusal& row : rows) {
    SCOPED_TRACE(row.op);
    test::expect_error(ErrorCode::kInvalidArgument, row.message,
                       [&] { (void)infer(row.op, row.inputs, row.attributes, row.outputs); });
  }
}

TEST(StructuralKernels, RefuseIndicesOutsideTheAxis) {
  const Tensor data = f32({2, 3}, {1, 2, 3, 4, 5, 6});
  test::expect_error(ErrorCode::kInvalidArgument, "the index 2 is outside",
                     [&] { (void)evaluate("Gather", {data, i64({2})}); });
  test::expect_error(ErrorCode::kInvalidArgument, "the index -4 is outside",
                     [&] { (void)evaluate("Gather", {data, i64({-4})}, {{"axis", int64_t{1}}}); });
}

TEST(Constant, GivesItsTensorOrItsNumbers) {
  const Tensor value = f32({2}, {1, 2});
  EXPECT_TRUE(identical(evaluate("Constant", {}, {{"value", value}}), value));
  EXPECT_EQ(doubles(evaluate("Constant", {}, {{"value_ints", Ints{3, -1}}})), (std::vector<double>{3, -1}));
  const Tensor number = evaluate("Constant", {}, {{"value_float", 0.5}});
  EXPECT_EQ(number.dtype(), DType::kFloat32);
  EXPECT_EQ(number.dims().rank(), 0);
}

TEST(ConstantOfShape, RepeatsItsValueInItsDType) {
  const Tensor ones = evaluate("ConstantOfShape", {i64({2, 2})}, {{"value", i64({7})}});
  EXPECT_EQ(ones.dtype(), DType::kInt64);
  EXPECT_EQ(doubles(ones), (std::vector<double>{7, 7, 7, 7}));
}

TEST(Moves, FourBitElementsKeepTheirPlace) {
  const Tensor x = tensor(DType::kInt4, {3, 3}, {1, -2, 3, -4, 5, -6, 7, -8, 0});
  EXPECT_EQ(doubles(evaluate("Transpose", {x})), (std::vector<double>{1, -4, 7, -2, 5, -8, 3, -6, 0}));
}

}  // namespace
}  // namespace tenon::testing
