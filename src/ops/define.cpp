// SPDX-License-Identifier: Apache-2.0
#include "ops/define.h"

#include "base/elements.h"
#include "expr/scalar.h"
#include "expr/verify.h"
#include "ops/epilogue.h"
#include "ops/wide.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace tenon {
namespace {

// The element as a number that takes the dtype of what it is combined with; nullopt for those that none is.
std::optional<Expr> number(const TensorView& view) {
  switch (expr::class_of(view.dtype)) {
    case expr::kBools:
      return Expr(load_i64(view.data, view.dtype, 0) != 0);
    case expr::kSigneds:
      return Expr(load_i64(view.data, view.dtype, 0));
    case expr::kUnsigneds: {
      const uint64_t value = load_u64(view.data, view.dtype, 0);
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
      return Expr(static_cast<int64_t>(value));
    }
    default:
      return Expr(load_f64(view.data, view.dtype, 0));
  }
}

// The names that the layer itself uses: x0, x1 … for its inputs, y, y0, y1 … for its outputs, x0_1 for a dimension that
// is not known, x_0 for one that is renamed.
bool is_own_name(std::string_view name) {
  return (name.starts_with('x') || name.starts_with('y')) &&
         name.find_first_not_of("0123456789_", 1) == std::string_view::npos;
}

}  // namespace

DefineContext::DefineContext(const Node& node, const OpDef& op, std::span<const TensorType> inputs,
                             std::span<const Tensor* const> values, std::span<const TensorType> outputs)
    : node_(&node),
      attributes_(node, op),
      inputs_(inputs),
      values_(values),
      outputs_(outputs),
      layer_(node.op()),
      exprs_(inputs.size()) {}

bool DefineContext::has_input(size_t index) const noexcept {
  return index < inputs_.size() && inputs_[index].dtype != DType::kUndefined;
}

const Shape& DefineContext::shape(size_t index) const {
  if (!inputs_[index].shape) fail(fmt::format("the rank of input {} is not known", index));
  return *inputs_[index].shape;
}

const Expr& DefineContext::input(size_t index) {
  std::optional<Expr>& expr = exprs_[index];
  if (!expr) {
    if (expr::class_of(dtype(index)) == 0) {
      fail(fmt::format("input {} has dtype {}, which expressions do not have", index, dtype_name(dtype(index))));
    }
    Shape dims;
    for (const Dim& dim : shape(index)) dims.push_back(named(dim));
    expr = layer_.input(fmt::format("x{}", index), dtype(index), dims);
    asked_.push_back(index);
  }
  return *expr;
}

Dim DefineContext::named(const Dim& dim) {
  if (!dim.is_symbol() || (expr::is_name(dim.symbol()) && !is_own_name(dim.symbol()))) return dim;
  auto found = std::find(renamed_.begin(), renamed_.end(), dim.symbol());
  if (found == renamed_.end()) found = renamed_.insert(found, std::string(dim.symbol()));
  return Dim(fmt::format("x_{}", found - renamed_.begin()));
}

Expr DefineContext::scalar(size_t index) {
  if (index < values_.size() && values_[index] != nullptr) {
    if (const auto known = number(values_[index]->view())) return *known;
  }
  return input(index).at(std::vector<Expr>(shape(index).size(), Expr(0)));
}

const Tensor& DefineContext::value(size_t index) const {
  if (index >= values_.size() || values_[index] == nullptr) {
    fail(fmt::format("the value of input {} is not known", index));
  }
  return *values_[index];
}

std::vector<int64_t> DefineContext::integers(size_t index) const { return load_all<int64_t>(value(index).view()); }

std::vector<double> DefineContext::numbers(size_t index) const { return load_all<double>(value(index).view()); }

void DefineContext::fail(const std::string& reason) const { throw Error(ErrorCode::kUnsupported, reason); }

Definition DefineContext::finish(std::span<const Expr> outputs) const { return {layer_.build(outputs), asked_}; }

std::optional<Definition> definition_of(const Node& node, std::span<const TensorType> inputs,
                                        std::span<const Tensor* const> values, std::string* reason) {
  const auto none = [&](std::string why) {
    if (reason != nullptr) *reason = std::move(why);
    return std::nullopt;
  };
  const OpDef& op = op_of(node);
  if (op.define == nullptr) return none(fmt::format("{} is not defined by formulas", op.name));
  const Inferred inferred = infer_node(node, inputs, values);
  if (op.takes_epilogue && !epilogue_of(node).empty()) return none("it has an epilogue");
  if (!inferred.needs_value.empty()) {
    return none(fmt::format("the value of input {} is not known", inferred.needs_value.front()));
  }
  try {
    DefineContext context(node, op, inputs, values, inferred.outputs);
    return context.finish(op.define(context));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) throw;
    return none(error.message());
  }
}

}  // namespace tenon
