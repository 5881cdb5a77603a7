// SPDX-License-Identifier: Apache-2.0
#include "codegen/executable.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <sys/mman.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace tenon::codegen {
namespace {

constexpr size_t kAlignment = 64;

size_t rounded_up(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

#if defined(__x86_64__)
// __builtin_cpu_supports() knows what the operating system saves, but not every compiler knows F16C by it.
bool has_f16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
#endif

}  // namespace

bool supports(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::kX86V2:
      return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    case Isa::kX86V3:
      return supports(Isa::kX86V2) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && has_f16c();
    case Isa::kX86V4:
      return supports(Isa::kX86V3) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
#elif defined(__aarch64__)
    case Isa::kNeon:
      return true;
#endif
    default:
      return false;
  }
}

std::span<const Isa> supported_isas() {
  static const std::vector<Isa> isas = [] {
    std::vector<Isa> found;
    for (const Isa isa : {Isa::kX86V4, Isa::kX86V3, Isa::kX86V2, Isa::kNeon})
      if (supports(isa)) found.push_back(isa);
    return found;
  }();
  return isas;
}

std::shared_ptr<const Executable> Executable::load(std::span<const KernelCode> kernels) {
  std::shared_ptr<Executable> result(new Executable);
  if (!kernels.empty()) result->isa_ = kernels[0].isa;
  size_t size = 0;
  for (const KernelCode& kernel : kernels) {
    if (!supports(kernel.isa)) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("code for {} cannot run on this processor", isa_name(kernel.isa)));
    }
    size = rounded_up(size, kAlignment) + kernel.code.size();
  }
  if (size == 0) return result;
  // Code addresses itself by pages on some processors, so it begins on one.
  size = rounded_up(size, static_cast<size_t>(::sysconf(_SC_PAGESIZE)));
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw Error(ErrorCode::kOutOfMemory, fmt::format("{} bytes for code cannot be allocated", size));
  result->memory_ = memory;
  result->bytes_ = size;
  size_t at = 0;
  for (const KernelCode& kernel : kernels) {
    at = rounded_up(at, kAlignment);
    auto* entry = static_cast<std::byte*>(memory) + at;
    std::memcpy(entry, kernel.code.data(), kernel.code.size());
    result->kernels_.push_back(reinterpret_cast<KernelFunction*>(entry));
    at += kernel.code.size();
  }
  __builtin___clear_cache(static_cast<char*>(memory), static_cast<char*>(memory) + size);
  if (::mprotect(memory, size, PROT_READ | PROT_EXEC) != 0) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("this system does not let generated code run: {}", std::strerror(errno)));
  }
  return result;
}

Executable::~Executable() {
  if (memory_ != nullptr) ::munmap(memory_, bytes_);
}

}  // namespace tenon::codegen
