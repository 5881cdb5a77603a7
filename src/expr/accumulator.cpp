// SPDX-License-Identifier: Apache-2.0
#include "expr/accumulator.h"

#include <cmath>
#include <limits>

namespace tenon::expr {
namespace {

bool is_real(ScalarType type) { return is_any(type, kFloats | kHalves); }

Scalar extreme(ScalarType type, bool largest) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Scalar infinity = Scalar::real(largest ? kInfinity : -kInfinity);
  return is_real(type) ? infinity : eval_cast(CastMode::kValue, kF64, type, infinity);  // Saturates.
}

}  // namespace

Scalar start_of(Reduction op, ScalarType type) {
  switch (op) {
    case Reduction::kProd:
      return from_number(type, int64_t{1}).value();
    case Reduction::kMin:
    case Reduction::kArgMin:
      return extreme(type, true);
    case Reduction::kMax:
    case Reduction::kArgMax:
      return extreme(type, false);
    case Reduction::kAll:
      return Scalar::integer(1);
    default:
      return Scalar::integer(0);  // 0.0 has the same bits.
  }
}

BinaryOp combining(Reduction op) {
  switch (op) {
    case Reduction::kProd:
      return BinaryOp::kMul;
    case Reduction::kMin:
    case Reduction::kArgMin:
      return BinaryOp::kMin;
    case Reduction::kMax:
    case Reduction::kArgMax:
      return BinaryOp::kMax;
    case Reduction::kAny:
      return BinaryOp::kOr;
    case Reduction::kAll:
      return BinaryOp::kAnd;
    default:
      return BinaryOp::kAdd;
  }
}

Accumulator::Accumulator(Reduction op, ScalarType type, size_t lanes)
    : op_(op), type_(type), best_(lanes, start_of(op, type)), next_(lanes), places_(lanes) {}

void Accumulator::add(const Value& x) {
  const Lanes lanes(x.lanes);
  for (size_t i = 0; !x.missing.empty() && i < best_.size(); ++i) note_missing(i, x.is_missing(i));
  if (is_arg()) {
    for (size_t i = 0; i < best_.size(); ++i) consider(i, lanes[i], count_);
  } else {
    eval(combining(op_), type_, best_, lanes, next_);
    best_.swap(next_);
  }
  ++count_;
}

void Accumulator::add_all(const Value& x, size_t count) {
  const Lanes lanes(x.lanes);
  for (size_t i = 0; i < x.missing.size(); ++i) note_missing(0, x.is_missing(i));
  if (is_arg()) {
    for (size_t i = 0; i < count; ++i) consider(0, lanes[i], count_ + static_cast<int64_t>(i));
  } else {
    best_[0] = fold(combining(op_), type_, best_[0], lanes, count);
  }
  count_ += static_cast<int64_t>(count);
}

void Accumulator::finish(Value& result) const {
  result.lanes = best_;
  result.missing = missing_;
  if (!is_arg()) return;
  for (size_t i = 0; i < places_.size(); ++i) result.lanes[i] = Scalar::integer(places_[i]);
}

void Accumulator::consider(size_t lane, Scalar x, int64_t place) {
  if (place > 0 && !is_better(x, best_[lane])) return;
  best_[lane] = x;
  places_[lane] = place;
}

bool Accumulator::is_better(Scalar x, Scalar best) const {
  if (is_real(type_) && std::isnan(best.real())) return false;
  if (is_real(type_) && std::isnan(x.real())) return true;
  const bool wants_less = op_ == Reduction::kArgMin;
  return eval(BinaryOp::kLt, type_, wants_less ? x : best, wants_less ? best : x).integer() != 0;
}

void Accumulator::note_missing(size_t lane, bool missing) {
  if (!missing) return;
  missing_.resize(best_.size());
  missing_[lane] = 1;
}

}  // namespace tenon::expr
