// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/dtype.h>

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// The scalars that expressions compute with: their types, their values, and the functions on them. What a function
// means is said here once, by eval(); the interpreter and constant folding use it, and generated code is tested
// against it.
namespace tenon::expr {

/// The type of a scalar: a dtype, or a variable ("T") that stands for the dtype of an input until it is bound.
///
/// Dtypes are bool, i8 … u64, f16, bf16, f32 and f64. f16 and bf16 are storage: they can be loaded, stored, selected
/// and cast, and are cast to f32 for arithmetic. A variable counts as a number of either kind; what does not fit shows
/// when it is bound.
class ScalarType {
 public:
  constexpr ScalarType(DType dtype) noexcept
      : code_(static_cast<int16_t>(dtype)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] static constexpr ScalarType variable(int number) noexcept {
    ScalarType type(DType::kUndefined);
    type.code_ = static_cast<int16_t>(kFirstVariable + number);
    return type;
  }
  [[nodiscard]] constexpr bool is_variable() const noexcept { return code_ >= kFirstVariable; }
  /// Which variable; meaningful only for one.
  [[nodiscard]] constexpr int variable_number() const noexcept { return code_ - kFirstVariable; }
  /// The dtype; kUndefined for a variable.
  [[nodiscard]] constexpr DType dtype() const noexcept {
    return is_variable() ? DType::kUndefined : static_cast<DType>(code_);
  }
  friend constexpr bool operator==(ScalarType, ScalarType) noexcept = default;
  /// A number that tells types apart, for hashing.
  [[nodiscard]] constexpr int code() const noexcept { return code_; }

 private:
  static constexpr int16_t kFirstVariable = 256;
  int16_t code_;
};

inline constexpr ScalarType kBool = DType::kBool;
inline constexpr ScalarType kI64 = DType::kInt64;
inline constexpr ScalarType kF32 = DType::kFloat32;
inline constexpr ScalarType kF64 = DType::kFloat64;

/// Kinds of types, as sets of bits: what a function accepts.
enum TypeClass : uint8_t { kFloats = 1, kSigneds = 2, kUnsigneds = 4, kBools = 8, kHalves = 16 };
inline constexpr int kIntegers = kSigneds | kUnsigneds;
inline constexpr int kNumbers = kFloats | kIntegers;
/// The classes that `type` is in: one; for a variable kNumbers, for other dtypes (strings, complex …) none.
[[nodiscard]] int class_of(ScalarType type) noexcept;
[[nodiscard]] inline bool is_any(ScalarType type, int classes) noexcept { return (class_of(type) & classes) != 0; }
/// "floats", "integers", "numbers", "numbers or bool" …, for messages.
[[nodiscard]] std::string_view class_text(int classes) noexcept;
/// The type that `type` is computed in: f32 for f16 and bf16, else itself.
[[nodiscard]] inline ScalarType arithmetic_type(ScalarType type) noexcept {
  return is_any(type, kHalves) ? kF32 : type;
}

/// The value of a scalar: a double for floats, an integer for the others: u64 by its bits, the other integers by their
/// values, bool as 0 or 1.
class Scalar {
 public:
  constexpr Scalar() = default;
  [[nodiscard]] static constexpr Scalar real(double value) { return Scalar(std::bit_cast<int64_t>(value)); }
  [[nodiscard]] static constexpr Scalar integer(int64_t value) { return Scalar(value); }
  [[nodiscard]] constexpr double real() const { return std::bit_cast<double>(bits_); }
  [[nodiscard]] constexpr int64_t integer() const { return bits_; }
  /// Equal bits: NaN equals itself, and 0 differs from -0.
  friend constexpr bool operator==(Scalar, Scalar) = default;

 private:
  explicit constexpr Scalar(int64_t bits) : bits_(bits) {}
  int64_t bits_ = 0;
};

/// As many values as are needed: side by side, or one that stands for all.
class Lanes {
 public:
  Lanes(std::span<const Scalar> values)  // NOLINT(google-explicit-constructor)
      : data_(values.data()), step_(values.size() == 1 ? 0 : 1) {}
  Lanes(const std::vector<Scalar>& values) : Lanes(std::span(values)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] Scalar operator[](size_t i) const { return data_[i * step_]; }

