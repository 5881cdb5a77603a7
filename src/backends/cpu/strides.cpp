// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/strides.h"

namespace tenon::cpu {

void LoopNest::add(int64_t extent, const Strides& by) {
  if (extent == 1) return;
  if (rank > 0) {
    const auto last = static_cast<size_t>(rank - 1);
    bool continues = true;
    for (size_t i = 0; i < kMaxOperands; ++i) continues = continues && strides[last][i] == by[i] * extent;
    if (continues) {
      extents[last] *= extent;
      strides[last] = by;
      return;
    }
  }
  extents[static_cast<size_t>(rank)] = extent;
  strides[static_cast<size_t>(rank)] = by;
  ++rank;
}

int64_t LoopNest::outer_count() const noexcept {
  int64_t count = 1;
  for (int i = 0; i + 1 < rank; ++i) count *= extents[static_cast<size_t>(i)];
  return count;
}

NestWalk::NestWalk(const LoopNest& nest, int axes, int64_t first) : nest_(nest), axes_(axes) {
  for (int axis = axes - 1; axis >= 0; --axis) {
    const auto i = static_cast<size_t>(axis);
    place_[i] = first % nest.extents[i];
    first /= nest.extents[i];
    for (size_t k = 0; k < offsets_.size(); ++k) offsets_[k] += place_[i] * nest.strides[i][k];
  }
}

void NestWalk::next() noexcept {
  for (int axis = axes_ - 1; axis >= 0; --axis) {
    const auto i = static_cast<size_t>(axis);
    for (size_t k = 0; k < offsets_.size(); ++k) offsets_[k] += nest_.strides[i][k];
    if (++place_[i] < nest_.extents[i]) return;
    for (size_t k = 0; k < offsets_.size(); ++k) offsets_[k] -= nest_.strides[i][k] * place_[i];
    place_[i] = 0;
  }
}

std::array<int64_t, kMaxRank> dense_strides_of(const Dims& dims) {
  std::array<int64_t, kMaxRank> strides{};
  int64_t stride = 1;
  for (size_t axis = dims.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= dims[axis];
  }
  return strides;
}

std::array<int64_t, kMaxRank> broadcast_strides(const Dims& operand, const Dims& result) {
  std::array<int64_t, kMaxRank> strides{};
  const std::array<int64_t, kMaxRank> own = dense_strides_of(operand);
  const size_t missing = result.size() - operand.size();
  for (size_t axis = 0; axis < operand.size(); ++axis) strides[axis + missing] = operand[axis] == 1 ? 0 : own[axis];
  return strides;
}

}  // namespace tenon::cpu
