// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lowering/images.h"

#include <span>
#include <string_view>
#include <vector>

// Operators that the dialects describe differently and mean alike: bodies of rules, told by arguments what each dialect
// writes in its own way.
namespace tenon::lowering {

/// The node as its target (MaxPool or AveragePool) over windows of `kernel`.
void pool(Rewrite& rewrite, const ImageLayout& layout, std::vector<int64_t> kernel, Attributes attributes);

/// The node as a BatchNormalization of x by gamma, beta, mean and variance.
void batch_normalization(Rewrite& rewrite, const ImageLayout& layout, double epsilon);

/// The node as an LRN over the last axis of 4-dimensional images: TensorFlow multiplies the sum of squares by alpha,
/// the standard by alpha / size. The two attributes have different names in the dialects.
void lrn(Rewrite& rewrite, std::string_view radius, std::string_view bias);

/// The node as the product of `x` and input 1, as transposed.
void matmul(Rewrite& rewrite, Value* x, bool transpose_x, bool transpose_y);

/// The node as its target (a Reduce...) over constant axes; over none it is its input.
void reduce(Rewrite& rewrite, std::span<const int64_t> axes, bool keep_dims);

/// The node as its target (ArgMax or ArgMin) with indices of `dtype`.
void arg_extreme(Rewrite& rewrite, int64_t axis, DType dtype);

/// The node as a Concat.
void concat(Rewrite& rewrite, std::span<Value* const> parts, int64_t axis);

}  // namespace tenon::lowering
