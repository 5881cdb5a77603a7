// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"
#include "plan/format.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

// The file around the sections, read and written; format.h has its layout.
namespace tenon {

/// Versions of the format: the file's, and the oldest that a reader must know to understand it.
struct PlanVersions {
  uint16_t major = plan_format::kMajor, minor = plan_format::kMinor;
  uint16_t min_reader_major = plan_format::kMinReaderMajor, min_reader_minor = plan_format::kMinReaderMinor;
};

/// A section's entry in the table.
struct PlanSection {
  uint32_t kind = 0;
  uint64_t length = 0;
  uint64_t hash = 0;  ///< XXH3 of its bytes.
  uint64_t offset = 0;
};

/// A plan file whose header, table, places and hashes are as they must be. What the sections say may be anything.
struct PlanFile {
  std::shared_ptr<const MappedFile> file;
  PlanVersions versions;
  std::vector<PlanSection> sections;

  /// Null when the file has no such section.
  [[nodiscard]] const PlanSection* find(plan_format::SectionKind kind) const noexcept;
  [[nodiscard]] Bytes bytes_of(const PlanSection& section) const noexcept;
};

/// Throws kCorrupt, kUnsupported as read_plan() does.
[[nodiscard]] PlanFile read_sections(const std::shared_ptr<const MappedFile>& file);
/// Throws kCorrupt saying that the file is damaged, and what to do.
[[noreturn]] void throw_damaged(const MappedFile& file, const std::string& message);
/// "the graph section"
[[nodiscard]] std::string section_name(uint32_t kind);

/// Gives each section its offset, in the order of the table.
void place_sections(std::span<PlanSection> sections);
/// Header and table, and zeros up to the first section, for sections that have their places. Later ones are padded by
/// whoever writes them, to the offsets they have.
[[nodiscard]] std::vector<std::byte> plan_head(std::span<const PlanSection> sections,
                                               const PlanVersions& versions = {});

}  // namespace tenon
