// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/legalize.h"

#include <cstdint>
#include <vector>

// What has to be computed before what: a reduction that a kernel would compute again and again, or that one thread
// would compute alone, gets a kernel of its own and a temporary tensor.
namespace tenon::codegen {

/// A tensor as a formula over its axes.
struct Target {
  std::vector<int64_t> dims = {};
  std::vector<int64_t> steps = {};  ///< By axis, in its buffer, where it begins at `offset`.
  int64_t offset = 0;
  expr::NodeId value = -1;
  expr::NodeId fault = -1;  ///< A bool of the same axes, true where computing the value failed; or -1.
  int stage = 0;            ///< Reads temporaries of earlier stages only.
};

struct Stages {
  expr::Function function;  ///< Its inputs are the layer's, then the temporaries.
  size_t inputs = 0;        ///< How many of those are the layer's.
  std::vector<Target> outputs;
  std::vector<Target> temporaries;
};

/// Takes a legal function apart.
///
/// A reduction becomes a temporary when it does not depend on a loop that surrounds its place. A long one with few
/// results is summed up in blocks of kBlock elements, whose results are combined in order: so it can be shared between
/// threads, and the number of threads does not change bits.
[[nodiscard]] Stages stages_of(const Legal& legal);

/// About how many elements of a long reduction are reduced by one thread in a row.
inline constexpr int64_t kBlock = 8192;

}  // namespace tenon::codegen
