// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/commands.h"

#include <tenon/tenon.h>

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

// What several commands need: exit codes, loading, progress, JSON.
namespace tenon::cli {

/// The exit codes; docs/command-line.md lists them.
enum ExitCode : int {
  kOk = 0,
  kMismatch = 1,     ///< Results differ from what was expected.
  kUsage = 2,        ///< The command line is wrong.
  kBadInput = 3,     ///< A file is missing, damaged or does not fit.
  kUnsupported = 4,  ///< The model needs something that Tenon lacks.
  kDevice = 5,       ///< A device, its driver or memory failed.
  kInternal = 70,    ///< A bug in Tenon.
};

/// A mistake on the command line that parsing could not see.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The exit code for an error.
[[nodiscard]] int exit_code(ErrorCode code) noexcept;
/// Runs `body` and turns what it throws into a message on stderr (with `json`, an object on stdout too) and an exit
/// code.
int guarded(bool json, int (*body)(const void*), const void* args);

/// A bar on stderr when that is a terminal, nothing otherwise. Cleared when it goes out of scope.
class Progress {
 public:
  explicit Progress(std::string title);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void update(std::string_view what, double share);

 private:
  std::string title_;
  bool terminal_;
};

/// Loads the plugins, those that TENON_PLUGINS names first.
void load_plugins(const std::vector<std::string>& paths);
/// Reads a model and applies the mappings.
[[nodiscard]] Graph load_graph(const ModelArgs& args);
/// What a node that is a user's layer is called: "custom::Clip", or "Clip" for UFF's custom operation "_Clip". "" for
/// all other nodes.
[[nodiscard]] std::string layer_name(const Graph& graph, const Node& node);
/// Options for compile() from the arguments; bad ones are UsageErrors.
[[nodiscard]] CompileOptions compile_options(const ModelArgs& args);
/// The engine of a plan, or of a model, which is compiled in memory.
[[nodiscard]] Engine load_engine(const ModelArgs& args);
/// What the user should know of how the engine runs, on stderr.
void print_notices(const Engine& engine);
/// "N=4" … as a map; UsageError otherwise.
[[nodiscard]] std::map<std::string, int64_t> parse_dims(const std::vector<std::string>& texts);
/// The shape with named dimensions filled in (1 where `dims` has none), and what was not known as 1.
[[nodiscard]] Dims concrete(const Shape& shape, const std::map<std::string, int64_t>& dims);
/// A tensor of random values: floats uniform in [-1, 1), integers in [0, 10), the same for the same seed.
[[nodiscard]] Tensor random_tensor(DType dtype, const Dims& dims, uint64_t seed);

/// Writes a text file, through a temporary one beside it.
void save_text(const std::string& text, const std::string& path);

/// {"name", "dtype", "shape"}; dimensions are numbers, names, or null.
[[nodiscard]] nlohmann::json to_json(const std::string& name, const TensorType& type);
/// Numbers, strings and lists as themselves; tensors and the rest as text.
[[nodiscard]] nlohmann::json to_json(const Attribute& attribute);
/// Prints one JSON document to stdout.
void print_json(const nlohmann::json& document);

}  // namespace tenon::cli
