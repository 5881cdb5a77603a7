// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

// Regular expressions for names. Patterns come from users and names from files, so matching takes time in proportion to
// pattern times text, and memory in proportion to the pattern, whatever they are.
namespace tenon::surgery {

/// A regular expression: . [a-z] [^/] \d \w \s \D \W \S (...) (?:...) | * + ? ^ $, and \ before punctuation. Characters
/// are bytes. These mean what they mean in Python's `re`; {m,n}, look-around and back-references are refused.
class Regex {
 public:
  /// Throws kInvalidArgument pointing at the place.
  explicit Regex(std::string_view pattern);

  /// True when the expression matches the whole text.
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  friend class RegexParser;
  enum class Kind : uint8_t { kOneOf, kFork, kBegin, kEnd };
  // One instruction. Where to go on is relative, so that an instruction can be put in front of a part.
  struct Step {
    Kind kind;
    std::ptrdiff_t next = 1, other = 1;  // A fork goes on at both.
    std::bitset<256> set = {};
  };
  std::vector<Step> program_;  // The end of the program is a match.
};

}  // namespace tenon::surgery
