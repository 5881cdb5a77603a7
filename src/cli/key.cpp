// SPDX-License-Identifier: Apache-2.0
#include "cli/support.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace tenon::cli {

int key(const KeyArgs& args) {
  const std::string public_path = args.path + ".pub";
  const std::string hex = make_key_pair(args.path);
  if (args.json) {
    print_json({{"secret_key", args.path}, {"public_key", public_path}, {"key", hex}});
    return kOk;
  }
  fmt::print("{}: the secret key; keep it to yourself, and sign with it\n", args.path);
  fmt::print("{}: the public key {}; give it to those who run your plans\n", public_path, hex);
  return kOk;
}

}  // namespace tenon::cli
