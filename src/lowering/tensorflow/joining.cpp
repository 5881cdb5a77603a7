// SPDX-License-Identifier: Apache-2.0
#include "lowering/operators.h"
#include "lowering/tensorflow/rules.h"

#include <fmt/core.h>

#include <algorithm>

// Operators that put tensors together and take them apart again.
namespace tenon::lowering::tensorflow {
namespace {

int64_t required_axis(Rewrite& rewrite, size_t input) {
  const std::vector<int64_t> axis = rewrite.required_integers(input, "the axis");
  if (axis.size() != 1) rewrite.fail("its axis must be a single integer");
  return axis[0];
}

// The axis comes last.
void concat_v2(Rewrite& rewrite) {
  const std::vector<Value*> inputs = rewrite.inputs();
  if (inputs.empty()) rewrite.fail("it has no inputs");
  lowering::concat(rewrite, std::span(inputs).first(inputs.size() - 1), required_axis(rewrite, inputs.size() - 1));
}

// The axis comes first.
void concat(Rewrite& rewrite) {
  const std::vector<Value*> inputs = rewrite.inputs();
  if (inputs.empty()) rewrite.fail("it has no inputs");
  lowering::concat(rewrite, std::span(inputs).subspan(1), required_axis(rewrite, 0));
}

void pack(Rewrite& rewrite) {
  const int64_t axis = rewrite.integer("axis", 0);
  Value* axes = rewrite.vector({axis});
  std::vector<Value*> parts;
  for (Value* input : rewrite.inputs()) parts.push_back(rewrite.step("Unsqueeze", {input, axes}));
  if (parts.size() == 1) return rewrite.result(parts[0]);
  lowering::concat(rewrite, parts, axis);
}

void unpack(Rewrite& rewrite) {
  const int64_t axis = rewrite.integer("axis", 0);
  Value* axes = rewrite.vector({axis});
  const size_t count = rewrite.node().outputs().size();
  if (count < 2) {
    rewrite.emit("Squeeze", {rewrite.input(0), axes});
    return;
  }
  const std::vector<Value*> parts = rewrite.work_all("Split", {rewrite.input(0)}, count,
                                                     {{"axis", axis}, {"num_outputs", static_cast<int64_t>(count)}});
  for (size_t i = 0; i < count; ++i)
    if (rewrite.is_used(i)) rewrite.result(rewrite.step("Squeeze", {parts[i], axes}), i);
}

// Split into equal parts: axis, value.
void split(Rewrite& rewrite) {
  const int64_t axis = required_axis(rewrite, 0);
  const size_t count = rewrite.node().outputs().size();
  if (count < 2) return rewrite.alias(0, rewrite.input(1));
  rewrite.emit_all("Split", {rewrite.input(1)}, count, {{"axis", axis}, {"num_outputs", static_cast<int64_t>(count)}});
}

// Split into parts of given sizes: value, sizes, axis. One size may be -1, the rest.
void split_v(Rewrite& rewrite) {
  std::vector<int64_t> sizes = rewrite.required_integers(1, "the sizes");
  const int64_t axis = required_axis(rewrite, 2);
  const size_t count = rewrite.node().outputs().size();
  if (sizes.size() != count) rewrite.fail(fmt::format("it has {} outputs and {} sizes", count, sizes.size()));
  if (count < 2) return rewrite.alias(0, rewrite.input(0));
  if (const auto rest = std::find(sizes.begin(), sizes.end(), -1); rest != sizes.end()) {
    const int64_t rank = rewrite.rank(0);
    if (axis < -rank || axis >= rank)
      rewrite.fail(fmt::format("its axis is {}, but its input has {} dimensions", axis, rank));
    const Dim& extent = (*rewrite.shape(0))[static_cast<size_t>(axis < 0 ? axis + rank : axis)];
    if (!extent.is_constant())
      Rewrite::decline("one of its sizes is the rest of a dimension whose extent is not known");
    *rest = extent.value();
    for (auto size = sizes.begin(); size != sizes.end(); ++size) {
      if (size == rest) continue;
      *rest -= std::max<int64_t>(*size, 0);
      if (*size < 0 || *rest < 0) rewrite.fail("its sizes do not add up to the extent of its axis");
    }
  }
  rewrite.emit_all("Split", {rewrite.input(0), rewrite.vector(sizes)}, count, {{"axis", axis}});
}

constexpr Rule kRules[] = {
    {"Concat", concat}, {"ConcatV2", concat_v2}, {"Pack", pack},
    {"Split", split},   {"SplitV", split_v},     {"Unpack", unpack},
};

}  // namespace

std::span<const Rule> joining_rules() { return kRules; }

}  // namespace tenon::lowering::tensorflow
