// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/kernel.h"

// The rows of this backend's kernel lists; cpu.cpp puts them into order.
namespace tenon::cpu {

// conv.cpp
extern const KernelEntry kOnednnConv, kOnednnConvTranspose;
// conv_block.cpp
bool begins_conv_block(const Node& node);
SequenceKernel conv_block(std::span<const Problem> nodes, const MakeKernel& make);
// copy_ops.cpp
extern const KernelEntry kCopyConcat, kCopyExpand, kCopyPad, kCopySlice, kCopySplit, kCopyTile, kCopyTranspose,
    kCopyView;
// depthwise.cpp
extern const KernelEntry kDepthwiseConv;
// gather.cpp
extern const KernelEntry kGather;
// generated.cpp
extern const KernelEntry kGenerated;
// matmul.cpp
extern const KernelEntry kPackedGemm, kOnednnMatmul;
// normalize.cpp
extern const KernelEntry kBatchNormalization, kOnednnLrn, kOnednnSoftmax, kSoftmax;
// pointwise.cpp
extern const KernelEntry kBinaryF32, kCast, kUnaryF32;
// pool.cpp
extern const KernelEntry kChannelsLastPool, kOnednnPool;
// reduce.cpp
extern const KernelEntry kReduce;

}  // namespace tenon::cpu
