// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan/code.h"

#include <memory>
#include <optional>
#include <span>
#include <vector>

// Generated code in memory, ready to run.
namespace tenon::codegen {

/// Whether this processor and operating system run that instruction set.
[[nodiscard]] bool supports(Isa isa);
/// Those that they do, the best first. Empty on processors that no code is generated for.
[[nodiscard]] std::span<const Isa> supported_isas();

/// Kernels of one program. Immutable; shared by the contexts that run them.
class Executable {
 public:
  /// Copies the code into memory of its own, which from then on can be executed and not written. Whether the code may
  /// be trusted is the caller's question. Throws kUnsupported when this processor does not have the instruction set, or
  /// the system forbids executable memory; kOutOfMemory.
  static std::shared_ptr<const Executable> load(std::span<const KernelCode> kernels);
  ~Executable();
  Executable(const Executable&) = delete;
  Executable& operator=(const Executable&) = delete;

  /// By number, as they were given.
  [[nodiscard]] KernelFunction* kernel(size_t index) const { return kernels_[index]; }
  /// Of the first kernel.
  [[nodiscard]] Isa isa() const noexcept { return isa_; }

 private:
  Executable() = default;
  Isa isa_ = Isa::kX86V2;
  std::vector<KernelFunction*> kernels_;
  void* memory_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace tenon::codegen
