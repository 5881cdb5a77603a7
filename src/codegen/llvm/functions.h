// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/llvm/builder.h"
#include "expr/scalar.h"

// Elementary functions as straight code, of f32 and f64, scalars and vectors.
//
// They use multiplications, additions, divisions and square roots, each rounded by itself, so every instruction set
// gives the same bits. Of f32, exp, expm1, log, tanh and erf are computed in f32, the others in f64 and rounded once.
// Bounds, in units in the last place of the exact result: f32 2 everywhere (tests/codegen/functions_test.cpp measures
// all of them); f64 4, of pow 16.
namespace tenon::codegen {

/// `op`, from kExp to kErf.
[[nodiscard]] llvm::Value* elementary(Builder& build, expr::UnaryOp op, llvm::Value* x);
/// a^b, with C's special cases.
[[nodiscard]] llvm::Value* power(Builder& build, llvm::Value* a, llvm::Value* b);

/// sin, cos and tan share this: x - quadrant * pi / 2, within ±pi / 4 or hardly more, and the quadrant's lowest bits.
struct Reduced2Pi {
  llvm::Value* rest;      ///< f64
  llvm::Value* quadrant;  ///< i64
};
[[nodiscard]] Reduced2Pi reduce_angle(Builder& build, llvm::Value* x);

}  // namespace tenon::codegen
