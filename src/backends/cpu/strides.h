// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/shape.h>

#include <array>
#include <cstdint>
#include <span>

// Loops over tensors with strides.
namespace tenon::cpu {

/// A loop nest over up to three operands, outermost axis first. Axes of extent 1 are gone, and neighbours that step
/// through every operand like one longer axis are merged. Strides count elements.
struct LoopNest {
  static constexpr int kMaxOperands = 3;
  using Strides = std::array<int64_t, kMaxOperands>;

  int rank = 0;
  std::array<int64_t, kMaxRank> extents{};
  std::array<Strides, kMaxRank> strides{};

  /// Adds an axis inside those there are.
  void add(int64_t extent, const Strides& by);
  /// The product of the extents of all axes but the innermost.
  [[nodiscard]] int64_t outer_count() const noexcept;
  [[nodiscard]] int64_t inner_extent() const noexcept { return rank == 0 ? 1 : extents[static_cast<size_t>(rank - 1)]; }
  /// Of the innermost axis; 1 in a nest without axes.
  [[nodiscard]] int64_t inner_stride(size_t operand) const noexcept {
    return rank == 0 ? 1 : strides[static_cast<size_t>(rank - 1)][operand];
  }
};

/// Walks the axes of a nest but the innermost ones, keeping the operands' offsets.
class NestWalk {
 public:
  /// Starts at place `first` of the product of the axes [0, axes).
  NestWalk(const LoopNest& nest, int axes, int64_t first);
  [[nodiscard]] int64_t offset(size_t operand) const noexcept { return offsets_[operand]; }
  void next() noexcept;

 private:
  const LoopNest& nest_;
  int axes_;
  std::array<int64_t, kMaxRank> place_{};
  LoopNest::Strides offsets_{};
};

/// Strides of a dense row-major tensor.
[[nodiscard]] std::array<int64_t, kMaxRank> dense_strides_of(const Dims& dims);

/// The strides with which `operand` is read along the axes of `result`, to which it broadcasts: 0 where it repeats.
[[nodiscard]] std::array<int64_t, kMaxRank> broadcast_strides(const Dims& operand, const Dims& result);

}  // namespace tenon::cpu
