// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/op.h"

#include <tenon/expr.h>

#include <cstdint>
#include <span>
#include <string_view>

// The pointwise family: one table row per operator (pointwise_table.cpp), one type rule and one reference kernel for
// all.
namespace tenon {

/// Up to two attributes of a row, as numbers: LeakyRelu's alpha, HardSigmoid's alpha and beta, Mod's fmod …
struct PointwiseParameters {
  double alpha = 0;
  double beta = 0;
};

/// One result element. Unary formulas ignore `b`; variadic operators fold with it. Predicates return 1 or 0.
template <typename T>
using PointwiseFormula = T (*)(T a, T b, const PointwiseParameters& parameters);

/// The result from up to two operands; unary formulas ignore `b`, variadic operators fold with it.
using PointwiseDefinition = Expr (*)(const Expr& a, const Expr& b, const PointwiseParameters& parameters);
/// The definition of that operator.
[[nodiscard]] PointwiseDefinition pointwise_definition(std::string_view op);

/// How an attribute becomes a PointwiseParameters field.
struct PointwiseParameter {
  enum class Kind { kNone, kFloat, kInt, kChoice };
  std::string_view name = {};
  Kind kind = Kind::kNone;
  double fallback = 0;
  std::string_view zero = {};  ///< kChoice: the string that means 0; the default unless the attribute is required.
  std::string_view one = {};   ///< kChoice: the string that means 1.
  bool required = false;
};

enum class PointwiseArity { kOne, kTwo, kMany };

struct PointwiseRow {
  std::string_view name;
  int since;
  PointwiseArity arity;
  uint32_t dtypes;                 ///< Bit d: DType d is accepted.
  bool predicate;                  ///< The result is bool; otherwise it has input 0's dtype.
  PointwiseFormula<double> f64;    ///< For floats; null if none is accepted.
  PointwiseFormula<int64_t> i64;   ///< For bool and integers. Arithmetic wraps; no input is undefined behaviour.
  PointwiseFormula<uint64_t> u64;  ///< For unsigned integers; null when i64 gives the same low bits.
  std::string_view summary;
  PointwiseParameter alpha = {};
  PointwiseParameter beta = {};
};

/// All rows, in the order of the file.
[[nodiscard]] std::span<const PointwiseRow> pointwise_rows();
/// The row of that operator, or null.
[[nodiscard]] const PointwiseRow* find_pointwise(std::string_view op);

/// result = op(x) and result = op(a, b), computed in double, int64 or uint64 and rounded once to the result's dtype.
/// `result` may be `x`, or `a` when that is not broadcast. "Clip" is known here too, with alpha and beta as its bounds.
void apply_unary(std::string_view op, const PointwiseParameters& parameters, const TensorView& x,
                 const MutableTensorView& result);
void apply_binary(std::string_view op, const PointwiseParameters& parameters, const TensorView& a, const TensorView& b,
                  const MutableTensorView& result);

/// "f16, bf16, f32 or f64" for messages.
[[nodiscard]] std::string dtype_set_text(uint32_t dtypes);
[[nodiscard]] constexpr uint32_t dtype_bit(DType dtype) { return 1U << static_cast<int>(dtype); }

inline constexpr uint32_t kFloatDTypes =
    dtype_bit(DType::kFloat16) | dtype_bit(DType::kBFloat16) | dtype_bit(DType::kFloat32) | dtype_bit(DType::kFloat64);
inline constexpr uint32_t kSignedDTypes =
    dtype_bit(DType::kInt8) | dtype_bit(DType::kInt16) | dtype_bit(DType::kInt32) | dtype_bit(DType::kInt64);
inline constexpr uint32_t kUnsignedDTypes =
    dtype_bit(DType::kUInt8) | dtype_bit(DType::kUInt16) | dtype_bit(DType::kUInt32) | dtype_bit(DType::kUInt64);
inline constexpr uint32_t kNumericDTypes = kFloatDTypes | kSignedDTypes | kUnsignedDTypes;

/// fail()s unless input `index` has one of `dtypes`.
void require_dtype(const InferContext& context, size_t index, uint32_t dtypes);
/// The shape that all inputs from `first` on broadcast to (nullopt: the rank is not known); fail()s when they do not.
[[nodiscard]] std::optional<Shape> broadcast_inputs(const InferContext& context, size_t first = 0);

}  // namespace tenon
