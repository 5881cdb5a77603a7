// SPDX-License-Identifier: Apache-2.0
#include "ops/move.h"

#include "base/elements.h"

#include <fmt/core.h>

#include <cstring>

namespace tenon {
namespace {

// Elements of one power-of-two size, as an integer or a pair of them: moved, never looked at.
struct Bytes16 {
  uint64_t halves[2];
};

// One row of the result, along the innermost axis. Source and result are dense tensors of T's size, aligned to their
// dtype.
template <typename T>
void gather_row(void* dst, int64_t dst_index, const void* src, int64_t base, const std::vector<int64_t>& row) {
  auto* out = static_cast<char*>(dst) + dst_index * static_cast<int64_t>(sizeof(T));
  const auto* in = static_cast<const char*>(src) + base * static_cast<int64_t>(sizeof(T));
  for (size_t i = 0; i < row.size(); ++i) {
    std::memcpy(out + i * sizeof(T), in + row[i] * static_cast<int64_t>(sizeof(T)), sizeof(T));
  }
}

bool is_run(const std::vector<int64_t>& row) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (row[i] != row[0] + static_cast<int64_t>(i)) return false;
  }
  return true;
}

}  // namespace

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

void gather_elements(const MutableTensorView& dst, const TensorView& src, const SourceIndex& index) {
  clear_tail(dst);
  if (dst.dims.count() == 0) return;
  static const std::vector<int64_t> kScalar = {0};
  const size_t outer = index.empty() ? 0 : index.size() - 1;
  const std::vector<int64_t>& row = index.empty() ? kScalar : index.back();
  const auto length = static_cast<int64_t>(row.size());
  const bool run = is_run(row);
  const int bits = dtype_bits(dst.dtype);

  std::vector<size_t> place(outer, 0);
  for (int64_t at = 0; at < dst.dims.count(); at += length) {
    int64_t base = 0;
    for (size_t axis = 0; axis < outer; ++axis) base += index[axis][place[axis]];
    if (run) {
      copy_run(dst, at, src, base + row[0], length);
    } else {
      switch (bits) {
        case 8:
          gather_row<uint8_t>(dst.data, at, src.data, base, row);
          break;
        case 16:
          gather_row<uint16_t>(dst.data, at, src.data, base, row);
          break;
        case 32:
          gather_row<uint32_t>(dst.data, at, src.data, base, row);
          break;
        case 64:
          gather_row<uint64_t>(dst.data, at, src.data, base, row);
          break;
        case 128:
          gather_row<Bytes16>(dst.data, at, src.data, base, row);
          break;
        default:
          for (int64_t i = 0; i < length; ++i)
            copy_element(dst.data, at + i, src.data, base + row[static_cast<size_t>(i)], dst.dtype);
      }
    }
    for (size_t axis = outer; axis-- > 0;) {
      if (++place[axis] < index[axis].size()) break;
      place[axis] = 0;
    }
  }
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
