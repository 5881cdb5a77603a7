// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan/code.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

// Generated code on disk, found by what it was generated from.
namespace tenon::codegen {

/// One folder, shared by any number of threads and processes. It only saves time: what cannot be read or written, or is
/// damaged, or that another user could have written, is as if it were not there. So is code of another source with the
/// same key, which a model can be made to have.
class Cache {
 public:
  /// "" keeps nothing.
  explicit Cache(std::string folder) : folder_(std::move(folder)) {}

  /// The code with this key that was generated from `source`.
  [[nodiscard]] std::optional<KernelCode> find(CodeKey key, std::string_view source) const;
  void keep(const KernelCode& kernel, std::string_view source) const;

 private:
  [[nodiscard]] std::string path_of(CodeKey key) const;

  std::string folder_;
};

}  // namespace tenon::codegen
