// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

// "Did you mean": the names that look like one that was not found.
namespace tenon {

/// Up to `limit` of `candidates`, nearest first, by edit distance without regard to case; names that contain `wanted`
/// count as near. Names further than a third of the length away are left out.
[[nodiscard]] std::vector<std::string> near_names(std::string_view wanted, std::span<const std::string> candidates,
                                                  size_t limit = 3);

/// "; did you mean 'a', 'b'?" or "" when nothing is near.
[[nodiscard]] std::string did_you_mean(std::string_view wanted, std::span<const std::string> candidates);

}  // namespace tenon
