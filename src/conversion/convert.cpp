// SPDX-License-Identifier: Apache-2.0
#include <tenon/convert.h>

#include "conversion/conversion.h"
#include "conversion/sources.h"

#include <fmt/core.h>

namespace tenon {

Graph convert(const Graph& graph, std::string_view dialect, const ConvertOptions& options) {
  if (dialect == "uff") {
    if (graph.dialect() == "tf") return conversion::Conversion(graph, conversion::tensorflow_source(), options).run();
    if (graph.dialect() == "standard")
      return conversion::Conversion(conversion::typed_standard(graph), conversion::standard_source(), options).run();
  }
  throw Error(ErrorCode::kUnsupported,
              fmt::format("a graph of dialect '{}' cannot be converted to '{}'; there are conversions from 'tf' and "
                          "'standard' to 'uff'",
                          graph.dialect(), dialect));
}

}  // namespace tenon
