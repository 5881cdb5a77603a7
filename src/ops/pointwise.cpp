// SPDX-License-Identifier: Apache-2.0
#include "ops/pointwise.h"

#include "ops/all_ops.h"
#include "ops/broadcast.h"
#include "ops/define.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon {
namespace {

using Kind = PointwiseParameter::Kind;

Attribute fallback_of(const PointwiseParameter& parameter) {
  if (parameter.kind == Kind::kFloat) return parameter.fallback;
  if (parameter.kind == Kind::kInt) return static_cast<int64_t>(parameter.fallback);
  return std::string(parameter.zero);
}

double read(const PointwiseParameter& parameter, const Node& node, const AttributeReader& attributes) {
  if (parameter.kind == Kind::kNone) return 0;
  if (parameter.kind == Kind::kFloat) return attributes.number(parameter.name);
  if (parameter.kind == Kind::kInt) return static_cast<double>(attributes.integer(parameter.name));
  const std::string& choice = attributes.string(parameter.name);
  if (choice == parameter.zero) return 0;
  if (choice == parameter.one) return 1;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{} '{}': the attribute '{}' is '{}' but '{}' or '{}' is required", node.op(), node.name(),
                          parameter.name, choice, parameter.zero, parameter.one));
}

PointwiseParameters parameters_of(const PointwiseRow& row, const Node& node, const AttributeReader& attributes) {
  return {read(row.alpha, node, attributes), read(row.beta, node, attributes)};
}

const PointwiseRow& row_of(std::string_view op) {
  if (const PointwiseRow* row = find_pointwise(op)) return *row;
  throw Error(ErrorCode::kInternal, fmt::format("'{}' is not a pointwise operator", op));
}

void infer_pointwise(InferContext& context) {
  const PointwiseRow& row = row_of(context.node().op());
  (void)parameters_of(row, context.node(), context.attributes());  // Refuses bad values before anything runs.
  const bool own_exponent_dtype = row.name == "Pow";
  for (size_t i = 0; i < context.input_count(); ++i) {
    require_dtype(context, i, row.dtypes);
    if (!own_exponent_dtype) context.require_same_dtype(0, i);
  }
  const std::optional<Shape> shape = broadcast_inputs(context);
  if (row.name == "PRelu" && context.shape(0) && context.shape(1) &&
      !may_broadcast_to(*context.shape(1), *context.shape(0))) {
    context.fail(fmt::format("the slope has shape {}, which does not broadcast to the input's {}",
                             to_string(*context.shape(1)), to_string(*context.shape(0))));
  }
  context.set_output(0, row.predicate ? DType::kBool : context.dtype(0),
                     row.name == "PRelu" ? context.shape(0) : shape);
}

std::vector<Expr> define_pointwise(DefineContext& context) {
  const PointwiseRow& row = row_of(context.node().op());
  const PointwiseParameters parameters = parameters_of(row, context.node(), context.attributes());
  Expr result = context.input(0);
  if (row.arity == PointwiseArity::kOne) result = row.formula(result, result, parameters);
  for (size_t i = 1; i < context.input_count(); ++i) result = row.formula(result, context.input(i), parameters);
  if (row.name == "Mean") result = result / static_cast<double>(context.input_count());
  return {result};
}

}  // namespace

const PointwiseRow* find_pointwise(std::string_view op) {
  const auto rows = pointwise_rows();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const PointwiseRow& r) { return r.name == op; });
  return row == rows.end() ? nullptr : &*row;
}

std::string dtype_set_text(uint32_t dtypes) {
  std::string text;
  for (int32_t d = 1; d < kDTypeCount; ++d) {
    const uint32_t bit = 1U << d;
    if ((dtypes & bit) == 0) continue;
    if (!text.empty()) text += dtypes >> d == 1 ? " or " : ", ";
    text += dtype_name(static_cast<DType>(d));
  }
  return text;
}

void require_dtype(const InferContext& context, size_t index, uint32_t dtypes) {
  if ((dtypes & dtype_bit(context.dtype(index))) == 0) {
    context.fail(fmt::format("input {} has dtype {} but {} is required", index, dtype_name(context.dtype(index)),
                             dtype_set_text(dtypes)));
  }
}

std::optional<Shape> broadcast_inputs(const InferContext& context, size_t first) {
  Shape result;
  for (size_t i = first; i < context.input_count(); ++i) {
    if (!context.shape(i)) return std::nullopt;
    const auto next = broadcast(result, *context.shape(i));
    if (!next) {
      context.fail(fmt::format("input {} has shape {}, which does not broadcast with {}", i,
                               to_string(*context.shape(i)), to_string(result)));
    }
    result = *next;
  }
  return result;
}

std::vector<OpDef> pointwise_ops() {
  std::vector<OpDef> ops;
  for (const PointwiseRow& row : pointwise_rows()) {
    OpDef op;
    op.name = row.name;
    op.since_version = row.since;
    op.min_inputs = row.arity == PointwiseArity::kTwo ? 2 : 1;
    op.max_inputs = row.arity == PointwiseArity::kMany ? kVariadic : op.min_inputs;
    for (const PointwiseParameter* parameter : {&row.alpha, &row.beta}) {
      if (parameter->kind == Kind::kNone) continue;
      op.attributes.push_back({std::string(parameter->name), fallback_of(*parameter), parameter->required});
    }
    op.infer = infer_pointwise;
    op.define = define_pointwise;
    op.pointwise = true;
    op.summary = row.summary;
    ops.push_back(std::move(op));
  }
  return ops;
}

}  // namespace tenon
