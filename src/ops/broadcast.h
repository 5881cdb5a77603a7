// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/shape.h>

#include <optional>
#include <span>

// Multidirectional broadcasting (NumPy's, as ONNX's "Broadcasting in ONNX" has it): of shapes, and of element indices.
namespace tenon {

/// The shape that `a` and `b` broadcast to; nullopt when they cannot. Where an extent is not known: 1 gives way to the
/// other; a constant other than 1 wins over an unknown or a symbol; equal symbols stay; otherwise the result is
/// unknown.
[[nodiscard]] std::optional<Shape> broadcast(const Shape& a, const Shape& b);
/// False when `from` certainly does not broadcast to exactly `to`.
[[nodiscard]] bool may_broadcast_to(const Shape& from, const Shape& to);

/// Walks a dense row-major result and, along with it, the element index in an operand that broadcasts to it.
/// Incremental, so that a step costs an addition in the common case.
class BroadcastIndex {
 public:
  /// `operand` must broadcast to `result`.
  BroadcastIndex(const Dims& operand, const Dims& result);
  /// The operand's element index at the current place.
  [[nodiscard]] int64_t operator*() const noexcept { return index_; }
  /// To the next element of the result.
  void next() noexcept {
    if (contiguous_) {
      ++index_;
      return;
    }
    for (int axis = result_.rank() - 1; axis >= 0; --axis) {
      index_ += stride_[axis];
      if (++place_[axis] < result_[static_cast<size_t>(axis)]) return;
      index_ -= stride_[axis] * place_[axis];
      place_[axis] = 0;
    }
  }

 private:
  Dims result_;
  bool contiguous_ = false;  // No axis is broadcast: both indices are the same.
  int64_t index_ = 0;
  int64_t stride_[kMaxRank] = {};
  int64_t place_[kMaxRank] = {};
};

}  // namespace tenon
