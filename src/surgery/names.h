// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Names of nodes are paths: namespaces with '/' between.
namespace tenon::surgery {

/// The namespace as names begin with it: people also write "scope/".
[[nodiscard]] inline std::string_view without_trailing_slash(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace tenon::surgery
