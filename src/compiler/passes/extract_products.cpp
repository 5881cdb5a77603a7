// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/passes.h"
#include "compiler/rewrite.h"
#include "expr/inputs.h"
#include "expr/rewrite.h"
#include "expr/trace.h"
#include "layers/infer.h"
#include "ops/expression.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

// extract_products: sums of products in users' formulas that are matrix products are computed as such.
//
// Before:  Expression nodes are users' layers; one may hold sum over k of a[…, i, k] * b[…, k, j].
// After:   such a sum is a MatMul, for which there are kernels that no loop can match; beside it are Expressions for
//          what makes its operands, and for what is made of its result.
// Order:   behind inline_layers; before the passes that work on products.
namespace tenon {
namespace {

using expr::Function;
using expr::kF32;
using expr::NodeId;
using expr::NodeKind;

// Variables are those of the formulas; a node of the function is an operand.
struct Product {
  NodeId sum = -1;
  NodeId left = -1, right = -1;
  std::vector<int> batch, rows;  // Of both factors; of the left one only.
  int column = -1;               // Of the right one only.
  int inner = -1;                // What is summed over.
};

std::vector<int> variables_of(const Function& function, NodeId id) {
  std::vector<int> variables;
  const uint64_t bits = function.nodes.variables(id);
  for (int v = 0; v <= expr::kMaxVariables; ++v)
    if ((bits >> v & 1) != 0) variables.push_back(v);
  return variables;
}

bool has(const std::vector<int>& list, int v) { return std::find(list.begin(), list.end(), v) != list.end(); }

std::optional<Product> product_at(const Function& function, NodeId id) {
  const expr::Node& node = function.nodes[id];
  if (node.kind != NodeKind::kReduce || node.reduction() != Reduction::kSum || node.extents().size() != 1 ||
      node.type != kF32) {
    return std::nullopt;
  }
  const expr::Node& body = function.nodes[node.body()];
  if (!expr::is_product(body)) return std::nullopt;
  Product product{.sum = id, .left = body.operands[0], .right = body.operands[1], .batch = {}, .rows = {}};
  product.inner = node.number;
  const std::vector<int> left = variables_of(function, product.left), right = variables_of(function, product.right);
  if (!has(left, product.inner) || !has(right, product.inner)) return std::nullopt;
  std::vector<int> columns;
  for (const int v : left)
    if (v != product.inner) (has(right, v) ? product.batch : product.rows).push_back(v);
  for (const int v : right)
    if (v != product.inner && !has(left, v)) columns.push_back(v);
  if (columns.size() > 1 || (product.rows.size() == 1 && columns.size() == 1 && columns < product.rows)) {
    std::swap(product.rows, columns);
    std::swap(product.left, product.right);
  }
  // MatMul broadcasts one matrix over all that the other's rows range over, or takes one for each.
  if (columns.size() != 1 || product.rows.empty() || (!product.batch.empty() && product.rows.size() > 1)) {
    return std::nullopt;
  }
  product.column = columns[0];
  // Within another sum there is no tensor of products.
  for (const int v : variables_of(function, id))
    if (v >= expr::kFirstBound) return std::nullopt;
  return product;
}

// Formulas with the values that they read.
struct Part {
  LayerExpr formulas;
  std::vector<Value*> inputs;
};

// The input that the formulas are, where they are no more than that.
Value* passed_value(const Part& part) {
  const Function& function = part.formulas.impl().function;
  const auto input = function.outputs.size() == 1 ? expr::passed_input(function, function.outputs[0]) : std::nullopt;
  return input ? part.inputs[*input] : nullptr;
}

class Extraction {
 public:
  Extraction(Node* node, Product product)
      : node_(node), function_(formulas_of(*node).impl().function), product_(std::move(product)) {
    inputs_.assign(node->inputs().begin(), node->inputs().end());
    for (NodeId id = 0; id < function_.nodes.size(); ++id) {
      const expr::Node& index = function_.nodes[id];
      if (index.kind == NodeKind::kIndex) dims_.emplace(index.number, dim_of(index.operands[0]));
    }
  }

  // Whether the node is still there: where nothing is left to compute it goes. Throws for formulas that cannot be taken
  // apart, before anything is changed.
  bool run(const Rewriter& rewriter) {
    std::vector<int> left = product_.batch, right = product_.batch;
    left.insert(left.end(), product_.rows.begin(), product_.rows.end());
    std::vector<int> result = left;
    left.push_back(product_.inner);
    right.insert(right.end(), {product_.inner, product_.column});
    result.push_back(product_.column);
    const Part a = factor(product_.left, left), b = factor(product_.right, right);
    if (a.inputs.empty() || b.inputs.empty()) throw Error(ErrorCode::kUnsupported, "a factor is made of constants");
    expr::Narrowed rest = expr::without_unread(rest_of(result));

    Value* x = tensor_of(rewriter, a, "/left");
    Value* y = rewriter.add("MatMul", node_->name() + "/product", {x, tensor_of(rewriter, b, "/right")});
    inputs_.push_back(y);
    const Part part = part_of(std::move(rest));
    if (passed_value(part) == y) {
      rewriter.graph().replace_uses(node_->output(), y);
      rewriter.graph().remove(node_);
      return false;
    }
    node_->attributes()["formulas"] = part.formulas.to_string();
    node_->set_inputs(part.inputs);
    infer_outputs(*node_);
    return true;
  }

