// SPDX-License-Identifier: Apache-2.0
#include "compiler/pipeline.h"

#include "base/near_names.h"
#include "compiler/pass.h"
#include "compiler/passes/passes.h"

#include <tenon/version.h>

#include <fmt/core.h>

#include <algorithm>

namespace tenon {
namespace {

// The compiler, top to bottom.
constexpr Pass kPasses[] = {
    {"bind_layers", "Finds users' layers and completes their fields.", bind_layers, true},
    {"infer_types", "Gives every value its dtype and shape.", infer_types, true},
    {"inline_layers", "Writes users' expression layers into the graph as formulas.", inline_layers, true},
    {"extract_products", "Computes users' sums of products as matrix products.", extract_products},
    {"fold_constants", "Computes what depends on constants only.", fold_constants},
    {"merge_common", "Computes and stores once what occurs several times.", merge_common},
    {"simplify", "Applies algebra: clamps, biases, reshapes and transposes in their simplest form.", simplify},
    {"assign_layout", "Puts the channels of images last, and transposes where they cancel.", assign_layout},
    {"fold_pad", "Makes a Pad in front of a convolution or a pooling its own padding.", fold_pad},
    {"fold_scale", "Moves scales and shifts behind a product into its weights and bias.", fold_scale},
    {"fuse_epilogue", "Does what follows a product element by element while its result is in registers.",
     fuse_epilogue},
    {"fuse_expressions", "Computes neighbouring formulas, built-in ones and users', in one pass over memory.",
     fuse_expressions},
    {"remove_dead", "Removes what no output depends on.", remove_dead},
    {"infer_types", "Gives every value its dtype and shape.", infer_types, true},
};

std::vector<std::string> names_of(std::span<Value* const> values) {
  std::vector<std::string> names;
  for (const Value* value : values) names.push_back(value->name());
  return names;
}

// Puts back the names that the outputs had before the passes moved them to other values.
void restore_output_names(Graph& graph, const std::vector<std::string>& names) {
  std::vector<Value*> outputs(graph.outputs().begin(), graph.outputs().end());
  for (size_t i = 0; i < outputs.size(); ++i) {
    Value*& value = outputs[i];
    if (value->name() == names[i]) continue;
    // Some other value may have the name now; and the value may be an input, a constant, or an output of another name.
    if (Value* other = graph.find_value(names[i])) graph.rename(other, graph.fresh_name(names[i] + "_inner"));
    const auto before = outputs.begin() + static_cast<std::ptrdiff_t>(i);
    if (value->producer() == nullptr || std::find(outputs.begin(), before, value) != before) {
      Node* copy = graph.add_node("Identity", graph.fresh_name(names[i]), {value});
      copy->output()->set_type(value->type());
      value = copy->output();
    }
    graph.rename(value, names[i]);
  }
  graph.set_outputs(std::move(outputs));
}

void check_disabled(const std::vector<std::string>& disabled) {
  std::vector<std::string> known;
  for (const PassInfo& pass : compile_passes()) known.push_back(pass.name);
  for (const std::string& name : disabled) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("there is no compiler pass '{}'{}; `tenon compile --help` lists them", name,
                              did_you_mean(name, known)));
    }
    for (const Pass& pass : all_passes()) {
      if (pass.name == name && pass.required) {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("the compiler pass '{}' cannot be disabled: others rely on it", name));
      }
    }
  }
}

}  // namespace

std::span<const Pass> all_passes() { return kPasses; }

std::vector<PassInfo> compile_passes() {
  std::vector<PassInfo> infos;
  for (const Pass& pass : all_passes()) {
    const bool seen =
        std::any_of(infos.begin(), infos.end(), [&](const PassInfo& info) { return info.name == pass.name; });
    if (!seen) infos.push_back({std::string(pass.name), std::string(pass.summary)});
  }
  return infos;
}

Plan compile_plan(const Graph& graph, const CompileOptions& options) {
  check_disabled(options.disabled_passes);
  Plan plan;
  plan.producer = "tenon " TENON_VERSION_STRING;
  plan.source = graph.name().substr(graph.name().find_last_of('/') + 1);
  plan.graph = lower(graph, options);
  Graph& work = plan.graph;
  const std::vector<std::string> output_names = names_of(work.outputs());

  const auto passes = all_passes();
  for (size_t i = 0; i < passes.size(); ++i) {
    const Pass& pass = passes[i];
    if (std::find(options.disabled_passes.begin(), options.disabled_passes.end(), pass.name) !=
        options.disabled_passes.end()) {
      continue;
    }
    if (options.progress) options.progress(pass.name, static_cast<double>(i) / static_cast<double>(passes.size()));
    with_context([&] { pass.run(work); }, [&] { return fmt::format("in the compiler pass '{}'", pass.name); });
#ifndef NDEBUG
    work.validate();
#endif
    if (options.dump) options.dump(pass.name, work);
  }
  restore_output_names(work, output_names);
  work.validate();
  if (options.progress) options.progress("done", 1);
  return plan;
}

}  // namespace tenon
