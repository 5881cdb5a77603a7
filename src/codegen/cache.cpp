// SPDX-License-Identifier: Apache-2.0
#include "codegen/cache.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <sys/stat.h>
#include <unistd.h>
#include <cstring>
#include <filesystem>

namespace tenon::codegen {
namespace {

// Code that others can write would run as this user.
bool is_ours(const std::string& path) {
  struct ::stat status{};
  return ::stat(path.c_str(), &status) == 0 && status.st_uid == ::geteuid() &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace

std::string Cache::path_of(CodeKey key) const {
  return fmt::format("{}/{:016x}{:016x}.code", folder_, key.high, key.low);
}

// A file is the code, whose own header says how long it is, and the source.
std::optional<KernelCode> Cache::find(CodeKey key, std::string_view source) const {
  if (folder_.empty() || !is_ours(path_of(key))) return std::nullopt;
  try {
    const auto file = MappedFile::open(path_of(key));
    const Bytes bytes = file->bytes();
    if (bytes.size() < source.size()) return std::nullopt;
    const size_t size = bytes.size() - source.size();
    if (std::memcmp(bytes.data() + size, source.data(), source.size()) != 0) return std::nullopt;
    std::vector<KernelCode> found = read_code(bytes.first(size), file->path());
    if (found.size() != 1 || found[0].key != key) return std::nullopt;
    found[0].owner = file;
    return std::move(found[0]);
  } catch (const Error&) {
    return std::nullopt;
  }
}

void Cache::keep(const KernelCode& kernel, std::string_view source) const {
  if (folder_.empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  try {
    const std::vector<std::byte> bytes = write_code({&kernel, 1});
    write_file(path_of(kernel.key), [&](FileSink& sink) {
      sink.write(bytes.data(), bytes.size());
      sink.write(source.data(), source.size());
    });
  } catch (const Error&) {
    return;  // A full disk, or a folder that others own: it is generated again the next time.
  }
}

}  // namespace tenon::codegen
