// SPDX-License-Identifier: Apache-2.0
#include "lowering/operators.h"
#include "lowering/tensorflow/rules.h"

// Reductions, and searches for extremes.
namespace tenon::lowering::tensorflow {
namespace {

void reduce(Rewrite& rewrite) {
  const bool keep_dims = rewrite.flag("keep_dims");
  if (const auto axes = rewrite.integers(1)) return lowering::reduce(rewrite, *axes, keep_dims);
  rewrite.emit(rewrite.target(), {rewrite.input(0), rewrite.as_vector(rewrite.input(1))},
               {{"keepdims", int64_t{keep_dims}}, {"noop_with_empty_axes", int64_t{1}}});
}

void arg_extreme(Rewrite& rewrite) {
  const std::vector<int64_t> axis = rewrite.required_integers(1, "the axis");
  if (axis.size() != 1) rewrite.fail("its axis must be a single integer");
  lowering::arg_extreme(rewrite, axis[0], rewrite.type("output_type", DType::kInt64));
}

// The k largest of the last axis, and where they are.
void top_k_of(Rewrite& rewrite, Value* k, DType index_type) {
  rewrite.emit_all("TopK", {rewrite.input(0), k}, 2,
                   {{"axis", int64_t{-1}}, {"sorted", int64_t{rewrite.flag("sorted", true)}}});
  if (rewrite.is_used(1)) rewrite.alias(1, rewrite.cast(rewrite.output(1), index_type));
}

void top_k(Rewrite& rewrite) { top_k_of(rewrite, rewrite.vector({rewrite.integer("k", 1)}), DType::kInt32); }

void top_k_v2(Rewrite& rewrite) {
  top_k_of(rewrite, rewrite.as_vector(rewrite.input(1)), rewrite.type("index_type", DType::kInt32));
}

constexpr Rule kRules[] = {
    {"All", reduce, "ReduceMin"},
    {"Any", reduce, "ReduceMax"},
    {"ArgMax", arg_extreme, "ArgMax"},
    {"ArgMin", arg_extreme, "ArgMin"},
    {"EuclideanNorm", reduce, "ReduceL2"},
    {"Max", reduce, "ReduceMax"},
    {"Mean", reduce, "ReduceMean"},
    {"Min", reduce, "ReduceMin"},
    {"Prod", reduce, "ReduceProd"},
    {"Sum", reduce, "ReduceSum"},
    {"TopK", top_k},
    {"TopKV2", top_k_v2},
};

}  // namespace

std::span<const Rule> reduction_rules() { return kRules; }

}  // namespace tenon::lowering::tensorflow
