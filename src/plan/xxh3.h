// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

// XXH3, 64 bits (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), which hashes faster than memory delivers. It finds
// damage, not malice: whoever can change a plan can change its hashes.
namespace tenon {

[[nodiscard]] uint64_t xxh3(const void* data, size_t size);

/// The same over pieces.
class Xxh3 {
 public:
  Xxh3();
  ~Xxh3();
  Xxh3(const Xxh3&) = delete;
  Xxh3& operator=(const Xxh3&) = delete;
  void add(const void* data, size_t size);
  [[nodiscard]] uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tenon
