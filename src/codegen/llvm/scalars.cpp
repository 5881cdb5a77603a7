// SPDX-License-Identifier: Apache-2.0
#include "codegen/llvm/scalars.h"

#include "codegen/llvm/functions.h"

namespace tenon::codegen {

using expr::BinaryOp;
using expr::CastMode;
using expr::ScalarType;
using expr::UnaryOp;
using llvm::Value;

namespace {

bool is_float(ScalarType type) { return expr::is_any(type, expr::kFloats); }
bool is_half(ScalarType type) { return expr::is_any(type, expr::kHalves); }
bool is_unsigned(ScalarType type) { return expr::is_any(type, expr::kUnsigneds | expr::kBools); }
bool is_f16(ScalarType type) { return type == ScalarType(DType::kFloat16); }

// --- halves: f32 <-> i16

// x86-64-v2 has no instructions for f16. NaN stays NaN, of whatever bits.
bool has_f16(Isa isa) { return isa != Isa::kX86V2; }

Value* widen_f16(Builder& b, Value* h) {
  if (has_f16(b.isa())) {
    return b.CreateFPExt(b.CreateBitCast(h, Builder::like(h, b.getHalfTy())), Builder::like(h, b.getFloatTy()));
  }
  Value* wide = b.CreateZExt(h, Builder::like(h, b.getInt32Ty()));
  Value* sign = b.CreateShl(b.CreateAnd(wide, Builder::integer(wide, 0x8000)), Builder::integer(wide, 16));
  Value* rest = b.CreateAnd(wide, Builder::integer(wide, 0x7fff));
  // As bits of an f32 it is 2^112 too small, denormal ones included.
  Value* scaled = b.CreateBitCast(b.CreateShl(rest, Builder::integer(wide, 13)), Builder::like(h, b.getFloatTy()));
  Value* value = b.CreateBitCast(b.CreateFMul(scaled, Builder::real(scaled, 0x1p112)), wide->getType());
  Value* special = b.CreateICmpUGE(rest, Builder::integer(wide, 0x7c00));
  value = b.CreateSelect(special, b.CreateOr(value, Builder::integer(wide, 0x7f800000)), value);
  return b.CreateBitCast(b.CreateOr(value, sign), scaled->getType());
}

Value* narrow_f16(Builder& b, Value* x) {
  llvm::Type* half_bits = Builder::like(x, b.getInt16Ty());
  if (has_f16(b.isa())) return b.CreateBitCast(b.CreateFPTrunc(x, Builder::like(x, b.getHalfTy())), half_bits);
  Value* bits = b.CreateBitCast(x, Builder::like(x, b.getInt32Ty()));
  const auto integer = [&](int64_t number) { return Builder::integer(bits, number); };
  Value* sign = b.CreateAnd(b.CreateLShr(bits, integer(16)), integer(0x8000));
  Value* rest = b.CreateAnd(bits, integer(0x7fffffff));
  // Rounded to nearest even by adding just under half of the last place, or half when that is odd.
  Value* odd = b.CreateAnd(b.CreateLShr(rest, integer(13)), integer(1));
  Value* rounded = b.CreateAdd(b.CreateAdd(rest, integer(0xfff)), odd);
  Value* normal = b.CreateLShr(b.CreateSub(rounded, integer(int64_t{112} << 23)), integer(13));
  // The last place of 0.5 + |x| is that of a denormal f16.
  Value* magnitude = b.CreateBitCast(rest, x->getType());
  Value* shifted = b.CreateBitCast(b.CreateFAdd(magnitude, Builder::real(x, 0.5)), bits->getType());
  Value* denormal = b.CreateSub(shifted, integer(0x3f000000));
  Value* result = b.CreateSelect(b.CreateICmpULT(rest, integer(0x38800000)), denormal, normal);
  result = b.CreateSelect(b.CreateICmpUGE(rest, integer(0x477ff000)), integer(0x7c00), result);
  result = b.CreateSelect(b.CreateICmpUGT(rest, integer(0x7f800000)), integer(0x7e00), result);
  return b.CreateTrunc(b.CreateOr(result, sign), half_bits);
}

Value* widen_bf16(Builder& b, Value* h) {
  Value* wide = b.CreateZExt(h, Builder::like(h, b.getInt32Ty()));
  return b.CreateBitCast(b.CreateShl(wide, Builder::integer(wide, 16)), Builder::like(h, b.getFloatTy()));
}

Value* narrow_bf16(Builder& b, Value* x) {
  Value* bits = b.CreateBitCast(x, Builder::like(x, b.getInt32Ty()));
  const auto integer = [&](int64_t number) { return Builder::integer(bits, number); };
  Value* odd = b.CreateAnd(b.CreateLShr(bits, integer(16)), integer(1));
  Value* rounded = b.CreateLShr(b.CreateAdd(b.CreateAdd(bits, integer(0x7fff)), odd), integer(16));
  Value* quiet = b.CreateOr(b.CreateLShr(bits, integer(16)), integer(0x40));
  Value* is_nan = b.CreateICmpUGT(b.CreateAnd(bits, integer(0x7fffffff)), integer(0x7f800000));
  return b.CreateTrunc(b.CreateSelect(is_nan, quiet, rounded), Builder::like(x, b.getInt16Ty()));
}

// --- floats

Value* minimum(Builder& b, Value* x, Value* y, bool largest) {
  const auto before = [&](Value* p, Value* q) { return largest ? b.CreateFCmpOGT(p, q) : b.CreateFCmpOLT(p, q); };
  // Against a constant other than 0, NaN comes out of the other operand without a test of its own.
  auto* number = llvm::dyn_cast<llvm::Constant>(y);
  auto* element =
      number == nullptr
          ? nullptr
          : llvm::dyn_cast_or_null<llvm::ConstantFP>(y->getType()->isVectorTy() ? number->getSplatValue() : number);
  if (element != nullptr && !element->isZero() && !element->isNaN()) return b.CreateSelect(before(y, x), y, x);
  return b.CreateSelect(b.CreateOr(before(x, y), b.CreateFCmpUNO(x, x)), x, y);
}

Value* float_binary(Builder& b, BinaryOp op, Value* x, Value* y) {
  switch (op) {
    case BinaryOp::kAdd:
      return b.CreateFAdd(x, y);
    case BinaryOp::kSub:
      return b.CreateFSub(x, y);
    case BinaryOp::kMul:
    case BinaryOp::kFastMul:
      return b.CreateFMul(x, y);
    case BinaryOp::kDiv:
      return b.CreateFDiv(x, y);
    case BinaryOp::kRem:
      return remainder(b, x, y);
    case BinaryOp::kMod: {
      Value* rest = remainder(b, x, y);
      Value* zero = Builder::real(x, 0);
      Value* differs = b.CreateXor(b.CreateFCmpOLT(rest, zero), b.CreateFCmpOLT(y, zero));
      Value* moved = b.CreateSelect(differs, b.CreateFAdd(rest, y), rest);
      Value* signed_zero = b.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, zero, y);
      return b.CreateSelect(b.CreateFCmpOEQ(rest, zero), signed_zero, moved);
    }
    case BinaryOp::kPow:
      return power(b, x, y);
    case BinaryOp::kMin:
      return minimum(b, x, y, false);
    case BinaryOp::kMax:
      return minimum(b, x, y, true);
    case BinaryOp::kEq:
      return b.CreateFCmpOEQ(x, y);
    case BinaryOp::kNe:
      return b.CreateFCmpUNE(x, y);
    case BinaryOp::kLt:
      return b.CreateFCmpOLT(x, y);
    default:
      return b.CreateFCmpOLE(x, y);
  }
}

// --- integers

struct Quotient {
  Value* quotient;
  Value* rest;
};

// Truncating; 0 and 0 for a divisor of 0, and the smallest integer by -1 wraps.
Quotient divide(Builder& b, Value* x, Value* y, bool no_sign) {
  Value* zero = Builder::integer(x, 0);
  Value* by_zero = b.CreateICmpEQ(y, zero);
  if (no_sign) {
    Value* safe = b.CreateSelect(by_zero, Builder::integer(x, 1), y);
    Value* quotient = b.CreateSelect(by_zero, zero, b.CreateUDiv(x, safe));
    return {quotient, b.CreateSelect(by_zero, zero, b.CreateSub(x, b.CreateMul(quotient, safe)))};
  }
  Value* by_minus_one = b.CreateICmpEQ(y, Builder::integer(x, -1));
  Value* safe = b.CreateSelect(b.CreateOr(by_zero, by_minus_one), Builder::integer(x, 1), y);
  Value* quotient = b.CreateSDiv(x, safe);
  Value* rest = b.CreateSub(x, b.CreateMul(quotient, safe));
  quotient = b.CreateSelect(by_minus_one, b.CreateNeg(x), quotient);
  return {b.CreateSelect(by_zero, zero, quotient), b.CreateSelect(by_zero, zero, rest)};
}

Value* integer_power(Builder& b, Value* base, Value* exponent, bool no_sign) {
  llvm::AllocaInst* result = b.variable(base->getType());
  llvm::AllocaInst* square = b.variable(base->getType());
  llvm::AllocaInst* rest = b.variable(base->getType());
  Value* one = Builder::integer(base, 1);
  b.CreateStore(one, result);
  b.CreateStore(base, square);
  b.CreateStore(exponent, rest);
  b.loop(b.getInt64(0), b.getInt64(Builder::bits(base)), 1, [&](Value*) {
    Value* s = b.CreateLoad(base->getType(), square);
    Value* left = b.CreateLoad(base->getType(), rest);
    Value* r = b.CreateLoad(base->getType(), result);
    Value* odd = b.CreateICmpNE(b.CreateAnd(left, one), Builder::integer(base, 0));
    b.CreateStore(b.CreateSelect(odd, b.CreateMul(r, s), r), result);
    b.CreateStore(b.CreateMul(s, s), square);
    b.CreateStore(b.CreateLShr(left, one), rest);
  });
  Value* power = b.CreateLoad(base->getType(), result);
  if (no_sign) return power;
  Value* odd = b.CreateICmpNE(b.CreateAnd(exponent, one), Builder::integer(base, 0));
  Value* minus_one = Builder::integer(base, -1);
  Value* inverse = b.CreateSelect(b.CreateICmpEQ(base, minus_one), b.CreateSelect(odd, minus_one, one),
                                  b.CreateSelect(b.CreateICmpEQ(base, one), one, Builder::integer(base, 0)));
  return b.CreateSelect(b.CreateICmpSLT(exponent, Builder::integer(base, 0)), inverse, power);
}

Value* shift(Builder& b, BinaryOp op, Value* x, Value* amount, bool no_sign) {
  const auto width = static_cast<int64_t>(Builder::bits(x));
  Value* all = b.CreateICmpUGE(amount, Builder::integer(x, width));  // Below 0, too.
  Value* safe = b.CreateSelect(all, Builder::integer(x, 0), amount);
  Value* zero = Builder::integer(x, 0);
  if (op == BinaryOp::kShl) return b.CreateSelect(all, zero, b.CreateShl(x, safe));
  if (no_sign) return b.CreateSelect(all, zero, b.CreateLShr(x, safe));
  return b.CreateAShr(x, b.CreateSelect(all, Builder::integer(x, width - 1), safe));
}

Value* integer_binary(Builder& b, BinaryOp op, bool no_sign, Value* x, Value* y) {
  switch (op) {
    case BinaryOp::kAdd:
      return b.CreateAdd(x, y);
    case BinaryOp::kSub:
      return b.CreateSub(x, y);
    case BinaryOp::kMul:
    case BinaryOp::kFastMul:
      return b.CreateMul(x, y);
    case BinaryOp::kDiv:
      return divide(b, x, y, no_sign).quotient;
    case BinaryOp::kRem:
      return divide(b, x, y, no_sign).rest;
    case BinaryOp::kFloorDiv:
    case BinaryOp::kMod: {
      const auto [quotient, rest] = divide(b, x, y, no_sign);
      const bool is_mod = op == BinaryOp::kMod;
      if (no_sign) return is_mod ? rest : quotient;
      Value* zero = Builder::integer(x, 0);
      Value* differs = b.CreateXor(b.CreateICmpSLT(rest, zero), b.CreateICmpSLT(y, zero));
      Value* moves = b.CreateAnd(b.CreateICmpNE(rest, zero), differs);
      return is_mod ? b.CreateSelect(moves, b.CreateAdd(rest, y), rest)
                    : b.CreateSelect(moves, b.CreateSub(quotient, Builder::integer(x, 1)), quotient);
    }
    case BinaryOp::kPow:
      return integer_power(b, x, y, no_sign);
    case BinaryOp::kMin:
      return b.CreateBinaryIntrinsic(no_sign ? llvm::Intrinsic::umin : llvm::Intrinsic::smin, x, y);
    case BinaryOp::kMax:
      return b.CreateBinaryIntrinsic(no_sign ? llvm::Intrinsic::umax : llvm::Intrinsic::smax, x, y);
    case BinaryOp::kAnd:
      return b.CreateAnd(x, y);
    case BinaryOp::kOr:
      return b.CreateOr(x, y);
    case BinaryOp::kXor:
      return b.CreateXor(x, y);
    case BinaryOp::kShl:
    case BinaryOp::kShr:
      return shift(b, op, x, y, no_sign);
    case BinaryOp::kEq:
      return b.CreateICmpEQ(x, y);
    case BinaryOp::kNe:
      return b.CreateICmpNE(x, y);
    case BinaryOp::kLt:
      return no_sign ? b.CreateICmpULT(x, y) : b.CreateICmpSLT(x, y);
    default:
      return no_sign ? b.CreateICmpULE(x, y) : b.CreateICmpSLE(x, y);
  }
}

// Truncates and saturates; NaN gives 0.
Value* float_to_integer(Builder& b, Value* x, llvm::Type* to, bool no_sign) {
  const unsigned width = to->getScalarSizeInBits();
  if (width > 16) {
    return b.CreateIntrinsic(no_sign ? llvm::Intrinsic::fptoui_sat : llvm::Intrinsic::fptosi_sat, {to, x->getType()},
                             {x});
  }
  // Narrow ones by way of i32, which vectors convert to: the limits are exact in every float.
  const double largest = static_cast<double>((int64_t{1} << (no_sign ? width : width - 1)) - 1);
  const double smallest = no_sign ? 0 : -largest - 1;
  Value* clamped = b.CreateSelect(b.CreateFCmpOGT(x, Builder::real(x, smallest)), x, Builder::real(x, smallest));
  clamped = b.CreateSelect(b.CreateFCmpOLT(clamped, Builder::real(x, largest)), clamped, Builder::real(x, largest));
  Value* number = b.CreateTrunc(b.CreateFPToSI(clamped, Builder::like(x, b.getInt32Ty())), to);
  return no_sign ? number : b.CreateSelect(b.CreateFCmpUNO(x, x), llvm::Constant::getNullValue(to), number);
}

}  // namespace

