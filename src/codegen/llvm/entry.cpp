// SPDX-License-Identifier: Apache-2.0
#include "codegen/entry.h"

#include "codegen/llvm/emit.h"

#include <tenon/error.h>
#include <tenon/version.h>

#include <fmt/core.h>

#include <cstring>
#include <exception>

// The library's only exported symbol. No exception leaves it.
extern "C" TENON_API void tenon_codegen_emit_1(const tenon::codegen::EmitRequest* request) noexcept {
  using tenon::Error;
  using tenon::ErrorCode;
  const auto failed = [&](ErrorCode code, const char* message) {
    request->failed(request->context, static_cast<int32_t>(code), message);
  };
  try {
    if (std::strcmp(request->version, TENON_VERSION_STRING) != 0) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("libtenon-codegen is of Tenon {} but libtenon of {}; install both from one build",
                              TENON_VERSION_STRING, request->version));
    }
    const auto code = tenon::codegen::machine_code(*request->program, *request->kernel, request->isa);
    request->succeeded(request->context, code.data(), code.size());
  } catch (const Error& error) {
    failed(error.code(), error.message().c_str());
  } catch (const std::bad_alloc&) {
    failed(ErrorCode::kOutOfMemory, "there is not enough memory to generate code");
  } catch (const std::exception& error) {
    failed(ErrorCode::kInternal, error.what());
  }
}
