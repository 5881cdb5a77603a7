// SPDX-License-Identifier: Apache-2.0
#include "lowering/tensorflow/rewrite.h"

// Softmax.
namespace tenon::tensorflow {
namespace {

void softmax(Rewrite& rewrite) { rewrite.emit(rewrite.target(), {rewrite.input(0)}, {{"axis", int64_t{-1}}}); }

constexpr Rule kRules[] = {
    {"LogSoftmax", softmax, "LogSoftmax"},
    {"Softmax", softmax, "Softmax"},
};

}  // namespace

std::span<const Rule> normalization_rules() { return kRules; }

}  // namespace tenon::tensorflow
