// SPDX-License-Identifier: Apache-2.0
#include "surgery/regex.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <cctype>
#include <string>

namespace tenon::surgery {
namespace {

using Set = std::bitset<256>;

constexpr int kDeepest = 100;          // Groups in groups, so that the parser's recursion is bounded.
constexpr size_t kLongestText = 4096;  // Of a pattern.

Set one(char c) { return Set().set(static_cast<unsigned char>(c)); }

Set range(char first, char last) {
  Set set;
  for (int c = static_cast<unsigned char>(first); c <= static_cast<unsigned char>(last); ++c) set.set(c);
  return set;
}

}  // namespace

class RegexParser {
 public:
  RegexParser(std::string_view text, std::vector<Regex::Step>& program) : text_(text), program_(program) {}

  void parse() {
    if (text_.size() > kLongestText) {
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("a regular expression of {} characters is too long; {} are allowed", text_.size(), kLongestText));
    }
    alternatives(0);
    if (at_ != text_.size()) fail("')' closes nothing");
  }

 private:
  using Kind = Regex::Kind;

  [[noreturn]] void fail(const char* what) const {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("cannot read the regular expression '{}' at character {}: {}", text_, at_ + 1, what));
  }

  bool accept(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  void insert(size_t begin, std::ptrdiff_t next, std::ptrdiff_t other) {
    program_.insert(program_.begin() + static_cast<std::ptrdiff_t>(begin), {Kind::kFork, next, other});
  }

  std::ptrdiff_t length_from(size_t begin) const { return static_cast<std::ptrdiff_t>(program_.size() - begin); }

  void alternatives(int depth) {
    const size_t begin = program_.size();
    sequence(depth);
    while (accept("|")) {
      insert(begin, 1, length_from(begin) + 2);
      const size_t leave = program_.size();
      program_.push_back({Kind::kFork});
      sequence(depth);
      program_[leave].next = program_[leave].other = length_from(leave);
    }
  }

  void sequence(int depth) {
    while (at_ < text_.size() && text_[at_] != '|' && text_[at_] != ')') {
      const size_t begin = program_.size();
      atom(depth);
      while (repetition(begin)) {
      }
    }
  }

  bool repetition(size_t begin) {
    if (accept("*")) {
      insert(begin, 1, length_from(begin) + 2);
      program_.push_back({Kind::kFork, -length_from(begin), -length_from(begin)});
    } else if (accept("+")) {
      program_.push_back({Kind::kFork, -length_from(begin), 1});
    } else if (accept("?")) {
      insert(begin, 1, length_from(begin) + 1);
    } else {
      return false;
    }
    return true;
  }

  void atom(int depth) {
    if (accept("^")) return program_.push_back({Kind::kBegin});
    if (accept("$")) return program_.push_back({Kind::kEnd});
    if (text_[at_] == '*' || text_[at_] == '+' || text_[at_] == '?') fail("there is nothing to repeat");
    if (text_[at_] == '{') fail("repetitions {m,n} are not supported; write \\{ for the character");
    if (accept("(")) {
      if (depth == kDeepest) fail("groups nest too deeply");
      if (!accept("?:") && text_.substr(at_).starts_with('?')) fail("of the groups (?...) only (?:...) is supported");
      alternatives(depth + 1);
      if (!accept(")")) fail("')' is required");
      return;
    }
    Set set;
    if (accept("["))
      set = bracket();
    else if (accept("."))
      set.set();
    else
      set = character();
    program_.push_back({Kind::kOneOf, 1, 1, set});
  }

  // A character or an escape.
  Set character() {
    const char c = text_[at_++];
    if (c != '\\') return one(c);
    if (at_ == text_.size()) fail("a character is required after '\\'");
    const char escaped = text_[at_++];
    const Set digits = range('0', '9');
    const Set word = digits | range('a', 'z') | range('A', 'Z') | one('_');
    const Set space = one(' ') | range('\t', '\r');
    switch (escaped) {
      case 'd':
        return digits;
      case 'D':
        return ~digits;
      case 'w':
        return word;
      case 'W':
        return ~word;
      case 's':
        return space;
      case 'S':
        return ~space;
      default:
        break;
    }
    if (std::isalnum(static_cast<unsigned char>(escaped)) != 0) {
      --at_;
      fail("of the escapes by a letter or digit only \\d, \\w, \\s, \\D, \\W and \\S are supported");
    }
    return one(escaped);
  }

  Set bracket() {
    const bool negated = accept("^");
    Set set;
    do {
      if (at_ == text_.size()) fail("']' is required");
      const char first = text_[at_];
      const Set item = character();
      // "a-z"; a minus sign at the end stands for itself.
      if (item.count() == 1 && at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        const char last = text_[at_];
        if (first == '\\' || last == '\\') fail("a range goes from one plain character to another");
        if (static_cast<unsigned char>(last) < static_cast<unsigned char>(first)) fail("the range is empty");
        ++at_;
        set |= range(first, last);
      } else {
        set |= item;
      }
    } while (!accept("]"));
    return negated ? ~set : set;
  }

  std::string_view text_;
  std::vector<Regex::Step>& program_;
  size_t at_ = 0;
};

Regex::Regex(std::string_view pattern) { RegexParser(pattern, program_).parse(); }

// All ways through the program at once (K. Thompson, "Regular Expression Search Algorithm", 1968).
bool Regex::matches(std::string_view text) const {
  const size_t end = program_.size();
  std::vector<size_t> places, pending;
  std::vector<bool> seen(end + 1);
  const auto follow = [&](size_t from, size_t position) {
    pending.push_back(from);
    while (!pending.empty()) {
      const size_t place = pending.back();
      pending.pop_back();
      if (seen[place]) continue;
      seen[place] = true;
      places.push_back(place);
      if (place == end) continue;
      const Step& step = program_[place];
      const auto go = [&](std::ptrdiff_t by) { pending.push_back(place + static_cast<size_t>(by)); };
      if (step.kind == Kind::kFork) {
        go(step.next);
        go(step.other);
      } else if ((step.kind == Kind::kBegin && position == 0) || (step.kind == Kind::kEnd && position == text.size())) {
        go(1);
      }
    }
  };
  follow(0, 0);
  for (size_t position = 0; position < text.size() && !places.empty(); ++position) {
    std::vector<size_t> before;
    before.swap(places);
    seen.assign(end + 1, false);
    for (const size_t place : before) {
      if (place == end || program_[place].kind != Kind::kOneOf) continue;
      if (program_[place].set.test(static_cast<unsigned char>(text[position]))) follow(place + 1, position + 1);
    }
  }
  return !places.empty() && seen[end];
}

}  // namespace tenon::surgery
