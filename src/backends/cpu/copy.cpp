// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/copy.h"

#include "backends/cpu/parallel.h"

#include <algorithm>
#include <cstring>

namespace tenon::cpu {
namespace {

struct Bytes16 {
  uint64_t low, high;
};

/// Calls function(T{}) with an integer type of that size.
template <typename Function>
void with_element(int bytes, Function function) {
  switch (bytes) {
    case 1:
      return function(uint8_t{});
    case 2:
      return function(uint16_t{});
    case 4:
      return function(uint32_t{});
    case 8:
      return function(uint64_t{});
    default:
      return function(Bytes16{});
  }
}

template <typename T>
void copy_rows(const LoopNest& nest, const T* src, T* dst, int64_t first, int64_t last) {
  const int64_t extent = nest.inner_extent(), from = nest.inner_stride(0), to = nest.inner_stride(1);
  NestWalk walk(nest, nest.rank - 1, first);
  for (int64_t row = first; row < last; ++row, walk.next()) {
    const T* s = src + walk.offset(0);
    T* d = dst + walk.offset(1);
    if (from == 1 && to == 1) {
      std::memcpy(d, s, static_cast<size_t>(extent) * sizeof(T));
    } else if (from == 0 && to == 1) {
      std::fill(d, d + extent, *s);
    } else {
      for (int64_t i = 0; i < extent; ++i) d[i * to] = s[i * from];
    }
  }
}

/// The innermost two axes are [a, b] with the source dense along a and the destination along b: a transposition, in
/// square blocks that both sides keep in the first cache.
template <typename T>
void transpose_blocks(const LoopNest& nest, const T* src, T* dst, int64_t first, int64_t last) {
  constexpr int64_t kBlock = 16;
  const auto a_axis = static_cast<size_t>(nest.rank - 2), b_axis = a_axis + 1;
  const int64_t a_extent = nest.extents[a_axis], b_extent = nest.extents[b_axis];
  const int64_t src_b = nest.strides[b_axis][0], dst_a = nest.strides[a_axis][1];
  const int64_t strips = (a_extent + kBlock - 1) / kBlock;
  for (int64_t task = first; task < last; ++task) {
    const NestWalk walk(nest, nest.rank - 2, task / strips);
    const T* s = src + walk.offset(0);
    T* d = dst + walk.offset(1);
    const int64_t a_first = task % strips * kBlock, a_last = std::min(a_first + kBlock, a_extent);
    for (int64_t b_first = 0; b_first < b_extent; b_first += kBlock) {
      const int64_t b_last = std::min(b_first + kBlock, b_extent);
      for (int64_t a = a_first; a < a_last; ++a)
        for (int64_t b = b_first; b < b_last; ++b) d[a * dst_a + b] = s[b * src_b + a];
    }
  }
}

int64_t element_count(const LoopNest& nest) { return nest.outer_count() * nest.inner_extent(); }

}  // namespace

void copy_piece(const Piece& piece, const void* src, void* dst, int element_bytes, int threads) {
  LoopNest nest = piece.nest;
  const int64_t bytes = element_count(nest) * element_bytes;
  if (bytes == 0) return;
  threads = useful_threads(threads, 2 * copy_us(bytes));

  // The axis along which the source is dense moves next to the innermost one.
  bool transposes = false;
  if (nest.rank >= 2 && nest.inner_stride(0) != 1 && nest.inner_stride(1) == 1) {
    for (int axis = 0; axis + 1 < nest.rank && !transposes; ++axis) {
      const auto i = static_cast<size_t>(axis), beside = static_cast<size_t>(nest.rank - 2);
      if (nest.strides[i][0] != 1 || nest.extents[i] < 4 || nest.inner_extent() < 4) continue;
      std::rotate(nest.extents.begin() + axis, nest.extents.begin() + axis + 1, nest.extents.begin() + nest.rank - 1);
      std::rotate(nest.strides.begin() + axis, nest.strides.begin() + axis + 1, nest.strides.begin() + nest.rank - 1);
      transposes = nest.strides[beside][0] == 1;
    }
  }
  with_element(element_bytes, [&](auto element) {
    using T = decltype(element);
    const T* s = static_cast<const T*>(src) + piece.src_offset;
    T* d = static_cast<T*>(dst) + piece.dst_offset;
    if (transposes) {
      const int64_t strips = (nest.extents[static_cast<size_t>(nest.rank - 2)] + 15) / 16;
      const int64_t outer = nest.outer_count() / nest.extents[static_cast<size_t>(nest.rank - 2)];
      parallel_for(threads, outer * strips,
                   [&](int64_t first, int64_t last) { transpose_blocks(nest, s, d, first, last); });
    } else if (nest.rank <= 1 && nest.inner_stride(0) == 1 && nest.inner_stride(1) == 1) {
      parallel_for(threads, nest.inner_extent(), [&](int64_t first, int64_t last) {
        std::memcpy(d + first, s + first, static_cast<size_t>(last - first) * sizeof(T));
      });
    } else {
      parallel_for(threads, nest.outer_count(),
                   [&](int64_t first, int64_t last) { copy_rows(nest, s, d, first, last); });
    }
  });
}

void fill(void* dst, int64_t count, const void* value, int element_bytes) {
  with_element(element_bytes, [&](auto element) {
    std::memcpy(&element, value, sizeof(element));
    auto* d = static_cast<decltype(element)*>(dst);
    std::fill(d, d + count, element);
  });
}

}  // namespace tenon::cpu
