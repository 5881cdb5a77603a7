// SPDX-License-Identifier: Apache-2.0
#include <tenon/compile.h>

#include <fmt/core.h>

namespace tenon {
namespace {

std::string list(const std::vector<UnsupportedNode>& nodes) {
  std::string text = nodes.size() == 1 ? "1 node cannot be compiled as it is:"
                                       : fmt::format("{} nodes cannot be compiled as they are:", nodes.size());
  for (const UnsupportedNode& node : nodes) {
    text += fmt::format("\n  {} '{}': {}; {}", node.op, node.node, node.reason, node.remedy);
  }
  return text;
}

}  // namespace

UnsupportedError::UnsupportedError(std::vector<UnsupportedNode> nodes)
    : Error(ErrorCode::kUnsupported, list(nodes)), nodes_(std::move(nodes)) {}

}  // namespace tenon
