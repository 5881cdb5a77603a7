// SPDX-License-Identifier: Apache-2.0
#include "errors.h"
#include "ops/op_testing.h"

#include <cmath>

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

// A type whose last extent is close to the largest, behind extents of 1.
Typed nearly_endless(const std::string& dtype, int ones, int more_ones = 0) {
  std::string text = dtype + "[";
  for (int i = 0; i < ones + more_ones; ++i) text += "1,";
  return Typed((text + "9223372036854775807]").c_str());
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
      {"Conv", {"f32[1,3,8,8]", "f32[4,3,3,3]"}, {{"group", int64_t{3}}}, "with group 3 take 3 per group"},
      {"Conv", {"f32[1,4,8,8]", "f32[3,2,3,3]"}, {{"group", int64_t{2}}}, "2 groups cannot share evenly"},
      {"Conv", {"f32[1,3,8,8]", "f32[4,3,3,3]", "f32[3]"}, {}, "the bias has shape [3] but [4]"},
      {"Conv", {"f32[1,3,8,8]", "f32[4,3,3]"}, {}, "rank 4, that of input 0, is required"},
      {"Conv", {"f32[1,3,8,8]", "f32[4,3,0,3]"}, {}, "kernels of 1 to"},
      {"Conv", {"f32[1,3,8,8]", "f32[4,3,3,3]"}, {{"kernel_shape", Ints{3, 2}}}, "kernel_shape says 2"},
      {"Conv", {"f32[1,3,0,8]", "f32[4,3,1,1]"}, {}, "spatial extents of at least 1 are required"},
      {"Conv", {"f32[1,3,8,8]", "f16[4,3,3,3]"}, {}, "must have the same"},
      {"ConvTranspose", {"f32[1,3,8]", "f32[4,3,3]"}, {}, "input 0 has 3 channels but the weights [4,3,3] take 4"},
      {"ConvTranspose",
       {"f32[1,1,2]", "f32[1,1,2]"},
       {{"output_padding", Ints{1}}},
       "output_padding has the number 1 but less than the stride 1"},
      {"ConvTranspose", {"f32[1,1,2]", "f32[1,1,2]"}, {{"pads", Ints{2, 2}}}, "take away 4"},
      {"ConvTranspose", {nearly_endless("f32", 1, 1), "f32[1,1,2]"}, {{"strides", Ints{4}}}, "is too large"},
      {"MaxPool", {nearly_endless("f32", 1, 1)}, {{"kernel_shape", Ints{2}}, {"pads", Ints{1, 1}}}, "is too large"},
      {"MaxPool", {"f32[1,1,4]"}, {{"kernel_shape", Ints{0}}}, "kernel_shape has the number 0"},
      {"MaxPool", {"f32[1,1,4]"}, {{"kernel_shape", Ints{}}}, "kernel_shape is empty"},
      {"MaxPool", {"i64[1,1,4]"}, {{"kernel_shape", Ints{2}}}, "has dtype i64"},
      {"LpPool", {"f32[1,1,4]"}, {{"kernel_shape", Ints{2}}, {"p", int64_t{0}}}, "p is 0"},
      {"InstanceNormalization", {"f32[1,2,4]", "f32[3]", "f32[2]"}, {}, "scale has shape [3] but [2]"},
      {"InstanceNormalization", {"f32[1,2]", "f32[2]", "f32[2]"}, {}, "[N, C, spatial...] is required"},
      {"Concat", {"f32[2]", "i64[2]"}, {{"axis", int64_t{0}}}, "must have the same"},
      {"Concat", {"f32[]"}, {{"axis", int64_t{0}}}, "a scalar, which has none"},
      {"Concat", {nearly_endless("i8", 1), nearly_endless("i8", 1)}, {{"axis", int64_t{1}}}, "is too large"},
      {"Split", {"f32[6]", i64({7, -1})}, {}, "the size -1", 2},
      {"Split", {"f32[6]", i64({6})}, {}, "1 sizes but the node has 2 outputs", 2},
      {"Split", {"f32[6]"}, {{"num_outputs", int64_t{3}}}, "num_outputs is 3 but the node has 2", 2},
      {"Split", {"f32[6]", i64({3, 3})}, {{"num_outputs", int64_t{2}}}, "only one of them may be", 2},
      {"Slice", {"f32[4,4]", i64({0, 0}), i64({4, 4}), i64({0, -2})}, {}, "axes has the axis 0 twice"},
      {"Slice", {"f32[4,4]", i64({0, 0}), i64({4})}, {}, "the same number is required"},
      {"Slice", {"f32[4]", f32({1}, {0}), i64({4})}, {}, "starts has dtype f32"},
      {"Gather", {"f32[]", "i64[2]"}, {}, "a scalar, which has none"},
      {"Gather", {"f32[3]", "f32[2]"}, {}, "indices must be i64 or i32"},
      {"GatherElements", {"f32[3,2]", "i64[3]"}, {}, "equal ranks are required"},
      {"GatherElements", {"f32[3,2]", "i64[4,2]"}, {{"axis", int64_t{1}}}, "extent 4 along axis 0 but data has only 3"},
      {"GatherND", {"f32[3]", "i64[2,2]"}, {}, "each names 2 axes, but 1 to 1"},
      {"GatherND", {"f32[3,2]", "i64[2,1]"}, {{"batch_dims", int64_t{2}}}, "batch_dims is 2 but 0 to 1"},
      {"ScatterND", {"f32[3]", "i64[2,1]", "f32[3]"}, {}, "2 but must be equal"},
      {"ScatterND", {"f32[3]", "i64[2,1]", "f32[2]"}, {{"reduction", std::string("mean")}}, "reduction is 'mean'"},
      {"Pad", {"f32[0]", i64({1, 1})}, {{"mode", std::string("edge")}}, "no elements that mode 'edge' could repeat"},
      {"Pad", {"f32[2]", i64({1, 1}), "f32[2]"}, {}, "constant_value has 2 elements"},
      {"Pad", {"f32[2,2]", i64({1, 1, 1, 1}), "", i64({0, 0})}, {}, "axes has the axis 0 twice"},
      {"Squeeze", {"f32[1]", i64({0, -1})}, {}, "axes has the axis 0 twice"},
      {"Unsqueeze", {"f32[1]", i64({2, 2})}, {}, "axes has the axis 2 twice"},
      {"Unsqueeze", {"f32[1]", i64({2})}, {}, "axis 2 is given"},
      {"Expand", {"f32[2]", i64({-1})}, {}, "shape has the extent -1"},
      {"Tile", {"f32[2,2]", i64({2})}, {}, "one for each axis is required"},
      {"Tile", {nearly_endless("i8", 1), i64({1, 2})}, {}, "the tiled extent is too large"},
      {"ConstantOfShape", {i64({-1})}, {}, "the shape has the extent -1"},
      {"ConstantOfShape", {"i64[1]"}, {{"value", i64({1, 2})}}, "one number or bool is required"},
      {"Range", {f32({}, {0}), f32({}, {1}), f32({}, {0})}, {}, "delta is 0"},
      {"Range", {f32({}, {0}), f32({}, {NAN}), f32({}, {1})}, {}, "no finite number of elements"},
      {"Range", {f32({}, {0}), f32({}, {INFINITY}), f32({}, {1})}, {}, "no finite number of elements"},
      {"Range", {"f32[2]", "f32[]", "f32[]"}, {}, "start has shape [2] but a scalar"},
      {"OneHot", {"i64[2]", i64({3}), "f32[3]"}, {}, "values have shape [3] but [2]"},
      {"CumSum", {"f32[2]", "i64[2]"}, {}, "axis has shape [2] but a scalar"},
      {"EyeLike", {"f32[2]"}, {}, "a matrix (rank 2) is required"},
      {"SpaceToDepth", {"f32[1,1,3,2]"}, {{"blocksize", int64_t{2}}}, "a multiple of blocksize 2"},
      {"SpaceToDepth", {"f32[1,1,2,2]"}, {{"blocksize", int64_t{1} << 40}}, "blocksize is 1099511627776"},
      {"DepthToSpace", {"f32[1,4,2,2]"}, {{"blocksize", int64_t{0}}}, "blocksize is 0"},
      {"DepthToSpace", {"f32[1,4,2,2]"}, {{"blocksize", int64_t{2}}, {"mode", std::string("CD")}}, "mode is 'CD'"},
      {"Resize", {"f32[4]", "", f32({1}, {0})}, {}, "scales has the number 0 but a positive one"},
      {"Resize", {"f32[4]", "", f32({1}, {1e30})}, {}, "makes axis 0 too large"},
      {"Resize", {"f32[4]", "", f32({2}, {1, 1})}, {}, "scales has 2 numbers but 1 axes are resized"},
      {"Resize", {"f32[4]", "", "", i64({-1})}, {}, "sizes has the number -1"},
      {"Resize", {"f32[0]", "", "", i64({2})}, {}, "has no elements to make 2 of"},
      {"Resize", {"f32[4]", "", "", i64({2})}, {{"mode", std::string("area")}}, "mode is 'area'"},
      {"Resize", {"bool[4]", "", "", i64({2})}, {{"mode", std::string("linear")}}, "needs numbers"},
  };
  for (const Refusal& row : rows) {
    SCOPED_TRACE(row.op);
    test::expect_error(ErrorCode::kInvalidArgument, row.message,
                       [&] { (void)infer(row.op, row.inputs, row.attributes, row.outputs); });
  }
}

