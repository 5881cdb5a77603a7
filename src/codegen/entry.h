// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/loops.h"
#include "plan/code.h"

#include <cstddef>
#include <cstdint>

// How libtenon reaches libtenon-codegen, the one library that loads LLVM, when code is generated for the first time.
//
// The two are built together and share the layout of Program; the version is there to find that they are not.
namespace tenon::codegen {

/// What is wanted, and where the answer goes; one of the two functions is called, once, before the entry returns.
struct EmitRequest {
  const char* version;  ///< TENON_VERSION_STRING of the caller.
  const Program* program;
  const Kernel* kernel;
  Isa isa;
  void* context;
  void (*succeeded)(void* context, const std::byte* code, size_t size);
  void (*failed)(void* context, int32_t error_code, const char* message);
};

/// Any thread may call it, several at once.
using EmitFunction = void(const EmitRequest* request);

inline constexpr const char* kEmitName = "tenon_codegen_emit_1";

}  // namespace tenon::codegen
