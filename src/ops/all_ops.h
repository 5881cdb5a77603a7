// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/op.h"

#include <vector>

// Where every operator's declaration comes from: one function per file, called by registry.cpp. In alphabetical order.
namespace tenon {

[[nodiscard]] OpDef batch_normalization_op();
[[nodiscard]] OpDef clip_op();
[[nodiscard]] OpDef dropout_op();
[[nodiscard]] OpDef flatten_op();
[[nodiscard]] OpDef gemm_op();
[[nodiscard]] OpDef identity_op();
[[nodiscard]] OpDef layer_normalization_op();
[[nodiscard]] OpDef lrn_op();
[[nodiscard]] OpDef matmul_op();
[[nodiscard]] OpDef reshape_op();
[[nodiscard]] OpDef top_k_op();
[[nodiscard]] OpDef where_op();

// Families.
[[nodiscard]] std::vector<OpDef> arg_extreme_ops();
[[nodiscard]] std::vector<OpDef> pointwise_ops();
[[nodiscard]] std::vector<OpDef> reduce_ops();
[[nodiscard]] std::vector<OpDef> softmax_ops();

}  // namespace tenon
