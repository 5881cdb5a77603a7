// SPDX-License-Identifier: Apache-2.0
#include "formats/tensorflow/data_type.h"

namespace tenon::tensorflow {
namespace {

struct Row {
  int32_t number;
  DType dtype;
};

constexpr Row kTypes[] = {
    {0, DType::kUndefined},       {1, DType::kFloat32},     {2, DType::kFloat64},       {3, DType::kInt32},
    {4, DType::kUInt8},           {5, DType::kInt16},       {6, DType::kInt8},          {7, DType::kString},
    {8, DType::kComplex64},       {9, DType::kInt64},       {10, DType::kBool},         {14, DType::kBFloat16},
    {17, DType::kUInt16},         {18, DType::kComplex128}, {19, DType::kFloat16},      {22, DType::kUInt32},
    {23, DType::kUInt64},         {24, DType::kFloat8E5M2}, {25, DType::kFloat8E4M3FN}, {26, DType::kFloat8E4M3FNUZ},
    {28, DType::kFloat8E5M2FNUZ}, {29, DType::kInt4},       {30, DType::kUInt4},        {33, DType::kFloat4E2M1},
};

}  // namespace

std::optional<DType> dtype_from_number(int64_t number) noexcept {
  for (const Row& row : kTypes)
    if (row.number == number) return row.dtype;
  return std::nullopt;
}

std::optional<int32_t> number_from_dtype(DType dtype) noexcept {
  for (const Row& row : kTypes)
    if (row.dtype == dtype) return row.number;
  return std::nullopt;
}

}  // namespace tenon::tensorflow
