// SPDX-License-Identifier: Apache-2.0
#include "conversion/standard/rules.h"
#include "conversion/step.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <numeric>

// Operators that arrange elements, or tell a shape.
namespace tenon::conversion::standard {
namespace {

int64_t counted_axis(const Step& step, int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) step.fail(fmt::format("its axis is {}, but its rank is {}", axis, rank));
  return axis < 0 ? axis + rank : axis;
}

// A target in UFF's meaning: extents as they are, the batch as -1. In the standard's, 0 is the input's extent in the
// same place. nullopt when one target cannot say it.
std::optional<std::vector<int64_t>> constant_target(const Step& step, std::vector<int64_t> target) {
  if (step.integer("allowzero", 0) != 0) return target;
  const auto& shape = step.shape(0);
  // What is known of the result; it gives the extent that -1 stands for.
  const auto& result = step.result().type().shape;
  size_t holes = 0;
  for (size_t axis = 0; axis < target.size(); ++axis) {
    if (target[axis] == 0 && shape && axis < shape->size()) target[axis] = (*shape)[axis].value();
    if (target[axis] == -1 && result && axis < result->size()) target[axis] = (*result)[axis].value();
    if (target[axis] == 0 && !(shape && axis < shape->size())) return std::nullopt;
    holes += target[axis] == -1 ? 1 : 0;
  }
  return holes <= 1 ? std::optional(std::move(target)) : std::nullopt;
}

// True for [batch, everything else].
bool is_flat(const Step& step, const std::vector<int64_t>& target) {
  if (target.size() != 2 || target[1] != -1) return false;
  const auto& shape = step.shape(0);
  return target[0] == 0 || (shape && !shape->empty() && (*shape)[0] == Dim(target[0]));
}

void reshape(Step& step) {
  const auto target = step.integers(1);
  if (!target) {
    step.emit("Reshape", {step.input(0), step.input(1)});
  } else if (is_flat(step, *target) && step.integer("allowzero", 0) == 0) {
    step.emit("Flatten", {step.input(0)});
  } else if (const auto known = constant_target(step, *target)) {
    step.emit("Reshape", {step.input(0), step.vector(*known)});
  } else {
    Step::decline(
        "the extents of its result are not known well enough to name them; give the graph's input a fixed shape");
  }
}

void flatten(Step& step) {
  const int64_t axis = step.integer("axis", 1);
  if (axis == 1) {
    step.emit("Flatten", {step.input(0)});
    return;
  }
  const auto& result = step.result().type().shape;
  if (!result || result->size() != 2 || (!(*result)[0].is_constant() && !(*result)[1].is_constant()))
    Step::decline("the extents of its result are not known");
  step.emit("Reshape", {step.input(0), step.vector(std::vector<int64_t>{(*result)[0].value(), (*result)[1].value()})});
}

void transpose(Step& step) {
  std::vector<int64_t> permutation = step.list("perm");
  if (permutation.empty()) {
    permutation.resize(static_cast<size_t>(step.rank(0)));
    std::iota(permutation.rbegin(), permutation.rend(), 0);
  }
  step.emit("Transpose", {step.input(0)}, {{"permutation", std::move(permutation)}});
}

void squeeze(Step& step) {
  std::vector<int64_t> axes;
  if (step.has_input(1)) axes = step.required_integers(1, "the axes");
  step.emit("Squeeze", {step.input(0)}, {{"axes", std::move(axes)}});
}

// One ExpandDims for each axis, the first one first, so that axes are already in the result's numbering.
void unsqueeze(Step& step) {
  std::vector<int64_t> axes = step.required_integers(1, "the axes");
  if (axes.empty()) {
    step.emit("Identity", {step.input(0)});
    return;
  }
  if (axes.size() > 1) {
    const int64_t rank = step.rank(0) + static_cast<int64_t>(axes.size());
    for (int64_t& axis : axes) axis = counted_axis(step, axis, rank);
    std::sort(axes.begin(), axes.end());
  }
  Operand x = step.input(0);
  for (size_t i = 0; i + 1 < axes.size(); ++i) x = step.helper("ExpandDims", {x}, {{"axis", axes[i]}});
  step.emit("ExpandDims", {x}, {{"axis", axes.back()}});
}

void concat(Step& step) { step.emit("Concat", step.inputs(), {{"axis", step.integer("axis", 0)}}); }

// Begins and ends of some axes, or of all.
void pad(Step& step) {
  if (step.text("mode", "constant") != "constant") Step::decline("it pads with something else than zeros");
  if (step.has_input(2) && !step.is_zero(2, "the filling")) Step::decline("it pads with something else than zeros");
  const std::vector<int64_t> pads = step.required_integers(1, "the pads");
  const auto count = static_cast<int64_t>(pads.size()) / 2;
  const int64_t rank = step.has_input(3) ? step.rank(0) : count;
  std::vector<int64_t> axes(static_cast<size_t>(count));
  std::iota(axes.begin(), axes.end(), 0);
  if (step.has_input(3)) axes = step.required_integers(3, "the axes");
  if (static_cast<int64_t>(axes.size()) != count) step.fail("its pads must have two numbers for each axis");
  if (std::any_of(pads.begin(), pads.end(), [](int64_t amount) { return amount < 0; }))
    Step::decline("it takes elements away (a negative pad), which UFF's Pad does not");
  std::vector<int64_t> rows(static_cast<size_t>(2 * rank), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto row = static_cast<size_t>(counted_axis(step, axes[i], rank));
    rows[2 * row] = pads[i];
    rows[2 * row + 1] = pads[i + axes.size()];
  }
  step.emit("Pad", {step.input(0), step.integers_constant(rows, {rank, 2})});
}

// A StridedSlice names all axes up to the last one that is cut. Bounds beyond all places become masks.
void slice(Step& step) {
  const std::vector<int64_t> starts = step.required_integers(1, "the starts"),
                             ends = step.required_integers(2, "the ends");
  std::vector<int64_t> axes(starts.size()), steps(starts.size(), 1);
  std::iota(axes.begin(), axes.end(), 0);
  if (step.has_input(3)) axes = step.required_integers(3, "the axes");
  if (step.has_input(4)) steps = step.required_integers(4, "the steps");
  if (starts.size() != ends.size() || starts.size() != axes.size() || starts.size() != steps.size())
    step.fail("its starts, ends, axes and steps must have equal lengths");
  if (std::any_of(axes.begin(), axes.end(), [](int64_t axis) { return axis < 0; }))
    for (int64_t& axis : axes) axis = counted_axis(step, axis, step.rank(0));
  const int64_t rank = axes.empty() ? 0 : *std::max_element(axes.begin(), axes.end()) + 1;
  if (rank > kMaxRank) step.fail(fmt::format("its axes reach {}, but at most {} are possible", rank - 1, kMaxRank - 1));
  const auto size = static_cast<size_t>(rank);
  std::vector<int64_t> begin(size, 0), end(size, 0), strides(size, 1);
  int64_t begin_mask = (int64_t{1} << rank) - 1, end_mask = begin_mask;
  constexpr int64_t kFar = std::numeric_limits<int32_t>::max();
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(axes[i]);
    const int64_t bit = int64_t{1} << axes[i];
    strides[axis] = steps[i];
    // Running forward everything before the first place is the first, everything behind the last is the end; backward
    // the other way round.
    const bool from_first = steps[i] > 0 ? starts[i] < -kFar : starts[i] > kFar;
    const bool to_last = steps[i] > 0 ? ends[i] > kFar : ends[i] < -kFar;
    if (!from_first) begin_mask &= ~bit;
    if (!to_last) end_mask &= ~bit;
    begin[axis] = from_first ? 0 : std::clamp(starts[i], -kFar, kFar);
    end[axis] = to_last ? 0 : std::clamp(ends[i], -kFar, kFar);
  }
  Node *first = step.vector(begin), *last = step.vector(end), *stride = step.vector(strides);
  step.emit("StridedSlice", {step.input(0), first, last, stride},
            {{"begin_mask", begin_mask}, {"end_mask", end_mask}, {"shrink_axis_mask", int64_t{0}}});
}

void gather(Step& step) {
  step.emit("GatherV2", {step.input(0), step.input(1)},
            {{"axis", step.integer("axis", 0)},
             {"indices_dtype", step.uff_type(step.dtype(1))},
             {"params_dtype", step.uff_type(step.dtype(0))}});
}

void shape(Step& step) {
  if (step.integer("start", 0) != 0 || step.node().attribute("end") != nullptr)
    Step::decline("it tells a part of a shape (start, end), but UFF's Shape tells all");
  step.emit("Shape", {step.input(0)});
}

constexpr Rule kRules[] = {
    {"Concat", concat},       {"Flatten", flatten},     {"Gather", gather}, {"Pad", pad},
    {"Reshape", reshape},     {"Shape", shape},         {"Slice", slice},   {"Squeeze", squeeze},
    {"Transpose", transpose}, {"Unsqueeze", unsqueeze},
};

}  // namespace

std::span<const Rule> arranging_rules() { return kRules; }

}  // namespace tenon::conversion::standard
