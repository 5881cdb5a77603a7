// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <string>

// Pictures of graphs, laid out by Graphviz.
namespace tenon::cli {

/// The graph in Graphviz's language: a box for each node (users' layers in colour) with its operator, name and
/// attributes, an ellipse for each input and output, grey text for constants, and types on the edges.
[[nodiscard]] std::string dot_text(const Graph& graph);

/// Draws the graph into a file whose ending says what it is: .svg, .png or .pdf, which the program `dot` makes, or
/// .dot. Throws kInvalidArgument for other endings, kUnsupported when `dot` is not installed, kInternal when it fails,
/// kIo.
void draw(const Graph& graph, const std::string& path);

}  // namespace tenon::cli
