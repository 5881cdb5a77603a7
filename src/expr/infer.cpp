// SPDX-License-Identifier: Apache-2.0
#include "expr/infer.h"

#include "expr/simplify.h"

#include <fmt/core.h>

#include <utility>

namespace tenon::expr {
namespace {

// What is left of a function when only shapes count.
Function shapes_of(const Function& function, const Binding& binding) {
  Function shapes = function;
  for (Output& output : shapes.outputs) output.value = shapes.nodes.integer(0);
  for (Output& output : shapes.outputs) output.type = kI64;
  return simplify(bind(shapes, {.fields = binding.fields, .extents = binding.extents}));
}

// What the caller calls each named dimension.
std::vector<Dim> names_of(const Function& function, std::span<const TensorType> inputs) {
  std::vector<Dim> names(function.symbols.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Shape& dims = function.inputs[i].dims;
    for (size_t axis = 0; inputs[i].shape && axis < dims.size(); ++axis) {
      const Dim& given = (*inputs[i].shape)[axis];
      if (dims[axis].is_symbol() && !given.is_unknown()) {
        names[static_cast<size_t>(*function.find_symbol(dims[axis].symbol()))] = given;
      }
    }
  }
  return names;
}

void check_requirements(const Function& shapes) {
  for (const Requirement& requirement : shapes.requirements) {
    const auto left = shapes.nodes.integer_value(requirement.left);
    const auto right = shapes.nodes.integer_value(requirement.right);
    if (left && right && *left != *right) {
      throw Error(ErrorCode::kInvalidArgument, fmt::format("layer '{}': a reshape from {} elements to {}; the counts "
                                                           "must be equal",
                                                           shapes.name, *left, *right));
    }
  }
}

}  // namespace

std::vector<TensorType> infer(const Function& function, std::span<const TensorType> inputs) {
  const Binding binding = binding_of(function, inputs);
  bool ranked = true;
  for (const TensorType& input : inputs) ranked = ranked && input.shape.has_value();
  const Function shapes = shapes_of(function, binding);
  check_requirements(shapes);
  const std::vector<Dim> names = names_of(function, inputs);

  std::vector<TensorType> types;
  for (size_t i = 0; i < function.outputs.size(); ++i) {
    const ScalarType type = function.outputs[i].type;
    TensorType& result = types.emplace_back();
    result.dtype = type.is_variable() ? binding.dtypes.at(type.variable_number()) : type.dtype();
    if (!ranked) continue;
    result.shape.emplace();
    for (const NodeId id : shapes.outputs[i].shape) {
      const auto value = shapes.nodes.integer_value(id);
      if (value && *value < 0) {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("layer '{}': axis {} of output '{}' has {} elements; there must be 0 or more",
                                function.name, result.shape->size(), function.outputs[i].name, *value));
      }
      const Node& node = shapes.nodes[id];
      if (value) {
        result.shape->emplace_back(*value);
      } else if (node.kind == NodeKind::kExtent) {
        result.shape->push_back(names[static_cast<size_t>(node.number)]);
      } else {
        result.shape->emplace_back();
      }
    }
  }
  return types;
}

}  // namespace tenon::expr
