// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/rules.h"

// Inputs, constants, and operators that hand their input through.
namespace tenon::lowering::tensorflow {
namespace {

void placeholder(Rewrite& rewrite) {
  const DType dtype = rewrite.type("dtype", DType::kUndefined);
  if (dtype == DType::kUndefined)
    rewrite.fail("its attribute 'dtype' is missing, but the data type of an input is required");
  const Attribute* shape = rewrite.node().attribute("shape");
  const auto* type = shape == nullptr ? nullptr : std::get_if<TensorType>(shape);
  rewrite.add_input(dtype, type == nullptr ? std::nullopt : type->shape);
}

void constant(Rewrite& rewrite) {
  const Attribute* value = rewrite.node().attribute("value");
  if (value == nullptr) rewrite.fail("its attribute 'value' is missing");
  if (const auto* tensor = std::get_if<Tensor>(value)) return rewrite.alias(0, rewrite.named_constant(*tensor));
  Rewrite::decline("its tensor is of a data type that Tenon does not have (quantised, a resource or a variant)");
}

// Also PlaceholderWithDefault: what is not fed has its default, and what would be fed (the learning phase) is not for
// inference.
void identity(Rewrite& rewrite) { rewrite.alias(0, rewrite.input(0)); }

void identity_n(Rewrite& rewrite) {
  for (size_t i = 0; i < rewrite.input_count(); ++i) rewrite.alias(i, rewrite.input(i));
}

constexpr Rule kRules[] = {
    {"CheckNumerics", identity},
    {"Const", constant},
    {"EnsureShape", identity},
    {"Identity", identity},
    {"IdentityN", identity_n},
    {"Placeholder", placeholder},
    {"PlaceholderWithDefault", identity},
    {"PreventGradient", identity},
    {"Snapshot", identity},
    {"StopGradient", identity},
};

}  // namespace

std::span<const Rule> source_rules() { return kRules; }

}  // namespace tenon::lowering::tensorflow
