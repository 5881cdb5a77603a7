// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/op.h"

#include <vector>

// What the operators share that move elements without looking at them. They take every dtype whose elements lie in the
// tensor itself, the 4-bit ones and complex numbers included; strings do not.
namespace tenon {

/// Throws kUnsupported naming the node when input `index` has string elements.
void require_movable(const InferContext& context, size_t index);

/// The extent of both, where they must be equal: the more definite one. fail()s with `what` when they are different
/// constants.
[[nodiscard]] Dim equal_extents(const InferContext& context, const Dim& a, const Dim& b, const std::string& what);

/// fail()s unless input `index` is i32 or i64 and, where the shape is known, of rank 0 or 1. `name` is what ONNX calls
/// it.
void require_index_list(const InferContext& context, size_t index, const char* name);

/// fail()s unless input `index` is i32 or i64.
void require_indices(const InferContext& context, size_t index);

/// `index`, counted from the end when negative: 0 <= result < extent. fail()s when it is outside [-extent, extent - 1].
[[nodiscard]] int64_t checked_index(const ReferenceContext& context, int64_t index, int64_t extent);

/// Throws kUnsupported naming the node when a result of that rank is beyond kMaxRank.
void require_rank(const InferContext& context, size_t rank);

/// How many elements input `index` has, when its shape is known.
[[nodiscard]] std::optional<int64_t> known_count(const InferContext& context, size_t index);

/// Copies `count` consecutive elements.
void copy_run(const MutableTensorView& dst, int64_t dst_index, const TensorView& src, int64_t src_index, int64_t count);

/// Sets the unused half of the last byte of a 4-bit tensor, so that equal tensors have equal bytes. Before its elements
/// are written; does nothing for other dtypes.
void clear_tail(const MutableTensorView& tensor);

/// Every element becomes 0 (all bits).
void fill_zero(const MutableTensorView& tensor);

/// The reference kernel of views: output 0 gets the bytes of input 0.
void copy_input(ReferenceContext& context);

/// Strides in elements of a dense tensor.
[[nodiscard]] std::vector<int64_t> dense_strides(const Dims& dims);

}  // namespace tenon
