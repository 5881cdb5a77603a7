// SPDX-License-Identifier: Apache-2.0
#include "surgery/regex.h"

#include <tenon/error.h>

#include "errors.h"

#include <string>
#include <vector>

namespace tenon::surgery {
namespace {

using test::expect_error;

TEST(Regex, MatchesTheWholeText) {
  struct Row {
    const char* pattern;
    std::vector<const char*> yes, no;
  };
  const std::vector<Row> rows = {
      {"", {""}, {"a"}},
      {"abc", {"abc"}, {"ab", "abcd", "xabc", ""}},
      {"a.c", {"abc", "a/c"}, {"ac"}},
      {"a*", {"", "a", "aaa"}, {"b", "ab"}},
      {"a+b?", {"a", "aab"}, {"", "b", "abb"}},
      {"(ab)+", {"ab", "abab"}, {"aba", ""}},
      {"(?:ab|c)*d", {"d", "abcd", "ccd"}, {"abc", "acd"}},
      {"a|b|cd", {"a", "b", "cd"}, {"c", "ad", "abcd"}},
      {"(a|)b", {"ab", "b"}, {"a"}},
      {"[a-c/]+", {"a/b", "c"}, {"d", "a-b"}},
      {"[^/]+/x", {"ab/x"}, {"a/b/x", "/x"}},
      {"[]a]", {"]", "a"}, {"b"}},
      {"[a-]", {"-", "a"}, {"b"}},
      {"conv\\d+", {"conv1", "conv12"}, {"conv", "convx"}},
      {"\\w+\\.\\D", {"a_1.b"}, {"a_1xb", "a.1"}},
      {"[\\d_]+", {"1_2"}, {"d"}},
      {"a\\sb\\S\\W", {"a bc-"}, {"a b c", "axbc-"}},
      {"^a$", {"a"}, {"ba"}},
      {"a^b", {}, {"ab", "a^b"}},
      {"\\^\\{\\*", {"^{*"}, {""}},
      {"(a*)*", {"", "aa"}, {"b"}},
      {"(a*)+b", {"b", "aab"}, {"a"}},
      {"\xc3\xa9.", {"\xc3\xa9x"}, {"\xc3x"}},
  };
  for (const Row& row : rows) {
    const Regex regex(row.pattern);
    for (const char* text : row.yes) EXPECT_TRUE(regex.matches(text)) << row.pattern << " on " << text;
    for (const char* text : row.no) EXPECT_FALSE(regex.matches(text)) << row.pattern << " on " << text;
  }
}

TEST(Regex, MistakesPointAtTheirPlace) {
  struct Row {
    std::string pattern, message;
  };
  const std::vector<Row> rows = {
      {"ab(", "'ab(' at character 4: ')' is required"},
      {"a)", "at character 2: ')' closes nothing"},
      {"*a", "at character 1: there is nothing to repeat"},
      {"a|+", "at character 3: there is nothing to repeat"},
      {"a{2}", "repetitions {m,n} are not supported"},
      {"(?=a)", "only (?:...) is supported"},
      {"[ab", "']' is required"},
      {"[", "']' is required"},
      {"[z-a]", "the range is empty"},
      {"[a-\\d]", "a range goes from one plain character"},
      {"a\\", "a character is required after"},
      {"(a)\\1", "at character 5: of the escapes"},
      {std::string(200, '(') + std::string(200, ')'), "groups nest too deeply"},
      {std::string(5000, 'a'), "5000 characters is too long"},
  };
  for (const Row& row : rows) {
    expect_error(ErrorCode::kInvalidArgument, row.message, [&] { (void)Regex(row.pattern); });
  }
}

// Either of these takes other matchers time or memory that is exponential in the pattern.
TEST(Regex, NestedRepetitionsAreCheap) {
  std::string nested = "x";
  for (int depth = 0; depth < 90; ++depth) nested = "(" + nested + ")+";
  EXPECT_TRUE(Regex(nested).matches(std::string(1000, 'x')));
  EXPECT_FALSE(Regex("(a|aa|a*)*b").matches(std::string(1000, 'a')));
}

}  // namespace
}  // namespace tenon::surgery
