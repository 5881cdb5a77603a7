// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace tenon::testing {

/// Counts calls of operator new, by any thread, while it lives. What oneDNN allocates inside its own library is told by
/// the caller's address and does not count. One at a time.
class AllocationCount {
 public:
  AllocationCount();
  ~AllocationCount();
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;
  [[nodiscard]] int so_far() const;
};

}  // namespace tenon::testing
