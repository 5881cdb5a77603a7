// SPDX-License-Identifier: Apache-2.0
#include "expr/function.h"

#include "expr/rewrite.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

namespace tenon::expr {
namespace {

// The parts of `function` that are not nodes.
Function without_nodes(const Function& function) {
  Function result;
  result.name = function.name;
  result.doc = function.doc;
  result.dtype_variables = function.dtype_variables;
  result.symbols = function.symbols;
  result.inputs = function.inputs;
  result.fields = function.fields;
  result.requirements = function.requirements;
  result.outputs = function.outputs;
  return result;
}

void bind_type(ScalarType& type, const Binding& binding) {
  if (!type.is_variable()) return;
  const auto found = binding.dtypes.find(type.variable_number());
  if (found != binding.dtypes.end()) type = found->second;
}

// A constant or field of a variable holds a double.
Scalar bind_constant(const Function& function, ScalarType variable, ScalarType type, Scalar value) {
  if (!variable.is_variable() || type.is_variable()) return value;
  const auto bound = from_number(type, value.real());
  if (!bound) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("layer '{}': its constant {} is not a value of {}, which {} is bound to; cast its operand",
                            function.name, value.real(), to_string(type), function.type_name(variable)));
  }
  return *bound;
}

}  // namespace

int Function::symbol(std::string_view symbol_name) {
  if (const auto found = find_symbol(symbol_name)) return *found;
  symbols.emplace_back(symbol_name);
  return static_cast<int>(symbols.size()) - 1;
}

std::optional<int> Function::find_symbol(std::string_view symbol_name) const {
  const auto found = std::find(symbols.begin(), symbols.end(), symbol_name);
  if (found == symbols.end()) return std::nullopt;
  return static_cast<int>(found - symbols.begin());
}

NodeId Function::dim(const Dim& dim) {
  return dim.is_constant() ? nodes.integer(dim.value()) : nodes.extent(symbol(dim.symbol()));
}

std::vector<NodeId> Function::roots() const {
  std::vector<NodeId> roots;
  for (const Requirement& requirement : requirements) {
    roots.push_back(requirement.left);
    roots.push_back(requirement.right);
  }
  for (const Output& output : outputs) {
    roots.insert(roots.end(), output.shape.begin(), output.shape.end());
    roots.push_back(output.value);
  }
  return roots;
}

std::string Function::type_name(ScalarType type) const {
  return type.is_variable() ? dtype_variables[static_cast<size_t>(type.variable_number())] : to_string(type);
}

Function rebuild(const Function& function,
                 const std::function<NodeId(Nodes& nodes, const Node& node, NodeId old)>& make) {
  Function result = without_nodes(function);
  const std::vector<NodeId> roots = function.roots();
  const std::vector<NodeId> places = rebuild(
      function.nodes, roots, result.nodes, [&](const Node& node, NodeId old) { return make(result.nodes, node, old); });
  const auto move = [&](NodeId& id) { id = places[static_cast<size_t>(id)]; };
  for (Requirement& requirement : result.requirements) {
    move(requirement.left);
    move(requirement.right);
  }
  for (Output& output : result.outputs) {
    for (NodeId& extent : output.shape) move(extent);
    move(output.value);
  }
  return result;
}

// Depth first from the roots, so that the order depends on the formulas alone and not on how they came about.
Function compact(const Function& function) {
  Function result = without_nodes(function);
  std::vector<NodeId> places(static_cast<size_t>(function.nodes.size()), -1);
  const auto move = [&](NodeId& root) {
    std::vector<NodeId> pending = {root};
    while (!pending.empty()) {
      const NodeId id = pending.back();
      const Node& node = function.nodes[id];
      const size_t before = pending.size();
      if (places[static_cast<size_t>(id)] < 0) {
        for (auto it = node.operands.rbegin(); it != node.operands.rend(); ++it)
          if (places[static_cast<size_t>(*it)] < 0) pending.push_back(*it);
      }
      if (pending.size() > before) continue;
      pending.pop_back();
      if (places[static_cast<size_t>(id)] >= 0) continue;
      Node moved = node;
      for (NodeId& operand : moved.operands) operand = places[static_cast<size_t>(operand)];
      places[static_cast<size_t>(id)] = result.nodes.add(std::move(moved));
    }
    root = places[static_cast<size_t>(root)];
  };
  for (Requirement& requirement : result.requirements) {
    move(requirement.left);
    move(requirement.right);
  }
  for (Output& output : result.outputs) {
    for (NodeId& extent : output.shape) move(extent);
    move(output.value);
  }
  return result;
}

bool identical(const Function& a, const Function& b) {
  const auto parts = [](const Function& f) {
    return std::tie(f.name, f.dtype_variables, f.symbols, f.inputs, f.fields, f.requirements, f.outputs);
  };
  const Function x = compact(a), y = compact(b);
  if (x.nodes.size() != y.nodes.size() || parts(x) != parts(y)) return false;
  for (NodeId id = 0; id < x.nodes.size(); ++id)
    if (x.nodes[id] != y.nodes[id]) return false;
  return true;
}

