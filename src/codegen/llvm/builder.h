// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan/code.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>

#include <cstdint>
#include <functional>
#include <span>

// An IR builder with words for what all of the generator does: values that are scalars or vectors of them.
//
// Floating-point operations carry no flags: nothing is contracted, reordered or assumed, so every instruction set
// computes the same bits. Only products that say so (kFastMul) are contracted, where there is an instruction.
namespace tenon::codegen {

class Builder : public llvm::IRBuilder<> {
 public:
  Builder(llvm::LLVMContext& context, Isa isa) : llvm::IRBuilder<>(context), isa_(isa) {}

  [[nodiscard]] Isa isa() const { return isa_; }

  /// The number of lanes; 0 for a scalar.
  [[nodiscard]] static unsigned lanes(llvm::Type* type) {
    auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
    return vector == nullptr ? 0 : vector->getNumElements();
  }
  [[nodiscard]] static unsigned lanes(llvm::Value* value) { return lanes(value->getType()); }
  [[nodiscard]] static unsigned bits(llvm::Value* value) { return value->getType()->getScalarSizeInBits(); }
  /// `element`, or a vector of it; 0 lanes: a scalar.
  [[nodiscard]] static llvm::Type* type(llvm::Type* element, unsigned lanes) {
    return lanes == 0 ? element : llvm::FixedVectorType::get(element, lanes);
  }
  /// The same shape as `like` with elements of another type.
  [[nodiscard]] static llvm::Type* like(llvm::Value* value, llvm::Type* element) { return type(element, lanes(value)); }
  /// An integer type of the width of value's elements.
  [[nodiscard]] llvm::Type* bits_type(llvm::Value* value) { return like(value, getIntNTy(bits(value))); }

  /// A constant of the type of `like`.
  [[nodiscard]] static llvm::Value* real(llvm::Value* like, double number) {
    return llvm::ConstantFP::get(like->getType(), number);
  }
  [[nodiscard]] static llvm::Value* integer(llvm::Value* like, int64_t number) {
    return llvm::ConstantInt::get(like->getType(), static_cast<uint64_t>(number), true);
  }
  /// `scalar` in every lane; vectors stay.
  [[nodiscard]] llvm::Value* splat(llvm::Value* scalar, unsigned lanes) {
    return lanes == 0 || Builder::lanes(scalar) != 0 ? scalar : CreateVectorSplat(lanes, scalar);
  }
  /// 0, 1, 2 … as i64.
  [[nodiscard]] llvm::Value* lane_numbers(unsigned lanes);

  llvm::Value* intrinsic(llvm::Intrinsic::ID id, llvm::Value* x) { return CreateUnaryIntrinsic(id, x); }

  /// A variable on the stack, as large as `type` and aligned to a vector register.
  llvm::AllocaInst* variable(llvm::Type* type);
  /// for (k = begin; k < end; k += step) body(k), on i64; the range may be empty.
  void loop(llvm::Value* begin, llvm::Value* end, int64_t step, const std::function<void(llvm::Value*)>& body);
  /// if (condition) body().
  void when(llvm::Value* condition, const std::function<void()>& body);

 private:
  Isa isa_;
};

}  // namespace tenon::codegen
