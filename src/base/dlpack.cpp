// SPDX-License-Identifier: Apache-2.0
#include "base/dlpack.h"

#include <tenon/tensor.h>

#include <fmt/core.h>

namespace tenon {
namespace {

constexpr int32_t kDlCpu = 1;

// DLDataTypeCode: int 0, uint 1, float 2, bfloat 4, complex 5, bool 6.
struct DlType {
  uint8_t code;
  uint8_t bits;
  DType dtype;
};
constexpr DlType kDlTypes[] = {
    {0, 8, DType::kInt8},       {0, 16, DType::kInt16},       {0, 32, DType::kInt32},   {0, 64, DType::kInt64},
    {1, 8, DType::kUInt8},      {1, 16, DType::kUInt16},      {1, 32, DType::kUInt32},  {1, 64, DType::kUInt64},
    {2, 16, DType::kFloat16},   {2, 32, DType::kFloat32},     {2, 64, DType::kFloat64}, {4, 16, DType::kBFloat16},
    {5, 64, DType::kComplex64}, {5, 128, DType::kComplex128}, {6, 8, DType::kBool},
};

// What an exported tensor keeps alive.
struct Exported {
  DLManagedTensor managed;
  Tensor tensor;
  int64_t shape[kMaxRank];
};

}  // namespace

Tensor Tensor::from_dlpack(DLManagedTensor* managed) {
  const DLTensor& source = managed->dl_tensor;
  if (source.device.device_type != kDlCpu) {
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format("the DLPack tensor lies on device type {}; host memory (1) is required: copy it to the host first",
                    source.device.device_type));
  }
  DType dtype = DType::kUndefined;
  for (const DlType& row : kDlTypes)
    if (row.code == source.dtype.code && row.bits == source.dtype.bits && source.dtype.lanes == 1) dtype = row.dtype;
  if (dtype == DType::kUndefined) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("the DLPack element type (code {}, {} bits, {} lanes) has no dtype in Tenon",
                            source.dtype.code, source.dtype.bits, source.dtype.lanes));
  }
  if (source.ndim < 0 || source.ndim > kMaxRank) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("the DLPack tensor has {} dimensions; at most {} are supported", source.ndim, kMaxRank));
  }
  const Dims dims(std::span<const int64_t>(source.shape, static_cast<size_t>(source.ndim)));
  int64_t dense = 1;
  for (int axis = source.ndim - 1; axis >= 0; --axis) {
    const auto i = static_cast<size_t>(axis);
    if (source.strides != nullptr && dims[i] > 1 && dims.count() > 0 && source.strides[axis] != dense) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("the DLPack tensor of shape {} has stride {} in dimension {}; dense row-major "
                              "order needs {}: make it contiguous first",
                              to_string(dims), source.strides[axis], axis, dense));
    }
    dense *= dims[i];
  }
  return borrow(static_cast<char*>(source.data) + source.byte_offset, dtype, dims, [managed] {
    if (managed->deleter != nullptr) managed->deleter(managed);
  });
}

DLManagedTensor* Tensor::to_dlpack() const {
  for (const DlType& row : kDlTypes) {
    if (row.dtype != dtype_) continue;
    auto exported = std::make_unique<Exported>();
    exported->tensor = *this;
    std::copy(dims_.begin(), dims_.end(), exported->shape);
    DLTensor& out = exported->managed.dl_tensor;
    // DLPack has no notion of read-only memory; receivers of a mapped constant must not write to it.
    out.data = const_cast<void*>(data_);  // NOLINT
    out.device = {kDlCpu, 0};
    out.ndim = dims_.rank();
    out.dtype = {row.code, row.bits, 1};
    out.shape = exported->shape;
    out.strides = nullptr;
    out.byte_offset = 0;
    exported->managed.manager_ctx = exported.get();
    exported->managed.deleter = [](DLManagedTensor* self) { delete static_cast<Exported*>(self->manager_ctx); };
    return &exported.release()->managed;
  }
  throw Error(ErrorCode::kUnsupported, fmt::format("DLPack has no element type for {}", dtype_name(dtype_)));
}

}  // namespace tenon
