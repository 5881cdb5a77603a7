// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <string_view>

// A NodeDef does not say how many outputs it has; its operator's definition does, which is not in the file.
namespace tenon::tensorflow {

/// How many outputs a node with this operator and these attributes has, as far as it is known: 0 for operators that
/// only have an effect, the declared number for Split, Unpack and their like, 1 otherwise. May be negative or absurd
/// where an attribute is.
[[nodiscard]] int64_t output_count(std::string_view op, const Attributes& attributes) noexcept;

/// True when outputs beyond the first are meant for training only (batch statistics), so that nobody means them as
/// results.
[[nodiscard]] bool has_training_outputs(std::string_view op) noexcept;

}  // namespace tenon::tensorflow
