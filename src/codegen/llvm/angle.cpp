// SPDX-License-Identifier: Apache-2.0
#include "codegen/llvm/functions.h"

#include <llvm/IR/Module.h>

#include <array>

// Angles modulo pi / 2.
namespace tenon::codegen {
namespace {

using llvm::Value;

// 2 / pi: 64 bits before the point, and the first 1280 after it.
constexpr std::array<uint64_t, 21> kTwoOverPi = {0,
                                                 0xa2f9836e4e441529,
                                                 0xfc2757d1f534ddc0,
                                                 0xdb6295993c439041,
                                                 0xfe5163abdebbc561,
                                                 0xb7246e3a424dd2e0,
                                                 0x06492eea09d1921c,
                                                 0xfe1deb1cb129a73e,
                                                 0xe88235f52ebb4484,
                                                 0xe99c7026b45f7e41,
                                                 0x3991d639835339f4,
                                                 0x9c845f8bbdf9283b,
                                                 0x1ff897ffde05980f,
                                                 0xef2f118b5a0a6d1f,
                                                 0x6d367ecf27cb09b7,
                                                 0x4f463f669e5fea2d,
                                                 0x7527bac7ebe5f17b,
                                                 0x3d0739f78a5292ea,
                                                 0x6bfb5fb11f8d5d08,
                                                 0x56033046fc7b6bab,
                                                 0xf0cfbc209af4361d};

// Up to here the quadrant has 20 bits, and its products with the parts of pi / 2 below are exact.
constexpr double kNearLimit = 0x1p20;

// The table as a constant in the image.
llvm::GlobalVariable* table(Builder& build) {
  llvm::Module* module = build.GetInsertBlock()->getModule();
  if (llvm::GlobalVariable* found = module->getNamedGlobal("two_over_pi")) return found;
  llvm::Constant* words = llvm::ConstantDataArray::get(build.getContext(), llvm::ArrayRef<uint64_t>(kTwoOverPi));
  return new llvm::GlobalVariable(*module, words->getType(), true, llvm::GlobalValue::InternalLinkage, words,
                                  "two_over_pi");
}

// Of one finite |x| >= 2^20, after M. Payne and R. Hanek (SIGNUM Newsletter 18, 1983): x = m 2^e with an integer m, and
// the bits of 2 / pi that matter for m 2^e (2 / pi) modulo 4, 192 of them, begin where their weight is below 4 / 2^e.
Reduced2Pi reduce_far(Builder& b, Value* x) {
  llvm::Type* i64 = b.getInt64Ty();
  llvm::Type* i128 = b.getInt128Ty();
  Value* bits = b.CreateBitCast(x, i64);
  Value* exponent = b.CreateAnd(b.CreateLShr(bits, 52), b.getInt64(0x7ff));
  Value* m = b.CreateOr(b.CreateAnd(bits, b.getInt64((uint64_t{1} << 52) - 1)), b.getInt64(uint64_t{1} << 52));
  // x = m 2^(exponent - 1075), and bit i of the table weighs 2^(63 - i).
  Value* start = b.CreateAdd(exponent, b.getInt64(static_cast<uint64_t>(64 - 1077)));
  Value* word = b.CreateLShr(start, 6);
  Value* offset = b.CreateAnd(start, b.getInt64(63));
  llvm::GlobalVariable* words = table(b);
  std::array<Value*, 4> w{};
  for (size_t i = 0; i < w.size(); ++i) {
    w[i] = b.CreateLoad(i64, b.CreateInBoundsGEP(i64, words, b.CreateAdd(word, b.getInt64(i))));
  }
  std::array<Value*, 3> a{};
  for (size_t i = 0; i < a.size(); ++i) a[i] = b.CreateIntrinsic(i64, llvm::Intrinsic::fshl, {w[i], w[i + 1], offset});
  const auto wide = [&](Value* v) { return b.CreateZExt(v, i128); };
  const auto product = [&](Value* v) { return b.CreateMul(wide(m), wide(v)); };
  // The product modulo 2^192, its top 128 bits; 4 times it over 2^128 is what is left of x (2 / pi).
  Value* low = b.CreateLShr(product(a[2]), 64);
  Value* sum = b.CreateAdd(product(a[1]), low);
  sum = b.CreateAdd(sum, b.CreateShl(product(a[0]), 64));
  Value* top = b.CreateTrunc(b.CreateLShr(sum, 64), i64);
  Value* bottom = b.CreateTrunc(sum, i64);
  // Two bits of quadrant, then a fraction, which is taken as within ±1/2.
  Value* fraction = b.CreateIntrinsic(i64, llvm::Intrinsic::fshl, {top, bottom, b.getInt64(2)});
  Value* quadrant = b.CreateAdd(b.CreateLShr(top, 62), b.CreateLShr(fraction, 63));
  Value* high =
      b.CreateFMul(b.CreateSIToFP(fraction, b.getDoubleTy()), llvm::ConstantFP::get(b.getDoubleTy(), 0x1p-64));
  Value* rest = b.CreateFMul(b.CreateUIToFP(b.CreateShl(bottom, 2), b.getDoubleTy()),
                             llvm::ConstantFP::get(b.getDoubleTy(), 0x1p-128));
  Value* angle = b.CreateFMul(b.CreateFAdd(high, rest), llvm::ConstantFP::get(b.getDoubleTy(), 1.5707963267948966));
  Value* negative = b.CreateICmpSLT(bits, b.getInt64(0));
  return {b.CreateSelect(negative, b.CreateFNeg(angle), angle),
          b.CreateSelect(negative, b.CreateNeg(quadrant), quadrant)};
}

Reduced2Pi reduce_near(Builder& b, Value* x) {
  const auto real = [&](double number) { return Builder::real(x, number); };
  Value* shifted = b.CreateFAdd(b.CreateFMul(x, real(0.6366197723675814)), real(0x1.8p52));
  Value* k = b.CreateFSub(shifted, real(0x1.8p52));
  // pi / 2 in three parts, the first two of 33 bits.
  Value* rest = b.CreateFSub(x, b.CreateFMul(k, real(1.5707963267341256)));
  Value* second = b.CreateFMul(k, real(6.077100506303966e-11));
  Value* high = b.CreateFSub(rest, second);
  Value* lost = b.CreateFSub(b.CreateFSub(rest, high), second);
  Value* third = b.CreateFMul(k, real(2.0222662487959506e-21));
  rest = b.CreateFAdd(high, b.CreateFSub(lost, third));
  return {rest, b.CreateBitCast(shifted, b.bits_type(x))};
}

}  // namespace

Reduced2Pi reduce_angle(Builder& b, Value* x) {
  Reduced2Pi near = reduce_near(b, x);
  Value* magnitude = b.intrinsic(llvm::Intrinsic::fabs, x);
  Value* far = b.CreateFCmpOGE(magnitude, Builder::real(x, kNearLimit));
  const unsigned lanes = Builder::lanes(x);
  // The few that are far go one by one, through memory.
  llvm::AllocaInst* rests = b.variable(x->getType());
  llvm::AllocaInst* quadrants = b.variable(near.quadrant->getType());
  b.CreateStore(near.rest, rests);
  b.CreateStore(near.quadrant, quadrants);
  b.when(lanes == 0 ? far : b.CreateOrReduce(far), [&] {
    llvm::AllocaInst* arguments = b.variable(x->getType());
    b.CreateStore(x, arguments);
    b.loop(b.getInt64(0), b.getInt64(lanes == 0 ? 1 : lanes), 1, [&](Value* lane) {
      const auto at = [&](llvm::AllocaInst* memory) { return b.CreateInBoundsGEP(b.getInt64Ty(), memory, lane); };
      Value* one = b.CreateLoad(b.getDoubleTy(), at(arguments));
      Value* size = b.intrinsic(llvm::Intrinsic::fabs, one);
      Value* is_far = b.CreateFCmpOGE(size, Builder::real(one, kNearLimit));
      b.when(is_far, [&] {
        const Reduced2Pi reduced = reduce_far(b, one);
        Value* infinite = b.CreateFCmpOEQ(size, llvm::ConstantFP::getInfinity(b.getDoubleTy()));
        Value* rest = b.CreateSelect(infinite, llvm::ConstantFP::getNaN(b.getDoubleTy()), reduced.rest);
        b.CreateStore(rest, at(rests));
        b.CreateStore(reduced.quadrant, at(quadrants));
      });
    });
  });
  return {b.CreateLoad(x->getType(), rests), b.CreateLoad(near.quadrant->getType(), quadrants)};
}

}  // namespace tenon::codegen
