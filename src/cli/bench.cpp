// SPDX-License-Identifier: Apache-2.0
#include "cli/support.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace tenon::cli {

int bench(const BenchArgs& args) {
  using Clock = std::chrono::steady_clock;
  const auto ms_since = [](Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  };
  const auto load_start = Clock::now();
  const Engine engine = load_engine(args.model);
  const double load_ms = ms_since(load_start);

  const auto dims = parse_dims(args.dims);
  std::vector<Tensor> inputs;
  for (const Port& port : engine.inputs())
    inputs.push_back(random_tensor(port.type.dtype, concrete(port.type.shape.value_or(Shape{}), dims), inputs.size()));
  std::vector<TensorView> views;
  for (const Tensor& input : inputs) views.push_back(input.view());

  Context context = engine.context({args.threads, args.backend, false});
  const auto first_start = Clock::now();
  (void)context.run(views);
  const double first_ms = ms_since(first_start);
  print_notices(engine);
  for (int i = 0; i < args.warmup; ++i) (void)context.run(views);
  std::vector<double> times;
  Progress progress("running");
  for (int i = 0; i < args.runs; ++i) {
    const auto start = Clock::now();
    (void)context.run(views);
    times.push_back(ms_since(start));
    progress.update("", static_cast<double>(i + 1) / args.runs);
  }
  std::sort(times.begin(), times.end());
  const auto quantile = [&](double share) {
    return times[static_cast<size_t>(share * static_cast<double>(times.size() - 1))];
  };
  const MemoryReport memory = context.memory();
  if (args.json) {
    print_json({{"file", args.model.path},
                {"threads", args.threads},
                {"runs", args.runs},
                {"load_ms", load_ms},
                {"first_run_ms", first_ms},
                {"min_ms", times.front()},
                {"median_ms", quantile(0.5)},
                {"p95_ms", quantile(0.95)},
                {"max_ms", times.back()},
                {"arena_bytes", memory.arena_bytes},
                {"arena_lower_bound_bytes", memory.lower_bound_bytes},
                {"workspace_bytes", memory.workspace_bytes},
                {"constant_bytes", memory.constant_bytes},
                {"steps", memory.steps}});
    return kOk;
  }
  fmt::print("load {:.2f} ms, first run {:.2f} ms, then {} runs of {} steps\n", load_ms, first_ms, args.runs,
             memory.steps);
  fmt::print("median {:.4f} ms  min {:.4f}  p95 {:.4f}  max {:.4f}\n", quantile(0.5), times.front(), quantile(0.95),
             times.back());
  fmt::print("arena {} bytes (lower bound {}), workspace {}, constants {}\n", memory.arena_bytes,
             memory.lower_bound_bytes, memory.workspace_bytes, memory.constant_bytes);
  return kOk;
}

}  // namespace tenon::cli
