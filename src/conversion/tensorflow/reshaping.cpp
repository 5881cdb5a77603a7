// SPDX-License-Identifier: Apache-2.0
#include "conversion/step.h"
#include "conversion/tensorflow/patterns.h"
#include "conversion/tensorflow/rules.h"

#include <fmt/core.h>

// Operators that give the same elements another shape, tell a shape, pad and join. Axes count the batch, as in
// TensorFlow.
namespace tenon::conversion::tensorflow {
namespace {

void reshape(Step& step) {
  if (is_flatten(step.node())) {
    step.note("flatten", "the Reshape to [batch, everything else] becomes a Flatten");
    step.emit("Flatten", {step.input(0)});
  } else {
    step.emit("Reshape", {step.input(0), step.input(1)});
  }
}

void expand_dims(Step& step) {
  step.emit("ExpandDims", {step.input(0)}, {{"axis", step.required_integer(1, "the axis")}});
}

void squeeze(Step& step) {
  step.emit("Squeeze", {step.input(0)}, {{"axes", step.list("squeeze_dims", step.list("axis"))}});
}

void transpose(Step& step) {
  step.emit("Transpose", {step.input(0)}, {{"permutation", step.required_integers(1, "the permutation")}});
}

void shape(Step& step) { step.emit("Shape", {step.input(0)}); }

void pad(Step& step) {
  (void)step.required_constant(1, "the paddings");
  step.emit("Pad", {step.input(0), step.input(1)});
}

// Input 2 is what to pad with.
void pad_v2(Step& step) {
  if (!step.is_zero(2, "the filling")) Step::decline("it pads with something else than zeros");
  pad(step);
}

// ConcatV2 has its axis last, or, in a node that surgery made, as an attribute.
void concat_v2(Step& step) {
  std::vector<Operand> parts = step.inputs();
  if (step.node().attribute("axis") != nullptr) {
    step.emit("Concat", std::move(parts), {{"axis", step.integer("axis", 0)}});
    return;
  }
  if (parts.size() < 2) step.fail(fmt::format("it has {} inputs, but at least 2 are required", parts.size()));
  parts.pop_back();
  step.emit("Concat", std::move(parts), {{"axis", step.required_integer(step.input_count() - 1, "the axis")}});
}

void concat(Step& step) {
  std::vector<Operand> parts = step.inputs();
  if (parts.size() < 2) step.fail(fmt::format("it has {} inputs, but at least 2 are required", parts.size()));
  parts.erase(parts.begin());
  step.emit("Concat", std::move(parts), {{"axis", step.required_integer(0, "the axis")}});
}

void pack(Step& step) { step.emit("Stack", step.inputs(), {{"axis", step.integer("axis", 0)}}); }

constexpr Rule kRules[] = {
    {"Concat", concat},   {"ConcatV2", concat_v2},  {"ExpandDims", expand_dims}, {"Pack", pack},
    {"Pad", pad},         {"PadV2", pad_v2},        {"Reshape", reshape},        {"Shape", shape},
    {"Squeeze", squeeze}, {"Transpose", transpose},
};

}  // namespace

std::span<const Rule> reshaping_rules() { return kRules; }

}  // namespace tenon::conversion::tensorflow