TEST(StructuralTypes, SayWhatTenonCannotDo) {
  const std::vector<Refusal> rows = {
      {"Transpose", {"string[2]"}, {}, "Transpose 'it': input 0 has dtype string"},
      {"Concat", {"string[2]"}, {{"axis", int64_t{0}}}, "has dtype string"},
      {"Cast", {"string[2]"}, {{"to", DType::kFloat32}}, "has dtype string"},
      {"Cast", {"f32[2]"}, {{"to", DType::kString}}, "casts f32 to string"},
      {"Cast", {"c64[2]"}, {{"to", DType::kFloat32}}, "Tenon casts between real numbers and bool"},
      {"MaxPool", {"f32[1,1,4]"}, {{"kernel_shape", Ints{2}}, {"storage_order", int64_t{1}}}, "row-major order", 2},
      {"Resize", {"f32[4]", "", "", i64({2})}, {{"antialias", int64_t{1}}}, "antialias is 1"},
      {"Resize",
       {"f32[4]", "", "", i64({2})},
       {{"coordinate_transformation_mode", std::string("tf_crop_and_resize")}},
       "crop with Slice first"},
      {"Resize",
       {"f32[4]", "", "", i64({2})},
       {{"keep_aspect_ratio_policy", std::string("not_larger")}},
       "only stretch is implemented"},
      {"Gather", {"f32[1,1,1,1,1,1,1,1]", "i64[1,1,1,1,1,1,1,1,1,1]"}, {}, "17 dimensions"},
      {"Unsqueeze", {"f32[1,1,1,1,1,1,1,1]", "i64[9]"}, {}, "17 dimensions"},
  };
  for (const Refusal& row : rows) {
    SCOPED_TRACE(row.op);
    test::expect_error(ErrorCode::kUnsupported, row.message,
                       [&] { (void)infer(row.op, row.inputs, row.attributes, row.outputs); });
  }
}

