// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <span>
#include <string_view>

// What a pass is. The list of them is in pipeline.cpp, each one's function in passes/.
namespace tenon {

/// A rewrite of a standard graph that keeps what the graph computes, up to rounding.
///
/// Every pass finds a graph whose values have their inferred types, and leaves one (new nodes are typed as they are
/// added, see Rewriter). Nodes that a pass makes superfluous may stay behind; remove_dead takes them. The names of
/// graph inputs stay; those of outputs may wander to other values and are put back by the pipeline. The same graph
/// gives the same result.
struct Pass {
  std::string_view name;
  std::string_view summary;  ///< One sentence.
  void (*run)(Graph& graph);
  bool required = false;  ///< It cannot be disabled, since what follows relies on it.
};

/// The passes in the order in which they run. A pass may occur more than once.
[[nodiscard]] std::span<const Pass> all_passes();

}  // namespace tenon
