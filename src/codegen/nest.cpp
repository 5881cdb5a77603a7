// SPDX-License-Identifier: Apache-2.0
#include "codegen/nest.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace tenon::codegen {
namespace {

using expr::Node;
using expr::NodeKind;

// Rows of scratch that nodes are kept in.
using Rows = std::map<NodeId, int>;

// The most scratch that a kernel has, in bytes: it lies on the stack, and is to stay in the first cache.
constexpr int64_t kMostScratchBytes = 32 << 10;
// A value that is cheaper than this is computed again.
constexpr double kWorthKeeping = 8;

// A loop of a scope, or several nested ones, before its body is built.
struct Loop {
  std::vector<int64_t> extents;
  std::vector<Sink> sinks;
  Rows kept, recalled;  // In the body of a single loop.
};

class Nest {
 public:
  Nest(const Formulas& formulas, Kernel& kernel) : formulas_(formulas), kernel_(kernel) {}

  // The statements inside of `depth` loops: reductions that are placed here, then the loops of `main`, or its sinks.
  std::vector<Statement> scope(int depth, const Loop& main) {
    std::vector<Loop> loops = reductions(depth, main);
    // Faults that do not depend on the loops within are checked before them.
    Loop inside{main.extents, {}, {}, {}}, checks;
    for (const Sink& sink : main.sinks) {
      const bool before = sink.kind == StatementKind::kCheck && formulas_.depth(sink.value) <= depth;
      (before ? checks : inside).sinks.push_back(sink);
    }
    if (!main.extents.empty()) loops.push_back(inside);
    keep_rows(depth, loops);
    std::vector<Statement> statements;
    std::set<NodeId> done;
    for (const Loop& loop : loops) {
      const bool last = &loop == &loops.back();
      if (last && !main.extents.empty()) finish(depth, checks, main, done, statements);
      lets(depth, reach(loop.sinks, depth + 1, {}), main, done, statements);
      Loop inner{{loop.extents.begin() + 1, loop.extents.end()}, loop.sinks, loop.kept, loop.recalled};
      statements.push_back({.kind = StatementKind::kFor,
                            .number = depth,
                            .extent = loop.extents.front(),
                            .parallel = depth == 0 && last && !main.extents.empty(),
                            .body = scope(depth + 1, inner)});
    }
    if (main.extents.empty()) finish(depth, main, main, done, statements);
    return statements;
  }

 private:
  // The sinks of `what`, with what they need, in the scope of `main`.
  void finish(int depth, const Loop& what, const Loop& main, std::set<NodeId>& done,
              std::vector<Statement>& statements) const {
    lets(depth, reach(what.sinks, depth + 1, main.recalled), main, done, statements);
    for (const Sink& sink : what.sinks) {
      statements.push_back({.kind = sink.kind, .node = sink.value, .number = sink.number});
    }
  }

  [[nodiscard]] const Reduced& reduced(const Node& field) const {
    return kernel_.reductions[static_cast<size_t>(field.number)];
  }

  // What the sinks need, entering the reductions whose loops are at `level` or deeper; `recalled` is there already.
  [[nodiscard]] std::set<NodeId> reach(const std::vector<Sink>& sinks, int level, const Rows& recalled) const {
    std::set<NodeId> found;
    std::vector<NodeId> pending;
    for (const Sink& sink : sinks) pending.push_back(sink.value);
    while (!pending.empty()) {
      const NodeId id = pending.back();
      pending.pop_back();
      if (!found.insert(id).second || recalled.contains(id)) continue;
      for (const NodeId operand : kernel_.operands(id)) pending.push_back(operand);
      const Node& node = kernel_.nodes[id];
      if (node.kind == NodeKind::kField && reduced(node).level >= level) pending.push_back(reduced(node).value);
    }
    return found;
  }

  // The fields among them whose loops stand at this depth.
  [[nodiscard]] std::vector<int> fields_at(int depth, const std::set<NodeId>& nodes) const {
    std::vector<int> fields;
    for (const NodeId id : nodes) {
      const Node& node = kernel_.nodes[id];
      if (node.kind == NodeKind::kField && reduced(node).level == depth) fields.push_back(node.number);
    }
    return fields;
  }

  // Reductions that stand here, those over the same extents that do not need one another in one loop.
  [[nodiscard]] std::vector<Loop> reductions(int depth, const Loop& main) const {
    const std::vector<int> fields = fields_at(depth, reach(main.sinks, depth, main.recalled));
    std::map<int, int> stages;  // A reduction's number: how many must come before it, one after the other.
    std::vector<int> order = fields;
    std::sort(order.begin(), order.end());  // Reductions are numbered after those that they need.
    std::map<std::pair<int, std::vector<int64_t>>, Loop> loops;
    for (const int field : order) {
      const Reduced& reduction = kernel_.reductions[static_cast<size_t>(field)];
      const Sink sink{StatementKind::kAccumulate, reduction.value, field};
      int stage = 0;
      for (const int needed : fields_at(depth, reach({sink}, depth, {}))) stage = std::max(stage, stages[needed] + 1);
      stages[field] = stage;
      Loop& loop = loops[{stage, reduction.extents}];
      loop.extents = reduction.extents;
      loop.sinks.push_back(sink);
    }
    std::vector<Loop> result;
    for (auto& [key, loop] : loops) result.push_back(std::move(loop));
    return result;
  }

