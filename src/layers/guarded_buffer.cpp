// SPDX-License-Identifier: Apache-2.0
#include "layers/guarded_buffer.h"

#include <tenon/tensor.h>

#include <cstdlib>

#include "base/checked.h"

namespace tenon {
namespace {

// Neighbours differ, so that neither a fill with one value nor a shifted copy of the guard goes unseen.
uint8_t pattern(int64_t position) { return static_cast<uint8_t>(position * 167 + 89); }

}  // namespace

void GuardedBuffer::Free::operator()(void* memory) const noexcept { std::free(memory); }

GuardedBuffer::GuardedBuffer(int64_t bytes, int64_t guard_after) : bytes_(bytes) {
  constexpr auto kLine = static_cast<int64_t>(kTensorAlignment);
  const int64_t wanted =
      checked_add(checked_add(bytes, guard_after, "a layer's output"), kGuardBefore + kLine - 1, "a layer's output");
  total_ = wanted / kLine * kLine;
  memory_.reset(static_cast<uint8_t*>(std::aligned_alloc(kTensorAlignment, static_cast<size_t>(total_))));
  if (memory_ == nullptr) throw Error(ErrorCode::kOutOfMemory, "no memory to check a layer's output");
  for (int64_t i = 0; i < kGuardBefore; ++i) memory_.get()[i] = pattern(i);
  for (int64_t i = kGuardBefore + bytes_; i < total_; ++i) memory_.get()[i] = pattern(i);
}

void* GuardedBuffer::data() const noexcept { return memory_.get() + kGuardBefore; }

std::optional<int64_t> GuardedBuffer::damage() const noexcept {
  for (int64_t i = kGuardBefore + bytes_; i < total_; ++i) {
    if (memory_.get()[i] != pattern(i)) return i - kGuardBefore;
  }
  for (int64_t i = kGuardBefore - 1; i >= 0; --i) {
    if (memory_.get()[i] != pattern(i)) return i - kGuardBefore;
  }
  return std::nullopt;
}

}  // namespace tenon
