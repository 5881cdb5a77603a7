// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What passes ask of a graph, and how they add to it.
namespace tenon {

/// Adds nodes to a graph. New values have their types; new names are made from those of the nodes they come from.
class Rewriter {
 public:
  explicit Rewriter(Graph& graph) : graph_(&graph) {}

  [[nodiscard]] Graph& graph() const noexcept { return *graph_; }
  /// Adds a standard node named like `stem` and returns its output 0. If all its inputs are constants, so is the
  /// result, and no node stays.
  Value* add(std::string op, std::string_view stem, std::span<Value* const> inputs, Attributes attributes = {}) const;
  Value* add(std::string op, std::string_view stem, std::initializer_list<Value*> inputs,
             Attributes attributes = {}) const {
    return add(std::move(op), stem, std::span<Value* const>(inputs.begin(), inputs.size()), std::move(attributes));
  }
  Value* constant(std::string_view stem, Tensor tensor) const;
  Value* constant(std::string_view stem, const std::vector<int64_t>& values) const;
  /// `x` in the shape `to`, which is a rearrangement of its elements' order-preserving kind; null when a constant
  /// target cannot say it (two extents that are unknown until run time and change their places).
  Value* reshape(Value* x, std::string_view stem, const Shape& to) const;

 private:
  Graph* graph_;
};

/// True for a node of the standard operator `op`; false for null and for users' layers.
[[nodiscard]] bool is_op(const Node* node, std::string_view op) noexcept;
/// The node that produces `value` if it is of the standard operator `op`, else null.
[[nodiscard]] Node* produced_by(const Value* value, std::string_view op) noexcept;

/// The only node that reads `value`, at however many of its inputs; null when there are others, none, or the value is a
/// graph output.
[[nodiscard]] Node* only_reader(const Graph& graph, const Value* value) noexcept;

/// The element of a constant with a single one, of a numeric dtype.
[[nodiscard]] std::optional<double> scalar_of(const Value* value);
/// The elements of a constant of an integer dtype.
[[nodiscard]] std::optional<std::vector<int64_t>> integers_of(const Value* value);
[[nodiscard]] std::optional<int64_t> rank_of(const Value* value) noexcept;
/// True when both shapes are known, and known to be equal.
[[nodiscard]] bool same_shape(const Value* a, const Value* b) noexcept;
/// True when the shapes and the dtypes are.
[[nodiscard]] bool same_type(const Value* a, const Value* b) noexcept;
/// True when every extent is known to be 1.
[[nodiscard]] bool has_one_element(const Value* value) noexcept;

/// An attribute that a standard node has, or its operator's default. `T` is its kind.
[[nodiscard]] int64_t integer_attribute(const Node& node, std::string_view name);
[[nodiscard]] double number_attribute(const Node& node, std::string_view name);

/// If `constant` varies along `axis` only of a tensor of `rank` dimensions that it broadcasts to: its values, one of
/// them or `channels`. Scalars vary along no axis and give one value. nullopt otherwise.
[[nodiscard]] std::optional<std::vector<double>> values_along(const Value* constant, int64_t rank, int64_t axis,
                                                              int64_t channels);

}  // namespace tenon
