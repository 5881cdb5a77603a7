// SPDX-License-Identifier: Apache-2.0
#include "base/reader.h"

#include <fmt/core.h>

namespace tenon {

Bytes ByteReader::slice(uint64_t offset, uint64_t size, const char* what) const {
  if (offset > bytes_.size() || size > bytes_.size() - offset) {
    throw Error(ErrorCode::kCorrupt,
                fmt::format("'{}' ends too early: {} needs {} bytes at offset {}, and the file has {} bytes", *name_,
                            what, size, offset, bytes_.size()));
  }
  return bytes_.subspan(offset, size);
}

void ByteReader::seek(uint64_t offset, const char* what) {
  (void)slice(offset, 0, what);
  position_ = offset;
}

Bytes ByteReader::take(uint64_t size, const char* what) {
  const Bytes taken = slice(position_, size, what);
  position_ += size;
  return taken;
}

}  // namespace tenon
