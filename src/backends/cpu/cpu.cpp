// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/cpu.h"

#include "backends/cpu/kernels.h"

#include <map>

namespace tenon {
namespace {

using Lists = std::map<std::string_view, std::vector<KernelEntry>, std::less<>>;

/// Every operator that this backend has kernels for, fastest first.
Lists make_lists() {
  using namespace cpu;
  Lists lists = {
      {"AveragePool", {kChannelsLastPool, kOnednnPool}},
      {"BatchNormalization", {kBatchNormalization}},
      {"Cast", {kCast}},
      {"Concat", {kCopyConcat}},
      {"Conv", {kDepthwiseConv, kOnednnConv}},
      {"ConvTranspose", {kOnednnConvTranspose}},
      {"Expand", {kCopyExpand}},
      {"Expression", {kGenerated}},
      {"Gather", {kGather}},
      {"Gemm", {kPackedGemm, kOnednnMatmul}},
      {"LRN", {kOnednnLrn}},
      {"LogSoftmax", {kSoftmax, kOnednnSoftmax}},
      {"MatMul", {kPackedGemm, kOnednnMatmul}},
      {"MaxPool", {kChannelsLastPool, kOnednnPool}},
      {"Pad", {kCopyPad}},
      {"Slice", {kCopySlice}},
      {"Softmax", {kSoftmax, kOnednnSoftmax}},
      {"Split", {kCopySplit}},
      {"Tile", {kCopyTile}},
      {"Transpose", {kCopyTranspose}},
  };
  for (const std::string_view op : {"Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"})
    lists.emplace(op, std::vector{kCopyView});
  for (const std::string_view op : {"Add", "Div", "Max", "Min", "Mul", "Sub"})
    lists.emplace(op, std::vector{kBinaryF32});
  for (const std::string_view op :
       {"Abs",       "Ceil", "Clip", "Elu",        "Erf",  "Exp",     "Floor",    "Gelu", "HardSigmoid", "HardSwish",
        "LeakyRelu", "Mish", "Neg",  "Reciprocal", "Relu", "Sigmoid", "Softplus", "Sqrt", "Swish",       "Tanh"})
    lists.emplace(op, std::vector{kUnaryF32});
  for (const std::string_view op : {"GlobalAveragePool", "GlobalMaxPool", "ReduceL1", "ReduceL2", "ReduceMax",
                                    "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"})
    lists.emplace(op, std::vector{kReduce});
  return lists;
}

std::span<const KernelEntry> kernels(std::string_view op) {
  static const Lists lists = make_lists();
  const auto found = lists.find(op);
  return found == lists.end() ? std::span<const KernelEntry>() : found->second;
}

}  // namespace

const Backend& cpu_backend() {
  static constexpr Backend kBackend{"cpu", kernels, cpu::begins_conv_block, cpu::conv_block};
  return kBackend;
}

}  // namespace tenon
