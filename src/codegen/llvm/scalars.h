// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codegen/llvm/builder.h"
#include "expr/scalar.h"

// The scalar operations of expressions (expr/scalar.h says what they mean), on values that are scalars or vectors.
//
// In registers a bool is an i1, f16 and bf16 are i16, other types themselves.
namespace tenon::codegen {

/// In a register.
[[nodiscard]] llvm::Type* register_type(Builder& build, expr::ScalarType type);
/// In memory: a bool is a byte.
[[nodiscard]] llvm::Type* memory_type(Builder& build, expr::ScalarType type);

[[nodiscard]] llvm::Constant* constant(Builder& build, expr::ScalarType type, expr::Scalar value);
[[nodiscard]] llvm::Value* unary(Builder& build, expr::UnaryOp op, expr::ScalarType type, llvm::Value* x);
[[nodiscard]] llvm::Value* binary(Builder& build, expr::BinaryOp op, expr::ScalarType type, llvm::Value* a,
                                  llvm::Value* b);
[[nodiscard]] llvm::Value* cast(Builder& build, expr::CastMode mode, expr::ScalarType from, expr::ScalarType to,
                                llvm::Value* x);

/// What a product is made of.
struct Factors {
  llvm::Value* a;
  llvm::Value* b;
};
/// Whether an instruction adds a product without rounding it before.
[[nodiscard]] bool has_fma(Isa isa);
/// a * b + c of floats by that instruction; what is a scalar stands for all lanes of the others.
[[nodiscard]] llvm::Value* multiply_add(Builder& build, const Factors& factors, llvm::Value* c);

/// a % b on floats, exact, with a's sign.
[[nodiscard]] llvm::Value* remainder(Builder& build, llvm::Value* a, llvm::Value* b);

}  // namespace tenon::codegen
