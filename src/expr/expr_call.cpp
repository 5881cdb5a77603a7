// SPDX-License-Identifier: Apache-2.0
#include "base/near_names.h"
#include "expr/rewrite.h"
#include "expr/simplify.h"
#include "expr/trace.h"

#include <fmt/core.h>

#include <algorithm>

// A layer applied within another one: its formulas with the other's tensors in place of its inputs.
namespace tenon {
namespace {

using expr::Binding;
using expr::Function;
using expr::Input;
using expr::Node;
using expr::NodeId;
using expr::NodeKind;
using expr::Nodes;

// What a call gives: tensors for the inputs, then scalars for the fields that are not left to their defaults.
class Call {
 public:
  Call(const Function& layer, std::span<const Expr> inputs, const std::map<std::string, Expr>& fields)
      : what_(fmt::format("layer '{}'", layer.name)), operands_(inputs.begin(), inputs.end()) {
    if (inputs.size() != layer.inputs.size()) {
      expr::misuse(what_, fmt::format("{} inputs are given but {} are required", inputs.size(), layer.inputs.size()));
    }
    add_fields(layer, fields);
    trace_ = expr::unite(what_, operands_);
    Binding binding;
    for (size_t i = 0; i < layer.inputs.size(); ++i) add_input(layer, i, binding);
    for (size_t i = 0; i < layer.fields.size(); ++i)
      if (!fields_.contains(static_cast<int>(i))) binding.fields[static_cast<int>(i)] = layer.fields[i].fallback;
    layer_ = bind(layer, binding);
  }

  std::vector<Expr> results() {
    const std::vector<NodeId> roots = layer_.roots();
    const std::vector<NodeId> places = expr::rebuild(layer_.nodes, roots, nodes(), [&](const Node& node, NodeId) {
      if (node.kind == NodeKind::kExtent) return extents_.at(layer_.symbols[static_cast<size_t>(node.number)]);
      if (node.kind == NodeKind::kField) return field(node);
      if (node.kind == NodeKind::kLoad) return load(node);
      return expr::simple(nodes(), nodes().add(node));
    });
    const auto place = [&](NodeId id) { return places[static_cast<size_t>(id)]; };
    for (const expr::Requirement& requirement : layer_.requirements) {
      const NodeId left = place(requirement.left), right = place(requirement.right);
      if (left != right) trace_->function.requirements.push_back({left, right});
    }
    std::vector<Expr> results;
    for (const expr::Output& output : layer_.outputs) {
      expr::Extents shape;
      for (const NodeId extent : output.shape) shape.push_back(place(extent));
      results.push_back(expr::make(trace_, place(output.value), output.type, std::move(shape)));
    }
    return results;
  }

 private:
  [[nodiscard]] Nodes& nodes() { return trace_->function.nodes; }

  void add_fields(const Function& layer, const std::map<std::string, Expr>& fields) {
    std::vector<std::string> names;
    for (const expr::Field& field : layer.fields) names.push_back(field.name);
    for (const auto& [name, value] : fields) {
      const auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) {
        throw Error(ErrorCode::kNotFound,
                    fmt::format("{}: it has no field '{}'{}", what_, name, did_you_mean(name, names)));
      }
      if (value.rank() != 0 || !value.impl().weak) {
        expr::misuse(
            what_, fmt::format("field '{}' is given {} but a number or a field is required", name, value.type_text()));
      }
      fields_[static_cast<int>(found - names.begin())] = operands_.size();
      operands_.push_back(value);
    }
  }

  void add_input(const Function& layer, size_t i, Binding& binding) {
    const Input& input = layer.inputs[i];
    const Expr::Impl& given = operands_[i].impl();
    const auto fail = [&](const std::string& why) {
      expr::misuse(what_, fmt::format("input '{}' is {} but {}{} is required{}", input.name, operands_[i].type_text(),
                                      layer.type_name(input.type), to_string(input.dims), why));
    };
    if (given.shape.size() != input.dims.size()) fail("");
    if (input.type.is_variable() && !given.type.is_variable()) {
      const DType dtype = given.type.dtype();
      if (binding.dtypes.try_emplace(input.type.variable_number(), dtype).first->second != dtype) fail("");
    } else if (input.type != given.type) {
      fail(given.type.is_variable() ? "; a layer of an open dtype can be called with known ones only" : "; cast() it");
    }
    for (size_t axis = 0; axis < input.dims.size(); ++axis) {
      const Dim& dim = input.dims[axis];
      const NodeId extent = given.shape[axis];
      const NodeId wanted =
          dim.is_constant() ? nodes().integer(dim.value()) : extents_.try_emplace(dim.symbol(), extent).first->second;
      if (wanted == extent) continue;
      fail(dim.is_constant() ? "" : fmt::format(", where {} is {}", dim.symbol(), expr::shape_text(trace_, {wanted})));
    }
  }

  NodeId field(const Node& node) { return expr::computed(trace_, operands_[fields_.at(node.number)], node.type); }

  // The input's formula there, in the dtype that the layer loads.
  NodeId load(const Node& node) {
    const Expr& input = operands_[static_cast<size_t>(node.number)];
    NodeId there = 0;
    if (node.outside() == Outside::kValue) {
      const Expr value = expr::make(trace_, node.operands.back(), node.type, {});
      there = expr::element(trace_, input, node.indices(), node.outside(), value);
    } else {
      there = expr::element(trace_, input, node.indices(), node.outside(), Expr(0));
    }
    return nodes().cast(there, node.type);
  }

  std::string what_;
  expr::Trace trace_;
  std::vector<Expr> operands_;
  std::map<int, size_t> fields_;           // The operand of a field that is given.
  std::map<std::string, NodeId> extents_;  // By symbol.
  Function layer_;
};

}  // namespace

std::vector<Expr> LayerExpr::operator()(std::span<const Expr> inputs, const std::map<std::string, Expr>& fields) const {
  return Call(impl_->function, inputs, fields).results();
}

Expr LayerExpr::operator()(std::initializer_list<Expr> inputs, const std::map<std::string, Expr>& fields) const {
  if (output_count() != 1) {
    expr::misuse(fmt::format("layer '{}'", name()),
                 fmt::format("it has {} outputs but one is taken; call it with a span "
                             "of inputs to get all",
                             output_count()));
  }
  return (*this)(std::span(inputs.begin(), inputs.size()), fields)[0];
}

}  // namespace tenon
