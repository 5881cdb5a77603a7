// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/formulas.h"

#include <vector>

// Places formulas into loops.
namespace tenon::codegen {

/// What a kernel leaves behind: a tensor's elements, or a fault where they are true.
struct Sink {
  StatementKind kind;  ///< kStore, kCheck or, within reductions, kAccumulate.
  NodeId value;
  int number;
};

/// Builds kernel.body: each node in the outermost loop that has its variables, reductions that can share a loop in one,
/// the sinks in the loops of `extents`.
void build_nest(const Formulas& formulas, const std::vector<Sink>& sinks, Kernel& kernel);

/// Says which loops are vector loops: the innermost ones, or those around where that walks memory in better order.
void choose_vector_loops(Kernel& kernel);

/// Whether it is a function from kExp to kErf: many instructions, most of which wait for the one before.
[[nodiscard]] bool is_elementary(expr::UnaryOp op);
/// About how many operations a node takes, its operands not counted.
[[nodiscard]] double weight(const expr::Node& node);

}  // namespace tenon::codegen
