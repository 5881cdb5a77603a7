// SPDX-License-Identifier: Apache-2.0
#include "plan/code.h"

#include "base/reader.h"
#include "plan/xxh3.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

// The layout, all numbers little-endian:
//
//   "TENONCOD", u32 format, u32 number of kernels, u64 size, u64 hash of all with this one 0
//   for each kernel, in ascending order of its key: u64 high, u64 low, u32 instruction set, u32 0, u64 offset, u64 size
//   the code, each kernel's aligned to 64, zeros between
namespace tenon {
namespace {

constexpr std::string_view kMagic = "TENONCOD";
constexpr uint32_t kFormat = 1;
constexpr size_t kSizeOffset = 16, kHashOffset = 24, kHeaderBytes = 32, kEntryBytes = 40, kAlignment = 64;

uint64_t aligned(uint64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

template <typename T>
void put(std::vector<std::byte>& bytes, size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

uint64_t hash_of(Bytes bytes) {
  constexpr uint64_t kZero = 0;
  Xxh3 hash;
  hash.add(bytes.data(), kHashOffset);
  hash.add(&kZero, sizeof(kZero));
  hash.add(bytes.data() + kHeaderBytes, bytes.size() - kHeaderBytes);
  return hash.value();
}

class Reader {
 public:
  Reader(Bytes bytes, const std::string& name) : bytes_(bytes), name_(name), reader_(bytes, name_) {}

  std::vector<KernelCode> run() {
    const uint32_t count = header();
    // The code follows the table without a gap other than its alignment.
    end_ = kHeaderBytes + uint64_t{count} * kEntryBytes;
    for (uint32_t i = 0; i < count; ++i) kernel();
    if (end_ != bytes_.size()) corrupt(fmt::format("its code ends at {}, but the bytes at {}", end_, bytes_.size()));
    return std::move(kernels_);
  }

 private:
  [[noreturn]] void corrupt(const std::string& what) const {
    throw Error(ErrorCode::kCorrupt,
                fmt::format("the code in '{}' is damaged: {}; compile the model again", name_, what));
  }

  uint32_t header() {
    const Bytes magic = reader_.take(kMagic.size(), "the magic number");
    if (std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0)
      corrupt("it does not begin with its magic number");
    if (const auto format = reader_.number<uint32_t>("the format"); format != kFormat) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("the code in '{}' has format {}, but this Tenon reads {}; compile the model again", name_,
                              format, kFormat));
    }
    const auto count = reader_.number<uint32_t>("the number of kernels");
    const auto size = reader_.number<uint64_t>("the size");
    const auto hash = reader_.number<uint64_t>("the hash");
    if (size != bytes_.size()) corrupt(fmt::format("it has {} bytes, but was written with {}", bytes_.size(), size));
    if (const uint64_t computed = hash_of(bytes_); computed != hash) {
      corrupt(fmt::format("its hash is {:016x}, but its bytes give {:016x}", hash, computed));
    }
    return count;
  }

  void kernel() {
    KernelCode kernel;
    kernel.key.high = reader_.number<uint64_t>("a kernel's key");
    kernel.key.low = reader_.number<uint64_t>("a kernel's key");
    kernel.isa = static_cast<Isa>(reader_.number<uint32_t>("a kernel's instruction set"));
    const auto reserved = reader_.number<uint32_t>("a reserved number");
    const auto offset = reader_.number<uint64_t>("a kernel's offset");
    const auto size = reader_.number<uint64_t>("a kernel's size");
    if (isa_name(kernel.isa) == "?" || reserved != 0)
      corrupt(fmt::format("a kernel is for the instruction set {}", static_cast<uint32_t>(kernel.isa)));
    if (!kernels_.empty() && kernel.key <= kernels_.back().key) corrupt("its kernels are not in order");
    if (offset != aligned(end_) || size == 0) corrupt(fmt::format("a kernel of {} bytes lies at {}", size, offset));
    const Bytes gap = reader_.slice(end_, offset - end_, "padding");
    if (std::any_of(gap.begin(), gap.end(), [](std::byte b) { return b != std::byte{0}; })) corrupt("padding is not 0");
    kernel.code = reader_.slice(offset, size, "a kernel's code");
    end_ = offset + size;
    kernels_.push_back(std::move(kernel));
  }

  Bytes bytes_;
  const std::string& name_;
  ByteReader reader_;
  std::vector<KernelCode> kernels_;
  uint64_t end_ = 0;
};

}  // namespace

std::string_view isa_name(Isa isa) noexcept {
  switch (isa) {
    case Isa::kX86V2:
      return "x86-64-v2";
    case Isa::kX86V3:
      return "x86-64-v3";
    case Isa::kX86V4:
      return "x86-64-v4";
    case Isa::kNeon:
      return "aarch64";
  }
  return "?";
}

std::vector<std::byte> write_code(std::span<const KernelCode> kernels) {
  std::vector<const KernelCode*> order;
  for (const KernelCode& kernel : kernels) order.push_back(&kernel);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  const auto is_same = [](const auto* a, const auto* b) { return a->key == b->key; };
  order.erase(std::unique(order.begin(), order.end(), is_same), order.end());

  std::vector<std::byte> bytes(kHeaderBytes + order.size() * kEntryBytes);
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  put(bytes, kMagic.size(), kFormat);
  put(bytes, kMagic.size() + 4, static_cast<uint32_t>(order.size()));
  for (size_t i = 0; i < order.size(); ++i) {
    const KernelCode& kernel = *order[i];
    const size_t at = kHeaderBytes + i * kEntryBytes;
    bytes.resize(aligned(bytes.size()));
    put(bytes, at, kernel.key.high);
    put(bytes, at + 8, kernel.key.low);
    put(bytes, at + 16, static_cast<uint32_t>(kernel.isa));
    put(bytes, at + 24, static_cast<uint64_t>(bytes.size()));
    put(bytes, at + 32, static_cast<uint64_t>(kernel.code.size()));
    bytes.insert(bytes.end(), kernel.code.begin(), kernel.code.end());
  }
  put(bytes, kSizeOffset, static_cast<uint64_t>(bytes.size()));
  put(bytes, kHashOffset, hash_of(bytes));
  return bytes;
}

std::vector<KernelCode> read_code(Bytes bytes, const std::string& name) { return Reader(bytes, name).run(); }

}  // namespace tenon