  // Lets nodes of `needed` that belong at this depth be computed, unless that is done.
  void lets(int depth, const std::set<NodeId>& needed, const Loop& around, std::set<NodeId>& done,
            std::vector<Statement>& statements) const {
    for (const NodeId id : needed) {
      const NodeKind kind = kernel_.nodes[id].kind;
      const bool leaf = kind == NodeKind::kConst || kind == NodeKind::kIndex || kind == NodeKind::kField;
      const auto recalled = around.recalled.find(id);
      const bool is_recalled = around.extents.empty() && recalled != around.recalled.end();
      if ((leaf && !is_recalled) || formulas_.depth(id) != depth || !done.insert(id).second) continue;
      if (is_recalled) {
        statements.push_back({.kind = StatementKind::kRecall, .node = id, .number = recalled->second});
        continue;
      }
      statements.push_back({.kind = StatementKind::kLet, .node = id});
      const auto kept = around.kept.find(id);
      if (around.extents.empty() && kept != around.kept.end()) {
        statements.push_back({.kind = StatementKind::kKeep, .node = id, .number = kept->second});
      }
    }
  }

  // The cost of computing a node in the loop at `depth` - 1, what lies outside of it not counted.
  double cost(NodeId id, int depth, std::map<NodeId, double>& known) const {
    const auto found = known.find(id);
    if (found != known.end()) return found->second;
    double sum = weight(kernel_.nodes[id]);
    for (const NodeId operand : kernel_.operands(id)) {
      const auto part = known.find(operand);
      if (formulas_.depth(operand) == depth && part != known.end()) sum = std::min(sum + part->second, 1e6);
    }
    return known[id] = sum;
  }

  // Finds dear values that a loop needs and one before it has computed.
  void keep_rows(int depth, std::vector<Loop>& loops) {
    std::vector<std::set<NodeId>> computed;  // By loop: what is there in it.
    for (Loop& loop : loops) {
      computed.emplace_back();
      if (loop.extents.size() != 1) continue;
      std::map<NodeId, double> costs;
      for (const NodeId id : reach(loop.sinks, depth + 1, {}))
        if (formulas_.depth(id) == depth + 1) (void)cost(id, depth + 1, costs);
      std::vector<NodeId> pending;
      for (const Sink& sink : loop.sinks) pending.push_back(sink.value);
      while (!pending.empty()) {
        const NodeId id = pending.back();
        pending.pop_back();
        if (formulas_.depth(id) != depth + 1 || !computed.back().insert(id).second) continue;
        if (costs[id] >= kWorthKeeping && keep(id, loops, computed)) continue;
        for (const NodeId operand : kernel_.operands(id)) pending.push_back(operand);
      }
    }
  }

  // Keeps the node in the first of the loops that computes it, for the last of them.
  bool keep(NodeId id, std::vector<Loop>& loops, const std::vector<std::set<NodeId>>& computed) {
    const size_t last = computed.size() - 1;
    for (size_t i = 0; i < last; ++i) {
      if (loops[i].extents != loops[last].extents || !computed[i].contains(id)) continue;
      const auto kept = loops[i].kept.find(id);
      const int row = kept != loops[i].kept.end() ? kept->second : new_row(id, loops[i].extents[0]);
      if (row < 0) return false;
      loops[i].kept[id] = row;
      loops[last].recalled[id] = row;
      return true;
    }
    return false;
  }

  int new_row(NodeId id, int64_t count) {
    const ScalarType type = kernel_.nodes[id].type;
    const int64_t width = std::max(dtype_bits(type.dtype()) / 8, 1);
    if (count > (kMostScratchBytes - scratch_bytes_) / width) return -1;
    scratch_bytes_ += count * width;
    kernel_.scratch.push_back({type, count});
    return static_cast<int>(kernel_.scratch.size()) - 1;
  }

  const Formulas& formulas_;
  Kernel& kernel_;
  int64_t scratch_bytes_ = 0;
};

double cost_of(const Kernel& kernel, const std::vector<Statement>& body) {
  double cost = 0;
  for (const Statement& statement : body) {
    if (statement.kind == StatementKind::kFor)
      cost += static_cast<double>(statement.extent) * cost_of(kernel, statement.body);
    else
      cost += statement.kind == StatementKind::kLet ? weight(kernel.nodes[statement.node]) : 1;
  }
  return cost;
}

}  // namespace

bool is_elementary(expr::UnaryOp op) { return op >= expr::UnaryOp::kExp && op <= expr::UnaryOp::kErf; }

double weight(const Node& node) {
  switch (node.kind) {
    case NodeKind::kUnary:
      if (node.unary() == expr::UnaryOp::kSqrt) return 4;
      return is_elementary(node.unary()) ? 16 : 1;
    case NodeKind::kBinary:
      switch (node.binary()) {
        case expr::BinaryOp::kDiv:
          return 4;
        case expr::BinaryOp::kFloorDiv:
        case expr::BinaryOp::kRem:
        case expr::BinaryOp::kMod:
        case expr::BinaryOp::kPow:
          return 24;
        default:
          return 1;
      }
    case NodeKind::kField:
      return kWorthKeeping;  // It took a loop, where it counts at all.
    default:
      return 1;
  }
}

void build_nest(const Formulas& formulas, const std::vector<Sink>& sinks, Kernel& kernel) {
  const Loop main{formulas.extents(), sinks, {}, {}};
  kernel.extent = main.extents.empty() ? 1 : main.extents[0];
  kernel.body = Nest(formulas, kernel).scope(0, main);
  choose_vector_loops(kernel);
  kernel.cost = cost_of(kernel, kernel.body) / static_cast<double>(std::max<int64_t>(kernel.extent, 1));
}

}  // namespace tenon::codegen
