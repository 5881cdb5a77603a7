// SPDX-License-Identifier: Apache-2.0
#include "cli/support.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <chrono>

namespace tenon::cli {
namespace {

// The kernels are chosen for concrete shapes, so explaining takes a run; named dimensions are 1 in it.
std::string explain(const Engine& engine) {
  Context context = engine.context();
  std::vector<Tensor> inputs;
  for (const Port& port : engine.inputs())
    inputs.push_back(random_tensor(port.type.dtype, concrete(port.type.shape.value_or(Shape{}), {}), 0));
  (void)context.run(std::span<const Tensor>(inputs));
  return context.explain();
}

nlohmann::json ports_json(std::span<const Port> ports) {
  nlohmann::json list = nlohmann::json::array();
  for (const Port& port : ports) list.push_back(to_json(port.name, port.type));
  return list;
}

}  // namespace

int compile(const CompileArgs& args) {
  if (args.list_passes) {
    for (const PassInfo& pass : compile_passes()) fmt::print("{:20} {}\n", pass.name, pass.summary);
    return kOk;
  }
  if (args.model.path.empty()) throw UsageError("a model file is required");
  if (args.output.empty() && !args.explain && !args.dump)
    throw UsageError("-o PLAN is required (or --explain or --dump to look only)");
  load_plugins(args.model.plugins);
  if (is_plan_file(args.model.path))
    throw UsageError(fmt::format("'{}' is a plan already; run it with 'tenon run'", args.model.path));

  const auto start = std::chrono::steady_clock::now();
  CompileOptions options = compile_options(args.model);
  Graph last;
  if (args.dump) options.dump = [&](std::string_view, const Graph& graph) { last = graph.clone(); };
  const Graph graph = load_graph(args.model);
  Progress progress("compiling");
  options.progress = [&](std::string_view pass, double share) { progress.update(pass, share); };
  const Engine engine = tenon::compile(graph, options);
  if (!args.output.empty()) engine.save(args.output);
  const double milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();

  const std::string explanation = args.explain ? explain(engine) : "";
  if (args.json) {
    print_json({{"model", args.model.path},
                {"plan", args.output},
                {"inputs", ports_json(engine.inputs())},
                {"outputs", ports_json(engine.outputs())},
                {"milliseconds", milliseconds},
                {"explain", explanation}});
    return kOk;
  }
  if (args.dump) fmt::print("{}", last.to_string());
  if (!explanation.empty()) fmt::print("{}", explanation);
  if (!args.output.empty()) {
    fmt::print("{}", args.output);
    for (const Port& port : engine.inputs()) fmt::print("  {} {}", port.name, to_string(port.type));
    fmt::print("  ->");
    for (const Port& port : engine.outputs()) fmt::print("  {} {}", port.name, to_string(port.type));
    fmt::print("  ({:.0f} ms)\n", milliseconds);
  }
  return kOk;
}

}  // namespace tenon::cli
