// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"

#include <tenon/dtype.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Generated code as bytes: an image has the kernels of one expression layer for one or several instruction sets. It
// refers to nothing outside of itself and may lie anywhere in memory. Written by codegen/, kept in plans and in the
// cache, run by backends/cpu/executable.h.
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
  void* const* tensors;  ///< The addresses of the image's tensors, in their order; aligned to their elements.
  int64_t* fault;        ///< Becomes 1 when a load that must not be outside of its tensor is; what it gave is 0 then.
};
/// Runs the iterations [begin, end) of the kernel's outermost loop. Parts may run on several threads at a time; how the
/// range is split does not change a bit of the result.
using KernelFunction = void(const KernelArgs* args, int64_t begin, int64_t end);

/// A dense row-major tensor that kernels read or write.
struct CodeTensor {
  enum class Role : uint32_t { kInput = 0, kOutput = 1, kTemporary = 2 };
  Role role = Role::kInput;
  DType dtype = DType::kUndefined;
  int64_t count = 0;      ///< Elements.
  bool in_place = false;  ///< Of an input: output 0 may lie in its memory.

  friend bool operator==(const CodeTensor&, const CodeTensor&) = default;
};

/// One of the kernels, which run one after the other.
struct CodeKernel {
  int64_t extent = 0;  ///< Iterations of its outermost loop.
  double cost = 0;     ///< Of one of them, in operations on one element: what more threads are worth.

  friend bool operator==(const CodeKernel&, const CodeKernel&) = default;
};

/// The kernels' code for one instruction set; each one's entry is its first byte.
struct CodeVariant {
  Isa isa = Isa::kX86V2;
  std::vector<Bytes> kernels;
};

/// An image, taken apart. The code is borrowed.
struct CodeImage {
  uint64_t source = 0;              ///< A hash of the loops that it was generated from.
  std::vector<CodeTensor> tensors;  ///< Inputs, outputs, temporaries.
  std::vector<CodeKernel> kernels;
  std::vector<CodeVariant> variants;
};

/// The image as bytes.
[[nodiscard]] std::vector<std::byte> write_code(const CodeImage& image);
/// Reads an image, which `bytes` must be exactly; the result refers to them. `name` is the file as messages call it.
/// Throws kCorrupt for anything that write_code() does not write, kUnsupported for a newer format.
[[nodiscard]] CodeImage read_code(Bytes bytes, const std::string& name);

}  // namespace tenon
