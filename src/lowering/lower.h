// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/compile.h>

#include <map>
#include <span>
#include <string>
#include <vector>

// What the dialects' lowerings share.
namespace tenon {

/// The values to compute: those named, or the graph's own. Throws kNotFound with near names; kInvalidArgument when
/// there are none.
[[nodiscard]] std::vector<Value*> find_outputs(const Graph& graph, std::span<const std::string> names);

/// Gives graph inputs other shapes. Throws kNotFound with near names.
void set_input_shapes(Graph& graph, const std::map<std::string, Shape>& shapes);

namespace lowering::tensorflow {
/// lower() for dialect "tf".
[[nodiscard]] Graph lower(const Graph& graph, const CompileOptions& options);
}  // namespace lowering::tensorflow

}  // namespace tenon
