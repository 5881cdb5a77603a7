// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/llvm/memory.h"
#include "codegen/llvm/scalars.h"

#include <tenon/expr.h>

#include <optional>
#include <vector>

// Reductions on their way.
namespace tenon::codegen {

/// What a loop accumulates, on the stack until the loop ends.
class Accumulator {
 public:
  Accumulator() = default;
  /// Starts with no element seen. `lanes`: 0 for a scalar. `across`: the lanes are parts of one result, and there are
  /// `vectors` of them, a power of two, so that an addition need not wait for the one before; finish() brings them
  /// together in halves.
  Accumulator(Builder& build, Reduction op, expr::ScalarType type, unsigned lanes, bool across, unsigned vectors);

  /// `position` (i64) is of kArgMin and kArgMax only; a sum adds the product of `factors`, if there are any, in place
  /// of `value`, unrounded. Lanes that do not count change nothing.
  void add(Builder& build, llvm::Value* value, const std::optional<Factors>& factors, llvm::Value* position,
           const Lanes& lanes, unsigned vector);
  /// The result.
  [[nodiscard]] llvm::Value* finish(Builder& build);

 private:
  struct State {
    llvm::Value* best;
    llvm::Value* position;  // Of kArgMin and kArgMax, else null.
  };
  [[nodiscard]] bool is_arg() const { return op_ == Reduction::kArgMin || op_ == Reduction::kArgMax; }
  [[nodiscard]] State combine(Builder& build, State a, State b) const;
  [[nodiscard]] State load(Builder& build, unsigned vector) const;

  Reduction op_ = Reduction::kSum;
  expr::ScalarType type_ = expr::kF32;
  unsigned lanes_ = 0;
  bool across_ = false;
  std::vector<llvm::AllocaInst*> best_, position_;  // By vector.
};

}  // namespace tenon::codegen
