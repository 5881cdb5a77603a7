// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// A node of a format's dialect as a rule reads it.
namespace tenon::lowering {

/// Thrown by a rule that covers the operator, but not this node.
struct NotLowered {
  std::string reason;
  bool consequence = false;  ///< It only follows from another node that is not lowered, so it is not reported itself.
};

/// One node with its attributes.
class NodeReader {
 public:
  explicit NodeReader(const Node& node) : node_(node) {}

  [[nodiscard]] const Node& node() const { return node_; }

  // --- attributes; an absent one gives the fallback, one of another kind is kInvalidArgument
  [[nodiscard]] bool flag(std::string_view name, bool fallback = false) const;
  [[nodiscard]] int64_t integer(std::string_view name, int64_t fallback) const;
  [[nodiscard]] double number(std::string_view name, double fallback) const;
  [[nodiscard]] std::string text(std::string_view name, std::string_view fallback) const;
  [[nodiscard]] DType type(std::string_view name, DType fallback) const;
  [[nodiscard]] std::vector<int64_t> list(std::string_view name, std::vector<int64_t> fallback = {}) const;
  /// Throws kInvalidArgument when it is missing.
  [[nodiscard]] std::vector<int64_t> required_list(std::string_view name) const;

  /// The elements of `tensor`, which is input `index`; anything but integers is kInvalidArgument.
  [[nodiscard]] std::vector<int64_t> integers_of(const Tensor& tensor, size_t index) const;

  /// "<op> '<node>': <problem>", kInvalidArgument.
  [[noreturn]] void fail(const std::string& problem) const;
  /// The rule does not cover the node, for this reason.
  [[noreturn]] static void decline(std::string reason) { throw NotLowered{std::move(reason)}; }

 private:
  template <typename T>
  const T* attribute(std::string_view name) const;

  const Node& node_;
};

}  // namespace tenon::lowering
