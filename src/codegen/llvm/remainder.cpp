// SPDX-License-Identifier: Apache-2.0
#include "codegen/llvm/scalars.h"

namespace tenon::codegen {
namespace {

using llvm::Value;

// A positive number as fraction * 2^exponent, the fraction an integer; in f64, which holds f32s exactly and normal.
struct Parts {
  Value* fraction;
  Value* exponent;
};
Parts parts_of(Builder& b, Value* x) {
  Value* bits = b.CreateBitCast(x, Builder::like(x, b.getInt64Ty()));
  const auto integer = [&](int64_t number) { return Builder::integer(bits, number); };
  constexpr int64_t kOne = int64_t{1} << 52;
  Value* field = b.CreateAnd(b.CreateLShr(bits, integer(52)), integer(0x7ff));
  Value* fraction = b.CreateAnd(bits, integer(kOne - 1));
  Value* denormal = b.CreateICmpEQ(field, integer(0));
  return {b.CreateSelect(denormal, fraction, b.CreateOr(fraction, integer(kOne))),
          b.CreateSelect(denormal, integer(1), field)};
}

// fraction * 2^(exponent - 1075), which is a number of the format.
Value* number_of(Builder& b, Value* fraction, Value* exponent, llvm::Type* type) {
  // Normalising is left to the conversion; 2^-1074 is no normal number, so the scale goes in two steps.
  const auto integer = [&](int64_t number) { return Builder::integer(fraction, number); };
  Value* value = b.CreateUIToFP(fraction, type);
  Value* half = b.CreateLShr(exponent, integer(1));
  const auto scale = [&](Value* power) { return b.CreateBitCast(b.CreateShl(power, integer(52)), type); };
  // 2^(half - 537) * 2^(exponent - half - 538), biased by 1023.
  Value* first = scale(b.CreateAdd(half, integer(1023 - 537)));
  Value* second = scale(b.CreateAdd(b.CreateSub(exponent, half), integer(1023 - 538)));
  return b.CreateFMul(b.CreateFMul(value, first), second);
}

}  // namespace

// Long division: the fraction is shifted by as many bits as fit above it and reduced, until the exponents meet.
Value* remainder(Builder& build, Value* a, Value* divisor) {
  Builder& b = build;
  if (!a->getType()->getScalarType()->isDoubleTy()) {
    const auto widen = [&](Value* x) { return b.CreateFPExt(x, Builder::like(x, b.getDoubleTy())); };
    return b.CreateFPTrunc(remainder(b, widen(a), widen(divisor)), a->getType());
  }
  Value* x = b.intrinsic(llvm::Intrinsic::fabs, a);
  Value* y = b.intrinsic(llvm::Intrinsic::fabs, divisor);
  Value* infinity = llvm::ConstantFP::getInfinity(a->getType());
  const auto [x_fraction, x_exponent] = parts_of(b, x);
  const auto [y_fraction, y_exponent] = parts_of(b, y);
  llvm::Type* type = x_fraction->getType();
  const auto integer = [&](int64_t number) { return Builder::integer(x_fraction, number); };
  Value* safe = b.CreateSelect(b.CreateICmpEQ(y_fraction, integer(0)), integer(1), y_fraction);
  llvm::AllocaInst* fraction = b.variable(type);
  llvm::AllocaInst* left = b.variable(type);
  b.CreateStore(x_fraction, fraction);
  Value* difference = b.CreateSub(x_exponent, y_exponent);
  b.CreateStore(b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, difference, integer(0)), left);
  constexpr int64_t kBits = 11;  // Above a fraction of 53.
  // Every round takes kBits of a difference below 2046, the first none.
  b.loop(b.getInt64(0), b.getInt64(1 + 2046 / kBits + 1), 1, [&](Value*) {
    Value* rest = b.CreateLoad(type, left);
    Value* any = b.CreateICmpSGT(rest, integer(-1));
    Value* busy = Builder::lanes(any) == 0 ? any : b.CreateOrReduce(any);
    b.when(busy, [&] {
      Value* shift = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, rest, integer(kBits));
      Value* take = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, shift, integer(0));
      Value* shifted = b.CreateShl(b.CreateLoad(type, fraction), take);
      Value* reduced = b.CreateURem(shifted, safe);
      b.CreateStore(b.CreateSelect(any, reduced, b.CreateLoad(type, fraction)), fraction);
      // -1 when nothing is left: even a difference of 0 takes one round.
      Value* next = b.CreateSub(rest, take);
      b.CreateStore(b.CreateSelect(b.CreateICmpEQ(next, integer(0)), integer(-1), next), left);
    });
  });
  Value* result = number_of(b, b.CreateLoad(type, fraction), y_exponent, a->getType());
  result = b.CreateSelect(b.CreateFCmpOLT(x, y), x, result);
  result = b.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, result, a);
  Value* undefined = b.CreateOr(b.CreateFCmpUEQ(x, infinity), b.CreateFCmpUEQ(y, Builder::real(y, 0)));
  return b.CreateSelect(undefined, llvm::ConstantFP::getNaN(a->getType()), result);
}

}  // namespace tenon::codegen
