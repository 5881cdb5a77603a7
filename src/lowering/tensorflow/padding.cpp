// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/rules.h"

#include <fmt/core.h>

#include <limits>

// Padding and repeating.
namespace tenon::lowering::tensorflow {
namespace {

// TensorFlow's paddings are [rank, 2], one row an axis; the standard's all begins, then all ends.
struct Paddings {
  std::vector<int64_t> begins, ends;
};

std::optional<Paddings> constant_paddings(Rewrite& rewrite) {
  const auto values = rewrite.integers(1);
  if (!values) return std::nullopt;
  const Dims& dims = rewrite.constant(1)->dims();
  if (dims.rank() != 2 || dims[1] != 2) {
    rewrite.fail(fmt::format("its paddings have the shape {}, but [rank,2] is required", to_string(dims)));
  }
  Paddings paddings;
  for (size_t i = 0; i < values->size(); i += 2) {
    paddings.begins.push_back((*values)[i]);
    paddings.ends.push_back((*values)[i + 1]);
  }
  return paddings;
}

Value* pads(Rewrite& rewrite) {
  if (auto paddings = constant_paddings(rewrite)) {
    paddings->begins.insert(paddings->begins.end(), paddings->ends.begin(), paddings->ends.end());
    return rewrite.vector(paddings->begins);
  }
  return rewrite.as_vector(rewrite.transposed(rewrite.input(1), {1, 0}));
}

void pad(Rewrite& rewrite) { rewrite.emit("Pad", {rewrite.input(0), pads(rewrite)}); }

void pad_v2(Rewrite& rewrite) { rewrite.emit("Pad", {rewrite.input(0), pads(rewrite), rewrite.input(2)}); }

// SYMMETRIC repeats the edge itself, which no standard mode does: on each axis the mirrored ends are sliced off and
// joined on.
void symmetric_pad(Rewrite& rewrite) {
  const auto paddings = constant_paddings(rewrite);
  if (!paddings) (void)rewrite.required_constant(1, "the paddings");
  constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
  Value* result = rewrite.input(0);
  for (size_t axis = 0; axis < paddings->begins.size(); ++axis) {
    const int64_t begin = paddings->begins[axis], end = paddings->ends[axis];
    if (begin < 0 || end < 0) rewrite.fail("its paddings must be 0 or more");
    if (begin == 0 && end == 0) continue;
    Value* axes = rewrite.vector({static_cast<int64_t>(axis)});
    Value* backward = rewrite.vector({-1});
    std::vector<Value*> parts;
    if (begin > 0)
      parts.push_back(
          rewrite.step("Slice", {result, rewrite.vector({begin - 1}), rewrite.vector({kLowest}), axes, backward}));
    parts.push_back(result);
    if (end > 0)
      parts.push_back(
          rewrite.step("Slice", {result, rewrite.vector({-1}), rewrite.vector({-end - 1}), axes, backward}));
    result = rewrite.step("Concat", parts, {{"axis", static_cast<int64_t>(axis)}});
  }
  if (result == rewrite.input(0))
    rewrite.alias(0, result);
  else
    rewrite.result(result);
}

void mirror_pad(Rewrite& rewrite) {
  const std::string mode = rewrite.text("mode", "");
  if (mode == "SYMMETRIC") return symmetric_pad(rewrite);
  if (mode != "REFLECT") rewrite.fail(fmt::format("its mode is '{}', but REFLECT or SYMMETRIC is required", mode));
  rewrite.emit("Pad", {rewrite.input(0), pads(rewrite)}, {{"mode", "reflect"}});
}

void tile(Rewrite& rewrite) { rewrite.emit("Tile", {rewrite.input(0), rewrite.as_vector(rewrite.input(1))}); }

void broadcast_to(Rewrite& rewrite) { rewrite.emit("Expand", {rewrite.input(0), rewrite.as_vector(rewrite.input(1))}); }

// dims, value.
void fill(Rewrite& rewrite) { rewrite.emit("Expand", {rewrite.input(1), rewrite.as_vector(rewrite.input(0))}); }

void ones_or_zeros(Rewrite& rewrite, double value) {
  Value* number = rewrite.scalar(rewrite.dtype(), value);
  rewrite.emit("Expand", {number, rewrite.step("Shape", {rewrite.input(0)})});
}

void zeros_like(Rewrite& rewrite) { ones_or_zeros(rewrite, 0); }
void ones_like(Rewrite& rewrite) { ones_or_zeros(rewrite, 1); }

void range(Rewrite& rewrite) { rewrite.emit("Range", {rewrite.input(0), rewrite.input(1), rewrite.input(2)}); }

// indices, depth, on, off. The standard's OneHot counts negative indices from the end; TensorFlow gives them no one at
// all.
void one_hot(Rewrite& rewrite) {
  Value* indices = rewrite.input(0);
  const int64_t axis = rewrite.integer("axis", -1);
  // Classes are counted in the indices' own type, or a wider one where Range has it not.
  const DType given = rewrite.dtype(0);
  const DType dtype = given == DType::kInt64 ? given : DType::kInt32;
  indices = rewrite.cast(indices, dtype);
  Value* depth = rewrite.cast(rewrite.input(1), dtype);
  Value* classes = rewrite.step("Range", {rewrite.scalar(dtype, 0), depth, rewrite.scalar(dtype, 1)});
  if (axis != -1) {  // The classes go along the axis: [depth, 1, ...] with one 1 for each axis behind it.
    const int64_t rank = rewrite.rank(0);
    if (axis < 0 || axis > rank) rewrite.fail(fmt::format("its axis is {}, but -1 to {} is required", axis, rank));
    std::vector<int64_t> target(static_cast<size_t>(rank - axis + 1), 1);
    target[0] = -1;
    classes = rewrite.reshaped(classes, target);
  }
  Value* spread = rewrite.step("Unsqueeze", {indices, rewrite.vector({axis})});
  rewrite.emit("Where", {rewrite.step("Equal", {spread, classes}), rewrite.input(2), rewrite.input(3)});
}

constexpr Rule kRules[] = {
    {"BroadcastTo", broadcast_to},
    {"Fill", fill},
    {"MirrorPad", mirror_pad},
    {"OneHot", one_hot},
    {"OnesLike", ones_like},
    {"Pad", pad},
    {"PadV2", pad_v2},
    {"Range", range},
    {"Tile", tile},
    {"ZerosLike", zeros_like},
};

}  // namespace

std::span<const Rule> padding_rules() { return kRules; }

}  // namespace tenon::lowering::tensorflow
