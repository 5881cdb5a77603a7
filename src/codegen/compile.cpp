// SPDX-License-Identifier: Apache-2.0
#include "codegen/compile.h"

#include "base/parallel.h"
#include "codegen/cache.h"
#include "codegen/entry.h"
#include "plan/xxh3.h"

#include <tenon/error.h>
#include <tenon/version.h>

#include <fmt/core.h>

#include <dlfcn.h>
#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace tenon::codegen {
namespace {

// With its own LLVM, whatever else of that name the process holds: TensorFlow's would be found first otherwise, and be
// another version. Sanitizers cannot have that.
#if defined(RTLD_DEEPBIND) && !defined(__SANITIZE_ADDRESS__)
constexpr int kOpen = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
#else
constexpr int kOpen = RTLD_NOW | RTLD_LOCAL;
#endif

// Beside this library or, where the system has it, by its name. dlopen() alone would look there, too, by the run path
// of its caller, but that is somebody else when a sanitizer wraps it.
void* open_emitter(const std::string& name) {
  Dl_info self{};
  if (::dladdr(reinterpret_cast<const void*>(&open_emitter), &self) != 0 && self.dli_fname != nullptr) {
    const std::string path = self.dli_fname;
    if (const size_t slash = path.rfind('/'); slash != std::string::npos) {
      if (void* library = ::dlopen((path.substr(0, slash + 1) + name).c_str(), kOpen)) return library;
    }
  }
  return ::dlopen(name.c_str(), kOpen);
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

// Changes whenever equal loops become other code.
constexpr std::string_view kGenerator = "10";

// Runs job(i) for i below `count`, on so many threads, each the next one that is left; throws what one of them throws.
template <typename Job>
void share(int threads, int64_t count, const Job& job) {
#ifdef _OPENMP
  if (threads <= 0) threads = omp_get_max_threads();
#endif
  std::atomic<int64_t> next = 0;
  try_parallel_for_threads(threads, count, [&](int64_t, int64_t, int) {
    for (int64_t i = 0; (i = next++) < count;) job(static_cast<size_t>(i));
  });
}

// 128 bits, so that no two kernels have one key by accident.
CodeKey key_of_source(const std::string& source) {
  const uint64_t low = xxh3(source.data(), source.size());
  const std::string again = fmt::format("{:016x}", low) + source;
  return {xxh3(again.data(), again.size()), low};
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string CompileOptions::default_cache() {
  // A relative path would be a folder that came with whatever the working directory holds.
  if (const std::string cache = variable("XDG_CACHE_HOME"); cache.starts_with('/')) return cache + "/tenon";
  if (const std::string home = variable("HOME"); home.starts_with('/')) return home + "/.cache/tenon";
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

std::vector<CompileJob> jobs_of(const Program& program, std::span<const Isa> isas) {
  std::vector<CompileJob> jobs;
  for (const Isa isa : isas)
    for (const Kernel& kernel : program.kernels) jobs.push_back({&program, &kernel, isa});
  return jobs;
}

std::string source_of(const CompileJob& job) {
  return fmt::format("{} {} {}\n{}", TENON_VERSION_STRING, kGenerator, isa_name(job.isa),
                     code_text(*job.program, *job.kernel));
}

CodeKey key_of(const CompileJob& job) { return key_of_source(source_of(job)); }

std::vector<KernelCode> compile(std::span<const CompileJob> jobs, const CompileOptions& options) {
  if (variable("TENON_CODEGEN") == "off") {
    throw Error(ErrorCode::kUnsupported, "code cannot be generated: the environment variable TENON_CODEGEN is \"off\"");
  }
  // By source, not by key: a model can be made whose sources have one key.
  std::map<std::string, size_t> first;
  std::vector<std::map<std::string, size_t>::const_iterator> distinct;
  std::vector<size_t> first_of;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const auto [entry, is_new] = first.emplace(source_of(jobs[i]), i);
    if (is_new) distinct.push_back(entry);
    first_of.push_back(entry->second);
  }
  const Cache cache(options.cache);
  std::vector<KernelCode> result(jobs.size());
  share(options.threads, std::ssize(distinct), [&](size_t n) {
    const auto& [source, i] = *distinct[n];
    const CodeKey key = key_of_source(source);
    if (auto found = cache.find(key, source)) {
      result[i] = std::move(*found);
      return;
    }
    auto code = std::make_shared<const std::vector<std::byte>>(emit(*jobs[i].program, *jobs[i].kernel, jobs[i].isa));
    result[i] = {key, jobs[i].isa, *code, code};
    cache.keep(result[i], source);
  });
  for (size_t i = 0; i < jobs.size(); ++i) result[i] = result[first_of[i]];
  return result;
}

}  // namespace tenon::codegen
