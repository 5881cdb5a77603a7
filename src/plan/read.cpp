// SPDX-License-Identifier: Apache-2.0
#include "base/reader.h"
#include "ops/expression.h"
#include "plan/format.h"
#include "plan/plan.h"
#include "plan/read_tables.h"
#include "plan/xxh3.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

// The file around the sections: see format.h for its layout.
namespace tenon {
namespace {

using namespace plan_format;  // NOLINT(google-build-using-namespace): this file reads that format

struct Section {
  uint32_t kind = 0;
  Bytes bytes;
};

[[noreturn]] void corrupt(const MappedFile& file, const std::string& message) {
  throw Error(ErrorCode::kCorrupt, fmt::format("'{}' is damaged: {}; compile the model again, or copy the file again",
                                               file.path(), message));
}

void check_version(const MappedFile& file, ByteReader& reader) {
  const auto major = reader.number<uint16_t>("the format version");
  const auto minor = reader.number<uint16_t>("the format version");
  const auto min_major = reader.number<uint16_t>("the reader version");
  const auto min_minor = reader.number<uint16_t>("the reader version");
  if (major > kMajor || min_major > kMajor || (min_major == kMajor && min_minor > kMinor)) {
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format(
            "'{}' has plan format {}.{} and needs a reader of {}.{} or newer, but this Tenon reads plan format {}.{}; "
            "update Tenon, or compile the model with this one",
            file.path(), major, minor, min_major, min_minor, kMajor, kMinor));
  }
  if (major < kMajor)
    corrupt(file, fmt::format("it has plan format {}.{}, which never was; the oldest is {}.0", major, minor, kMajor));
}

void check_header_hash(const MappedFile& file, const ByteReader& whole, size_t bytes, uint64_t found) {
  const Bytes head = whole.slice(0, bytes, "the section table");
  std::vector<std::byte> copy(head.begin(), head.end());
  std::fill_n(copy.begin() + kHashOffset, sizeof(uint64_t), std::byte{0});
  if (const uint64_t computed = xxh3(copy.data(), copy.size()); computed != found) {
    corrupt(file, fmt::format("the header's hash is {:016x}, but its bytes give {:016x}", found, computed));
  }
}

void require_zero(const MappedFile& file, const ByteReader& whole, uint64_t from, uint64_t to, const char* what) {
  const Bytes bytes = whole.slice(from, to - from, what);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != std::byte{0}) {
      corrupt(file, fmt::format("the byte at offset {} ({}) is {}, but must be 0", from + i, what,
                                static_cast<int>(bytes[i])));
    }
  }
}

std::string section_name(uint32_t kind) {
  switch (static_cast<SectionKind>(kind)) {
    case SectionKind::kGraph:
      return "the graph section";
    case SectionKind::kConstants:
      return "the constants section";
    case SectionKind::kCode:
      return "the code section";
  }
  return fmt::format("the section of kind {}", kind);
}

// Header, table, places and hashes: every byte of the file is accounted for when this returns.
std::vector<Section> read_sections(const MappedFile& file) {
  const Bytes bytes = file.bytes();
  ByteReader reader(bytes, file.path());
  const Bytes magic = reader.take(kMagic.size(), "the magic number");
  if (std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0) {
    throw Error(ErrorCode::kCorrupt,
                fmt::format("'{}' is not a plan: it does not begin with \"{}\"", file.path(), kMagic));
  }
  check_version(file, reader);
  const auto count = reader.number<uint32_t>("the number of sections");
  const auto reserved = reader.number<uint32_t>("the header");
  const auto size = reader.number<uint64_t>("the file size");
  const auto hash = reader.number<uint64_t>("the header's hash");
  if (count > kMaxSections)
    corrupt(file, fmt::format("it claims {} sections, but there can be {} at most", count, kMaxSections));
  check_header_hash(file, reader, kHeaderBytes + count * kSectionBytes, hash);
  if (reserved != 0) corrupt(file, "the header's reserved bytes are not 0");
  require_zero(file, reader, kHashOffset + sizeof(uint64_t), kHeaderBytes, "the header's reserved bytes");
  if (size != bytes.size()) corrupt(file, fmt::format("it has {} bytes, but was written with {}", bytes.size(), size));

  std::vector<Section> sections;
  reader.seek(kHeaderBytes, "the section table");
  uint64_t end = kHeaderBytes + count * kSectionBytes;
  for (uint32_t i = 0; i < count; ++i) {
    const auto kind = reader.number<uint32_t>("the section table");
    const auto flags = reader.number<uint32_t>("the section table");
    const auto offset = reader.number<uint64_t>("the section table");
    const auto length = reader.number<uint64_t>("the section table");
    const auto section_hash = reader.number<uint64_t>("the section table");
    const std::string name = section_name(kind);
    if (flags != 0) corrupt(file, fmt::format("the flags of {} are {}, but must be 0", name, flags));
    if (offset != aligned(end))
      corrupt(file, fmt::format("{} begins at {}, but must begin at {}", name, offset, aligned(end)));
    require_zero(file, reader, end, offset, "padding");
    const Bytes content = reader.slice(offset, length, name.c_str());
    if (const uint64_t computed = xxh3(content.data(), content.size()); computed != section_hash) {
      corrupt(file, fmt::format("the hash of {} is {:016x}, but its {} bytes give {:016x}", name, section_hash, length,
                                computed));
    }
    for (const Section& other : sections)
      if (other.kind == kind) corrupt(file, fmt::format("{} occurs twice", name));
    sections.push_back({kind, content});
    end = offset + length;
  }
  if (end != bytes.size()) corrupt(file, fmt::format("its sections end at {}, but the file at {}", end, bytes.size()));
  return sections;
}

std::optional<Bytes> find_section(const std::vector<Section>& sections, SectionKind kind) {
  for (const Section& section : sections)
    if (section.kind == static_cast<uint32_t>(kind)) return section.bytes;
  return std::nullopt;
}

Bytes require_section(const MappedFile& file, const std::vector<Section>& sections, SectionKind kind) {
  if (const auto found = find_section(sections, kind)) return *found;
  corrupt(file, fmt::format("{} is missing", section_name(static_cast<uint32_t>(kind))));
}

// Formulas are parsed, which verifies them, before anything looks at them.
void check_formulas(const MappedFile& file, const Graph& graph) {
  for (const Node* node : graph.nodes()) {
    if (!node->domain().empty() || node->op() != kExpressionOp) continue;
    try {
      (void)formulas_of(*node);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kUnsupported || error.code() == ErrorCode::kOutOfMemory) throw;
      corrupt(file, fmt::format("the formulas of '{}' are no formulas: {}", node->name(), error.message()));
    }
  }
}

}  // namespace

bool looks_like_plan(const MappedFile& file) {
  const Bytes bytes = file.bytes();
  return bytes.size() >= kMagic.size() && std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

Plan read_plan(const std::shared_ptr<const MappedFile>& file) {
  const std::vector<Section> sections = read_sections(*file);
  Plan plan = read_plan_tables(file, require_section(*file, sections, SectionKind::kGraph),
                               require_section(*file, sections, SectionKind::kConstants));
  check_formulas(*file, plan.graph);
  if (const auto code = find_section(sections, SectionKind::kCode)) {
    plan.code = read_code(*code, file->path());
    for (KernelCode& kernel : plan.code) kernel.owner = file;
  }
  return plan;
}

}  // namespace tenon
