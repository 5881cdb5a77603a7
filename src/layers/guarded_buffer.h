// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

// Memory that tells when somebody wrote beyond it.
namespace tenon {

/// `bytes` of memory, aligned to kTensorAlignment, between two guards filled with a pattern. Writes into the guards,
/// which lie in the same allocation and so harm nothing, show afterwards; writes beyond them do not.
class GuardedBuffer {
 public:
  static constexpr int64_t kGuardBefore = 4096;

  /// `guard_after` is rounded up to a whole number of cache lines. Throws kOutOfMemory.
  GuardedBuffer(int64_t bytes, int64_t guard_after);

  [[nodiscard]] void* data() const noexcept;
  /// Where the first byte of a guard was overwritten, counted from data(): negative is before it, `bytes` or more
  /// behind.
  [[nodiscard]] std::optional<int64_t> damage() const noexcept;

 private:
  struct Free {
    void operator()(void* memory) const noexcept;
  };
  std::unique_ptr<uint8_t, Free> memory_;
  int64_t bytes_ = 0;
  int64_t total_ = 0;
};

}  // namespace tenon
