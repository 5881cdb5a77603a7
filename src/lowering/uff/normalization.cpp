// SPDX-License-Identifier: Apache-2.0
#include "lowering/operators.h"
#include "lowering/uff/images.h"
#include "lowering/uff/rules.h"

#include <fmt/core.h>

#include <algorithm>

// Normalisation, and softmax. Orders that are not given are TensorFlow's default, N+C.
namespace tenon::lowering::uff {
namespace {

void batch_norm(Rewrite& rewrite) {
  const auto& shape = rewrite.shape(0);
  const int spatial = shape && shape->size() > 2 ? static_cast<int>(shape->size()) - 2 : 2;
  batch_normalization(rewrite, image_layout(orders_of(rewrite, {"N+C"})[0], spatial), rewrite.number("epsilon", 1e-4));
}

// TensorFlow's LRN knows the last axis only, and the converter wrote NC+ for it whatever the images are; so its order
// says nothing.
void lrn(Rewrite& rewrite) { lowering::lrn(rewrite, "window_size", "k"); }

// The axis counts without the batch, in the canonical order: 0 is the channels, the last axis in N+C.
void softmax(Rewrite& rewrite) {
  const tenon::uff::Order order = orders_of(rewrite, {"N+C"})[0];
  const int64_t index = rewrite.integer("axis", 0);
  if (index == 0 && channels_last(order, 4) == true) {
    rewrite.emit("Softmax", {rewrite.input(0)}, {{"axis", int64_t{-1}}});
    return;
  }
  const int64_t rank = rewrite.rank(0);
  const auto axes = axes_of(order, static_cast<size_t>(rank));
  if (!axes || index < 1 - rank || index > rank - 2) {
    rewrite.fail(fmt::format("its axis is {} in the order {}, but its input has {} dimensions", index,
                             to_string(Attribute(order)), rank));
  }
  const int64_t canonical = index < 0 ? index + rank : index + 1;
  rewrite.emit("Softmax", {rewrite.input(0)},
               {{"axis", std::find(axes->begin(), axes->end(), canonical) - axes->begin()}});
}

constexpr Rule kRules[] = {
    {"BatchNorm", batch_norm},
    {"LRN", lrn},
    {"Softmax", softmax},
};

}  // namespace

std::span<const Rule> normalization_rules() { return kRules; }

}  // namespace tenon::lowering::uff
