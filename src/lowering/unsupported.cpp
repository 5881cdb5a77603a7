// SPDX-License-Identifier: Apache-2.0
#include <tenon/compile.h>

#include <fmt/core.h>

namespace tenon {
namespace {

std::string list(const std::vector<UnsupportedNode>& nodes, std::string_view done) {
  std::string text = nodes.size() == 1 ? fmt::format("1 node cannot be {} as it is:", done)
                                       : fmt::format("{} nodes cannot be {} as they are:", nodes.size(), done);
  for (const UnsupportedNode& node : nodes) {
    text += fmt::format("\n  {} '{}': {}; {}", node.op, node.node, node.reason, node.remedy);
  }
  return text;
}

}  // namespace

UnsupportedError::UnsupportedError(std::vector<UnsupportedNode> nodes, std::string_view done)
    : Error(ErrorCode::kUnsupported, list(nodes, done)), nodes_(std::move(nodes)) {}

}  // namespace tenon
