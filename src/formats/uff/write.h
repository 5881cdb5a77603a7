// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/uff/uff.h"

#include <functional>
#include <string_view>

// What the writers of both forms share.
namespace tenon::uff {

/// Encodes a graph as a MetaGraph and hands it over in pieces. Throws as write_uff does.
void encode_meta_graph(const Graph& graph, const std::function<void(std::string_view)>& emit);

}  // namespace tenon::uff
