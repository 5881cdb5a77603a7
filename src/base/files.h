// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

// Files: mapped for reading, and written so that a reader never sees half of one.
namespace tenon {

using Bytes = std::span<const std::byte>;

/// A file mapped read-only, or bytes in memory that stand for one. Shared by the tensors that point into it.
class MappedFile {
 public:
  /// Maps `path`. Throws kNotFound (no such file), kInvalidArgument (a folder), kIo.
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  /// Takes the bytes over; `name` is what messages call it.
  static std::shared_ptr<const MappedFile> from_memory(std::string name, std::vector<std::byte> bytes);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] Bytes bytes() const noexcept { return bytes_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  MappedFile() = default;
  std::string path_;
  Bytes bytes_;
  std::vector<std::byte> memory_;
  void* mapping_ = nullptr;
};

/// Appends bytes to a file under construction.
class FileSink {
 public:
  explicit FileSink(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  /// Throws kIo naming the path and the system's reason.
  void write(const void* data, size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// Bytes written so far.
  [[nodiscard]] uint64_t position() const noexcept { return position_; }

 private:
  int descriptor_;
  std::string path_;
  uint64_t position_ = 0;
};

/// Creates `path`, where nothing may be yet, with these permissions (less what the umask takes); when anything throws,
/// the file is removed. Throws kInvalidArgument when there is something at `path`, kNotFound (no such folder), kIo.
void create_file(const std::string& path, unsigned permissions, const std::function<void(FileSink&)>& fill);

/// Writes `path` through a temporary file beside it that is renamed when `fill` returns; when anything throws, the
/// temporary file is removed and what stood at `path` before is untouched. Throws kIo.
void write_file(const std::string& path, const std::function<void(FileSink&)>& fill);

}  // namespace tenon