 private:
  // A dimension that inputs can have.
  [[nodiscard]] Dim dim_of(NodeId extent) const {
    if (const auto known = function_.nodes.integer_value(extent)) return *known;
    const expr::Node& node = function_.nodes[extent];
    if (node.kind != NodeKind::kExtent) return {};
    return Dim(function_.symbols[static_cast<size_t>(node.number)]);
  }
  static NodeId extent_of(Function& function, const Dim& dim) {
    if (dim.is_unknown()) throw Error(ErrorCode::kUnsupported, "an extent of the product is no named one");
    return function.dim(dim);
  }

  [[nodiscard]] Part part_of(expr::Narrowed narrowed) const {
    std::vector<Value*> values;
    for (const size_t input : narrowed.inputs) values.push_back(inputs_[input]);
    return {LayerExpr(std::make_shared<const LayerExpr::Impl>(LayerExpr::Impl{std::move(narrowed.function)})),
            std::move(values)};
  }

  // A factor as a tensor with an axis for each of the variables.
  [[nodiscard]] Part factor(NodeId value, const std::vector<int>& variables) const {
    Function function = function_;
    function.outputs = {{"product", kF32, {}, value}};
    function.outputs[0].shape.assign(variables.size(), value);  // Replaced below; any node will do.
    function = expr::rebuild(function, [&](expr::Nodes& nodes, const expr::Node& node, NodeId old) {
      const expr::Node& before = function_.nodes[old];
      const auto axis = std::find(variables.begin(), variables.end(), before.number);
      if (before.kind != NodeKind::kIndex || axis == variables.end()) return nodes.add(node);
      return nodes.index(static_cast<int>(axis - variables.begin()), node.operands[0]);
    });
    for (size_t i = 0; i < variables.size(); ++i) {
      function.outputs[0].shape[i] = extent_of(function, dims_.at(variables[i]));
    }
    return part_of(expr::without_unread(function));
  }

  // The formulas with a further input in place of the sum.
  [[nodiscard]] Function rest_of(const std::vector<int>& variables) const {
    expr::Input product{"product", kF32, {}};
    while (std::any_of(function_.inputs.begin(), function_.inputs.end(),
                       [&](const expr::Input& input) { return input.name == product.name; })) {
      product.name += '_';
    }
    const int number = static_cast<int>(function_.inputs.size());
    for (const int v : variables) product.dims.push_back(dims_.at(v));
    Function rest = expr::rebuild(function_, [&](expr::Nodes& nodes, const expr::Node& node, NodeId old) {
      if (old != product_.sum) return nodes.add(node);
      std::vector<NodeId> indices;
      for (const int v : variables) {
        const Dim& dim = dims_.at(v);
        const NodeId extent =
            dim.is_constant() ? nodes.integer(dim.value()) : nodes.extent(*function_.find_symbol(dim.symbol()));
        indices.push_back(nodes.index(v, extent));
      }
      return nodes.load(number, kF32, std::move(indices));
    });
    rest.inputs.push_back(std::move(product));
    return rest;
  }

  Value* tensor_of(const Rewriter& rewriter, const Part& part, const char* what) const {
    if (Value* passed = passed_value(part)) return passed;
    return rewriter.add(std::string(kExpressionOp), node_->name() + what, part.inputs,
                        expression_attributes(part.formulas, display_name(*node_)));
  }

  Node* node_;
  Function function_;
  Product product_;
  std::vector<Value*> inputs_;
  std::map<int, Dim> dims_;  // Of the variables.
};

// A variable of two sums may have two extents; such formulas are left alone.
bool has_one_extent_each(const Function& function) {
  std::map<int, NodeId> extents;
  for (NodeId id = 0; id < function.nodes.size(); ++id) {
    const expr::Node& node = function.nodes[id];
    if (node.kind != NodeKind::kIndex) continue;
    if (extents.emplace(node.number, node.operands[0]).first->second != node.operands[0]) return false;
  }
  return true;
}

// Whether there was a product, and the node is still there.
bool extract_one(const Rewriter& rewriter, Node* node) {
  const LayerExpr formulas = formulas_of(*node);
  const Function& function = formulas.impl().function;
  if (!has_one_extent_each(function)) return false;
  for (NodeId id = 0; id < function.nodes.size(); ++id) {
    const auto product = product_at(function, id);
    if (!product) continue;
    try {
      return Extraction(node, *product).run(rewriter);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInternal || error.code() == ErrorCode::kOutOfMemory) throw;
    }
  }
  return false;
}

}  // namespace

void extract_products(Graph& graph) {
  const Rewriter rewriter(graph);
  for (Node* node : graph.topological_order()) {
    while (is_op(node, kExpressionOp) && extract_one(rewriter, node)) continue;
  }
}

}  // namespace tenon
