// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/compile.h>

#include <span>
#include <string>
#include <vector>

// What the dialects' lowerings share.
namespace tenon {

/// The values to compute: those named, or the graph's own. Throws kNotFound with near names; kInvalidArgument when
/// there are none.
[[nodiscard]] std::vector<Value*> find_outputs(const Graph& graph, std::span<const std::string> names);

/// Throws kNotFound with near names when a shape or an order is given for an input that is not among `inputs`.
void check_input_names(const CompileOptions& options, std::span<const std::string> inputs);

namespace lowering::tensorflow {
/// lower() for dialect "tf".
[[nodiscard]] Graph lower(const Graph& graph, const CompileOptions& options);
}  // namespace lowering::tensorflow

namespace lowering::uff {
/// lower() for dialect "uff".
[[nodiscard]] Graph lower(const Graph& graph, const CompileOptions& options);
}  // namespace lowering::uff

}  // namespace tenon
