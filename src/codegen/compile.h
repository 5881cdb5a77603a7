// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/loops.h"
#include "plan/code.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

// Loops as code images.
namespace tenon::codegen {

/// How code is generated.
struct CompileOptions {
  /// Where generated code is kept for the next time; "": nowhere.
  std::string cache = default_cache();
  /// How many threads share the kernels and instruction sets; 0: as many as OpenMP has.
  int threads = 0;

  /// $XDG_CACHE_HOME/tenon, or ~/.cache/tenon; "" when neither is set.
  [[nodiscard]] static std::string default_cache();
};

/// The instruction sets that a program for this kind of processor is generated for.
[[nodiscard]] std::span<const Isa> native_isas();

/// The code of all kernels for these instruction sets, as read_code() reads it. Throws kUnsupported when
/// libtenon-codegen, or LLVM below it, is not installed.
[[nodiscard]] std::vector<std::byte> compile(const Program& program, std::span<const Isa> isas,
                                             const CompileOptions& options = {});

}  // namespace tenon::codegen
