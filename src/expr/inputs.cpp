// SPDX-License-Identifier: Apache-2.0
#include "expr/inputs.h"

#include "expr/rewrite.h"
#include "expr/simplify.h"
#include "expr/verify.h"

#include <set>
#include <utility>

namespace tenon::expr {
namespace {

// Whether each input is read, or names a dimension that none of those does.
std::vector<bool> needed_inputs(const Function& function) {
  std::vector<bool> needed(function.inputs.size());
  std::set<std::string> unnamed;
  for (const NodeId id : cone(function.nodes, function.roots())) {
    const Node& node = function.nodes[id];
    if (node.kind == NodeKind::kLoad) needed[static_cast<size_t>(node.number)] = true;
    if (node.kind == NodeKind::kExtent) unnamed.insert(function.symbols[static_cast<size_t>(node.number)]);
  }
  const auto name_dims = [&](size_t input) {
    bool any = false;
    for (const Dim& dim : function.inputs[input].dims) any = unnamed.erase(dim.symbol()) > 0 || any;
    return any;
  };
  for (size_t i = 0; i < needed.size(); ++i)
    if (needed[i]) name_dims(i);
  for (size_t i = 0; i < needed.size(); ++i) needed[i] = needed[i] || name_dims(i);
  return needed;
}

}  // namespace

Narrowed without_unread(const Function& function) {
  const Function simple = simplify(function);
  const std::vector<bool> needed = needed_inputs(simple);
  Narrowed result;
  std::vector<int> places(needed.size());
  std::vector<Input> kept;
  for (size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) continue;
    places[i] = static_cast<int>(kept.size());
    kept.push_back(simple.inputs[i]);
    result.inputs.push_back(i);
  }
  result.function = compact(rebuild(simple, [&](Nodes& nodes, Node node, NodeId) {
    if (node.kind == NodeKind::kLoad) node.number = places[static_cast<size_t>(node.number)];
    return nodes.add(std::move(node));
  }));
  result.function.inputs = std::move(kept);
  verify(result.function);
  return result;
}

std::optional<size_t> passed_input(const Function& function, const Output& output) {
  const Node& value = function.nodes[output.value];
  if (value.kind != NodeKind::kLoad || value.outside() == Outside::kValue) return std::nullopt;
  const Shape& dims = function.inputs[static_cast<size_t>(value.number)].dims;
  if (dims.size() != output.shape.size()) return std::nullopt;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    const Node& index = function.nodes[value.indices()[axis]];
    if (index.kind != NodeKind::kIndex || index.number != static_cast<int>(axis)) return std::nullopt;
    const NodeId extent = output.shape[axis];
    const bool whole = dims[axis].is_constant()
                           ? function.nodes.integer_value(extent) == dims[axis].value()
                           : function.nodes[extent].kind == NodeKind::kExtent &&
                                 function.nodes[extent].number == function.find_symbol(dims[axis].symbol());
    if (!whole) return std::nullopt;
  }
  return static_cast<size_t>(value.number);
}

}  // namespace tenon::expr
