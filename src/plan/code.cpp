// SPDX-License-Identifier: Apache-2.0
#include "plan/code.h"

#include "base/reader.h"
#include "plan/xxh3.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>

// The layout, all numbers little-endian:
//
//   "TENONCOD", u32 format, u32 tensors, u32 kernels, u32 variants, u64 size, u64 source, u64 hash of all with this one
//   0 for each tensor    u32 role, i32 dtype, i64 count for each kernel    i64 extent, f64 cost for each variant   u32
//   isa, u32 0, then for each kernel u64 offset, u64 size the code, each kernel's aligned to 64, zeros between
namespace tenon {
namespace {

constexpr std::string_view kMagic = "TENONCOD";
constexpr uint32_t kFormat = 1;
constexpr size_t kHashOffset = 40, kHeaderBytes = 48, kAlignment = 64;
constexpr uint32_t kMostTensors = 4096, kMostKernels = 4096, kMostVariants = 16;

class Writer {
 public:
  template <typename T>
  void number(T value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof(T));
  }
  void raw(const void* data, size_t size) {
    const auto* bytes = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), bytes, bytes + size);
  }
  void align() { bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment); }
  template <typename T>
  void put(size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
  }
  [[nodiscard]] size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

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

  CodeImage run() {
    header();
    for (uint32_t i = 0; i < tensors_; ++i) tensor();
    for (uint32_t i = 0; i < kernels_; ++i) kernel();
    // The code follows the table without a gap other than its alignment.
    end_ = reader_.position() + variants_ * (8 + uint64_t{kernels_} * 16);
    for (uint32_t i = 0; i < variants_; ++i) variant();
    if (end_ != bytes_.size()) corrupt(fmt::format("its code ends at {}, but the image at {}", end_, bytes_.size()));
    return std::move(image_);
  }

 private:
  [[noreturn]] void corrupt(const std::string& what) const {
    throw Error(ErrorCode::kCorrupt,
                fmt::format("the code image '{}' is damaged: {}; compile the layer again", name_, what));
  }

  void header() {
    const Bytes magic = reader_.take(kMagic.size(), "the magic number");
    if (std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0)
      corrupt("it does not begin with its magic number");
    if (const auto format = reader_.number<uint32_t>("the format"); format != kFormat) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("the code image '{}' has format {}, but this Tenon reads {}; compile "
                              "the layer again",
                              name_, format, kFormat));
    }
    tensors_ = reader_.number<uint32_t>("the number of tensors");
    kernels_ = reader_.number<uint32_t>("the number of kernels");
    variants_ = reader_.number<uint32_t>("the number of variants");
    const auto size = reader_.number<uint64_t>("the size");
    image_.source = reader_.number<uint64_t>("the source's hash");
    const auto hash = reader_.number<uint64_t>("the hash");
    if (size != bytes_.size()) corrupt(fmt::format("it has {} bytes, but was written with {}", bytes_.size(), size));
    if (const uint64_t computed = hash_of(bytes_); computed != hash) {
      corrupt(fmt::format("its hash is {:016x}, but its bytes give {:016x}", hash, computed));
    }
    if (tensors_ > kMostTensors || kernels_ > kMostKernels || variants_ > kMostVariants) {
      corrupt(fmt::format("it claims {} tensors, {} kernels and {} variants", tensors_, kernels_, variants_));
    }
  }

  void tensor() {
    const auto role = reader_.number<uint16_t>("a tensor's role");
    const auto in_place = reader_.number<uint16_t>("a tensor's place");
    const auto dtype = reader_.number<int32_t>("a tensor's dtype");
    const auto count = reader_.number<int64_t>("a tensor's count");
    if (role > 2 || in_place > (role == 0 ? 1 : 0) || !is_valid_dtype(dtype) ||
        dtype_bits(static_cast<DType>(dtype)) < 8 || count < 0 || count > INT64_MAX / 16) {
      corrupt(fmt::format("a tensor has role {}, dtype {} and {} elements", role, dtype, count));
    }
    image_.tensors.push_back({static_cast<CodeTensor::Role>(role), static_cast<DType>(dtype), count, in_place != 0});
  }

  void kernel() {
    const auto extent = reader_.number<int64_t>("a kernel's extent");
    const auto cost = reader_.number<double>("a kernel's cost");
    if (extent < 0 || !(cost >= 0) || std::isinf(cost))
      corrupt(fmt::format("a kernel has extent {} and cost {}", extent, cost));
    image_.kernels.push_back({extent, cost});
  }

  void variant() {
    CodeVariant variant{static_cast<Isa>(reader_.number<uint32_t>("an instruction set")), {}};
    if (reader_.number<uint32_t>("a reserved number") != 0) corrupt("a reserved number is not 0");
    const auto is_same = [&](const CodeVariant& other) { return other.isa == variant.isa; };
    if (isa_name(variant.isa) == "?" || std::any_of(image_.variants.begin(), image_.variants.end(), is_same)) {
      corrupt(fmt::format("instruction set {} is unknown or there twice", static_cast<uint32_t>(variant.isa)));
    }
    for (uint32_t i = 0; i < kernels_; ++i) {
      const auto offset = reader_.number<uint64_t>("a kernel's offset");
      const auto size = reader_.number<uint64_t>("a kernel's size");
      if (offset != (end_ + kAlignment - 1) / kAlignment * kAlignment || size == 0) {
        corrupt(fmt::format("a kernel of {} bytes lies at {}", size, offset));
      }
      const Bytes gap = reader_.slice(end_, offset - end_, "padding");
      if (std::any_of(gap.begin(), gap.end(), [](std::byte b) { return b != std::byte{0}; }))
        corrupt("padding is not 0");
      variant.kernels.push_back(reader_.slice(offset, size, "a kernel's code"));
      end_ = offset + size;
    }
    image_.variants.push_back(std::move(variant));
  }

  Bytes bytes_;
  const std::string& name_;
  ByteReader reader_;
  CodeImage image_;
  uint32_t tensors_ = 0, kernels_ = 0, variants_ = 0;
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

