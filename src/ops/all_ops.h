// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/op.h"

#include <vector>

// Where every operator's declaration comes from: one function per file, called by registry.cpp. In alphabetical order.
namespace tenon {

[[nodiscard]] OpDef average_pool_op();
[[nodiscard]] OpDef batch_normalization_op();
[[nodiscard]] OpDef cast_like_op();
[[nodiscard]] OpDef cast_op();
[[nodiscard]] OpDef clip_op();
[[nodiscard]] OpDef concat_op();
[[nodiscard]] OpDef constant_of_shape_op();
[[nodiscard]] OpDef constant_op();
[[nodiscard]] OpDef conv_op();
[[nodiscard]] OpDef conv_transpose_op();
[[nodiscard]] OpDef cum_sum_op();
[[nodiscard]] OpDef depth_to_space_op();
[[nodiscard]] OpDef dropout_op();
[[nodiscard]] OpDef expand_op();
[[nodiscard]] OpDef expression_op();
[[nodiscard]] OpDef eye_like_op();
[[nodiscard]] OpDef flatten_op();
[[nodiscard]] OpDef gather_elements_op();
[[nodiscard]] OpDef gather_nd_op();
[[nodiscard]] OpDef gather_op();
[[nodiscard]] OpDef gemm_op();
[[nodiscard]] OpDef global_average_pool_op();
[[nodiscard]] OpDef global_max_pool_op();
[[nodiscard]] OpDef identity_op();
[[nodiscard]] OpDef instance_normalization_op();
[[nodiscard]] OpDef layer_normalization_op();
[[nodiscard]] OpDef lp_pool_op();
[[nodiscard]] OpDef lrn_op();
[[nodiscard]] OpDef matmul_op();
[[nodiscard]] OpDef max_pool_op();
[[nodiscard]] OpDef non_zero_op();
[[nodiscard]] OpDef one_hot_op();
[[nodiscard]] OpDef pad_op();
[[nodiscard]] OpDef range_op();
[[nodiscard]] OpDef reshape_op();
[[nodiscard]] OpDef resize_op();
[[nodiscard]] OpDef scatter_nd_op();
[[nodiscard]] OpDef shape_op();
[[nodiscard]] OpDef size_op();
[[nodiscard]] OpDef slice_op();
[[nodiscard]] OpDef space_to_depth_op();
[[nodiscard]] OpDef split_op();
[[nodiscard]] OpDef squeeze_op();
[[nodiscard]] OpDef tile_op();
[[nodiscard]] OpDef top_k_op();
[[nodiscard]] OpDef transpose_op();
[[nodiscard]] OpDef unsqueeze_op();
[[nodiscard]] OpDef where_op();

// Families.
[[nodiscard]] std::vector<OpDef> arg_extreme_ops();
[[nodiscard]] std::vector<OpDef> pointwise_ops();
[[nodiscard]] std::vector<OpDef> reduce_ops();
[[nodiscard]] std::vector<OpDef> softmax_ops();

}  // namespace tenon
