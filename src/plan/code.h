// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Generated code as bytes: position-independent kernels that refer to nothing outside of themselves, found by what they
// were generated from. Written by codegen/, kept in plans and in the cache, run by codegen/executable.h.
namespace tenon {

/// An instruction set that code is generated for. Values are permanent: they are in files.
enum class Isa : uint32_t {
  kX86V2 = 1,  ///< x86-64-v2: SSE4.2.
  kX86V3 = 2,  ///< x86-64-v3: AVX2, FMA, F16C.
  kX86V4 = 3,  ///< x86-64-v4: AVX-512 F, BW, CD, DQ, VL.
  kNeon = 16,  ///< AArch64.
};
/// "x86-64-v3", "aarch64"; "?" for other values.
[[nodiscard]] std::string_view isa_name(Isa isa) noexcept;

/// What a kernel is called with.
struct KernelArgs {
  void* const* tensors;  ///< The addresses of the program's tensors, in their order; aligned to their elements.
  int64_t* fault;        ///< Becomes 1 when a load that must not be outside of its tensor is; what it gave is 0 then.
};
/// Runs the iterations [begin, end) of the kernel's outermost loop; the code is the function's. Parts may run on
/// several threads at a time; how the range is split does not change a bit of the result.
using KernelFunction = void(const KernelArgs* args, int64_t begin, int64_t end);

/// A hash of all that a kernel's code depends on: the loops, the instruction set, the version of the generator.
struct CodeKey {
  uint64_t high = 0, low = 0;

  friend auto operator<=>(const CodeKey&, const CodeKey&) = default;
};

/// A kernel's code for one instruction set.
struct KernelCode {
  CodeKey key;
  Isa isa = Isa::kX86V2;
  Bytes code;
  std::shared_ptr<const void> owner = {};  ///< Of the code's memory; null when that is borrowed.
};

/// The kernels as bytes, in the order of their keys; of equal keys the first one. The same kernels give the same bytes.
[[nodiscard]] std::vector<std::byte> write_code(std::span<const KernelCode> kernels);
/// Reads what `bytes` must be exactly; the code refers to them. `name` is the file as messages call it. Throws kCorrupt
/// for anything that write_code() does not write, kUnsupported for a newer format.
[[nodiscard]] std::vector<KernelCode> read_code(Bytes bytes, const std::string& name);

}  // namespace tenon
