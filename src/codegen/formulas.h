// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/collapse.h"
#include "codegen/loops.h"

#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

// Formulas over axes and tensors as formulas over loop levels and flat memory.
namespace tenon::codegen {

/// Fills a kernel's nodes, accesses and reductions.
class Formulas {
 public:
  /// `buffers`: for each input of `function` the buffer that it is.
  Formulas(expr::Function function, std::vector<int> buffers, std::span<const Target> targets, Kernel& kernel);

  /// The loops over the axes of the targets, which have equal dims.
  [[nodiscard]] std::vector<int64_t> extents() const;
  /// The formula in the kernel.
  NodeId add(NodeId value);
  /// The access that stores an element of the target, one of those with these loops.
  int store(int buffer, const Target& target);

  /// How many loops must surround a node of the kernel: its place is within them, and no deeper.
  [[nodiscard]] int depth(NodeId id) const { return depths_[static_cast<size_t>(id)]; }

 private:
  // Where a variable is: the loop, and whether it counts that loop's iterations or is the outer part of a merged one.
  struct Role {
    int level;
    bool innermost;

    friend auto operator<=>(const Role&, const Role&) = default;
  };
  using Roles = std::map<int, Role>;
  using Places = std::unordered_map<NodeId, NodeId>;

  static void enter(Roles& roles, const std::vector<MergedLoop>& loops, int level);
  NodeId scope(NodeId root, const Roles& roles, Places& places);
  NodeId node(NodeId id, const Roles& roles, Places& places);
  NodeId load(NodeId id, const Roles& roles, Places& places);
  NodeId reduction(NodeId id, const Roles& roles);
  int access(Access access);
  void note_depths();

  expr::Function function_;
  std::vector<int> buffers_;
  Collapse collapse_;
  Kernel& kernel_;
  std::vector<MergedLoop> loops_;
  std::unordered_map<NodeId, NodeId> guards_;  // Of the loads that may be outside.
  std::map<std::pair<NodeId, Roles>, NodeId> reductions_;
  std::vector<int> depths_;
};

}  // namespace tenon::codegen
