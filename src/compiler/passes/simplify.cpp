// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/passes.h"
#include "compiler/rewrite.h"
#include "layers/infer.h"
#include "ops/op.h"

#include <algorithm>
#include <limits>
#include <numeric>

// simplify: algebra that holds for every value of the operands: fewer nodes, and the forms that later passes look for.
//
// Before:  types are inferred, constants are folded and merged.
// After:   no node of kRules can be simplified further. In particular, clamps are Clip, products with a bias are Gemm,
//          x * sigmoid(x) is Swish, and no Reshape or Transpose reads another of its kind.
// Order:   before assign_layout and the fusions, which know these forms only; once more after assign_layout, for the
//          transposes and reshapes that it leaves beside each other. Nothing here changes a result except that NaN may
//          have other bits; x + 0 stays, because it turns -0 into +0.
namespace tenon {
namespace {

using Rule = Value* (*)(const Rewriter&,
                        Node*);  // What can stand in place of output 0; null when the rule does not apply.

Value* forward_same_type(const Rewriter&, Node* node) {
  Value* x = node->input(0);
  return same_type(x, node->output()) ? x : nullptr;
}

Value* identity(const Rewriter&, Node* node) { return node->input(0); }

Value* dropout(const Rewriter&, Node* node) {
  const bool mask_is_read = node->outputs().size() > 1 && !node->output(1)->uses().empty();
  return mask_is_read ? nullptr : node->input(0);
}

Value* reshape(const Rewriter& rewriter, Node* node) {
  if (Value* same = forward_same_type(rewriter, node)) return same;
  for (const char* view : {"Reshape", "Flatten", "Squeeze", "Unsqueeze"}) {
    const Node* inner = produced_by(node->input(0), view);
    if (inner == nullptr || !node->output()->type().shape || !inner->input(0)->type().shape) continue;
    return rewriter.reshape(inner->input(0), node->output()->name(), *node->output()->type().shape);
  }
  return nullptr;
}

std::vector<int64_t> perm_of(const Node& node) {
  const auto rank = static_cast<size_t>(rank_of(node.input(0)).value_or(0));
  std::vector<int64_t> perm = AttributeReader(node, op_of(node)).integers("perm");
  if (perm.empty()) {
    perm.resize(rank);
    std::iota(perm.rbegin(), perm.rend(), int64_t{0});
  }
  return perm;
}

// True when the axes that are longer than 1 keep their order: then no element moves.
bool moves_nothing(const std::vector<int64_t>& perm, const Shape& shape) {
  int64_t last = -1;
  for (const int64_t axis : perm) {
    if (shape[static_cast<size_t>(axis)].value() == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

Value* transpose(const Rewriter& rewriter, Node* node) {
  Value* x = node->input(0);
  std::vector<int64_t> perm = perm_of(*node);
  if (std::is_sorted(perm.begin(), perm.end())) return x;
  if (const Node* inner = produced_by(x, "Transpose")) {
    const std::vector<int64_t> first = perm_of(*inner);
    for (int64_t& axis : perm) axis = first[static_cast<size_t>(axis)];
    return rewriter.add("Transpose", node->output()->name(), {inner->input(0)}, {{"perm", perm}});
  }
  if (x->type().shape && node->output()->type().shape && moves_nothing(perm, *x->type().shape)) {
    return rewriter.reshape(x, node->output()->name(), *node->output()->type().shape);
  }
  return nullptr;
}

// x * 1, x / 1, x - 0, x ^ 1: exact for every x. The result must have x's type: broadcasting may have made it larger.
Value* neutral(const Rewriter&, Node* node) {
  const double neutral = node->op() == "Sub" ? 0 : 1;
  for (size_t i = 0; i < 2; ++i) {
    if (i == 1 && node->op() != "Mul") break;
    Value* x = node->input(i);
    if (scalar_of(node->input(1 - i)) == neutral && same_type(x, node->output())) return x;
  }
  return nullptr;
}

// A clamp in one of its guises: Relu, Clip, or Max or Min with a scalar constant.
struct Clamp {
  Value* x = nullptr;
  double lo = -std::numeric_limits<double>::infinity();
  double hi = std::numeric_limits<double>::infinity();
};

std::optional<Clamp> clamp_of(const Node* node) {
  if (node == nullptr || !node->domain().empty() || !is_float(node->output()->type().dtype)) return std::nullopt;
  Clamp clamp{node->input(0)};
  if (node->op() == "Relu") {
    clamp.lo = 0;
  } else if (node->op() == "Clip") {
    for (size_t i = 1; i < 3; ++i) {
      if (node->input(i) == nullptr) continue;
      const auto bound = scalar_of(node->input(i));
      if (!bound) return std::nullopt;
      (i == 1 ? clamp.lo : clamp.hi) = *bound;
    }
  } else if ((node->op() == "Max" || node->op() == "Min") && node->inputs().size() == 2) {
    const size_t constant = scalar_of(node->input(1)) ? 1 : 0;
    const auto bound = scalar_of(node->input(constant));
    clamp.x = node->input(1 - constant);
    if (!bound || !same_type(clamp.x, node->output())) return std::nullopt;
    (node->op() == "Max" ? clamp.lo : clamp.hi) = *bound;
  } else {
    return std::nullopt;
  }
  return clamp;
}

// Two clamps, one after the other, are one: clip(clip(x, a, b), c, d) = clip(x, clip(a, c, d), clip(b, c, d)) for a <=
// b.
Value* clamps(const Rewriter& rewriter, Node* node) {
  const auto outer = clamp_of(node);
  if (!outer) return nullptr;
  const auto inner = clamp_of(outer->x->producer());
  Clamp both = *outer;
  if (inner && inner->lo <= inner->hi && outer->lo <= outer->hi) {
    both = {inner->x, std::clamp(inner->lo, outer->lo, outer->hi), std::clamp(inner->hi, outer->lo, outer->hi)};
  } else if (node->op() == "Clip" || node->op() == "Relu") {
    return nullptr;  // As simple as it gets.
  }
  const DType dtype = node->output()->type().dtype;
  const std::string& name = node->output()->name();
  const auto bound = [&](double value, const char* stem) -> Value* {
    if (value == -std::numeric_limits<double>::infinity() || value == std::numeric_limits<double>::infinity())
      return nullptr;
    return rewriter.constant(name + stem, cast(Tensor::scalar(value), dtype));
  };
  return rewriter.add("Clip", name, {both.x, bound(both.lo, "/min"), bound(both.hi, "/max")});
}

// x * sigmoid(x)
Value* swish(const Rewriter& rewriter, Node* node) {
  for (size_t i = 0; i < 2; ++i) {
    const Node* sigmoid = produced_by(node->input(i), "Sigmoid");
    if (sigmoid != nullptr && sigmoid->input(0) == node->input(1 - i)) {
      return rewriter.add("Swish", node->output()->name(), {node->input(1 - i)});
    }
  }
  return nullptr;
}

// MatMul of a matrix by a constant matrix, plus a constant row.
Value* matmul_bias(const Rewriter& rewriter, Node* node) {
  for (size_t i = 0; i < 2; ++i) {
    const Node* product = produced_by(node->input(i), "MatMul");
    Value* bias = node->input(1 - i);
    if (product == nullptr || product->attribute("epilogue") != nullptr || bias->constant() == nullptr) continue;
    if (rank_of(product->input(0)) != 2 || rank_of(product->input(1)) != 2 || product->input(1)->constant() == nullptr)
      continue;
    if (only_reader(rewriter.graph(), product->output()) != node || !same_type(product->output(), node->output()))
      continue;
    return rewriter.add("Gemm", node->output()->name(), {product->input(0), product->input(1), bias});
  }
  return nullptr;
}

Value* multiply(const Rewriter& rewriter, Node* node) {
  if (Value* x = neutral(rewriter, node)) return x;
  return swish(rewriter, node);
}

struct Row {
  std::string_view op;
  Rule rule;
};
constexpr Row kRules[] = {
    {"Add", matmul_bias},
    {"Cast", forward_same_type},
    {"Clip", clamps},
    {"Div", neutral},
    {"Dropout", dropout},
    {"Identity", identity},
    {"Max", clamps},
    {"Min", clamps},
    {"Mul", multiply},
    {"Pow", neutral},
    {"Relu", clamps},
    {"Reshape", reshape},
    {"Sub", neutral},
    {"Transpose", transpose},
    {"Expand", forward_same_type},
};

}  // namespace

void simplify(Graph& graph) {
  const Rewriter rewriter(graph);
  // A rule's result may be what another rule waits for; each application removes a node from what the outputs reach, so
  // this ends.
  for (bool changed = true; changed;) {
    changed = false;
    for (Node* node : graph.topological_order()) {
      if (!node->domain().empty() || node->outputs().empty()) continue;
      const auto* row =
          std::find_if(std::begin(kRules), std::end(kRules), [&](const Row& r) { return r.op == node->op(); });
      if (row == std::end(kRules)) continue;
      Value* replacement = row->rule(rewriter, node);
      if (replacement == nullptr) continue;
      graph.replace_uses(node->output(), replacement);
      changed = true;
    }
    graph.remove_unreachable();
  }
}

}  // namespace tenon
