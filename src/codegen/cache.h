// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan/code.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Generated code on disk, found by what it was generated from.
namespace tenon::codegen {

/// One folder, shared by any number of threads and processes. It only saves time: what cannot be read or written, or is
/// damaged, is as if it were not there.
class Cache {
 public:
  /// "" keeps nothing.
  explicit Cache(std::string folder) : folder_(std::move(folder)) {}

  /// The code of the kernel with this text for this instruction set.
  [[nodiscard]] std::optional<std::vector<std::byte>> find(std::string_view text, Isa isa) const;
  void keep(std::string_view text, Isa isa, Bytes code) const;

 private:
  struct Key {
    uint64_t high, low;
  };
  static Key key_of(std::string_view text, Isa isa);
  [[nodiscard]] std::string path_of(Key key) const;

  std::string folder_;
};

}  // namespace tenon::codegen
