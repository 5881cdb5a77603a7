// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/scalar.h"

#include <tenon/tensor.h>

#include <cstdint>
#include <span>

// Elements of tensors as Scalars, many at a time.
namespace tenon::expr {

/// The elements at `places`, which lie in the tensor; as many as `out` has.
void load_elements(const TensorView& view, std::span<const int64_t> places, std::span<Scalar> out);
/// `count` values, rounded to the tensor's dtype, to element `place` and on from there, `step` elements apart.
void store_elements(const MutableTensorView& view, int64_t place, int64_t step, Lanes values, size_t count);

}  // namespace tenon::expr
