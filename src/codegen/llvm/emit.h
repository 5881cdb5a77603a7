// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/loops.h"
#include "plan/code.h"

#include <cstddef>
#include <vector>

// Loops as machine code.
namespace llvm {
class Module;
}

namespace tenon::codegen {

/// Adds the function of a kernel to a module: void(const KernelArgs*, int64_t begin, int64_t end), named "kernel".
///
/// Vectors have 64 bytes on every instruction set, which splits them as it needs, so the order in which a reduction's
/// elements come together does not depend on it; nor does it depend on begin and end.
void emit(const Program& program, const Kernel& kernel, Isa isa, llvm::Module& module);

/// The kernel's code: position-independent, complete, its entry the first byte. Throws kUnsupported when this build's
/// LLVM has no such target.
[[nodiscard]] std::vector<std::byte> machine_code(const Program& program, const Kernel& kernel, Isa isa);

/// The code of an object file without symbols from elsewhere: its sections one after the other, the one with "kernel"
/// first, with their relocations applied. Throws kInternal for anything else.
[[nodiscard]] std::vector<std::byte> link(const char* object, size_t size);

}  // namespace tenon::codegen