llvm::Type* register_type(Builder& build, ScalarType type) {
  if (type == expr::kBool) return build.getInt1Ty();
  if (type == expr::kF32) return build.getFloatTy();
  if (type == expr::kF64) return build.getDoubleTy();
  return build.getIntNTy(static_cast<unsigned>(dtype_bits(type.dtype())));
}

llvm::Type* memory_type(Builder& build, ScalarType type) {
  return type == expr::kBool ? build.getInt8Ty() : register_type(build, type);
}

llvm::Constant* constant(Builder& build, ScalarType type, expr::Scalar value) {
  llvm::Type* in_register = register_type(build, type);
  if (is_float(type)) return llvm::ConstantFP::get(in_register, value.real());
  const int64_t bits =
      is_half(type) ? expr::eval_cast(CastMode::kBits, type, DType::kUInt16, value).integer() : value.integer();
  return llvm::ConstantInt::get(in_register, static_cast<uint64_t>(bits));
}

Value* unary(Builder& build, UnaryOp op, ScalarType type, Value* x) {
  Builder& b = build;
  switch (op) {
    case UnaryOp::kNeg:
      return is_float(type) ? b.CreateFNeg(x) : b.CreateNeg(x);
    case UnaryOp::kAbs:
      if (is_float(type)) return b.intrinsic(llvm::Intrinsic::fabs, x);
      return is_unsigned(type) ? x : b.CreateBinaryIntrinsic(llvm::Intrinsic::abs, x, b.getFalse());
    case UnaryOp::kFloor:
      return b.intrinsic(llvm::Intrinsic::floor, x);
    case UnaryOp::kCeil:
      return b.intrinsic(llvm::Intrinsic::ceil, x);
    case UnaryOp::kRound:
      return b.intrinsic(llvm::Intrinsic::roundeven, x);
    case UnaryOp::kSqrt:
      return b.intrinsic(llvm::Intrinsic::sqrt, x);
    case UnaryOp::kNot:
      return b.CreateNot(x);
    case UnaryOp::kIsNaN:
      return b.CreateFCmpUNO(x, x);
    case UnaryOp::kIsInf:
      return b.CreateFCmpOEQ(b.intrinsic(llvm::Intrinsic::fabs, x), llvm::ConstantFP::getInfinity(x->getType()));
    default:
      return elementary(b, op, x);
  }
}