 private:
  const Scalar* data_;
  size_t step_;
};

enum class UnaryOp : uint8_t {
  kNeg,    ///< -x; integers wrap.
  kAbs,    ///< |x|; the smallest integer stays itself.
  kFloor,  ///< Likewise kCeil, kRound: to an integer; kRound takes halves to the even one.
  kCeil,
  kRound,
  kSqrt,  ///< NaN below 0.
  kExp,
  kExpm1,  ///< e^x - 1, exact near 0.
  kLog,    ///< -inf at 0, NaN below.
  kLog1p,  ///< ln(1 + x), exact near 0.
  kSin,    ///< Radians, as all angles.
  kCos,
  kTan,
  kAsin,
  kAcos,
  kAtan,
  kSinh,
  kCosh,
  kTanh,
  kAsinh,
  kAcosh,
  kAtanh,
  kErf,
  kNot,    ///< Of every bit; of bool, the other one.
  kIsNaN,  ///< Bool; likewise kIsInf.
  kIsInf,
};
inline constexpr int kUnaryOps = 26;

enum class BinaryOp : uint8_t {
  kAdd,  ///< Integers wrap; likewise kSub, kMul.
  kSub,
  kMul,
  kFastMul,   ///< kMul whose rounding may be left out where the product is added to something: of `fast` layers.
  kDiv,       ///< Integers truncate towards 0; by 0 they give 0; the smallest one by -1 wraps.
  kFloorDiv,  ///< Integers, towards minus infinity; by 0 gives 0.
  kRem,       ///< With a's sign, as C's % and fmod; integers by 0 give 0.
  kMod,       ///< With b's sign, as NumPy's mod; integers by 0 give 0.
  kPow,       ///< Integers to negative powers truncate towards 0, and 0 to one gives 0.
  kMin,       ///< NaN if either is; of equal ones (0 and -0) b. Likewise kMax.
  kMax,
  kAnd,  ///< Bit by bit; on bool, logical. Likewise kOr, kXor.
  kOr,
  kXor,
  kShl,  ///< Amounts below 0 or from the width on leave 0; for kShr of a negative integer -1.
  kShr,
  kEq,  ///< Bool, and false for NaN except kNe; likewise the others.
  kNe,
  kLt,
  kLe,
};
inline constexpr int kBinaryOps = 20;

/// How Cast makes one type of another.
enum class CastMode : uint8_t {
  kValue,  ///< Floats round to nearest even; to integers they truncate and saturate, NaN gives 0; integers wrap;
           ///< to bool x != 0.
  kBits,   ///< The same bits under another type of equal width.
};

/// What is known of a function by name.
struct UnaryInfo {
  std::string_view name;  ///< As printed: "floor".
  int accepts;            ///< TypeClass bits.
  bool predicate;         ///< The result is bool, else of the operand's type.
};
struct BinaryInfo {
  std::string_view name;  ///< As printed: an operator between its operands ("+"), or a function ("min").
  int accepts;
  bool predicate;
  int precedence;  ///< Of an operator, higher binds tighter, all group to the left; 0 for a function.
};
[[nodiscard]] const UnaryInfo& info(UnaryOp op) noexcept;
[[nodiscard]] const BinaryInfo& info(BinaryOp op) noexcept;

/// op on operands of `type`, an arithmetic dtype. Floats are computed in double and not rounded to f32, so that the
/// interpreter is more exact than what it is an oracle of; round_to() rounds.
[[nodiscard]] Scalar eval(UnaryOp op, ScalarType type, Scalar x);
[[nodiscard]] Scalar eval(BinaryOp op, ScalarType type, Scalar a, Scalar b);
/// The same for each of `out`, which is none of the operands.
void eval(UnaryOp op, ScalarType type, Lanes x, std::span<Scalar> out);
void eval(BinaryOp op, ScalarType type, Lanes a, Lanes b, std::span<Scalar> out);
/// op(… op(op(start, x[0]), x[1]) …, x[count - 1]) of an op that is associative on integers.
[[nodiscard]] Scalar fold(BinaryOp op, ScalarType type, Scalar start, Lanes x, size_t count);
/// A value of dtype `from` as one of dtype `to`, rounded to it.
[[nodiscard]] Scalar eval_cast(CastMode mode, ScalarType from, ScalarType to, Scalar x);
void eval_cast(CastMode mode, ScalarType from, ScalarType to, Lanes x, std::span<Scalar> out);
/// The nearest value of the dtype: floats round, integers wrap.
[[nodiscard]] Scalar round_to(ScalarType type, Scalar x);
/// `number` in `type`; nullopt when an integer type does not have it. Floats round; a variable takes all.
[[nodiscard]] std::optional<Scalar> from_number(ScalarType type, double number);
[[nodiscard]] std::optional<Scalar> from_number(ScalarType type, int64_t number);

}  // namespace tenon::expr
