// SPDX-License-Identifier: Apache-2.0
#include "ops/move.h"

#include "base/elements.h"

#include <fmt/core.h>

#include <cstring>

namespace tenon {
void require_movable(const InferContext& context, size_t index) {
  if (context.dtype(index) == DType::kString) {
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format("{} '{}': input {} has dtype string; Tenon computes with numbers and bool only, so convert strings "
                    "before the model",
                    context.node().op(), context.node().name(), index));
  }
}

Dim equal_extents(const InferContext& context, const Dim& a, const Dim& b, const std::string& what) {
  if (a.is_constant() && b.is_constant() && !(a == b)) {
    context.fail(fmt::format("{} are {} and {} but must be equal", what, a.value(), b.value()));
  }
  if (a.is_constant() || b.is_unknown()) return a;
  return b.is_constant() || a.is_unknown() ? b : a;
}

void require_index_list(const InferContext& context, size_t index, const char* name) {
  const DType dtype = context.dtype(index);
  if (dtype != DType::kInt64 && dtype != DType::kInt32) {
    context.fail(fmt::format("{} has dtype {} but i64 or i32 is required", name, dtype_name(dtype)));
  }
  if (const auto& shape = context.shape(index); shape && shape->size() > 1) {
    context.fail(fmt::format("{} has shape {} but a list (rank 1) is required", name, to_string(*shape)));
  }
}

void require_indices(const InferContext& context, size_t index) {
  const DType dtype = context.dtype(index);
  if (dtype != DType::kInt64 && dtype != DType::kInt32) {
    context.fail(fmt::format("input {} has dtype {} but indices must be i64 or i32", index, dtype_name(dtype)));
  }
}

int64_t checked_index(const ReferenceContext& context, int64_t index, int64_t extent) {
  if (index < -extent || index >= extent) {
    context.fail(fmt::format("the index {} is outside the axis; {} to {} is required", index, -extent, extent - 1));
  }
  return index < 0 ? index + extent : index;
}

void require_rank(const InferContext& context, size_t rank) {
  if (rank > static_cast<size_t>(kMaxRank)) {
    throw Error(ErrorCode::kUnsupported, fmt::format("{} '{}': the result has {} dimensions; Tenon stops at {}",
                                                     context.node().op(), context.node().name(), rank, kMaxRank));
  }
}

std::optional<int64_t> known_count(const InferContext& context, size_t index) {
  const auto& shape = context.shape(index);
  const auto dims = shape ? to_dims(*shape) : std::nullopt;
  return dims ? std::optional(dims->count()) : std::nullopt;
}

void copy_run(const MutableTensorView& dst, int64_t dst_index, const TensorView& src, int64_t src_index,
              int64_t count) {
  if (count <= 0) return;
  const int bits = dtype_bits(dst.dtype);
  if (bits < 8) {
    for (int64_t i = 0; i < count; ++i) copy_element(dst.data, dst_index + i, src.data, src_index + i, dst.dtype);
    return;
  }
  const int64_t size = bits / 8;
  std::memcpy(static_cast<char*>(dst.data) + dst_index * size, static_cast<const char*>(src.data) + src_index * size,
              static_cast<size_t>(count * size));
}

void clear_tail(const MutableTensorView& tensor) {
  if (dtype_bits(tensor.dtype) != 4 || tensor.dims.count() % 2 == 0) return;
  static_cast<char*>(tensor.data)[tensor.dims.count() / 2] = 0;
}

void fill_zero(const MutableTensorView& tensor) {
  if (const auto bytes = static_cast<size_t>(tensor.size_bytes()); bytes > 0) std::memset(tensor.data, 0, bytes);
}

void copy_input(ReferenceContext& context) {
  const TensorView& x = context.input(0);
  if (const auto bytes = static_cast<size_t>(x.size_bytes()); bytes > 0)
    std::memmove(context.output().data, x.data, bytes);
}

std::vector<int64_t> dense_strides(const Dims& dims) {
  std::vector<int64_t> strides(dims.size(), 0);
  if (dims.count() == 0) return strides;  // The other extents may overflow together.
  int64_t stride = 1;
  for (size_t axis = dims.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= dims[axis];
  }
  return strides;
}

}  // namespace tenon
