// SPDX-License-Identifier: Apache-2.0
#include "codegen/nest.h"

#include <algorithm>

namespace tenon::codegen {
namespace {

bool is_loop(const Statement& statement) { return statement.kind == StatementKind::kFor; }

// How well the accesses inside go with vectors of this level's variable: whole vectors count for it, single elements
// against it.
int score(const Kernel& kernel, const std::vector<Statement>& body, int level) {
  int sum = 0;
  for (const Statement& statement : body) {
    if (is_loop(statement)) sum += score(kernel, statement.body, level);
    const bool loads =
        statement.kind == StatementKind::kLet && kernel.nodes[statement.node].kind == expr::NodeKind::kLoad;
    if (!loads && statement.kind != StatementKind::kStore) continue;
    const int access = loads ? kernel.nodes[statement.node].number : statement.number;
    const int64_t step = kernel.accesses[static_cast<size_t>(access)].step(level);
    if (step != 0) sum += step == 1 ? 1 : -1;
  }
  return sum;
}

bool any_of(const std::vector<Statement>& body, bool (*holds)(const Statement&)) {
  return std::any_of(body.begin(), body.end(), [&](const Statement& s) { return holds(s) || any_of(s.body, holds); });
}

// The best score of the innermost loops within, and the longest of their extents.
struct Inner {
  int score = -1 << 20;
  int64_t extent = 0;
};
void inspect(const Kernel& kernel, const Statement& loop, Inner& inner) {
  if (!any_of(loop.body, is_loop)) {
    inner.score = std::max(inner.score, score(kernel, loop.body, loop.number));
    inner.extent = std::max(inner.extent, loop.extent);
  }
  for (const Statement& statement : loop.body)
    if (is_loop(statement)) inspect(kernel, statement, inner);
}

void choose(const Kernel& kernel, Statement& loop) {
  constexpr int64_t kShort = 16;
  const auto uses_rows = [](const Statement& s) {
    return s.kind == StatementKind::kKeep || s.kind == StatementKind::kRecall;
  };
  if (!any_of(loop.body, is_loop)) {
    loop.vector = true;
    return;
  }
  // A row of scratch has one element for each iteration, so loops around it stay scalar.
  if (!any_of(loop.body, uses_rows)) {
    Inner inner;
    inspect(kernel, loop, inner);
    const int own = score(kernel, loop.body, loop.number);
    if (inner.extent < kShort ? own >= inner.score && loop.extent * 2 > inner.extent
                              : own > inner.score && loop.extent * 2 > kShort) {
      loop.vector = true;
      return;
    }
  }
  for (Statement& statement : loop.body)
    if (is_loop(statement)) choose(kernel, statement);
}

}  // namespace

void choose_vector_loops(Kernel& kernel) {
  for (Statement& statement : kernel.body)
    if (is_loop(statement)) choose(kernel, statement);
}

}  // namespace tenon::codegen
