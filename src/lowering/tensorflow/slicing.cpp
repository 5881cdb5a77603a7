// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/rules.h"

#include <algorithm>
#include <limits>

// Operators that take parts of a tensor.
namespace tenon::lowering::tensorflow {
namespace {

constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();
constexpr int64_t kThroughTheFirst = std::numeric_limits<int64_t>::min();

// begin and size, where a size of -1 means all the rest.
void slice(Rewrite& rewrite) {
  Value* x = rewrite.input(0);
  const auto begin = rewrite.integers(1), size = rewrite.integers(2);
  if (begin && size) {
    if (begin->size() != size->size()) rewrite.fail("its begin and size have different lengths");
    std::vector<int64_t> ends, axes;
    for (size_t axis = 0; axis < begin->size(); ++axis) {
      int64_t end = 0;
      if (__builtin_add_overflow((*begin)[axis], (*size)[axis], &end)) rewrite.fail("its begin plus size exceeds 2^63");
      ends.push_back((*size)[axis] == -1 ? kToTheEnd : end);
      axes.push_back(static_cast<int64_t>(axis));
    }
    rewrite.emit("Slice", {x, rewrite.vector(*begin), rewrite.vector(ends), rewrite.vector(axes)});
    return;
  }
  Value *starts = rewrite.as_vector(rewrite.input(1)), *sizes = rewrite.as_vector(rewrite.input(2));
  Value* is_rest = rewrite.step("Equal", {sizes, rewrite.vector({-1})});
  Value* ends = rewrite.step("Where", {is_rest, rewrite.vector({kToTheEnd}), rewrite.step("Add", {starts, sizes})});
  rewrite.emit("Slice", {x, starts, ends});
}

// What a StridedSlice says about one axis of its input.
struct AxisSlice {
  int64_t axis;
  size_t entry;  // Which element of begin, end and strides.
  int64_t stride;
  bool from_first, to_last, shrink;
};

// A StridedSlice resolved to axes: which are cut, which go and which are new.
struct SlicePlan {
  std::vector<AxisSlice> cuts;
  std::vector<int64_t> removed;   // Axes of the cut tensor.
  std::vector<int64_t> inserted;  // Axes of the result.
};

// Sorts out the five masks (tensorflow/core/util/strided_slice_op.cc, ValidateStridedSliceOp). `entries` is the length
// of begin.
SlicePlan plan_strided_slice(Rewrite& rewrite, size_t entries, const std::vector<int64_t>& strides) {
  const int64_t begin_mask = rewrite.integer("begin_mask", 0), end_mask = rewrite.integer("end_mask", 0),
                ellipsis_mask = rewrite.integer("ellipsis_mask", 0),
                new_axis_mask = rewrite.integer("new_axis_mask", 0),
                shrink_mask = rewrite.integer("shrink_axis_mask", 0);
  if (entries > 32 || strides.size() != entries)
    rewrite.fail("its begin, end and strides must have equal lengths of at most 32");
  const auto bit = [](int64_t mask, size_t entry) { return (mask >> entry & 1) != 0; };
  SlicePlan plan;
  int64_t axis = 0, result_axis = 0;
  bool seen_ellipsis = false;
  for (size_t entry = 0; entry < entries; ++entry) {
    if (bit(ellipsis_mask, entry)) {
      if (seen_ellipsis) rewrite.fail("it has more than one ellipsis");
      seen_ellipsis = true;
      int64_t later = 0;  // Axes that the entries behind the ellipsis speak of.
      for (size_t next = entry + 1; next < entries; ++next) later += bit(new_axis_mask, next) ? 0 : 1;
      const bool is_last = later == 0 && entry + 1 == entries;
      if (is_last) break;
      const int64_t skipped = rewrite.rank(0) - axis - later;
      if (skipped < 0) rewrite.fail("it slices more dimensions than its input has");
      axis += skipped;
      result_axis += skipped;
    } else if (bit(new_axis_mask, entry)) {
      plan.inserted.push_back(result_axis++);
    } else {
      const bool shrink = bit(shrink_mask, entry);
      if (strides[entry] == 0 || (shrink && strides[entry] < 0)) {
        rewrite.fail(shrink ? "it takes a single element with a negative stride" : "its strides must not be 0");
      }
      plan.cuts.push_back({axis, entry, shrink ? 1 : strides[entry], !shrink && bit(begin_mask, entry),
                           !shrink && bit(end_mask, entry), shrink});
      if (shrink)
        plan.removed.push_back(axis);
      else
        ++result_axis;
      ++axis;
    }
  }
  return plan;
}

// The starts and ends as constants, where begin and end are.
struct Bounds {
  Value *starts, *ends;
};

Bounds constant_bounds(Rewrite& rewrite, const SlicePlan& plan, const std::vector<int64_t>& begin,
                       const std::vector<int64_t>& end) {
  std::vector<int64_t> starts, ends;
  for (const AxisSlice& cut : plan.cuts) {
    const bool backward = cut.stride < 0;
    starts.push_back(cut.from_first ? (backward ? kToTheEnd : 0) : begin[cut.entry]);
    if (cut.shrink)
      ends.push_back(begin[cut.entry] == -1 ? kToTheEnd : begin[cut.entry] + 1);
    else
      ends.push_back(cut.to_last ? (backward ? kThroughTheFirst : kToTheEnd) : end[cut.entry]);
  }
  return {rewrite.vector(starts), rewrite.vector(ends)};
}

// The same for bounds that are computed while the graph runs.
Bounds computed_bounds(Rewrite& rewrite, const SlicePlan& plan) {
  std::vector<int64_t> entries, first_masks, last_masks, shrink_masks, first_values, last_values;
  for (const AxisSlice& cut : plan.cuts) {
    entries.push_back(static_cast<int64_t>(cut.entry));
    first_masks.push_back(cut.from_first ? 1 : 0);
    last_masks.push_back(cut.to_last ? 1 : 0);
    shrink_masks.push_back(cut.shrink ? 1 : 0);
    first_values.push_back(cut.stride < 0 ? kToTheEnd : 0);
    last_values.push_back(cut.stride < 0 ? kThroughTheFirst : kToTheEnd);
  }
  const auto mask = [&](const std::vector<int64_t>& bits) { return rewrite.cast(rewrite.vector(bits), DType::kBool); };
  const auto pick = [&](size_t input) {
    return rewrite.step("Gather", {rewrite.as_vector(rewrite.input(input)), rewrite.vector(entries)});
  };
  Value *begin = pick(1), *end = pick(2);
  Value* starts = rewrite.step("Where", {mask(first_masks), rewrite.vector(first_values), begin});
  Value* last = rewrite.vector(last_values);
  Value* is_minus_one = rewrite.step("Equal", {begin, rewrite.vector({-1})});
  Value* one_behind = rewrite.step(
      "Where", {is_minus_one, rewrite.vector({kToTheEnd}), rewrite.step("Add", {begin, rewrite.vector({1})})});
  Value* ends = rewrite.step("Where", {mask(last_masks), last, end});
  return {starts, rewrite.step("Where", {mask(shrink_masks), one_behind, ends})};
}

void strided_slice(Rewrite& rewrite) {
  const auto begin = rewrite.integers(1), end = rewrite.integers(2);
  const std::vector<int64_t> strides = rewrite.required_integers(3, "the strides");
  if ((begin && begin->size() != strides.size()) || (end && end->size() != strides.size())) {
    rewrite.fail("its begin, end and strides have different lengths");
  }
  const SlicePlan plan = plan_strided_slice(rewrite, strides.size(), strides);
  Value* result = rewrite.input(0);
  if (!plan.cuts.empty()) {
    const Bounds bounds = begin && end ? constant_bounds(rewrite, plan, *begin, *end) : computed_bounds(rewrite, plan);
    std::vector<int64_t> axes, steps;
    for (const AxisSlice& cut : plan.cuts) {
      axes.push_back(cut.axis);
      steps.push_back(cut.stride);
    }
    result = rewrite.work("Slice", {result, bounds.starts, bounds.ends, rewrite.vector(axes), rewrite.vector(steps)});
  }
  if (!plan.removed.empty()) result = rewrite.step("Squeeze", {result, rewrite.vector(plan.removed)});
  if (!plan.inserted.empty()) result = rewrite.step("Unsqueeze", {result, rewrite.vector(plan.inserted)});
  if (result == rewrite.input(0))
    rewrite.alias(0, result);
  else
    rewrite.result(result);
}

// params, indices, and from version 2 the axis.
void gather(Rewrite& rewrite) {
  if (rewrite.integer("batch_dims", 0) != 0) Rewrite::decline("it gathers within batches (batch_dims is not 0)");
  std::vector<int64_t> axis = {0};
  if (rewrite.input_count() > 2) axis = rewrite.required_integers(2, "the axis");
  if (axis.size() != 1) rewrite.fail("its axis must be a single integer");
  rewrite.emit("Gather", {rewrite.input(0), rewrite.input(1)}, {{"axis", axis[0]}});
}

void gather_nd(Rewrite& rewrite) {
  rewrite.emit("GatherND", {rewrite.input(0), rewrite.cast(rewrite.input(1), DType::kInt64)});
}

// Where with one input: the places that are not 0, one a row.
void where(Rewrite& rewrite) {
  rewrite.result(
      rewrite.step("Transpose", {rewrite.work("NonZero", {rewrite.input(0)})}, {{"perm", std::vector<int64_t>{1, 0}}}));
}

void reverse(Rewrite& rewrite) {
  const std::vector<int64_t> axes = rewrite.required_integers(1, "the axes");
  if (axes.empty()) return rewrite.alias(0, rewrite.input(0));
  const auto all = [&](int64_t value) { return rewrite.vector(std::vector<int64_t>(axes.size(), value)); };
  rewrite.emit("Slice", {rewrite.input(0), all(kToTheEnd), all(kThroughTheFirst), rewrite.vector(axes), all(-1)});
}

constexpr Rule kRules[] = {
    {"Gather", gather}, {"GatherNd", gather_nd},         {"GatherV2", gather}, {"ReverseV2", reverse},
    {"Slice", slice},   {"StridedSlice", strided_slice}, {"Where", where},
};

}  // namespace

std::span<const Rule> slicing_rules() { return kRules; }

}  // namespace tenon::lowering::tensorflow
