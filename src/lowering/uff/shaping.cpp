// SPDX-License-Identifier: Apache-2.0
#include "lowering/operators.h"
#include "lowering/tensorflow/rules.h"
#include "lowering/uff/images.h"
#include "lowering/uff/rules.h"

#include <fmt/core.h>

#include <vector>

// Operations that arrange elements, and products of what they have flattened.
namespace tenon::lowering::uff {
namespace {

// What makes [n, everything else] of a tensor.
std::vector<int64_t> flat_target(Rewrite& rewrite) {
  const auto& shape = rewrite.shape(0);
  if (!shape) return {0, -1};
  if (shape->empty()) rewrite.fail("its input is a scalar, but at least 1 dimension is required");
  const Extents extents = {extents_of(*shape)[0], {-1, ""}};
  return reshape_target(extents, shape).value_or(std::vector<int64_t>{0, -1});
}

void flatten(Rewrite& rewrite) { rewrite.emit("Reshape", {rewrite.input(0), rewrite.vector(flat_target(rewrite))}); }

// The product of all extents but the batch's, where they are constant.
std::optional<int64_t> sample_size(const Shape& shape) {
  int64_t size = 1;
  for (size_t axis = 1; axis < shape.size(); ++axis)
    if (!shape[axis].is_constant() || __builtin_mul_overflow(size, shape[axis].value(), &size)) return std::nullopt;
  return size;
}

// TensorFlow's, but a model that was frozen for one size of batch says so in its targets: where its batch has become
// dynamic, and the other extents are a whole sample's, the batch stays what it is.
void reshape(Rewrite& rewrite) {
  const auto& shape = rewrite.shape(0);
  std::vector<int64_t> target = rewrite.integers(1).value_or(std::vector<int64_t>());
  const bool has_batch = shape && !shape->empty() && shape->front().is_symbol() && !target.empty() && target[0] > 0;
  if (has_batch && sample_size(*shape) && sample_size(*shape) == sample_size(Shape(target.begin(), target.end()))) {
    target[0] = 0;
    rewrite.emit("Reshape", {rewrite.input(0), rewrite.vector(target)});
  } else {
    tensorflow::find_rule("Reshape")->apply(rewrite);
  }
}

// x may have more dimensions than its order says, which are one then.
void fully_connected(Rewrite& rewrite) {
  const std::vector<tenon::uff::Order> orders = orders_of(rewrite, {"NC", "CK"});
  const auto x_axes = axes_of(orders[0], 2), w_axes = axes_of(orders[1], 2);
  if (!x_axes || !w_axes) {
    rewrite.fail(fmt::format("the orders of its operands are {} and {}, but NC or CN and CK or KC are required",
                             to_string(Attribute(orders[0])), to_string(Attribute(orders[1]))));
  }
  const bool turn_x = (*x_axes)[0] == 1, turn_w = (*w_axes)[0] == 0;
  Value* x = rewrite.input(0);
  if (const auto& shape = rewrite.shape(0); shape && shape->size() > 2 && !turn_x)
    x = rewrite.step("Reshape", {x, rewrite.vector(flat_target(rewrite))});
  matmul(rewrite, x, turn_x, turn_w);
}

void expand_dims(Rewrite& rewrite) {
  rewrite.emit("Unsqueeze", {rewrite.input(0), rewrite.vector({required_axis(rewrite)})});
}

void squeeze(Rewrite& rewrite) {
  const std::vector<int64_t> axes = axes_field(rewrite);
  if (axes.empty()) {
    rewrite.emit("Squeeze", {rewrite.input(0)});
  } else {
    rewrite.emit("Squeeze", {rewrite.input(0), rewrite.vector(axes)});
  }
}

void transpose(Rewrite& rewrite) {
  rewrite.emit("Transpose", {rewrite.input(0)}, {{"perm", rewrite.required_list("permutation")}});
}

void concat(Rewrite& rewrite) { lowering::concat(rewrite, rewrite.inputs(), required_axis(rewrite)); }

void gather(Rewrite& rewrite) {
  rewrite.emit("Gather", {rewrite.input(0), rewrite.input(1)}, {{"axis", rewrite.integer("axis", 0)}});
}

constexpr Rule kRules[] = {
    {"Concat", concat},       {"ExpandDims", expand_dims}, {"Flatten", flatten}, {"FullyConnected", fully_connected},
    {"Gather", gather},       {"GatherV2", gather},        {"Reshape", reshape}, {"Squeeze", squeeze},
    {"Transpose", transpose},
};

}  // namespace

std::span<const Rule> shaping_rules() { return kRules; }

}  // namespace tenon::lowering::uff
