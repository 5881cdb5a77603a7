// SPDX-License-Identifier: Apache-2.0
#include "codegen/compile.h"

#include "codegen/cache.h"
#include "codegen/entry.h"
#include "plan/xxh3.h"

#include <tenon/error.h>
#include <tenon/version.h>

#include <fmt/core.h>

#include <dlfcn.h>
#include <array>
#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace tenon::codegen {
namespace {

// Beside this library or, where the system has it, by its name. dlopen() alone would look there, too, by the run path
// of its caller, but that is somebody else when a sanitizer wraps it.
void* open_emitter(const std::string& name) {
  Dl_info self{};
  if (::dladdr(reinterpret_cast<const void*>(&open_emitter), &self) != 0 && self.dli_fname != nullptr) {
    const std::string path = self.dli_fname;
    if (const size_t slash = path.rfind('/'); slash != std::string::npos) {
      if (void* library = ::dlopen((path.substr(0, slash + 1) + name).c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    }
  }
  return ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
}

// Loaded once and for ever, when it is first needed: LLVM does not like to be unloaded.
EmitFunction* emit_function() {
  static EmitFunction* const function = [] {
    const std::string name = fmt::format("libtenon-codegen.so.{}.{}", TENON_VERSION_MAJOR, TENON_VERSION_MINOR);
    void* library = open_emitter(name);
    void* symbol = library == nullptr ? nullptr : ::dlsym(library, kEmitName);
    if (symbol == nullptr) {
      const char* reason = ::dlerror();
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("code cannot be generated: {}; install LLVM 19 (libllvm19) and the whole of Tenon",
                              reason == nullptr ? name : reason));
    }
    return reinterpret_cast<EmitFunction*>(symbol);
  }();
  return function;
}

struct Answer {
  std::vector<std::byte> code;
  std::optional<Error> error;
};

std::vector<std::byte> emit(const Program& program, const Kernel& kernel, Isa isa) {
  Answer answer;
  const EmitRequest request{
      .version = TENON_VERSION_STRING,
      .program = &program,
      .kernel = &kernel,
      .isa = isa,
      .context = &answer,
      .succeeded = [](void* context, const std::byte* code,
                      size_t size) { static_cast<Answer*>(context)->code.assign(code, code + size); },
      .failed =
          [](void* context, int32_t code, const char* message) {
            static_cast<Answer*>(context)->error.emplace(static_cast<ErrorCode>(code), message);
          }};
  emit_function()(&request);
  if (answer.error) throw Error(*answer.error);
  return std::move(answer.code);
}

// What a kernel's code depends on.
std::string text_of(const Program& program, const Kernel& kernel) {
  std::string text;
  for (const Buffer& buffer : program.buffers) text += buffer.name + " ";
  return text + "\n" + print(program, kernel);
}

CodeTensor tensor_of(const Program& program, size_t number) {
  const Buffer& buffer = program.buffers[number];
  constexpr std::array<CodeTensor::Role, 3> kRoles = {CodeTensor::Role::kInput, CodeTensor::Role::kOutput,
                                                      CodeTensor::Role::kTemporary};
  return {kRoles[static_cast<size_t>(buffer.role)], buffer.type.dtype(), buffer.count,
          buffer.role == Buffer::Role::kInput && in_place(program, number)};
}

}  // namespace

std::string CompileOptions::default_cache() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache + "/tenon";
  if (const std::string home = variable("HOME"); !home.empty()) return home + "/.cache/tenon";
  return "";
}

std::span<const Isa> native_isas() {
#if defined(__aarch64__)
  static constexpr std::array<Isa, 1> kIsas = {Isa::kNeon};
#else
  static constexpr std::array<Isa, 3> kIsas = {Isa::kX86V2, Isa::kX86V3, Isa::kX86V4};
#endif
  return kIsas;
}

std::vector<std::byte> compile(const Program& program, std::span<const Isa> isas, const CompileOptions& options) {
  const Cache cache(options.cache);
  const size_t kernels = program.kernels.size();
  std::vector<std::vector<std::byte>> codes(kernels * isas.size());
  std::exception_ptr failure;
  const auto job = [&](size_t i) {
    const Kernel& kernel = program.kernels[i % kernels];
    const Isa isa = isas[i / kernels];
    const std::string text = text_of(program, kernel);
    if (auto found = cache.find(text, isa)) {
      codes[i] = std::move(*found);
      return;
    }
    codes[i] = emit(program, kernel, isa);
    cache.keep(text, isa, codes[i]);
  };
  const auto jobs = static_cast<int64_t>(codes.size());
#ifdef _OPENMP
  const int threads = options.threads > 0 ? options.threads : omp_get_max_threads();
#pragma omp parallel for num_threads(threads) schedule(dynamic) if (jobs > 1)
#endif
  for (int64_t i = 0; i < jobs; ++i) {
    try {
      job(static_cast<size_t>(i));
    } catch (...) {
#ifdef _OPENMP
#pragma omp critical
#endif
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);

  const std::string text = print(program);
  CodeImage image{.source = xxh3(text.data(), text.size()), .tensors = {}, .kernels = {}, .variants = {}};
  for (size_t i = 0; i < program.buffers.size(); ++i) image.tensors.push_back(tensor_of(program, i));
  for (const Kernel& kernel : program.kernels) image.kernels.push_back({kernel.extent, kernel.cost});
  for (size_t v = 0; v < isas.size(); ++v) {
    CodeVariant& variant = image.variants.emplace_back(CodeVariant{isas[v], {}});
    for (size_t k = 0; k < kernels; ++k) variant.kernels.emplace_back(codes[v * kernels + k]);
  }
  return write_code(image);
}

}  // namespace tenon::codegen
