// SPDX-License-Identifier: Apache-2.0
#include <tenon/expr_functions.h>

#include "expr/trace.h"

#include <fmt/core.h>

#include <array>

// Functions of elements: each takes its operands to one dtype and one shape and adds a node, or is a formula of others.
namespace tenon {

using expr::BinaryOp;
using expr::CommonType;
using expr::NodeId;
using expr::ScalarType;
using expr::Trace;
using expr::UnaryOp;

namespace {

[[noreturn]] void wrong_class(std::string_view what, const Expr& x, int accepts) {
  const std::string_view advice = accepts == expr::kBools ? "compare it with 0" : "cast() it";
  expr::misuse(what,
               fmt::format("{} is given but {} are required; {}", x.type_text(), expr::class_text(accepts), advice));
}

Expr binary(BinaryOp op, const Expr& a, const Expr& b) {
  const expr::BinaryInfo& info = expr::info(op);
  std::array<Expr, 2> operands = {a, b};
  const Trace trace = expr::unite(info.name, operands);
  CommonType common = expr::common_type(info.name, operands);
  if (!expr::is_any(expr::arithmetic_type(common.type), info.accepts)) {
    // Arithmetic on truth values counts them, as NumPy's does.
    if (common.type != expr::kBool) wrong_class(info.name, a.impl().type == common.type ? a : b, info.accepts);
    common.type = expr::kI64;
  }
  expr::Extents shape = expr::common_shape(info.name, trace, operands);
  const NodeId left = expr::computed(trace, operands[0], common.type, shape);
  const NodeId right = expr::computed(trace, operands[1], common.type, shape);
  // Scalars of integers are dimensions and indices more often than not, and are kept simple.
  const bool simplifies = shape.empty() && expr::is_any(common.type, expr::kIntegers) && !common.type.is_variable();
  const NodeId node = simplifies ? expr::arithmetic(trace->function.nodes, op, left, right)
                                 : trace->function.nodes.binary(op, left, right);
  return expr::make(trace, node, info.predicate ? expr::kBool : common.type, std::move(shape),
                    common.weak && !info.predicate);
}

Expr unary(UnaryOp op, const Expr& x) {
  const expr::UnaryInfo& info = expr::info(op);
  std::array<Expr, 1> operands = {x};
  const Trace trace = expr::unite(info.name, operands);
  const Expr::Impl& impl = x.impl();
  ScalarType type = impl.type;
  if (!expr::is_any(expr::arithmetic_type(type), info.accepts)) {
    if (info.accepts != expr::kFloats) wrong_class(info.name, x, info.accepts);
    type = impl.weak ? expr::kF64 : expr::kF32;  // An integer or bool.
  }
  const NodeId node = trace->function.nodes.unary(op, expr::computed(trace, x, type));
  return expr::make(trace, node, info.predicate ? expr::kBool : type, impl.shape, impl.weak && !info.predicate);
}

bool is_whole(const Expr& x) {
  const int classes = expr::class_of(x.impl().type);
  return classes != 0 && (classes & ~(expr::kIntegers | expr::kBools)) == 0;
}

// x as a float, for formulas that divide.
Expr as_float(const Expr& x) { return is_whole(x) && !x.impl().weak ? cast(x, DType::kFloat32) : x; }

}  // namespace

// --- arithmetic, comparisons, logic

Expr operator+(const Expr& a, const Expr& b) { return binary(BinaryOp::kAdd, a, b); }
Expr operator-(const Expr& a, const Expr& b) { return binary(BinaryOp::kSub, a, b); }
Expr operator*(const Expr& a, const Expr& b) { return binary(BinaryOp::kMul, a, b); }
Expr operator/(const Expr& a, const Expr& b) { return binary(BinaryOp::kDiv, a, b); }
Expr operator%(const Expr& a, const Expr& b) { return binary(BinaryOp::kRem, a, b); }
Expr operator-(const Expr& x) { return unary(UnaryOp::kNeg, x); }
Expr floor_divide(const Expr& a, const Expr& b) {
  return is_whole(a) && is_whole(b) ? binary(BinaryOp::kFloorDiv, a, b) : floor(a / b);
}
Expr mod(const Expr& a, const Expr& b) { return binary(BinaryOp::kMod, a, b); }
Expr pow(const Expr& a, const Expr& b) { return binary(BinaryOp::kPow, a, b); }
Expr minimum(const Expr& a, const Expr& b) { return binary(BinaryOp::kMin, a, b); }
Expr maximum(const Expr& a, const Expr& b) { return binary(BinaryOp::kMax, a, b); }
Expr clamp(const Expr& x, const Expr& lo, const Expr& hi) { return minimum(maximum(x, lo), hi); }

Expr operator==(const Expr& a, const Expr& b) { return binary(BinaryOp::kEq, a, b); }
Expr operator!=(const Expr& a, const Expr& b) { return binary(BinaryOp::kNe, a, b); }
Expr operator<(const Expr& a, const Expr& b) { return binary(BinaryOp::kLt, a, b); }
Expr operator<=(const Expr& a, const Expr& b) { return binary(BinaryOp::kLe, a, b); }
Expr operator>(const Expr& a, const Expr& b) { return b < a; }
Expr operator>=(const Expr& a, const Expr& b) { return b <= a; }
Expr operator&(const Expr& a, const Expr& b) { return binary(BinaryOp::kAnd, a, b); }
Expr operator|(const Expr& a, const Expr& b) { return binary(BinaryOp::kOr, a, b); }
Expr operator^(const Expr& a, const Expr& b) { return binary(BinaryOp::kXor, a, b); }
Expr operator~(const Expr& x) { return unary(UnaryOp::kNot, x); }
Expr operator<<(const Expr& a, const Expr& b) { return binary(BinaryOp::kShl, a, b); }
Expr operator>>(const Expr& a, const Expr& b) { return binary(BinaryOp::kShr, a, b); }
Expr isnan(const Expr& x) { return unary(UnaryOp::kIsNaN, x); }
Expr isinf(const Expr& x) { return unary(UnaryOp::kIsInf, x); }

Expr where(const Expr& condition, const Expr& yes, const Expr& no) {
  constexpr std::string_view kWhat = "where";
  std::array<Expr, 3> operands = {condition, yes, no};
  const Trace trace = expr::unite(kWhat, operands);
  if (condition.impl().type != expr::kBool) wrong_class(kWhat, condition, expr::kBools);
  const auto [type, weak] = expr::common_type(kWhat, std::span(operands).subspan(1));
  expr::Extents shape = expr::common_shape(kWhat, trace, operands);
  const NodeId test = expr::computed(trace, operands[0], expr::kBool, shape);
  const NodeId a = expr::computed(trace, operands[1], type, shape), b = expr::computed(trace, operands[2], type, shape);
  return expr::make(trace, trace->function.nodes.select(test, a, b), type, std::move(shape), weak);
}

// --- types

namespace {

Expr cast_to(const Expr& x, ScalarType type, expr::CastMode mode) {
  std::array<Expr, 1> operands = {x};
  const Trace trace = expr::unite("cast", operands);
  const Expr::Impl& impl = x.impl();
  expr::Nodes& nodes = trace->function.nodes;
  NodeId node = impl.weak ? expr::computed(trace, x, mode == expr::CastMode::kValue ? type : impl.type) : impl.node;
  if (mode == expr::CastMode::kBits) node = nodes.cast(node, impl.type);  // As it would be stored.
  return expr::make(trace, nodes.cast(node, type, mode), type, impl.shape);
}

}  // namespace

Expr cast(const Expr& x, DType dtype) { return cast_to(x, dtype, expr::CastMode::kValue); }
Expr cast_like(const Expr& x, const Expr& like) { return cast_to(x, like.impl().type, expr::CastMode::kValue); }
Expr bits(const Expr& x, DType dtype) { return cast_to(x, dtype, expr::CastMode::kBits); }

// --- functions of one number

Expr abs(const Expr& x) { return unary(UnaryOp::kAbs, x); }
Expr floor(const Expr& x) { return is_whole(x) ? x : unary(UnaryOp::kFloor, x); }
Expr ceil(const Expr& x) { return is_whole(x) ? x : unary(UnaryOp::kCeil, x); }
Expr round(const Expr& x) { return is_whole(x) ? x : unary(UnaryOp::kRound, x); }
Expr sqrt(const Expr& x) { return unary(UnaryOp::kSqrt, x); }
Expr rsqrt(const Expr& x) { return 1.0 / sqrt(x); }
Expr reciprocal(const Expr& x) { return 1.0 / as_float(x); }
Expr square(const Expr& x) { return x * x; }
Expr exp(const Expr& x) { return unary(UnaryOp::kExp, x); }
Expr expm1(const Expr& x) { return unary(UnaryOp::kExpm1, x); }
Expr log(const Expr& x) { return unary(UnaryOp::kLog, x); }
Expr log1p(const Expr& x) { return unary(UnaryOp::kLog1p, x); }
Expr sin(const Expr& x) { return unary(UnaryOp::kSin, x); }
Expr cos(const Expr& x) { return unary(UnaryOp::kCos, x); }
Expr tan(const Expr& x) { return unary(UnaryOp::kTan, x); }
Expr asin(const Expr& x) { return unary(UnaryOp::kAsin, x); }
Expr acos(const Expr& x) { return unary(UnaryOp::kAcos, x); }
Expr atan(const Expr& x) { return unary(UnaryOp::kAtan, x); }
Expr sinh(const Expr& x) { return unary(UnaryOp::kSinh, x); }
Expr cosh(const Expr& x) { return unary(UnaryOp::kCosh, x); }
Expr tanh(const Expr& x) { return unary(UnaryOp::kTanh, x); }
Expr asinh(const Expr& x) { return unary(UnaryOp::kAsinh, x); }
Expr acosh(const Expr& x) { return unary(UnaryOp::kAcosh, x); }
Expr atanh(const Expr& x) { return unary(UnaryOp::kAtanh, x); }
Expr erf(const Expr& x) { return unary(UnaryOp::kErf, x); }

Expr sign(const Expr& x) {
  if (expr::class_of(x.impl().type) == expr::kUnsigneds) return minimum(x, 1);
  if (!is_whole(x)) return where(x > 0, 1, where(x < 0, -1, where(isnan(x), x, 0.0)));
  const Expr whole = where(x > 0, 1, where(x < 0, -1, 0));
  return x.impl().weak ? whole : cast_like(whole, x);
}

// --- activations

Expr relu(const Expr& x) { return maximum(x, 0); }
Expr leaky_relu(const Expr& x, const Expr& alpha) { return where(x < 0, alpha * x, x); }
Expr sigmoid(const Expr& x) { return 1.0 / (1.0 + exp(-as_float(x))); }
// ln(1 + e^x) without overflow: e^x is at most 1 in it.
Expr softplus(const Expr& x) { return maximum(x, 0.0) + log1p(exp(-abs(x))); }
Expr softsign(const Expr& x) { return as_float(x) / (1.0 + abs(x)); }
Expr elu(const Expr& x, const Expr& alpha) { return where(x > 0, x, alpha * expm1(x)); }
Expr selu(const Expr& x, const Expr& alpha, const Expr& gamma) { return gamma * elu(x, alpha); }
Expr celu(const Expr& x, const Expr& alpha) { return where(x > 0, x, alpha * expm1(x / alpha)); }

Expr gelu(const Expr& x, bool by_tanh) {
  constexpr double kSqrtHalf = 0.70710678118654752440, kSqrtTwoOverPi = 0.79788456080286535588;
  const Expr inner = by_tanh ? tanh(kSqrtTwoOverPi * (x + 0.044715 * x * x * x)) : erf(x * kSqrtHalf);
  return 0.5 * x * (1.0 + inner);
}

Expr hardsigmoid(const Expr& x, const Expr& alpha, const Expr& beta) { return clamp(alpha * x + beta, 0.0, 1.0); }
Expr hardswish(const Expr& x) { return x * clamp(x / 6.0 + 0.5, 0.0, 1.0); }
Expr swish(const Expr& x, const Expr& alpha) { return x * sigmoid(alpha * x); }
Expr mish(const Expr& x) { return x * tanh(softplus(x)); }

Expr shrink(const Expr& x, const Expr& lambd, const Expr& bias) {
  return where(x < -lambd, x + bias, where(lambd < x, x - bias, where(isnan(x), x, 0.0)));
}

Expr thresholded_relu(const Expr& x, const Expr& alpha) { return where((x > alpha) | isnan(x), x, 0.0); }

}  // namespace tenon
