// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/stages.h"

#include <cstdint>
#include <set>
#include <span>
#include <utility>
#include <vector>

// Which dimensions all operands walk alike, so that one loop runs through them.
namespace tenon::codegen {

/// A variable of an expression with its extent; those of different extents are different variables.
struct Axis {
  int variable;
  int64_t extent;

  friend auto operator<=>(const Axis&, const Axis&) = default;
};

/// The loop that one or several adjacent axes become.
struct MergedLoop {
  std::vector<Axis> axes;
  int64_t extent;
};

/// Finds the axes that merge with the next one, for kernels that compute `targets`.
class Collapse {
 public:
  Collapse(const expr::Function& function, std::span<const Target> targets);

  /// The loops that run through these axes, from the outside. Axes of extent 1 have none.
  [[nodiscard]] std::vector<MergedLoop> loops(std::span<const Axis> axes) const;

 private:
  void tuple(const std::vector<Axis>& axes);
  void scan(expr::NodeId root);
  void scan_load(const expr::Node& load, std::vector<expr::NodeId>& pending);

  const expr::Function& function_;
  std::set<expr::NodeId> seen_;
  std::set<Axis> opaque_;                     // Used in other ways than to address memory.
  std::set<std::pair<Axis, Axis>> adjacent_;  // That some loops run through one after the other.
  std::set<std::pair<Axis, Axis>> apart_;     // Adjacent, but not to be merged.
  std::vector<std::vector<Axis>> tuples_;
  std::vector<std::vector<std::pair<Axis, int64_t>>> accesses_;  // The steps of each.
};

/// The axes of a tensor's or reduction's extents.
[[nodiscard]] std::vector<Axis> axes_of(int first_variable, std::span<const int64_t> extents);

}  // namespace tenon::codegen
