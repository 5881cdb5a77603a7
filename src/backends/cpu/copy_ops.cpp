// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/copy.h"
#include "backends/cpu/kernels.h"
#include "base/elements.h"
#include "ops/axes.h"
#include "ops/op.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

// The operators that only move elements, as lists of pieces that are made once per shape.
namespace tenon::cpu {
namespace {

struct Plan {
  std::vector<Piece> pieces = {};
  bool fills = false;  ///< Output 0 is filled with `value` first.
  std::array<unsigned char, 16> value{};
};

class CopyKernel final : public Kernel {
 public:
  CopyKernel(const Problem& problem, Plan plan)
      : plan_(std::move(plan)),
        element_bytes_(dtype_bits(problem.outputs[0].dtype) / 8),
        fill_count_(problem.outputs[0].dims.count()),
        threads_(problem.threads) {}

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    if (plan_.fills) fill(outputs[0].data, fill_count_, plan_.value.data(), element_bytes_);
    for (const Piece& piece : plan_.pieces)
      copy_piece(piece, inputs[piece.input].data, outputs[piece.output].data, element_bytes_, threads_);
  }

 private:
  Plan plan_;
  int element_bytes_;
  int64_t fill_count_;
  int threads_;
};

Verdict whole_bytes(const Problem& problem) {
  const int bits = dtype_bits(problem.outputs[0].dtype);
  if (bits < 8) return Verdict::no(fmt::format("{} elements are no whole bytes", dtype_name(problem.outputs[0].dtype)));
  return Verdict::yes();
}

/// Inputs from 1 on must be known when the kernel is made.
Verdict known_parameters(const Problem& problem) {
  if (Verdict verdict = whole_bytes(problem); !verdict.ok) return verdict;
  for (size_t i = 1; i < problem.inputs.size(); ++i) {
    if (problem.inputs[i].dtype != DType::kUndefined && !problem.constants[i])
      return Verdict::no(fmt::format("input {} is known only in the run", i));
  }
  return Verdict::yes();
}

std::vector<int64_t> integers(const Problem& problem, size_t input) {
  std::vector<int64_t> values;
  if (input >= problem.inputs.size() || problem.inputs[input].dtype == DType::kUndefined) return values;
  const TensorView& view = problem.inputs[input];
  for (int64_t i = 0; i < view.dims.count(); ++i) values.push_back(load_i64(view.data, view.dtype, i));
  return values;
}

AttributeReader attributes_of(const Problem& problem) { return {problem.node, op_of(problem.node)}; }

/// The axes that an optional list names, all of them when it is absent.
std::vector<size_t> axes_or_all(const Problem& problem, size_t input) {
  const auto rank = problem.inputs[0].dims.rank();
  std::vector<size_t> axes;
  if (input < problem.inputs.size() && problem.inputs[input].dtype != DType::kUndefined) {
    for (const int64_t axis : integers(problem, input)) axes.push_back(normalized_axis(axis, rank));
  } else {
    for (size_t axis = 0; axis < static_cast<size_t>(rank); ++axis) axes.push_back(axis);
  }
  return axes;
}

Plan plan_transpose(const Problem& problem) {
  const Dims& x = problem.inputs[0].dims;
  const Dims& y = problem.outputs[0].dims;
  const AttributeReader attributes = attributes_of(problem);
  std::vector<int64_t> permutation;
  if (attributes.has("perm")) {
    permutation = attributes.integers("perm");
  } else {
    for (size_t i = x.size(); i-- > 0;) permutation.push_back(static_cast<int64_t>(i));
  }
  const auto from = dense_strides_of(x), to = dense_strides_of(y);
  Piece piece;
  for (size_t i = 0; i < y.size(); ++i) piece.nest.add(y[i], {from[static_cast<size_t>(permutation[i])], to[i], 0});
  return {.pieces = {piece}};
}

Plan plan_concat(const Problem& problem) {
  const Dims& y = problem.outputs[0].dims;
  const size_t axis = normalized_axis(attributes_of(problem).integer("axis"), y.rank());
  const auto to = dense_strides_of(y);
  Plan plan;
  int64_t offset = 0;
  for (size_t input = 0; input < problem.inputs.size(); ++input) {
    const Dims& x = problem.inputs[input].dims;
    const auto from = dense_strides_of(x);
    Piece piece{.input = input, .dst_offset = offset};
    for (size_t i = 0; i < x.size(); ++i) piece.nest.add(x[i], {from[i], to[i], 0});
    offset += x[axis] * to[axis];
    if (x.count() > 0) plan.pieces.push_back(piece);
  }
  return plan;
}

Plan plan_split(const Problem& problem) {
  const Dims& x = problem.inputs[0].dims;
  const size_t axis = normalized_axis(attributes_of(problem).integer("axis"), x.rank());
  const auto from = dense_strides_of(x);
  Plan plan;
  int64_t offset = 0;
  for (size_t output = 0; output < problem.outputs.size(); ++output) {
    const Dims& y = problem.outputs[output].dims;
    const auto to = dense_strides_of(y);
    Piece piece{.output = output, .src_offset = offset};
    for (size_t i = 0; i < y.size(); ++i) piece.nest.add(y[i], {from[i], to[i], 0});
    offset += y[axis] * from[axis];
    if (y.count() > 0) plan.pieces.push_back(piece);
  }
  return plan;
}

Plan plan_slice(const Problem& problem) {
  const Dims& x = problem.inputs[0].dims;
  const Dims& y = problem.outputs[0].dims;
  const std::vector<int64_t> starts = integers(problem, 1), steps = integers(problem, 4);
  std::vector<size_t> axes = axes_or_all(problem, 3);
  auto from = dense_strides_of(x);
  const auto to = dense_strides_of(y);
  Piece piece;
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t axis = axes[i];
    const int64_t step = steps.empty() ? 1 : steps[i], extent = x[axis];
    const int64_t start = starts[i] < 0 ? starts[i] + extent : starts[i];
    piece.src_offset += std::clamp<int64_t>(start, 0, step > 0 ? extent : extent - 1) * from[axis];
    from[axis] *= step;
  }
  for (size_t i = 0; i < y.size(); ++i) piece.nest.add(y[i], {from[i], to[i], 0});
  return {.pieces = {piece}};
}

