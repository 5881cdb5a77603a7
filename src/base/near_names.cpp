// SPDX-License-Identifier: Apache-2.0
#include "base/near_names.h"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace tenon {
namespace {

// Names in a file are untrusted and may be of any length; a person's typing is not.
constexpr size_t kLongestCompared = 256;

std::string lower(std::string_view text) {
  std::string result(text.substr(0, kLongestCompared));
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// Levenshtein's distance: the least number of one-character insertions, deletions and replacements.
size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> near_names(std::string_view wanted, std::span<const std::string> candidates, size_t limit) {
  const std::string target = lower(wanted);
  std::vector<std::pair<size_t, const std::string*>> scored;
  for (const std::string& candidate : candidates) {
    const std::string name = lower(candidate);
    const size_t longest = std::max(name.size(), target.size());
    const bool contains = target.size() >= 3 && name.find(target) != std::string::npos;
    const size_t distance = contains ? 1 : edit_distance(target, name);
    if (contains || distance <= std::max<size_t>(1, longest / 3)) scored.emplace_back(distance, &candidate);
  }
  std::stable_sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> result;
  for (const auto& [distance, name] : scored) {
    if (result.size() == limit) break;
    if (std::find(result.begin(), result.end(), *name) == result.end()) result.push_back(*name);
  }
  return result;
}

std::string did_you_mean(std::string_view wanted, std::span<const std::string> candidates) {
  std::string text;
  for (const std::string& name : near_names(wanted, candidates)) {
    text += text.empty() ? "; did you mean '" : ", '";
    text += name;
    text += '\'';
  }
  return text.empty() ? text : text + "?";
}

}  // namespace tenon
