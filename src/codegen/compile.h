// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/loops.h"
#include "plan/code.h"

#include <span>
#include <string>
#include <vector>

// Loops as code.
namespace tenon::codegen {

/// How code is generated.
struct CompileOptions {
  /// Where generated code is kept for the next time; "": nowhere.
  std::string cache = default_cache();
  /// How many threads share the kernels and instruction sets; 0: as many as OpenMP has.
  int threads = 0;

  /// $XDG_CACHE_HOME/tenon, or ~/.cache/tenon; "" when neither is set to an absolute path.
  [[nodiscard]] static std::string default_cache();
};

/// The instruction sets that a program for this kind of processor is generated for.
[[nodiscard]] std::span<const Isa> native_isas();

/// What code is wanted of.
struct CompileJob {
  const Program* program;
  const Kernel* kernel;
  Isa isa;
};
/// A kernel for each instruction set.
[[nodiscard]] std::vector<CompileJob> jobs_of(const Program& program, std::span<const Isa> isas);
/// All that the code depends on, as text.
[[nodiscard]] std::string source_of(const CompileJob& job);
[[nodiscard]] CodeKey key_of(const CompileJob& job);

/// The code, in the order of the jobs; those with equal sources are generated once. Throws kUnsupported when
/// libtenon-codegen, or LLVM below it, is not installed, or the environment variable TENON_CODEGEN is "off".
[[nodiscard]] std::vector<KernelCode> compile(std::span<const CompileJob> jobs, const CompileOptions& options = {});

}  // namespace tenon::codegen
