// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// The memory layout of DLPack 0.8 (https://dmlc.github.io/dlpack/latest/c_api.html), declared here because it is a
// stable binary interface of three structs; packaged headers differ in version and Tenon only needs these.
struct DLDevice {
  int32_t device_type;  // kDLCPU = 1
  int32_t device_id;
};

struct DLDataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};

struct DLTensor {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides;  // In elements; null for dense row-major.
  uint64_t byte_offset;
};

struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor* self);
};
