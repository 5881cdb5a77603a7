// SPDX-License-Identifier: Apache-2.0
#include <tenon/dtype.h>

#include <array>

namespace tenon {
namespace {

struct Row {
  std::string_view name;   // Tenon's and the printer's
  std::string_view numpy;  // NumPy's (ml_dtypes' for those NumPy lacks)
  std::string_view onnx;   // TensorProto.DataType's
  int bits;
  DTypeKind kind;
};

constexpr std::array<Row, kDTypeCount> kRows = {{
    {"undefined", "undefined", "UNDEFINED", 0, DTypeKind::kNone},
    {"f32", "float32", "FLOAT", 32, DTypeKind::kFloat},
    {"u8", "uint8", "UINT8", 8, DTypeKind::kUnsigned},
    {"i8", "int8", "INT8", 8, DTypeKind::kSigned},
    {"u16", "uint16", "UINT16", 16, DTypeKind::kUnsigned},
    {"i16", "int16", "INT16", 16, DTypeKind::kSigned},
    {"i32", "int32", "INT32", 32, DTypeKind::kSigned},
    {"i64", "int64", "INT64", 64, DTypeKind::kSigned},
    {"string", "str", "STRING", 0, DTypeKind::kString},
    {"bool", "bool", "BOOL", 8, DTypeKind::kBool},
    {"f16", "float16", "FLOAT16", 16, DTypeKind::kFloat},
    {"f64", "float64", "DOUBLE", 64, DTypeKind::kFloat},
    {"u32", "uint32", "UINT32", 32, DTypeKind::kUnsigned},
    {"u64", "uint64", "UINT64", 64, DTypeKind::kUnsigned},
    {"c64", "complex64", "COMPLEX64", 64, DTypeKind::kComplex},
    {"c128", "complex128", "COMPLEX128", 128, DTypeKind::kComplex},
    {"bf16", "bfloat16", "BFLOAT16", 16, DTypeKind::kFloat},
    {"f8e4m3fn", "float8_e4m3fn", "FLOAT8E4M3FN", 8, DTypeKind::kFloat},
    {"f8e4m3fnuz", "float8_e4m3fnuz", "FLOAT8E4M3FNUZ", 8, DTypeKind::kFloat},
    {"f8e5m2", "float8_e5m2", "FLOAT8E5M2", 8, DTypeKind::kFloat},
    {"f8e5m2fnuz", "float8_e5m2fnuz", "FLOAT8E5M2FNUZ", 8, DTypeKind::kFloat},
    {"u4", "uint4", "UINT4", 4, DTypeKind::kUnsigned},
    {"i4", "int4", "INT4", 4, DTypeKind::kSigned},
    {"f4e2m1", "float4_e2m1fn", "FLOAT4E2M1", 4, DTypeKind::kFloat},
    {"f8e8m0", "float8_e8m0fnu", "FLOAT8E8M0", 8, DTypeKind::kFloat},
}};

const Row* row(DType dtype) noexcept {
  const auto index = static_cast<int32_t>(dtype);
  return is_valid_dtype(index) ? &kRows[static_cast<size_t>(index)] : nullptr;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

}  // namespace

std::string_view dtype_name(DType dtype) noexcept { return row(dtype) ? row(dtype)->name : "invalid"; }

std::optional<DType> dtype_from_name(std::string_view name) noexcept {
  for (int32_t i = 1; i < kDTypeCount; ++i) {
    const Row& candidate = kRows[static_cast<size_t>(i)];
    for (const std::string_view known : {candidate.name, candidate.numpy, candidate.onnx})
      if (equal_ignoring_case(name, known)) return static_cast<DType>(i);
  }
  return std::nullopt;
}

int dtype_bits(DType dtype) noexcept { return row(dtype) ? row(dtype)->bits : 0; }

DTypeKind dtype_kind(DType dtype) noexcept { return row(dtype) ? row(dtype)->kind : DTypeKind::kNone; }

}  // namespace tenon
