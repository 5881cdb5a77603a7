// SPDX-License-Identifier: Apache-2.0
#include "cli/support.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace tenon::cli {
namespace {

// Whose plan it is: with keys, one of them must have signed it.
std::string check_signature(const std::string& path, const std::vector<std::string>& keys) {
  if (!keys.empty()) return fmt::format(", signed by {}", verify_plan(path, keys));
  const auto signer = plan_signer(path);
  return signer ? fmt::format(", which says that it is signed by {}; verify that with --trust-key", *signer) : "";
}

// A plan is read, verified, and its layers are looked up; a model is read, lowered and its types are inferred.
std::string check_file(const std::string& path, const CheckArgs& args) {
  if (is_plan_file(path)) {
    const Engine engine = Engine::load(path);
    return fmt::format("a sound plan with {} inputs and {} outputs{}", engine.inputs().size(), engine.outputs().size(),
                       check_signature(path, args.trusted_keys));
  }
  ModelArgs model;
  model.path = path;
  model.maps = args.maps;
  model.shapes = args.shapes;
  const Graph graph = load_graph(model);
  (void)tenon::compile(graph, compile_options(model));
  return fmt::format("a {} model of {} nodes that compiles", graph.dialect(), graph.node_count());
}

}  // namespace

int check(const CheckArgs& args) {
  load_plugins(args.plugins);
  int worst = kOk;
  nlohmann::json results = nlohmann::json::array();
  for (const std::string& path : args.files) {
    std::string message;
    int code = kOk;
    try {
      message = check_file(path, args);
    } catch (const Error& error) {
      code = exit_code(error.code());
      message = error.what();
    }
    worst = std::max(worst, code);
    if (!args.json) fmt::print("{}: {}{}\n", path, code == kOk ? "ok, " : "", message);
    results.push_back({{"file", path}, {"exit_code", code}, {"message", message}});
  }
  if (args.json) print_json(results);
  return worst;
}

}  // namespace tenon::cli
