// SPDX-License-Identifier: Apache-2.0
#include <tenon/expr.h>

#include "expr/interpret.h"
#include "expr/parse.h"
#include "expr/print.h"
#include "expr/simplify.h"
#include "expr/trace.h"
#include "expr/verify.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace tenon {

using expr::NodeId;

namespace {

std::shared_ptr<const Expr::Impl> number(expr::ScalarType type, expr::Scalar value) {
  return std::make_shared<const Expr::Impl>(Expr::Impl{.type = type, .weak = true, .number = value});
}

}  // namespace

std::string_view reduction_name(Reduction reduction) noexcept {
  constexpr std::array<std::string_view, 8> kNames = {"sum", "prod", "min", "max", "argmin", "argmax", "any", "all"};
  return kNames[static_cast<size_t>(reduction)];
}

// --- Expr

Expr::Expr(bool value) : impl_(number(expr::kBool, expr::Scalar::integer(value ? 1 : 0))) {}
Expr::Expr(int value) : Expr(static_cast<int64_t>(value)) {}
Expr::Expr(int64_t value) : impl_(number(expr::kI64, expr::Scalar::integer(value))) {}
Expr::Expr(double value) : impl_(number(expr::kF64, expr::Scalar::real(value))) {}
Expr::Expr(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

DType Expr::dtype() const noexcept { return impl_->weak ? DType::kUndefined : impl_->type.dtype(); }
int Expr::rank() const noexcept { return static_cast<int>(impl_->shape.size()); }

Expr Expr::extent(int axis) const {
  const size_t at = expr::normal_axis("extent", axis, impl_->shape.size());
  return expr::make_integer(impl_->trace, impl_->shape[at]);
}

std::vector<Expr> Expr::shape() const {
  std::vector<Expr> shape;
  for (const NodeId extent : impl_->shape) shape.push_back(expr::make_integer(impl_->trace, extent));
  return shape;
}

std::optional<int64_t> Expr::known_integer() const {
  if (!impl_->shape.empty() || !expr::is_any(impl_->type, expr::kIntegers)) return std::nullopt;
  return impl_->node < 0 ? impl_->number.integer() : impl_->trace->function.nodes.integer_value(impl_->node);
}

std::string Expr::type_text() const {
  if (impl_->node < 0) {
    if (impl_->type == expr::kF64) return fmt::format("{}", impl_->number.real());
    if (impl_->type == expr::kBool) return impl_->number.integer() != 0 ? "true" : "false";
    return std::to_string(impl_->number.integer());
  }
  if (impl_->weak) return impl_->type == expr::kF64 ? "a float" : impl_->type == expr::kI64 ? "an integer" : "a bool";
  return impl_->trace->function.type_name(impl_->type) + expr::shape_text(impl_->trace, impl_->shape);
}

Expr Expr::at(std::span<const Expr> index, Outside outside, const Expr& value) const {
  constexpr std::string_view kWhat = "reading an element";
  if (index.size() != impl_->shape.size()) {
    expr::misuse(kWhat, fmt::format("{} indices are given for {} but one for each dimension is required", index.size(),
                                    type_text()));
  }
  std::vector<Expr> operands = {*this, value};
  operands.insert(operands.end(), index.begin(), index.end());
  const expr::Trace trace = expr::unite(kWhat, operands);
  const Expr &tensor = operands[0], &fallback = operands[1];
  std::vector<NodeId> places;
  for (size_t i = 2; i < operands.size(); ++i) places.push_back(expr::integer_scalar(kWhat, trace, operands[i]));
  if (fallback.rank() != 0) {
    expr::misuse(kWhat, fmt::format("the value outside is {} but a scalar is required", fallback.type_text()));
  }
  return expr::make(trace, expr::element(trace, tensor, places, outside, fallback), impl_->type, {}, impl_->weak);
}

namespace detail {

void require_index_count(size_t given, size_t taken) {
  if (given == taken) return;
  expr::misuse("compute",
               fmt::format("a shape of {} dimensions is given with a function of {} indices; write one index "
                           "for each dimension",
                           given, taken));
}

}  // namespace detail

// --- LayerBuilder

LayerBuilder::LayerBuilder(std::string name, std::string doc) : impl_(std::make_shared<Impl>()) {
  impl_->function.name = std::move(name);
  impl_->function.doc = std::move(doc);
}

void LayerBuilder::set_fast(bool fast) { impl_->fast = fast; }

namespace {

// `type` after the ones that are known to the function.
expr::ScalarType named_type(expr::Function& function, std::string_view type) {
  if (const auto dtype = dtype_from_name(type)) return *dtype;
  auto& variables = function.dtype_variables;
  const auto found = std::find(variables.begin(), variables.end(), type);
  const auto number = static_cast<int>(found - variables.begin());
  if (found == variables.end()) variables.emplace_back(type);
  return expr::ScalarType::variable(number);
}

Expr add_input(const expr::Trace& trace, const std::string& name, expr::ScalarType type, Shape dims) {
  expr::Extents shape;
  for (Dim& dim : dims) {
    if (dim.is_unknown()) dim = Dim(fmt::format("{}_{}", name, shape.size()));
    shape.push_back(trace->function.dim(dim));
  }
  return expr::add_input(trace, name, type, std::move(dims), std::move(shape));
}

Expr add_field(const expr::Trace& trace, const std::string& name, expr::ScalarType kind, expr::Scalar fallback) {
  expr::Function& function = trace->function;
  const auto number = static_cast<int>(function.fields.size());
  function.fields.push_back({name, kind, fallback});
  return expr::make(trace, function.nodes.field(number, kind), kind, {}, /*weak=*/true);
}

}  // namespace

Expr LayerBuilder::input(const std::string& name, DType dtype, const Shape& dims) {
  return add_input(impl_, name, dtype, dims);
}

Expr LayerBuilder::input(const std::string& name, std::string_view type) {
  const size_t bracket = std::min(type.find('['), type.size());
  return add_input(impl_, name, named_type(impl_->function, type.substr(0, bracket)),
                   parse_shape(type.substr(bracket)));
}

Expr LayerBuilder::field(const std::string& name, double fallback) {
  return add_field(impl_, name, expr::kF64, expr::Scalar::real(fallback));
}
Expr LayerBuilder::field(const std::string& name, int64_t fallback) {
  return add_field(impl_, name, expr::kI64, expr::Scalar::integer(fallback));
}
Expr LayerBuilder::field(const std::string& name, bool fallback) {
  return add_field(impl_, name, expr::kBool, expr::Scalar::integer(fallback ? 1 : 0));
}

LayerExpr LayerBuilder::build(std::span<const Expr> outputs) const {
  std::vector<std::pair<std::string, Expr>> named;
  for (const Expr& output : outputs) {
    named.emplace_back(outputs.size() == 1 ? "y" : fmt::format("y{}", named.size()), output);
  }
  return build(std::span<const std::pair<std::string, Expr>>(named));
}

LayerExpr LayerBuilder::build(std::span<const std::pair<std::string, Expr>> outputs) const {
  if (!impl_->calls.empty()) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("layer '{}': it calls the operator {}, which is not defined by formulas; build_graph() it, "
                            "or define_layer() it, whose layers may call operators",
                            impl_->function.name, impl_->calls[0].op));
  }
  expr::Function function = simplify(expr::finish(impl_, outputs), impl_->fast);
  verify(function);
  return LayerExpr(std::make_shared<const LayerExpr::Impl>(LayerExpr::Impl{std::move(function)}));
}

// --- LayerExpr

LayerExpr::LayerExpr(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

LayerExpr LayerExpr::parse(std::string_view text) {
  return LayerExpr(std::make_shared<const Impl>(Impl{expr::parse(text)}));
}

std::string LayerExpr::to_string() const { return expr::print(impl_->function); }
const std::string& LayerExpr::name() const noexcept { return impl_->function.name; }
const std::string& LayerExpr::doc() const noexcept { return impl_->function.doc; }
size_t LayerExpr::input_count() const noexcept { return impl_->function.inputs.size(); }
size_t LayerExpr::output_count() const noexcept { return impl_->function.outputs.size(); }

bool operator==(const LayerExpr& a, const LayerExpr& b) { return identical(a.impl_->function, b.impl_->function); }

std::vector<Tensor> LayerExpr::evaluate(std::span<const Tensor> inputs,
                                        const std::map<std::string, double>& fields) const {
  std::vector<TensorView> views;
  for (const Tensor& input : inputs) views.push_back(input.view());
  return expr::interpret(impl_->function, views, {.fields = fields});
}

}  // namespace tenon
