// SPDX-License-Identifier: Apache-2.0
#include "cli/support.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace tenon::cli {

int sign(const SignArgs& args) {
  const std::string signer = sign_plan(args.plan, args.key);
  if (args.json)
    print_json({{"plan", args.plan}, {"signer", signer}});
  else
    fmt::print("{}: signed by {}\n", args.plan, signer);
  return kOk;
}

}  // namespace tenon::cli
