// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <random>
#include <string_view>
#include <vector>

// What generators of random problems decide with: the same for the same seed on every platform.
namespace tenon::test {

class Dice {
 public:
  explicit Dice(uint32_t seed) : generator_(seed) {}
  /// From `low` to `high`, both included.
  int64_t number(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(generator_() % static_cast<uint64_t>(high - low + 1));
  }
  bool coin() { return number(0, 1) == 1; }
  /// True once in so many throws.
  bool one_in(int64_t throws) { return number(1, throws) == 1; }
  template <typename T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[number(0, static_cast<int64_t>(values.size()) - 1)];
  }
  template <typename T>
  const T& one_of(const std::vector<T>& values) {
    return values[static_cast<size_t>(number(0, static_cast<int64_t>(values.size()) - 1))];
  }
  uint32_t seed() { return static_cast<uint32_t>(generator_()); }

 private:
  std::mt19937 generator_;
};

/// Whether TENON_EXHAUSTIVE=1 asks for tests that take long.
[[nodiscard]] inline bool is_exhaustive() {
  const char* value = std::getenv("TENON_EXHAUSTIVE");
  return value != nullptr && std::string_view(value) == "1";
}

}  // namespace tenon::test
