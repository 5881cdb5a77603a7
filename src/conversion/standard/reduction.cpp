// SPDX-License-Identifier: Apache-2.0
#include "conversion/standard/rules.h"
#include "conversion/step.h"

#include <numeric>

// Reductions, and searches for extremes.
namespace tenon::conversion::standard {
namespace {

void reduce(Step& step) {
  std::vector<int64_t> axes;
  if (step.has_input(1)) axes = step.required_integers(1, "the axes");
  if (axes.empty() && step.integer("noop_with_empty_axes", 0) != 0) {
    step.emit("Identity", {step.input(0)});
    return;
  }
  if (axes.empty()) {  // All of them.
    axes.resize(static_cast<size_t>(step.rank(0)));
    std::iota(axes.begin(), axes.end(), 0);
  }
  step.emit_reduction(std::move(axes), step.integer("keepdims", 1) != 0);
}

// UFF's result has one dimension less.
void arg_extreme(Step& step) {
  if (step.integer("select_last_index", 0) != 0)
    Step::decline("of equal extremes it takes the last one, UFF's the first");
  Attributes fields{{"axis", step.integer("axis", 0)}};
  if (step.integer("keepdims", 1) == 0) {
    step.emit(step.target(), {step.input(0)}, std::move(fields));
    return;
  }
  const int64_t axis = step.integer("axis", 0);
  Node* indices = step.helper(step.target(), {step.input(0)}, std::move(fields));
  step.emit("ExpandDims", {indices}, {{"axis", axis}});
}

constexpr Rule kRules[] = {
    {"ArgMax", arg_extreme, "ArgMax"}, {"ArgMin", arg_extreme, "ArgMin"}, {"ReduceMax", reduce, "max"},
    {"ReduceMean", reduce, "mean"},    {"ReduceMin", reduce, "min"},      {"ReduceProd", reduce, "prod"},
    {"ReduceSum", reduce, "sum"},
};

}  // namespace

std::span<const Rule> reduction_rules() { return kRules; }

}  // namespace tenon::conversion::standard