TEST(StructuralKernels, RefuseIndicesOutsideTheAxis) {
  const Tensor data = f32({2, 3}, {1, 2, 3, 4, 5, 6});
  test::expect_error(ErrorCode::kInvalidArgument, "'x0' is read at 2 along axis 0, which has 2",
                     [&] { (void)evaluate("Gather", {data, i64({2})}); });
  test::expect_error(ErrorCode::kInvalidArgument, "'x0' is read at -1 along axis 1, which has 3",
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

TEST(Cast, RoundsToFloat8AsSaturateSays) {
  // The largest finite value, half a unit further (which rounds to even), more, infinity.
  struct Row {
    DType to;
    std::vector<double> values;
    std::vector<int> saturated;
    std::vector<int> unsaturated;
  };
  const double inf = INFINITY;
  const std::vector<Row> rows = {
      {DType::kFloat8E4M3FN,
       {448, 464, 465, inf, -465},
       {0x7E, 0x7E, 0x7E, 0x7E, 0xFE},
       {0x7E, 0x7E, 0x7F, 0x7F, 0xFF}},
      {DType::kFloat8E4M3FNUZ,
       {240, 247, 248, inf, -248},
       {0x7F, 0x7F, 0x7F, 0x7F, 0xFF},
       {0x7F, 0x7F, 0x80, 0x80, 0x80}},
      {DType::kFloat8E5M2,
       {57344, 61439, 61440, inf, -61440},
       {0x7B, 0x7B, 0x7B, 0x7B, 0xFB},
       {0x7B, 0x7B, 0x7C, 0x7C, 0xFC}},
      {DType::kFloat8E5M2FNUZ,
       {57344, 61439, 61440, inf, -61440},
       {0x7F, 0x7F, 0x7F, 0x7F, 0xFF},
       {0x7F, 0x7F, 0x80, 0x80, 0x80}},
  };
  for (const Row& row : rows) {
    for (const int64_t saturate : {0, 1}) {
      const Tensor y = evaluate("Cast", {f32({5}, row.values)}, {{"to", row.to}, {"saturate", saturate}});
      ASSERT_EQ(y.dtype(), row.to);
      for (size_t i = 0; i < row.values.size(); ++i) {
        const int expected = saturate != 0 ? row.saturated[i] : row.unsaturated[i];
        EXPECT_EQ(static_cast<const uint8_t*>(y.data())[i], expected)
            << dtype_name(row.to) << " of " << row.values[i] << ", saturate " << saturate;
      }
    }
  }
}

TEST(Cast, RoundsToPowersOfTwoAsRoundModeSays) {
  // Their exponents, counted from -127: 3 lies between 2 and 4.
  const std::vector<std::pair<std::string, std::vector<int>>> rows = {{"up", {127, 129, 129, 129, 0xFF}},
                                                                      {"down", {127, 128, 128, 129, 0xFF}},
                                                                      {"nearest", {127, 128, 129, 129, 0xFF}}};
  for (const auto& [mode, exponents] : rows) {
    const Tensor y =
        evaluate("Cast", {f32({5}, {1, 2.5, 3, 4, NAN})}, {{"to", DType::kFloat8E8M0}, {"round_mode", mode}});
    for (size_t i = 0; i < exponents.size(); ++i) {
      EXPECT_EQ(static_cast<const uint8_t*>(y.data())[i], exponents[i]) << mode << " " << i;
    }
  }
}

TEST(Range, ReachesFromEndToEndOfItsType) {
  const double low = -0x1p63;
  const Tensor start = tensor(DType::kInt64, {}, {low});
  const Tensor limit = tensor(DType::kInt64, {}, {0x1p62});
  const Tensor delta = tensor(DType::kInt64, {}, {0x1p62});
  EXPECT_EQ(doubles(evaluate("Range", {start, limit, delta})), (std::vector<double>{low, -0x1p62, 0}));
}

TEST(Moves, FourBitElementsKeepTheirPlace) {
  const Tensor x = tensor(DType::kInt4, {3, 3}, {1, -2, 3, -4, 5, -6, 7, -8, 0});
  EXPECT_EQ(doubles(evaluate("Transpose", {x})), (std::vector<double>{1, -4, 7, -2, 5, -8, 3, -6, 0}));
}

}  // namespace
}  // namespace tenon::testing
