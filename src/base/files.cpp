// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

namespace tenon {
namespace {

// Closes a file descriptor when it goes out of scope.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return value_; }
  int reset() { return value_ < 0 ? 0 : ::close(std::exchange(value_, -1)); }

 private:
  int value_;
};

[[noreturn]] void fail(const std::string& path, const char* action) {
  const int cause = errno;
  throw Error(cause == ENOENT || cause == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo,
              fmt::format("cannot {} '{}': {}", action, path, std::strerror(cause)));
}

// A new file with a name of its own, and the permissions that new files have: mkostemp() makes it the owner's alone,
// and the umask, which says what they are, cannot be read without changing it for all threads. Negative when it fails.
int create_beside(const std::string& path, std::string& name) {
  static std::atomic<uint32_t> counter = 0;
  constexpr int kMostAttempts = 1000;
  for (int attempt = 1;; ++attempt) {
    name = fmt::format("{}.{}-{}", path, ::getpid(), counter.fetch_add(1));
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0 || errno != EEXIST || attempt == kMostAttempts) return file;
  }
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) fail(path, "open");
  if (S_ISDIR(status.st_mode)) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is a folder; a file is required", path));
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a regular file; it cannot be mapped", path));
  }
  std::shared_ptr<MappedFile> mapped(new MappedFile);
  mapped->path_ = path;
  if (status.st_size > 0) {
    const auto size = static_cast<size_t>(status.st_size);
    void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (memory == MAP_FAILED) fail(path, "map");
    mapped->mapping_ = memory;
    mapped->bytes_ = {static_cast<const std::byte*>(memory), size};
  }
  return mapped;
}

std::shared_ptr<const MappedFile> MappedFile::from_memory(std::string name, std::vector<std::byte> bytes) {
  std::shared_ptr<MappedFile> file(new MappedFile);
  file->path_ = std::move(name);
  file->memory_ = std::move(bytes);
  file->bytes_ = file->memory_;
  return file;
}

MappedFile::~MappedFile() {
  if (mapping_ != nullptr) ::munmap(mapping_, bytes_.size());
}

void FileSink::write(const void* data, size_t size) {
  const char* from = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(descriptor_, from, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_, "write");
    from += written;
    size -= static_cast<size_t>(written);
    position_ += static_cast<uint64_t>(written);
  }
}

void create_file(const std::string& path, unsigned permissions, const std::function<void(FileSink&)>& fill) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions));
  if (file.get() < 0 && errno == EEXIST) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("'{}' exists and is not overwritten; give another name, or remove it first", path));
  }
  if (file.get() < 0) fail(path, "create");
  try {
    FileSink sink(file.get(), path);
    fill(sink);
    if (file.reset() != 0) fail(path, "finish");
  } catch (...) {
    ::unlink(path.c_str());
    throw;
  }
}

void write_file(const std::string& path, const std::function<void(FileSink&)>& fill) {
  std::string temporary;
  Descriptor file(create_beside(path, temporary));
  if (file.get() < 0) fail(path, "create a temporary file beside");
  try {
    FileSink sink(file.get(), path);
    fill(sink);
    if (file.reset() != 0) fail(path, "finish");
    if (std::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "rename a temporary file to");
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

}  // namespace tenon
