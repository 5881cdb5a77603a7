// SPDX-License-Identifier: Apache-2.0
#include "codegen/llvm/reduction.h"

#include "codegen/llvm/scalars.h"
#include "expr/accumulator.h"

#include <limits>
#include <vector>

namespace tenon::codegen {
namespace {

using expr::BinaryOp;
using expr::ScalarType;
using llvm::Value;

// No element seen yet.
constexpr int64_t kNowhere = std::numeric_limits<int64_t>::max();

}  // namespace

Accumulator::Accumulator(Builder& b, Reduction op, ScalarType type, unsigned lanes, bool across, unsigned vectors)
    : op_(op), type_(type), lanes_(lanes), across_(across) {
  for (unsigned vector = 0; vector < vectors; ++vector) {
    best_.push_back(b.variable(Builder::type(register_type(b, type), lanes)));
    b.CreateStore(b.splat(constant(b, type, expr::start_of(op, type)), lanes), best_.back());
    if (!is_arg()) continue;
    position_.push_back(b.variable(Builder::type(b.getInt64Ty(), lanes)));
    b.CreateStore(b.splat(b.getInt64(kNowhere), lanes), position_.back());
  }
}

Accumulator::State Accumulator::load(Builder& b, unsigned vector) const {
  const auto value = [&](llvm::AllocaInst* slot) { return b.CreateLoad(slot->getAllocatedType(), slot); };
  return {value(best_[vector]), is_arg() ? value(position_[vector]) : nullptr};
}

// The first of equal ones, and NaN before all others, whatever the order of a and b.
Accumulator::State Accumulator::combine(Builder& b, State a, State c) const {
  if (!is_arg()) return {binary(b, expr::combining(op_), type_, a.best, c.best), nullptr};
  const auto before = [&](Value* p, Value* q) {
    return op_ == Reduction::kArgMin ? binary(b, BinaryOp::kLt, type_, p, q) : binary(b, BinaryOp::kLt, type_, q, p);
  };
  Value* wins = before(c.best, a.best);
  Value* equal = binary(b, BinaryOp::kEq, type_, a.best, c.best);
  if (expr::is_any(type_, expr::kFloats)) {
    Value* a_nan = b.CreateFCmpUNO(a.best, a.best);
    Value* c_nan = b.CreateFCmpUNO(c.best, c.best);
    wins = b.CreateOr(wins, b.CreateAnd(c_nan, b.CreateNot(a_nan)));
    equal = b.CreateOr(equal, b.CreateAnd(a_nan, c_nan));
  }
  wins = b.CreateOr(wins, b.CreateAnd(equal, b.CreateICmpSLT(c.position, a.position)));
  return {b.CreateSelect(wins, c.best, a.best), b.CreateSelect(wins, c.position, a.position)};
}

void Accumulator::add(Builder& b, Value* value, const std::optional<Factors>& factors, Value* position,
                      const Lanes& lanes, unsigned vector) {
  const State before = load(b, vector);
  const State next = factors && op_ == Reduction::kSum
                         ? State{multiply_add(b, *factors, before.best), nullptr}
                         : combine(b, before, {b.splat(value, lanes_), is_arg() ? b.splat(position, lanes_) : nullptr});
  Value* mask = across_ ? lanes.mask : nullptr;
  const auto store = [&](Value* now, Value* old, llvm::AllocaInst* to) {
    b.CreateStore(mask == nullptr ? now : b.CreateSelect(mask, now, old), to);
  };
  store(next.best, before.best, best_[vector]);
  if (is_arg()) store(next.position, before.position, position_[vector]);
}

Value* Accumulator::finish(Builder& b) {
  std::vector<State> vectors;
  for (unsigned vector = 0; vector < best_.size(); ++vector) vectors.push_back(load(b, vector));
  for (size_t count = vectors.size(); count > 1; count /= 2)
    for (size_t i = 0; i < count / 2; ++i) vectors[i] = combine(b, vectors[i], vectors[count / 2 + i]);
  State state = vectors[0];
  for (unsigned count = across_ ? lanes_ : 0; count > 1; count /= 2) {
    const auto half = [&](Value* x, unsigned first) {
      std::vector<int> picked;
      for (unsigned i = 0; i < count / 2; ++i) picked.push_back(static_cast<int>(first + i));
      return x == nullptr ? nullptr : b.CreateShuffleVector(x, picked);
    };
    const unsigned middle = count / 2;
    state = combine(b, {half(state.best, 0), half(state.position, 0)},
                    {half(state.best, middle), half(state.position, middle)});
  }
  if (across_) {
    state.best = b.CreateExtractElement(state.best, uint64_t{0});
    if (is_arg()) state.position = b.CreateExtractElement(state.position, uint64_t{0});
  }
  if (!is_arg()) return state.best;
  Value* nowhere = Builder::integer(state.position, kNowhere);
  return b.CreateSelect(b.CreateICmpEQ(state.position, nowhere), Builder::integer(state.position, 0), state.position);
}

}  // namespace tenon::codegen
