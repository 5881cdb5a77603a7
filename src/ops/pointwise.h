// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/op.h"

#include <tenon/expr.h>

#include <cstdint>
#include <span>
#include <string_view>

// The pointwise family: one table row per operator (pointwise_table.cpp), one type rule for all.
namespace tenon {

/// Up to two attributes of a row, as numbers: LeakyRelu's alpha, HardSigmoid's alpha and beta, Mod's fmod …
struct PointwiseParameters {
  double alpha = 0;
  double beta = 0;
};

/// The result from up to two operands: unary formulas ignore `b`, variadic operators fold with it.
using PointwiseFormula = Expr (*)(const Expr& a, const Expr& b, const PointwiseParameters& parameters);

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
  uint32_t dtypes;  ///< Bit d: DType d is accepted.
  bool predicate;   ///< The result is bool; otherwise it has input 0's dtype.
  PointwiseFormula formula;
  std::string_view summary;
  PointwiseParameter alpha = {};
  PointwiseParameter beta = {};
};

/// All rows, in the order of the file.
[[nodiscard]] std::span<const PointwiseRow> pointwise_rows();
/// The row of that operator, or null.
[[nodiscard]] const PointwiseRow* find_pointwise(std::string_view op);

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
