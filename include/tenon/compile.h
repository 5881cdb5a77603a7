// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/engine.h>
#include <tenon/export.h>
#include <tenon/graph.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// From a graph of any dialect to an engine.
namespace tenon {

/// One node that cannot be compiled, or converted, as it is.
struct UnsupportedNode {
  std::string node, op;
  std::string reason;
  std::string remedy;  ///< The command-line option that maps it to a layer: `--map 'Foo=MyFoo()'`.
};

/// Thrown (code kUnsupported) with every node that no rule covers; what() lists them all with reasons and remedies.
class TENON_API UnsupportedError : public Error {
 public:
  /// `done`: what could not be done with them, for the message.
  explicit UnsupportedError(std::vector<UnsupportedNode> nodes, std::string_view done = "compiled");
  [[nodiscard]] const std::vector<UnsupportedNode>& nodes() const noexcept { return nodes_; }

 private:
  std::vector<UnsupportedNode> nodes_;
};

/// How a UFF input's buffer lies, as UffParser::registerInput() is told.
enum class InputOrder { kNCHW, kNHWC, kNC };
/// By its name, "NCHW", "NHWC" or "NC"; nullopt for other names.
[[nodiscard]] TENON_API std::optional<InputOrder> input_order_named(std::string_view name) noexcept;

struct CompileOptions {
  std::vector<std::string> outputs = {};  ///< Values to compute; empty: the graph's own.
  /// Overrides, by input name. A UFF input may be given without its batch dimension, as its parser was: a dynamic one
  /// ("N") is put in front.
  std::map<std::string, Shape> input_shapes = {};
  /// For UFF inputs in `input_shapes`: how the shape and the buffer are to be read; kNCHW where none is given.
  std::map<std::string, InputOrder> input_orders = {};
  std::vector<std::string> disabled_passes = {};  ///< By name, see compile_passes(); for finding out what a pass does.
  /// Called before each pass with its name and the share done, 0 … 1.
  std::function<void(std::string_view, double)> progress = {};
  /// Called after each pass with its name and the graph.
  std::function<void(std::string_view, const Graph&)> dump = {};
};

/// Rewrites a dialect to the standard operators; a standard graph is returned as it is. Nodes with a domain pass
/// through as users' layers. Throws UnsupportedError.
[[nodiscard]] TENON_API Graph lower(const Graph& graph, const CompileOptions& options = {});

/// Lowers and optimises. Throws UnsupportedError, kInvalidArgument (types do not fit; names the node), kNotFound (a
/// layer that is not loaded).
[[nodiscard]] TENON_API Engine compile(const Graph& graph, const CompileOptions& options = {});

/// The passes in the order they run: name and one sentence.
struct PassInfo {
  std::string name, summary;
};
[[nodiscard]] TENON_API std::vector<PassInfo> compile_passes();

}  // namespace tenon
