// SPDX-License-Identifier: Apache-2.0
#include "plan/sections.h"

#include "base/reader.h"
#include "plan/xxh3.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tenon {

using namespace plan_format;  // NOLINT(google-build-using-namespace): this file reads and writes that format

namespace {

PlanVersions read_versions(const MappedFile& file, ByteReader& reader) {
  PlanVersions versions;
  versions.major = reader.number<uint16_t>("the format version");
  versions.minor = reader.number<uint16_t>("the format version");
  versions.min_reader_major = reader.number<uint16_t>("the reader version");
  versions.min_reader_minor = reader.number<uint16_t>("the reader version");
  const auto [major, minor, min_major, min_minor] = versions;
  if (major > kMajor || min_major > kMajor || (min_major == kMajor && min_minor > kMinor)) {
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format(
            "'{}' has plan format {}.{} and needs a reader of {}.{} or newer, but this Tenon reads plan format {}.{}; "
            "update Tenon, or compile the model with this one",
            file.path(), major, minor, min_major, min_minor, kMajor, kMinor));
  }
  if (major < kMajor)
    throw_damaged(file,
                  fmt::format("it has plan format {}.{}, which never was; the oldest is {}.0", major, minor, kMajor));
  return versions;
}

void check_header_hash(const MappedFile& file, const ByteReader& whole, size_t bytes, uint64_t found) {
  const Bytes head = whole.slice(0, bytes, "the section table");
  std::vector<std::byte> copy(head.begin(), head.end());
  std::fill_n(copy.begin() + kHashOffset, sizeof(uint64_t), std::byte{0});
  if (const uint64_t computed = xxh3(copy.data(), copy.size()); computed != found) {
    throw_damaged(file, fmt::format("the header's hash is {:016x}, but its bytes give {:016x}", found, computed));
  }
}

void require_zero(const MappedFile& file, const ByteReader& whole, uint64_t from, uint64_t to, const char* what) {
  const Bytes bytes = whole.slice(from, to - from, what);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != std::byte{0}) {
      throw_damaged(file, fmt::format("the byte at offset {} ({}) is {}, but must be 0", from + i, what,
                                      static_cast<int>(bytes[i])));
    }
  }
}

template <typename T>
void put(std::vector<std::byte>& bytes, size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

}  // namespace

const PlanSection* PlanFile::find(SectionKind kind) const noexcept {
  for (const PlanSection& section : sections)
    if (section.kind == static_cast<uint32_t>(kind)) return &section;
  return nullptr;
}

Bytes PlanFile::bytes_of(const PlanSection& section) const noexcept {
  return file->bytes().subspan(section.offset, section.length);
}

void throw_damaged(const MappedFile& file, const std::string& message) {
  throw Error(ErrorCode::kCorrupt, fmt::format("'{}' is damaged: {}; compile the model again, or copy the file again",
                                               file.path(), message));
}

std::string section_name(uint32_t kind) {
  switch (static_cast<SectionKind>(kind)) {
    case SectionKind::kGraph:
      return "the graph section";
    case SectionKind::kConstants:
      return "the constants section";
    case SectionKind::kCode:
      return "the code section";
    case SectionKind::kSignature:
      return "the signature section";
  }
  return fmt::format("the section of kind {}", kind);
}

// Header, table, places and hashes: every byte of the file is accounted for when this returns.
PlanFile read_sections(const std::shared_ptr<const MappedFile>& mapped) {
  const MappedFile& file = *mapped;
  const Bytes bytes = file.bytes();
  ByteReader reader(bytes, file.path());
  const Bytes magic = reader.take(kMagic.size(), "the magic number");
  if (std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0) {
    throw Error(ErrorCode::kCorrupt,
                fmt::format("'{}' is not a plan: it does not begin with \"{}\"", file.path(), kMagic));
  }
  const PlanVersions versions = read_versions(file, reader);
  const auto count = reader.number<uint32_t>("the number of sections");
  const auto reserved = reader.number<uint32_t>("the header");
  const auto size = reader.number<uint64_t>("the file size");
  const auto hash = reader.number<uint64_t>("the header's hash");
  if (count > kMaxSections)
    throw_damaged(file, fmt::format("it claims {} sections, but there can be {} at most", count, kMaxSections));
  check_header_hash(file, reader, kHeaderBytes + count * kSectionBytes, hash);
  if (reserved != 0) throw_damaged(file, "the header's reserved bytes are not 0");
  require_zero(file, reader, kHashOffset + sizeof(uint64_t), kHeaderBytes, "the header's reserved bytes");
  if (size != bytes.size())
    throw_damaged(file, fmt::format("it has {} bytes, but was written with {}", bytes.size(), size));

  std::vector<PlanSection> sections;
  reader.seek(kHeaderBytes, "the section table");
  uint64_t end = kHeaderBytes + count * kSectionBytes;
  for (uint32_t i = 0; i < count; ++i) {
    const auto kind = reader.number<uint32_t>("the section table");
    const auto flags = reader.number<uint32_t>("the section table");
    const auto offset = reader.number<uint64_t>("the section table");
    const auto length = reader.number<uint64_t>("the section table");
    const auto section_hash = reader.number<uint64_t>("the section table");
    const std::string name = section_name(kind);
    if (flags != 0) throw_damaged(file, fmt::format("the flags of {} are {}, but must be 0", name, flags));
    if (offset != aligned(end))
      throw_damaged(file, fmt::format("{} begins at {}, but must begin at {}", name, offset, aligned(end)));
    require_zero(file, reader, end, offset, "padding");
    const Bytes content = reader.slice(offset, length, name.c_str());
    if (const uint64_t computed = xxh3(content.data(), content.size()); computed != section_hash) {
      throw_damaged(file, fmt::format("the hash of {} is {:016x}, but its {} bytes give {:016x}", name, section_hash,
                                      length, computed));
    }
    for (const PlanSection& other : sections)
      if (other.kind == kind) throw_damaged(file, fmt::format("{} occurs twice", name));
    sections.push_back({.kind = kind, .length = length, .hash = section_hash, .offset = offset});
    end = offset + length;
  }
  if (end != bytes.size())
    throw_damaged(file, fmt::format("its sections end at {}, but the file at {}", end, bytes.size()));
  return {mapped, versions, std::move(sections)};
}

void place_sections(std::span<PlanSection> sections) {
  uint64_t end = kHeaderBytes + sections.size() * kSectionBytes;
  for (PlanSection& section : sections) {
    section.offset = aligned(end);
    end = section.offset + section.length;
  }
}

std::vector<std::byte> plan_head(std::span<const PlanSection> sections, const PlanVersions& versions) {
  const size_t bytes = kHeaderBytes + sections.size() * kSectionBytes;
  std::vector<std::byte> head(aligned(bytes));
  std::memcpy(head.data(), kMagic.data(), kMagic.size());
  put(head, 8, versions.major);
  put(head, 10, versions.minor);
  put(head, 12, versions.min_reader_major);
  put(head, 14, versions.min_reader_minor);
  put(head, 16, static_cast<uint32_t>(sections.size()));
  put(head, 24, sections.back().offset + sections.back().length);
  for (size_t i = 0; i < sections.size(); ++i) {
    const size_t at = kHeaderBytes + i * kSectionBytes;
    put(head, at, sections[i].kind);
    put(head, at + 8, sections[i].offset);
    put(head, at + 16, sections[i].length);
    put(head, at + kSectionHashOffset, sections[i].hash);
  }
  put(head, kHashOffset, xxh3(head.data(), bytes));
  return head;
}

}  // namespace tenon
