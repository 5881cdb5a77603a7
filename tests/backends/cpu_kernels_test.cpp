// SPDX-License-Identifier: Apache-2.0
#include "backends/one_node.h"

#include <limits>

// Every kernel of the cpu backend against the reference kernels, one row a case. The bound grows with the number of
// terms that one result is summed from; kernels that move or compare elements must agree exactly.
namespace tenon::testing {
namespace {

using Ints = std::vector<int64_t>;

Tensor f32_of(const Dims& dims) { return random_f32(dims, static_cast<uint32_t>(dims.count()) + 17U); }
Tensor positive(const Dims& dims) {
  Tensor tensor = f32_of(dims);
  for (float& value : tensor.mutable_values<float>()) value = std::abs(value) + 0.5F;
  return tensor;
}
Tensor i64_of(const Dims& dims) {
  Tensor tensor = Tensor::empty(DType::kInt64, dims);
  int64_t next = -5;
  for (int64_t& value : tensor.mutable_values<int64_t>()) value = next++;
  return tensor;
}

struct Case {
  const char* name;
  OneNode node;
  const char* kernel;
  int64_t length = 0;  ///< Terms of a sum; 0: exact.
  double factor = 1;   ///< On the bound, with a reason at the row.
};

Attributes with(Attributes attributes, const std::vector<Step>& epilogue) {
  add_epilogue(attributes, epilogue);
  return attributes;
}

std::vector<Case> cases() {
  const auto last = [](Attributes attributes) {
    attributes["channels_last"] = int64_t{1};
    return attributes;
  };
  const auto window = [](Ints kernel, Ints strides, Ints pads) {
    return Attributes{{"kernel_shape", kernel}, {"strides", strides}, {"pads", pads}};
  };
  const auto conv = [](Ints strides, Ints pads) { return Attributes{{"strides", strides}, {"pads", pads}}; };
  const double inf = std::numeric_limits<double>::infinity();
  return {
      // --- convolutions
      {"ConvPlain", {"Conv", {variable(f32_of({2, 5, 9, 8})), constant(f32_of({7, 5, 3, 3}))}}, "cpu.onednn_conv", 45},
      {"ConvBias",
       {"Conv", {variable(f32_of({2, 5, 9, 8})), constant(f32_of({7, 5, 3, 3})), constant(f32_of({7}))}},
       "cpu.onednn_conv",
       46},
      {"ConvVariableWeights",
       {"Conv", {variable(f32_of({1, 4, 6, 6})), variable(f32_of({8, 4, 3, 3}))}},
       "cpu.onednn_conv",
       36},
      {"ConvChannelsLast",
       {"Conv",
        {variable(f32_of({2, 9, 8, 5})), constant(f32_of({7, 5, 3, 3})), constant(f32_of({7}))},
        last(conv({1, 1}, {1, 1, 1, 1}))},
       "cpu.onednn_conv",
       46},
      {"ConvAsymmetricPads",
       {"Conv", {variable(f32_of({1, 9, 8, 16})), constant(f32_of({16, 16, 3, 3}))}, last(conv({2, 2}, {0, 0, 1, 1}))},
       "cpu.onednn_conv",
       144},
      {"ConvStrideLeavesARest",
       {"Conv", {variable(f32_of({1, 3, 10, 11})), constant(f32_of({4, 3, 3, 2}))}, conv({3, 4}, {1, 0, 0, 1})},
       "cpu.onednn_conv",
       18},
      {"ConvDilated",
       {"Conv", {variable(f32_of({1, 11, 12, 6})), constant(f32_of({5, 6, 3, 3}))}, last({{"dilations", Ints{2, 3}}})},
       "cpu.onednn_conv",
       54},
      {"ConvGroups",
       {"Conv",
        {variable(f32_of({1, 6, 7, 8})), constant(f32_of({12, 4, 3, 3})), constant(f32_of({12}))},
        last({{"group", int64_t{2}}})},
       "cpu.onednn_conv",
       37},
      {"ConvDepthwise",
       {"Conv",
        {variable(f32_of({2, 9, 9, 24})), constant(f32_of({24, 1, 3, 3})), constant(f32_of({24}))},
        with(last({{"group", int64_t{24}}, {"pads", Ints{1, 1, 1, 1}}}), {{"Clip", 0, 6}})},
       "cpu.depthwise_f32 (",
       10},
      {"ConvDepthwiseOddChannels",
       {"Conv",
        {variable(f32_of({1, 9, 9, 13})), constant(f32_of({13, 1, 3, 3}))},
        last({{"group", int64_t{13}}, {"strides", Ints{2, 2}}})},
       "cpu.depthwise_f32 (",
       9},
      {"ConvDepthwisePaddedBehind",
       {"Conv",
        {variable(f32_of({3, 12, 14, 40})), constant(f32_of({40, 1, 3, 3})), constant(f32_of({40}))},
        last({{"group", int64_t{40}}, {"strides", Ints{2, 2}}, {"pads", Ints{0, 0, 1, 1}}})},
       "cpu.depthwise_f32 (",
       10},
      {"ConvDepthwiseResidual",
       {"Conv",
        {variable(f32_of({2, 8, 7, 32})), constant(f32_of({32, 1, 3, 3})), constant(f32_of({32})),
         variable(f32_of({2, 8, 7, 32}))},
        with(last({{"group", int64_t{32}}, {"pads", Ints{1, 1, 1, 1}}}), {{"Add"}, {"Swish", 1}})},
       "cpu.depthwise_f32 (",
       22},
      {"ConvDepthwiseScaledByChannel",
       {"Conv",
        {variable(f32_of({1, 8, 8, 16})), constant(f32_of({16, 1, 3, 3})), constant(f32_of({16})),
         constant(f32_of({1, 1, 1, 16}))},
        with(last({{"group", int64_t{16}}}), {{"Mul"}})},
       "not cpu.depthwise_f32: its epilogue has a tensor of another shape",
       11},
      {"ConvDepthwiseDilated",
       {"Conv",
        {variable(f32_of({1, 9, 9, 16})), constant(f32_of({16, 1, 3, 3}))},
        last({{"group", int64_t{16}}, {"dilations", Ints{2, 2}}})},
       "not cpu.depthwise_f32: it is not 3 by 3",
       9},
      {"ConvDepthwiseOfUnknownWeights",
       {"Conv", {variable(f32_of({1, 9, 9, 16})), variable(f32_of({16, 1, 3, 3}))}, last({{"group", int64_t{16}}})},
       "not cpu.depthwise_f32: its weights are not constant",
       9},
      {"ConvWithTwoResultsPerChannel",
       {"Conv", {variable(f32_of({1, 9, 9, 8})), constant(f32_of({16, 1, 3, 3}))}, last({{"group", int64_t{8}}})},
       "not cpu.depthwise_f32: it is not depthwise",
       9},
      {"ConvPointwise",
       {"Conv",
        {variable(f32_of({1, 14, 14, 32})), constant(f32_of({48, 32, 1, 1})), constant(f32_of({48}))},
        with(last({}), {{"Relu"}})},
       "cpu.onednn_conv",
       33},
      {"Conv1D",
       {"Conv", {variable(f32_of({2, 20, 6})), constant(f32_of({8, 6, 5}))}, last({})},
       "cpu.onednn_conv",
       30},
      {"Conv3D",
       {"Conv", {variable(f32_of({1, 5, 6, 7, 4})), constant(f32_of({8, 4, 2, 3, 2}))}, last({})},
       "cpu.onednn_conv",
       48},
      {"ConvResidual",
       {"Conv",
        {variable(f32_of({1, 8, 8, 16})), constant(f32_of({16, 16, 3, 3})), constant(f32_of({16})),
         variable(f32_of({1, 8, 8, 16}))},
        with(last({{"pads", Ints{1, 1, 1, 1}}}), {{"Add"}, {"Relu"}})},
       "cpu.onednn_conv",
       146},
      {"ConvScaledByChannel",
       {"Conv",
        {variable(f32_of({1, 8, 8, 16})), constant(f32_of({16, 16, 1, 1})), constant(f32_of({16})),
         constant(f32_of({1, 1, 1, 16}))},
        with(last({}), {{"Mul"}})},
       "cpu.onednn_conv",
       18},
      {"ConvSwishTwice",
       {"Conv",
        {variable(f32_of({1, 8, 8, 16})), constant(f32_of({16, 16, 1, 1}))},
        with(last({}), {{"Swish", 1}, {"HardSwish"}})},
       "cpu.onednn_conv",
       18,
       4},  // Two slopes above 1.
      {"ConvTranspose",
       {"ConvTranspose",
        {variable(f32_of({1, 5, 6, 8})), constant(f32_of({8, 6, 3, 3})), constant(f32_of({6}))},
        last(conv({2, 2}, {1, 0, 0, 1}))},
       "cpu.onednn_conv_transpose",
       73},
      {"ConvTransposeFirst",
       {"ConvTranspose", {variable(f32_of({2, 4, 5, 6})), constant(f32_of({4, 3, 2, 3}))}, conv({2, 3}, {0, 0, 0, 0})},
       "cpu.onednn_conv_transpose",
       24},
      {"ConvTransposeGroups",
       {"ConvTranspose",
        {variable(f32_of({1, 5, 6, 8})), constant(f32_of({8, 4, 3, 3}))},
        last({{"group", int64_t{2}}})},
       "cpu.onednn_conv_transpose",
       36},
      {"ConvF64",
       {"Conv",
        {variable(Tensor::zeros(DType::kFloat64, {1, 2, 5, 5})),
         constant(Tensor::zeros(DType::kFloat64, {3, 2, 3, 3}))}},
       "reference.any"},

      // --- products
      {"MatMulOneRow",
       {"MatMul", {variable(f32_of({1, 784})), constant(f32_of({784, 512}))}},
       "cpu.packed_gemm_f32",
       784},
      {"MatMulBatch",
       {"MatMul", {variable(f32_of({3, 4, 30})), constant(f32_of({30, 17}))}},
       "cpu.packed_gemm_f32",
       30},
      {"MatMulVector", {"MatMul", {variable(f32_of({30})), constant(f32_of({30, 17}))}}, "cpu.packed_gemm_f32", 30},
      {"MatMulBothVariable",
       {"MatMul", {variable(f32_of({5, 30})), variable(f32_of({30, 17}))}},
       "cpu.onednn_matmul",
       30},
      {"MatMulBatchesBroadcast",
       {"MatMul", {variable(f32_of({2, 1, 5, 30})), variable(f32_of({3, 30, 17}))}},
       "cpu.onednn_matmul",
       30},
      {"MatMulVectorByVariable", {"MatMul", {variable(f32_of({30})), variable(f32_of({30, 17}))}}, "reference.any", 30},
      {"GemmBias",
       {"Gemm", {variable(f32_of({64, 100})), constant(f32_of({100, 33})), constant(f32_of({33}))}},
       "cpu.packed_gemm_f32",
       101},
      {"GemmTransposedWeights",
       {"Gemm",
        {variable(f32_of({5, 100})), constant(f32_of({33, 100})), constant(f32_of({1, 33}))},
        {{"transB", int64_t{1}}, {"alpha", 0.5}}},
       "cpu.packed_gemm_f32",
       101},
      {"GemmClip",
       {"Gemm",
        {variable(f32_of({64, 100})), constant(f32_of({100, 33})), constant(f32_of({33}))},
        with({}, {{"Clip", 0, 6}})},
       "cpu.packed_gemm_f32",
       101},
      {"GemmReluTanh",
       {"Gemm",
        {variable(f32_of({7, 20})), constant(f32_of({20, 40}))},
        with({}, {{"Relu"}, {"Tanh"}, {"Clip", -0.5, inf}})},
       "cpu.packed_gemm_f32",
       20},
      {"GemmAddRow",
       {"Gemm",
        {variable(f32_of({7, 20})), constant(f32_of({20, 40})), variable(f32_of({40}))},
        with({}, {{"Add"}, {"Relu"}})},
       "cpu.packed_gemm_f32",
       21},
      {"GemmAddTensor",
       {"Gemm",
        {variable(f32_of({7, 20})), constant(f32_of({20, 40})), variable(f32_of({7, 40}))},
        with({}, {{"Add"}, {"Relu"}})},
       "cpu.onednn_matmul",
       21},
      {"GemmTransposedLeft",
       {"Gemm", {variable(f32_of({20, 7})), constant(f32_of({20, 40}))}, {{"transA", int64_t{1}}}},
       "cpu.onednn_matmul",
       20},
      {"GemmBeta",
       {"Gemm", {variable(f32_of({7, 20})), constant(f32_of({20, 40})), variable(f32_of({7, 1}))}, {{"beta", 2.0}}},
       "reference.any",
       21},

      // --- pooling
      {"MaxPoolLast",
       {"MaxPool", {variable(f32_of({2, 9, 8, 5}))}, last(window({3, 3}, {2, 2}, {1, 1, 1, 1}))},
       "cpu.pool_nhwc_f32"},
      {"MaxPoolLastCeil",
       {"MaxPool",
        {variable(f32_of({1, 9, 8, 33}))},
        [&] {
          auto a = last(window({3, 2}, {2, 3}, {0, 0, 0, 0}));
          a["ceil_mode"] = int64_t{1};
          return a;
        }()},
       "cpu.pool_nhwc_f32"},
      {"MaxPoolFirst",
       {"MaxPool", {variable(f32_of({2, 5, 9, 8}))}, window({3, 3}, {2, 2}, {1, 1, 1, 1})},
       "cpu.onednn_pool"},
      {"MaxPoolIndices",
       {"MaxPool", {variable(f32_of({1, 3, 6, 6}))}, window({2, 2}, {2, 2}, {0, 0, 0, 0}), 2},
       "reference.any"},
      {"AveragePoolLast",
       {"AveragePool", {variable(f32_of({2, 9, 8, 5}))}, last(window({3, 3}, {2, 2}, {1, 1, 1, 1}))},
       "cpu.pool_nhwc_f32",
       9},
      {"AveragePoolLastPadded",
       {"AveragePool",
        {variable(f32_of({2, 9, 8, 5}))},
        [&] {
          auto a = last(window({3, 3}, {2, 2}, {1, 1, 1, 1}));
          a["count_include_pad"] = int64_t{1};
          return a;
        }()},
       "cpu.pool_nhwc_f32",
       9},
      {"AveragePoolFirst",
       {"AveragePool", {variable(f32_of({2, 5, 9, 8}))}, window({3, 3}, {2, 2}, {1, 1, 1, 1})},
       "cpu.onednn_pool",
       9},
      {"AveragePoolFirstPadded",
       {"AveragePool",
        {variable(f32_of({2, 5, 9, 9}))},
        [&] {
          auto a = window({3, 3}, {2, 2}, {1, 1, 1, 1});
          a["count_include_pad"] = int64_t{1};
          return a;
        }()},
       "cpu.onednn_pool",
       9},
      {"GlobalAveragePoolLast",
       {"GlobalAveragePool", {variable(f32_of({3, 7, 7, 50}))}, last({})},
       "cpu.reduce_f32",
       49},
      {"GlobalAveragePoolFirst", {"GlobalAveragePool", {variable(f32_of({3, 50, 7, 7}))}}, "cpu.reduce_f32", 49},
      {"GlobalMaxPool", {"GlobalMaxPool", {variable(f32_of({3, 50, 7, 7}))}}, "cpu.reduce_f32"},

      // --- normalisation
      {"BatchNormalizationFirst",
       {"BatchNormalization",
        {variable(f32_of({2, 5, 7, 7})), constant(f32_of({5})), constant(f32_of({5})), constant(f32_of({5})),
         constant(positive({5}))}},
       "cpu.batch_normalization_f32",
       4},
      {"BatchNormalizationLast",
       {"BatchNormalization",
        {variable(f32_of({2, 7, 7, 5})), constant(f32_of({5})), constant(f32_of({5})), constant(f32_of({5})),
         constant(positive({5}))},
        last({})},
       "cpu.batch_normalization_f32",
       4},
      {"Lrn", {"LRN", {variable(f32_of({2, 9, 5, 5}))}, {{"size", int64_t{5}}}}, "cpu.onednn_lrn", 5},
      {"LrnLast",
       {"LRN", {variable(f32_of({2, 5, 5, 9}))}, last({{"size", int64_t{3}}, {"alpha", 0.5}, {"beta", 0.5}})},
       "cpu.onednn_lrn",
       5},
      {"Softmax", {"Softmax", {variable(f32_of({5, 10}))}}, "cpu.softmax_f32", 10},
      {"SoftmaxMiddle", {"Softmax", {variable(f32_of({5, 10, 3}))}, {{"axis", int64_t{1}}}}, "cpu.onednn_softmax", 10},
      {"LogSoftmax", {"LogSoftmax", {variable(f32_of({5, 1000}))}}, "cpu.softmax_f32", 1000},
      {"LogSoftmaxFirst",
       {"LogSoftmax", {variable(f32_of({10, 3}))}, {{"axis", int64_t{0}}}},
       "cpu.onednn_softmax",
       10},

      // --- reductions
      {"ReduceMeanLast", {"ReduceMean", {variable(f32_of({4, 300})), integers({-1})}}, "cpu.reduce_f32", 300},
      {"ReduceMeanMiddle",
       {"ReduceMean", {variable(f32_of({4, 7, 9, 20})), integers({1, 2})}, {{"keepdims", int64_t{0}}}},
       "cpu.reduce_f32",
       63},
      {"ReduceSumFirst", {"ReduceSum", {variable(f32_of({40, 37})), integers({0})}}, "cpu.reduce_f32", 40},
      {"ReduceSumAll", {"ReduceSum", {variable(f32_of({40, 37}))}}, "cpu.reduce_f32", 1480},
      {"ReduceSumApart", {"ReduceSum", {variable(f32_of({4, 5, 6})), integers({0, 2})}}, "reference.any", 24},
      {"ReduceMax", {"ReduceMax", {variable(f32_of({4, 5, 6})), integers({1})}}, "cpu.reduce_f32"},
      {"ReduceMin", {"ReduceMin", {variable(f32_of({4, 5, 6})), integers({2})}}, "cpu.reduce_f32"},
      {"ReduceProd", {"ReduceProd", {variable(f32_of({4, 5, 6})), integers({1})}}, "cpu.reduce_f32", 5},
      {"ReduceL1", {"ReduceL1", {variable(f32_of({4, 50})), integers({1})}}, "cpu.reduce_f32", 50},
      {"ReduceL2", {"ReduceL2", {variable(f32_of({50, 4})), integers({0})}}, "cpu.reduce_f32", 50},
      {"ReduceSumSquare", {"ReduceSumSquare", {variable(f32_of({50, 4})), integers({0})}}, "cpu.reduce_f32", 50},
      {"ReduceI64", {"ReduceSum", {variable(i64_of({4, 5})), integers({0})}}, "reference.any"},

      // --- pointwise
      {"Relu", {"Relu", {variable(f32_of({3, 1001}))}}, "cpu.unary_f32"},
      {"Clip",
       {"Clip", {variable(f32_of({3, 100})), constant(Tensor::scalar(-0.25F)), constant(Tensor::scalar(0.5F))}},
       "cpu.unary_f32"},
      {"ClipHalf", {"Clip", {variable(f32_of({3, 100})), {}, constant(Tensor::scalar(0.5F))}}, "cpu.unary_f32"},
      {"ClipRunTimeBound", {"Clip", {variable(f32_of({3, 100})), variable(Tensor::scalar(-0.25F))}}, "reference.any"},
      {"LeakyRelu", {"LeakyRelu", {variable(f32_of({3, 100}))}, {{"alpha", 0.3}}}, "cpu.unary_f32", 1},
      {"Elu", {"Elu", {variable(f32_of({3, 100}))}, {{"alpha", 0.7}}}, "cpu.unary_f32", 1},
      {"HardSigmoid",
       {"HardSigmoid", {variable(f32_of({3, 100}))}, {{"alpha", 0.9}, {"beta", 0.1}}},
       "cpu.unary_f32",
       1},
      {"GeluTanh", {"Gelu", {variable(f32_of({3, 100}))}, {{"approximate", std::string("tanh")}}}, "cpu.unary_f32", 1},
      {"Gelu", {"Gelu", {variable(f32_of({3, 100}))}}, "cpu.unary_f32", 1},
      {"Sigmoid", {"Sigmoid", {variable(f32_of({}))}}, "cpu.unary_f32", 1},
      {"AddSame", {"Add", {variable(f32_of({3, 500})), variable(f32_of({3, 500}))}}, "cpu.binary_f32", 1},
      {"AddRow", {"Add", {variable(f32_of({3, 500})), variable(f32_of({500}))}}, "cpu.binary_f32", 1},
      {"SubColumn", {"Sub", {variable(f32_of({3, 500})), variable(f32_of({3, 1}))}}, "cpu.binary_f32", 1},
      {"DivScalarByTensor", {"Div", {variable(Tensor::scalar(2.0F)), variable(positive({4, 5}))}}, "cpu.binary_f32", 1},
      {"MulBothBroadcast", {"Mul", {variable(f32_of({5, 1, 7})), variable(f32_of({4, 1}))}}, "cpu.binary_f32", 1},
      {"MaxMany", {"Max", {variable(f32_of({5})), variable(f32_of({5})), variable(f32_of({5}))}}, "reference.any"},
      {"MinTwo", {"Min", {variable(f32_of({5, 3})), variable(f32_of({3}))}}, "cpu.binary_f32"},
      {"CastI64", {"Cast", {variable(i64_of({7}))}, {{"to", int64_t{1}}}}, "cpu.cast"},
      {"CastToInt", {"Cast", {variable(f32_of({7}))}, {{"to", int64_t{7}}}}, "reference.any"},

      // --- moving elements
      {"TransposeToLast", {"Transpose", {variable(f32_of({2, 37, 9, 11}))}, {{"perm", Ints{0, 2, 3, 1}}}}, "cpu.copy"},
      {"TransposeToFirst", {"Transpose", {variable(f32_of({2, 9, 11, 37}))}, {{"perm", Ints{0, 3, 1, 2}}}}, "cpu.copy"},
      {"TransposeReverses", {"Transpose", {variable(i64_of({3, 4, 5}))}}, "cpu.copy"},
      {"ConcatMiddle",
       {"Concat",
        {variable(f32_of({2, 3, 4})), variable(f32_of({2, 1, 4})), variable(f32_of({2, 5, 4}))},
        {{"axis", int64_t{1}}}},
       "cpu.copy"},
      {"ConcatWithEmpty",
       {"Concat", {variable(f32_of({2, 0})), variable(f32_of({2, 3}))}, {{"axis", int64_t{-1}}}},
       "cpu.copy"},
      {"SplitLast", {"Split", {variable(f32_of({3, 10})), integers({2, 5, 3})}, {{"axis", int64_t{1}}}, 3}, "cpu.copy"},
      {"SliceSteps",
       {"Slice",
        {variable(i64_of({9, 10})), integers({1, -1}), integers({100, -100}), integers({0, 1}), integers({2, -3})}},
       "cpu.copy"},
      {"SliceNegativeAxis",
       {"Slice", {variable(f32_of({9, 10})), integers({-4}), integers({9}), integers({-1})}},
       "cpu.copy"},
      {"SliceReversesAll",
       {"Slice", {variable(i64_of({9})), integers({1000}), integers({-1000}), integers({0}), integers({-1})}},
       "cpu.copy"},
      {"Expand", {"Expand", {variable(f32_of({3, 1, 2})), integers({2, 1, 4, 1})}}, "cpu.copy"},
      {"Tile", {"Tile", {variable(f32_of({3, 4})), integers({2, 3})}}, "cpu.copy"},
      {"PadConstant",
       {"Pad", {variable(f32_of({3, 4})), integers({1, 0, 2, 3}), constant(Tensor::scalar(7.0F))}},
       "cpu.copy"},
      {"PadCuts", {"Pad", {variable(i64_of({5, 4})), integers({-1, 2, -2, 0})}}, "cpu.copy"},
      {"PadReflects",
       {"Pad", {variable(f32_of({5, 4})), integers({1, 2, 2, 0})}, {{"mode", std::string("reflect")}}},
       "reference.any"},
      {"Gather",
       {"Gather",
        {variable(f32_of({4, 6, 3})), variable(Tensor::from<int64_t>({5, -1, 0, 2}, {2, 2}))},
        {{"axis", int64_t{1}}}},
       "cpu.gather"},
      {"GatherI32", {"Gather", {variable(i64_of({7})), variable(Tensor::from<int32_t>({6, -7}, {2}))}}, "cpu.gather"},
  };
}

class CpuKernel : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Table, CpuKernel, ::testing::ValuesIn(cases()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_P(CpuKernel, AgreesWithTheReference) {
  const Case& row = GetParam();
  expect_agreement(row.node, row.kernel, row.length == 0 ? 0 : row.factor * f32_bound(row.length));
}

TEST(CpuKernels, NanAndInfinityPassThroughOurOwn) {
  Tensor x = f32_of({4, 16});
  x.mutable_values<float>()[3] = std::numeric_limits<float>::quiet_NaN();
  x.mutable_values<float>()[20] = std::numeric_limits<float>::infinity();
  const auto agree = [&](const char* op, std::vector<Operand> more, Attributes attributes, const char* kernel,
                         int64_t length) {
    std::vector<Operand> inputs = {variable(x)};
    inputs.insert(inputs.end(), more.begin(), more.end());
    expect_agreement({op, inputs, std::move(attributes)}, kernel, f32_bound(length));
  };
  agree("Relu", {}, {}, "cpu.unary_f32", 1);
  agree("Clip", {constant(Tensor::scalar(0.0F)), constant(Tensor::scalar(6.0F))}, {}, "cpu.unary_f32", 1);
  agree("Max", {variable(f32_of({16}))}, {}, "cpu.binary_f32", 1);
  agree("ReduceMax", {integers({1})}, {}, "cpu.reduce_f32", 1);
  agree("Softmax", {}, {}, "cpu.softmax_f32", 16);
  agree("MatMul", {constant(positive({16, 5}))}, with({}, {{"Clip", 0, 6}}), "cpu.packed_gemm_f32", 16);
}

TEST(CpuKernels, AGatherOutOfRangeNamesTheNodeAndTheIndex) {
  try {
    (void)run_on({"Gather", {variable(f32_of({4})), variable(Tensor::from<int64_t>({1, 4}, {2}))}}, "cpu");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("Gather 'node': index 4 at position 1 is outside [-4, 3]"),
              std::string::npos)
        << error.what();
  }
}

TEST(CpuKernels, EmptyTensorsGoThrough) {
  expect_agreement({"MatMul", {variable(f32_of({0, 5})), constant(f32_of({5, 3}))}}, "", 0);
  expect_agreement({"MatMul", {variable(f32_of({2, 0})), constant(f32_of({0, 3}))}}, "reference.any", 0);
  expect_agreement({"ReduceSum", {variable(f32_of({2, 0})), integers({1})}}, "reference.any", 0);
  expect_agreement({"Add", {variable(f32_of({2, 0})), variable(f32_of({2, 1}))}}, "", 0);
}

}  // namespace
}  // namespace tenon::testing
