// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

// The passes. What each does, what it relies on and why it stands where it does is said at the top of its file.
namespace tenon {

void assign_layout(Graph& graph);
void bind_layers(Graph& graph);
void infer_types(Graph& graph);
void inline_layers(Graph& graph);
void extract_products(Graph& graph);
void fold_constants(Graph& graph);
void fold_pad(Graph& graph);
void fold_scale(Graph& graph);
void fuse_epilogue(Graph& graph);
void fuse_expressions(Graph& graph);
void merge_common(Graph& graph);
void remove_dead(Graph& graph);
void simplify(Graph& graph);

}  // namespace tenon
