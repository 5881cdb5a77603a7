// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"
#include "plan/code.h"

#include <tenon/tensor.h>

#include <span>
#include <string>
#include <vector>

// Generated code, run as the runtime would.
namespace tenon::test {

/// The instruction sets that this machine runs.
[[nodiscard]] std::vector<Isa> available_isas();

struct Run {
  std::vector<Tensor> outputs;
  bool fault = false;
};
/// Compiles the function, bound to the inputs and its fields' defaults, for `isa` and runs it; each kernel's iterations
/// in `parts` calls.
[[nodiscard]] Run run_compiled(const expr::Function& function, std::span<const Tensor> inputs, Isa isa, int parts = 1);

/// Fails the test unless `actual` is as close to `expected`, the interpreter's result, as its dtype and `terms`, the
/// number of elements that a reduction adds up, let one ask for. Integers and the places of NaN and infinity must be
/// equal.
void expect_close(const Tensor& actual, const Tensor& expected, int64_t terms, const std::string& what);

/// Deterministic numbers for an input: floats of mixed sizes and signs, small integers.
[[nodiscard]] Tensor random_tensor(DType dtype, const Dims& dims, uint32_t seed);

}  // namespace tenon::test