std::vector<std::byte> write_code(const CodeImage& image) {
  Writer writer;
  writer.raw(kMagic.data(), kMagic.size());
  writer.number(kFormat);
  writer.number(static_cast<uint32_t>(image.tensors.size()));
  writer.number(static_cast<uint32_t>(image.kernels.size()));
  writer.number(static_cast<uint32_t>(image.variants.size()));
  writer.number(uint64_t{0});
  writer.number(image.source);
  writer.number(uint64_t{0});
  for (const CodeTensor& tensor : image.tensors) {
    writer.number(static_cast<uint16_t>(tensor.role));
    writer.number(static_cast<uint16_t>(tensor.in_place ? 1 : 0));
    writer.number(static_cast<int32_t>(tensor.dtype));
    writer.number(tensor.count);
  }
  for (const CodeKernel& kernel : image.kernels) {
    writer.number(kernel.extent);
    writer.number(kernel.cost);
  }
  const size_t table = writer.size();
  const size_t entry_bytes = 8 + image.kernels.size() * 16;
  writer.bytes().resize(table + image.variants.size() * entry_bytes);
  for (size_t v = 0; v < image.variants.size(); ++v) {
    size_t at = table + v * entry_bytes;
    writer.put(at, static_cast<uint32_t>(image.variants[v].isa));
    at += 8;
    for (const Bytes code : image.variants[v].kernels) {
      writer.align();
      writer.put(at, static_cast<uint64_t>(writer.size()));
      writer.put(at + 8, static_cast<uint64_t>(code.size()));
      writer.raw(code.data(), code.size());
      at += 16;
    }
  }
  constexpr size_t kSizeOffset = 24;
  writer.put(kSizeOffset, static_cast<uint64_t>(writer.size()));
  writer.put(kHashOffset, hash_of(writer.bytes()));
  return std::move(writer.bytes());
}

CodeImage read_code(Bytes bytes, const std::string& name) { return Reader(bytes, name).run(); }

}  // namespace tenon
