// SPDX-License-Identifier: Apache-2.0
#include "backends/kernel.h"

#include <fmt/core.h>

namespace tenon {

Tensor PackedWeights::get(const Tensor& source, std::string_view format, const std::function<Tensor()>& pack) {
  const std::string key =
      fmt::format("{}:{}:{}:{}", source.data(), dtype_name(source.dtype()), to_string(source.dims()), format);
  // Packing happens under the lock: two contexts that specialise at once must not both pay for it, nor both hold the
  // memory.
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(key); found != entries_.end()) return found->second.packed;
  Tensor packed = pack();
  entries_.emplace(key, Entry{source, packed});
  return packed;
}

int64_t PackedWeights::bytes() const {
  const std::lock_guard lock(mutex_);
  int64_t total = 0;
  for (const auto& [key, entry] : entries_) total += entry.packed.size_bytes();
  return total;
}

}  // namespace tenon
