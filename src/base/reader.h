// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"

#include <tenon/error.h>

#include <cstring>
#include <string>
#include <type_traits>

// Reading untrusted bytes: every access is checked against what is left.
namespace tenon {

/// A cursor over bytes of a file. All reads throw kCorrupt, naming `what`, the offset, and the sizes, instead of
/// passing the end. Numbers are little-endian. The bytes are borrowed.
class ByteReader {
 public:
  /// `name` is the file as messages call it; it must outlive the reader.
  ByteReader(Bytes bytes, const std::string& name) : bytes_(bytes), name_(&name) {}

  [[nodiscard]] size_t position() const noexcept { return position_; }
  [[nodiscard]] size_t remaining() const noexcept { return bytes_.size() - position_; }
  /// Moves to an absolute offset.
  void seek(uint64_t offset, const char* what);
  /// The next `size` bytes, in place.
  Bytes take(uint64_t size, const char* what);
  /// A trivially copyable number.
  template <typename T>
  T number(const char* what) {
    static_assert(std::is_arithmetic_v<T>);
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }
  /// `size` bytes at `offset`, checked without moving.
  [[nodiscard]] Bytes slice(uint64_t offset, uint64_t size, const char* what) const;

 private:
  Bytes bytes_;
  const std::string* name_;
  size_t position_ = 0;
};

}  // namespace tenon
