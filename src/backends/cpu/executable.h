// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan/code.h"

#include <memory>
#include <optional>
#include <vector>

// Generated code in memory, ready to run.
namespace tenon::cpu {

/// Whether this processor and operating system run that instruction set.
[[nodiscard]] bool supports(Isa isa);

/// The kernels of a code image for one instruction set. Immutable; shared by the contexts that run it.
class Executable {
 public:
  /// Copies the code into memory of its own, which from then on can be executed and not written. Whether the code may
  /// be trusted is the caller's question. Throws kNotFound when the image does not have the instruction set,
  /// kUnsupported when this processor does not, kOutOfMemory, and kUnsupported when the system forbids executable
  /// memory.
  static std::shared_ptr<const Executable> load(const CodeImage& image, Isa isa);
  /// The same for the best one of the image that this processor has; null when it has none.
  static std::shared_ptr<const Executable> load_best(const CodeImage& image);
  ~Executable();
  Executable(const Executable&) = delete;
  Executable& operator=(const Executable&) = delete;

  [[nodiscard]] Isa isa() const noexcept { return isa_; }
  /// By number, as CodeImage::kernels.
  [[nodiscard]] KernelFunction* kernel(size_t index) const { return kernels_[index]; }

 private:
  Executable() = default;
  Isa isa_ = Isa::kX86V2;
  std::vector<KernelFunction*> kernels_;
  void* memory_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace tenon::cpu
