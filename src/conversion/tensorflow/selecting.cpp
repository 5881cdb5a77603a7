// SPDX-License-Identifier: Apache-2.0
#include "conversion/step.h"
#include "conversion/tensorflow/rules.h"

#include <fmt/core.h>

#include <limits>

// Operators that take parts of a tensor, reduce it, or look for extremes.
namespace tenon::conversion::tensorflow {
namespace {

// An ellipsis at the end says nothing that its absence does not say.
void strided_slice(Step& step) {
  const int64_t new_axes = step.integer("new_axis_mask", 0), ellipses = step.integer("ellipsis_mask", 0);
  int64_t begin_mask = step.integer("begin_mask", 0), end_mask = step.integer("end_mask", 0);
  if (new_axes != 0) Step::decline("it inserts axes (new_axis_mask), which UFF's StridedSlice does not");
  if (ellipses != 0) {
    const auto begin = step.integers(1);
    if (!begin || begin->empty() || begin->size() > 32 || ellipses != int64_t{1} << (begin->size() - 1))
      Step::decline("it skips axes in front of others (ellipsis_mask), which UFF's StridedSlice does not");
    begin_mask |= ellipses;
    end_mask |= ellipses;
  }
  step.emit("StridedSlice", {step.input(0), step.input(1), step.input(2), step.input(3)},
            {{"begin_mask", begin_mask},
             {"end_mask", end_mask},
             {"shrink_axis_mask", step.integer("shrink_axis_mask", 0) & ~ellipses}});
}

// begin and size, where a size of -1 means all the rest, as a StridedSlice.
void slice(Step& step) {
  const std::vector<int64_t> begin = step.required_integers(1, "the begin"),
                             size = step.required_integers(2, "the size");
  if (begin.size() != size.size() || begin.size() > 32)
    step.fail("its begin and size must have equal lengths of at most 32");
  std::vector<int64_t> end;
  int64_t end_mask = 0;
  for (size_t axis = 0; axis < begin.size(); ++axis) {
    int64_t last = 0;
    if (__builtin_add_overflow(begin[axis], size[axis], &last)) step.fail("its begin plus size exceeds 2^63");
    if (size[axis] == -1) end_mask |= int64_t{1} << axis;
    end.push_back(size[axis] == -1 ? 0 : last);
  }
  Node *first = step.vector(begin), *last = step.vector(end);
  Node* strides = step.vector(std::vector<int64_t>(begin.size(), 1));
  step.emit("StridedSlice", {step.input(0), first, last, strides},
            {{"begin_mask", int64_t{0}}, {"end_mask", end_mask}, {"shrink_axis_mask", int64_t{0}}});
}

Attributes gather_types(const Step& step) {
  return {{"indices_dtype", step.uff_type(step.type("Tindices", DType::kInt32))},
          {"params_dtype", step.uff_type(step.type("Tparams", DType::kFloat32))}};
}

void gather(Step& step) {
  Attributes fields = gather_types(step);
  fields.emplace("validate_indices", step.flag("validate_indices", true));
  step.emit("Gather", {step.input(0), step.input(1)}, std::move(fields));
}

void gather_v2(Step& step) {
  if (step.integer("batch_dims", 0) != 0) Step::decline("it gathers within batches (batch_dims is not 0)");
  Attributes fields = gather_types(step);
  fields.emplace("axis", step.has_input(2) ? step.required_integer(2, "the axis") : 0);
  step.emit("GatherV2", {step.input(0), step.input(1)}, std::move(fields));
}

void reduce(Step& step) {
  const std::vector<int64_t> axes = step.required_integers(1, "the axes");
  if (axes.empty()) {
    step.emit("Identity", {step.input(0)});
    return;
  }
  step.emit_reduction(axes, step.flag("keep_dims"));
}

void arg_extreme(Step& step) {
  if (step.type("output_type", DType::kInt64) != DType::kInt32)
    step.note("dtype", "i64 becomes i32, UFF's type of indices");
  step.emit(step.target(), {step.input(0)}, {{"axis", step.required_integer(1, "the axis")}});
}

constexpr Rule kRules[] = {
    {"ArgMax", arg_extreme, "ArgMax"},
    {"ArgMin", arg_extreme, "ArgMin"},
    {"Gather", gather},
    {"GatherV2", gather_v2},
    {"Max", reduce, "max"},
    {"Mean", reduce, "mean"},
    {"Min", reduce, "min"},
    {"Prod", reduce, "prod"},
    {"Slice", slice},
    {"StridedSlice", strided_slice},
    {"Sum", reduce, "sum"},
};

}  // namespace

std::span<const Rule> selecting_rules() { return kRules; }

}  // namespace tenon::conversion::tensorflow