Plan plan_expand(const Problem& problem) {
  const Dims& y = problem.outputs[0].dims;
  const auto from = broadcast_strides(problem.inputs[0].dims, y), to = dense_strides_of(y);
  Piece piece;
  for (size_t i = 0; i < y.size(); ++i) piece.nest.add(y[i], {from[i], to[i], 0});
  return {.pieces = {piece}};
}

Plan plan_tile(const Problem& problem) {
  const Dims& x = problem.inputs[0].dims;
  const Dims& y = problem.outputs[0].dims;
  const auto from = dense_strides_of(x), to = dense_strides_of(y);
  Piece piece;
  for (size_t i = 0; i < y.size(); ++i) {
    piece.nest.add(y[i] / x[i], {0, to[i] * x[i], 0});
    piece.nest.add(x[i], {from[i], to[i], 0});
  }
  return {.pieces = {piece}};
}

Verdict accepts_tile(const Problem& problem) {
  if (Verdict verdict = known_parameters(problem); !verdict.ok) return verdict;
  // Each axis counts twice in the loop nest.
  return problem.inputs[0].dims.rank() * 2 <= kMaxRank ? Verdict::yes() : Verdict::no("its rank is above 8");
}

Verdict accepts_pad(const Problem& problem) {
  if (Verdict verdict = known_parameters(problem); !verdict.ok) return verdict;
  const std::string& mode = attributes_of(problem).string("mode");
  return mode == "constant" ? Verdict::yes() : Verdict::no(fmt::format("the mode is {}; it takes constant", mode));
}

Plan plan_pad(const Problem& problem) {
  const Dims& x = problem.inputs[0].dims;
  const Dims& y = problem.outputs[0].dims;
  const std::vector<int64_t> pads = integers(problem, 1);
  const std::vector<size_t> axes = axes_or_all(problem, 3);
  const auto from = dense_strides_of(x), to = dense_strides_of(y);
  std::array<int64_t, kMaxRank> begin{}, end{};
  for (size_t i = 0; i < axes.size(); ++i) {
    begin[axes[i]] = pads[i];
    end[axes[i]] = pads[i + axes.size()];
  }
  Plan plan{.fills = true};
  if (problem.inputs.size() > 2 && problem.inputs[2].dtype != DType::kUndefined) {
    const auto* bytes = problem.inputs[2].as<unsigned char>();
    std::copy_n(bytes, dtype_bits(problem.inputs[2].dtype) / 8, plan.value.begin());
  }
  Piece piece;
  for (size_t i = 0; i < y.size(); ++i) {
    // A negative pad cuts off.
    const int64_t extent = x[i] + std::min<int64_t>(begin[i], 0) + std::min<int64_t>(end[i], 0);
    if (extent <= 0) return plan;
    piece.src_offset += std::max<int64_t>(-begin[i], 0) * from[i];
    piece.dst_offset += std::max<int64_t>(begin[i], 0) * to[i];
    piece.nest.add(extent, {from[i], to[i], 0});
  }
  if (x.count() > 0) plan.pieces.push_back(piece);
  return plan;
}

/// Reshape and its like, where the planner could not make a view of it.
Plan plan_view(const Problem& problem) {
  Piece piece;
  piece.nest.add(problem.outputs[0].dims.count(), {1, 1, 0});
  return {.pieces = {piece}};
}

template <Plan (*kPlan)(const Problem&)>
std::unique_ptr<Kernel> make(const Problem& problem) {
  return std::make_unique<CopyKernel>(problem, kPlan(problem));
}

}  // namespace

const KernelEntry kCopyConcat{"copy", whole_bytes, make<plan_concat>};
const KernelEntry kCopyExpand{"copy", whole_bytes, make<plan_expand>};
const KernelEntry kCopyPad{"copy", accepts_pad, make<plan_pad>};
const KernelEntry kCopySlice{"copy", known_parameters, make<plan_slice>};
const KernelEntry kCopySplit{"copy", whole_bytes, make<plan_split>};
const KernelEntry kCopyTile{"copy", accepts_tile, make<plan_tile>};
const KernelEntry kCopyTranspose{"copy", whole_bytes, make<plan_transpose>};
const KernelEntry kCopyView{"copy", whole_bytes, make<plan_view>};

}  // namespace tenon::cpu