Value* binary(Builder& build, BinaryOp op, ScalarType type, Value* a, Value* b) {
  return is_float(type) ? float_binary(build, op, a, b) : integer_binary(build, op, is_unsigned(type), a, b);
}

bool has_fma(Isa isa) { return isa != Isa::kX86V2; }

Value* multiply_add(Builder& b, const Factors& factors, Value* c) {
  const unsigned lanes = std::max({Builder::lanes(factors.a), Builder::lanes(factors.b), Builder::lanes(c)});
  c = b.splat(c, lanes);
  return b.CreateIntrinsic(llvm::Intrinsic::fma, {c->getType()},
                           {b.splat(factors.a, lanes), b.splat(factors.b, lanes), c});
}

Value* cast(Builder& build, CastMode mode, ScalarType from, ScalarType to, Value* x) {
  Builder& b = build;
  llvm::Type* result = Builder::like(x, register_type(b, to));
  if (mode == CastMode::kBits) return b.CreateBitCast(x, result);
  if (is_half(from)) {
    Value* wide = is_f16(from) ? widen_f16(b, x) : widen_bf16(b, x);
    return cast(b, mode, expr::kF32, to, wide);
  }
  if (is_half(to)) {
    Value* single = cast(b, mode, from, expr::kF32, x);
    return is_f16(to) ? narrow_f16(b, single) : narrow_bf16(b, single);
  }
  if (from == to) return x;
  if (is_float(from)) {
    if (is_float(to)) return b.CreateFPCast(x, result);
    if (to == expr::kBool) return b.CreateFCmpUNE(x, Builder::real(x, 0));
    return float_to_integer(b, x, result, is_unsigned(to));
  }
  if (is_float(to)) return is_unsigned(from) ? b.CreateUIToFP(x, result) : b.CreateSIToFP(x, result);
  if (to == expr::kBool) return b.CreateICmpNE(x, Builder::integer(x, 0));
  return b.CreateIntCast(x, result, !is_unsigned(from));
}

}  // namespace tenon::codegen
