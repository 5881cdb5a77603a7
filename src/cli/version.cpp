// SPDX-License-Identifier: Apache-2.0
#include "cli/support.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace tenon::cli {

int version(const VersionArgs& args) {
  const std::string number = fmt::format("{}.{}.{}", TENON_VERSION_MAJOR, TENON_VERSION_MINOR, TENON_VERSION_PATCH);
  const std::string compiler =
      fmt::format("{} {}", __VERSION__[0] >= '0' && __VERSION__[0] <= '9' ? "GCC" : "", __VERSION__);
  if (args.json)
    print_json({{"version", number}, {"compiler", compiler}});
  else
    fmt::print("tenon {} (built with {})\n", number, compiler);
  return kOk;
}

}  // namespace tenon::cli