Function bind(const Function& function, const Binding& binding) {
  const auto make = [&](Nodes& nodes, Node node, NodeId) -> NodeId {
    const ScalarType before = node.type;
    bind_type(node.type, binding);
    switch (node.kind) {
      case NodeKind::kConst:
        node.type = before.is_variable() ? arithmetic_type(node.type) : node.type;
        return nodes.constant(node.type, bind_constant(function, before, node.type, node.value));
      case NodeKind::kField: {
        node.type = before.is_variable() ? arithmetic_type(node.type) : node.type;
        const auto found = binding.fields.find(node.number);
        if (found == binding.fields.end()) return nodes.add(node);
        const Field& field = function.fields[static_cast<size_t>(node.number)];
        if (node.type.is_variable()) {
          return nodes.constant(node.type, eval_cast(CastMode::kValue, field.kind, kF64, found->second));
        }
        return nodes.constant(node.type, eval_cast(CastMode::kValue, field.kind, node.type, found->second));
      }
      case NodeKind::kExtent: {
        const auto found = binding.extents.find(node.number);
        return found == binding.extents.end() ? nodes.add(node) : nodes.integer(found->second);
      }
      // A variable's elements are stored in its dtype and computed with in its arithmetic type.
      case NodeKind::kLoad:
        if (node.outside() == Outside::kValue) node.operands.back() = nodes.cast(node.operands.back(), node.type);
        return nodes.cast(nodes.add(node), before.is_variable() ? arithmetic_type(node.type) : node.type);
      case NodeKind::kCast:
        if (before.is_variable()) {
          const NodeId rounded = nodes.cast(node.operands[0], node.type, node.cast_mode());
          return nodes.cast(rounded, arithmetic_type(node.type));
        }
        return nodes.add(node);
      default:
        return nodes.add(node);
    }
  };
  Function result = rebuild(function, make);
  for (Input& input : result.inputs) {
    bind_type(input.type, binding);
    for (Dim& dim : input.dims) {
      const auto found =
          dim.is_symbol() ? binding.extents.find(*function.find_symbol(dim.symbol())) : binding.extents.end();
      if (found != binding.extents.end()) dim = found->second;
    }
  }
  for (Output& output : result.outputs) {
    bind_type(output.type, binding);
    output.value = result.nodes.cast(output.value, output.type);
  }
  return compact(result);
}

Binding binding_of(const Function& function, std::span<const TensorType> inputs) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("layer '{}': {}", function.name, what));
  };
  if (inputs.size() != function.inputs.size()) {
    fail(fmt::format("{} inputs are given but {} are required", inputs.size(), function.inputs.size()));
  }
  Binding binding;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Input& input = function.inputs[i];
    const TensorType& given = inputs[i];
    const auto fail_input = [&](const std::string& required, const std::string& where = "") {
      fail(fmt::format("input '{}' is {} but {} is required{}", input.name, to_string(given), required, where));
    };
    const DType wanted = input.type.is_variable()
                             ? binding.dtypes.try_emplace(input.type.variable_number(), given.dtype).first->second
                             : input.type.dtype();
    const std::string required = std::string(dtype_name(wanted)) + to_string(input.dims);
    if (class_of(given.dtype) == 0) fail_input("bool, an integer or a float of 16 bits or more");
    if (given.dtype != wanted || (given.shape && given.shape->size() != input.dims.size())) fail_input(required);
    for (size_t axis = 0; given.shape && axis < input.dims.size(); ++axis) {
      if (!(*given.shape)[axis].is_constant()) continue;
      const int64_t found = (*given.shape)[axis].value();
      const Dim& dim = input.dims[axis];
      const int64_t extent =
          dim.is_constant() ? dim.value()
                            : binding.extents.try_emplace(*function.find_symbol(dim.symbol()), found).first->second;
      if (dim.is_symbol() && extent > kMaxExtent) {
        throw Error(ErrorCode::kUnsupported,
                    fmt::format("layer '{}': dimension {} of input '{}' is {}; Tenon stops at 2^30", function.name,
                                dim.symbol(), input.name, extent));
      }
      if (found == extent) continue;
      fail_input(required, dim.is_symbol() ? fmt::format(", where {} is {}", dim.symbol(), extent) : "");
    }
  }
  return binding;
}

Binding binding_of(const Function& function, std::span<const TensorView> inputs) {
  std::vector<TensorType> types;
  types.reserve(inputs.size());
  for (const TensorView& input : inputs) types.push_back({input.dtype, to_shape(input.dims)});
  return binding_of(function, types);
}

Scalar field_value(const Field& field, double number) {
  if (const auto value = from_number(field.kind, number)) return *value;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("field '{}' is given {} but {} is required", field.name, number,
                                                       field.kind == kBool ? "true or false" : "an integer"));
}

}  // namespace tenon::expr
