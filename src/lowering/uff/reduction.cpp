// SPDX-License-Identifier: Apache-2.0
#include "lowering/operators.h"
#include "lowering/uff/rules.h"

// Reductions, and searches for extremes.
namespace tenon::lowering::uff {
namespace {

void reduce(Rewrite& rewrite) {
  if (rewrite.node().attribute("axes") == nullptr) rewrite.fail("its field 'axes' is missing");
  lowering::reduce(rewrite, axes_field(rewrite), rewrite.flag("keepdims"));
}

// UFF's indices are 32 bits wide.
void arg_extreme(Rewrite& rewrite) { lowering::arg_extreme(rewrite, required_axis(rewrite), DType::kInt32); }

constexpr Rule kRules[] = {
    {"ArgMax", arg_extreme, "ArgMax"},     {"ArgMin", arg_extreme, "ArgMin"},   {"Reduce max", reduce, "ReduceMax"},
    {"Reduce mean", reduce, "ReduceMean"}, {"Reduce min", reduce, "ReduceMin"}, {"Reduce prod", reduce, "ReduceProd"},
    {"Reduce sum", reduce, "ReduceSum"},
};

}  // namespace

std::span<const Rule> reduction_rules() { return kRules; }

}  // namespace tenon::lowering::uff
