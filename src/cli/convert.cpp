// SPDX-License-Identifier: Apache-2.0
#include "cli/support.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace tenon::cli {
namespace {

// The dialect that is asked for: by --to, or else by the name of the file.
std::string wanted_dialect(const ConvertArgs& args) {
  if (!args.to.empty()) return args.to;
  const std::string extension = std::filesystem::path(args.output).extension().string();
  if (extension == ".uff") return "uff";
  if (extension == ".pb") return "tf";
  throw UsageError(fmt::format("'{}' does not say by .uff or .pb what it is to be; say it with --to", args.output));
}

}  // namespace

int convert(const ConvertArgs& args) {
  load_plugins(args.model.plugins);
  const std::string dialect = wanted_dialect(args);
  Graph graph = load_graph(args.model);
  std::vector<std::string> notes;
  if (graph.dialect() != dialect) {
    ConvertOptions options;
    options.outputs = args.model.outputs;
    options.note = [&](std::string_view line) { notes.emplace_back(line); };
    graph = tenon::convert(graph, dialect, options);
  } else if (!args.model.outputs.empty()) {
    set_outputs(graph, args.model.outputs);
    graph.remove_unreachable();
  }
  save(graph, args.output);
  std::string text;
  if (args.text) {
    text = std::filesystem::path(args.output).replace_extension(".pbtxt").string();
    tenon::save_text(graph, text, args.shorten);
  }
  if (args.json) {
    print_json({{"model", args.model.path},
                {"file", args.output},
                {"text", text},
                {"dialect", dialect},
                {"nodes", graph.node_count()},
                {"notes", notes}});
    return kOk;
  }
  for (const std::string& note : notes) fmt::print("{}\n", note);
  fmt::print("{}: {} nodes\n", args.output, graph.node_count());
  if (!text.empty()) fmt::print("{}: the same as text{}\n", text, args.shorten ? ", without the weights" : "");
  return kOk;
}

}  // namespace tenon::cli
