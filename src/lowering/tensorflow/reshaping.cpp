// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/rules.h"

#include <algorithm>

// Operators that give the same elements another shape, or tell a shape.
namespace tenon::lowering::tensorflow {
namespace {

// The shape of input 0 as a vector of `dtype` (TensorFlow's default is int32, the standard's int64).
void shape(Rewrite& rewrite) {
  const DType dtype = rewrite.type("out_type", DType::kInt32);
  if (dtype == DType::kInt64) {
    rewrite.emit("Shape", {rewrite.input(0)});
  } else {
    rewrite.emit("Cast", {rewrite.step("Shape", {rewrite.input(0)})}, {{"to", dtype}});
  }
}

void shape_n(Rewrite& rewrite) {
  const DType dtype = rewrite.type("out_type", DType::kInt32);
  for (size_t i = 0; i < rewrite.input_count(); ++i) {
    rewrite.alias(i, rewrite.cast(rewrite.step("Shape", {rewrite.input(i)}), dtype));
  }
}

void size(Rewrite& rewrite) {
  const DType to = rewrite.type("out_type", DType::kInt32);
  rewrite.emit("Cast", {rewrite.step("Size", {rewrite.input(0)})}, {{"to", to}});
}

void rank(Rewrite& rewrite) { rewrite.alias(0, rewrite.scalar(DType::kInt32, static_cast<double>(rewrite.rank(0)))); }

void reshape(Rewrite& rewrite) {
  Value* target = rewrite.input(1);
  if (const auto extents = rewrite.extents(1)) {
    if (const auto constant = reshape_target(*extents, rewrite.shape(0))) {
      rewrite.emit("Reshape", {rewrite.input(0), rewrite.vector(*constant)});
      return;
    }
  }
  // In a TensorFlow target, 0 is an empty dimension.
  rewrite.emit("Reshape", {rewrite.input(0), rewrite.as_vector(target)}, {{"allowzero", int64_t{1}}});
}

void squeeze(Rewrite& rewrite) {
  const std::vector<int64_t> axes = rewrite.list("squeeze_dims", rewrite.list("axis"));
  if (axes.empty()) {
    rewrite.emit("Squeeze", {rewrite.input(0)});
  } else {
    rewrite.emit("Squeeze", {rewrite.input(0), rewrite.vector(axes)});
  }
}

void expand_dims(Rewrite& rewrite) {
  rewrite.emit("Unsqueeze", {rewrite.input(0), rewrite.vector(rewrite.required_integers(1, "the axis"))});
}

void transpose(Rewrite& rewrite) {
  rewrite.emit("Transpose", {rewrite.input(0)}, {{"perm", rewrite.required_integers(1, "the permutation")}});
}

constexpr Rule kRules[] = {
    {"ExpandDims", expand_dims}, {"Rank", rank}, {"Reshape", reshape}, {"Shape", shape},
    {"ShapeN", shape_n},         {"Size", size}, {"Squeeze", squeeze}, {"Transpose", transpose},
};

}  // namespace

std::span<const Rule> reshaping_rules() { return kRules; }

}  // namespace tenon::lowering::tensorflow
