// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/rewrite.h"

// Operators that put tensors together and take them apart again.
namespace tenon::tensorflow {
namespace {

void pack(Rewrite& rewrite) {
  const int64_t axis = rewrite.integer("axis", 0);
  Value* axes = rewrite.vector({axis});
  std::vector<Value*> parts;
  for (Value* input : rewrite.inputs()) parts.push_back(rewrite.step("Unsqueeze", {input, axes}));
  if (parts.empty()) rewrite.fail("it has no inputs, but at least 1 is required");
  rewrite.emit("Concat", parts, {{"axis", axis}});
}

constexpr Rule kRules[] = {
    {"Pack", pack},
};

}  // namespace

std::span<const Rule> joining_rules() { return kRules; }

}  // namespace tenon::tensorflow
