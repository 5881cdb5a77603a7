// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/program.h"

#include <optional>
#include <vector>

// Which generated code a plan file gets.
namespace tenon {

/// The shapes of the engine's inputs when all dimensions that are not constants are `extent`; nullopt when a rank is
/// unknown.
[[nodiscard]] std::optional<std::vector<Dims>> input_dims(const Engine::Impl& engine, int64_t extent);

/// The code for the engine's formulas: for all native instruction sets, for dynamic dimensions of 1, and for larger
/// ones as far as the code does not depend on which. What the plan has already, if none can be generated here and that
/// was trusted: what is saved becomes the user's own file.
[[nodiscard]] std::vector<KernelCode> code_of(const Engine::Impl& engine);

}  // namespace tenon
