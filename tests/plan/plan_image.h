// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan/format.h"
#include "plan/xxh3.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

// Plan files by hand: sections of any content in a container that is as it should be.
namespace tenon::test {

template <typename T>
void put(std::vector<std::byte>& file, size_t offset, T value) {
  std::memcpy(file.data() + offset, &value, sizeof(T));
}

template <typename T>
T get(const std::vector<std::byte>& file, size_t offset) {
  T value;
  std::memcpy(&value, file.data() + offset, sizeof(T));
  return value;
}

/// Recomputes all hashes of a file, as far as its header makes sense, so that a change gets past them.
inline void reseal(std::vector<std::byte>& file) {
  using namespace plan_format;
  if (file.size() < kHeaderBytes) return;
  const auto sections = get<uint32_t>(file, 16);
  if (sections > kMaxSections || kHeaderBytes + sections * kSectionBytes > file.size()) return;
  for (uint32_t i = 0; i < sections; ++i) {
    const size_t at = kHeaderBytes + i * kSectionBytes;
    const auto offset = get<uint64_t>(file, at + 8), length = get<uint64_t>(file, at + 16);
    if (offset <= file.size() && length <= file.size() - offset) put(file, at + 24, xxh3(file.data() + offset, length));
  }
  put(file, kHashOffset, uint64_t{0});
  put(file, kHashOffset, xxh3(file.data(), kHeaderBytes + sections * kSectionBytes));
}

struct SectionImage {
  uint32_t kind;
  std::span<const std::byte> bytes;
};

/// A file of these sections.
inline std::vector<std::byte> plan_image(const std::vector<SectionImage>& sections) {
  using namespace plan_format;
  std::vector<std::byte> file(kHeaderBytes + sections.size() * kSectionBytes);
  std::memcpy(file.data(), kMagic.data(), kMagic.size());
  put(file, 8, kMajor);
  put(file, 10, kMinor);
  put(file, 12, kMinReaderMajor);
  put(file, 14, kMinReaderMinor);
  put(file, 16, static_cast<uint32_t>(sections.size()));
  for (size_t i = 0; i < sections.size(); ++i) {
    file.resize(aligned(file.size()));
    put(file, kHeaderBytes + i * kSectionBytes, sections[i].kind);
    put(file, kHeaderBytes + i * kSectionBytes + 8, static_cast<uint64_t>(file.size()));
    put(file, kHeaderBytes + i * kSectionBytes + 16, static_cast<uint64_t>(sections[i].bytes.size()));
    file.insert(file.end(), sections[i].bytes.begin(), sections[i].bytes.end());
  }
  put(file, 24, static_cast<uint64_t>(file.size()));
  reseal(file);
  return file;
}

}  // namespace tenon::test
