// SPDX-License-Identifier: Apache-2.0
#include <tenon/tensor.h>

#include "base/dlpack.h"
#include "errors.h"

#include <cstring>

namespace tenon {
namespace {

using test::expect_error;

TEST(Tensor, OwnedMemoryIsAligned) {
  for (const int64_t count : {0, 1, 17, 4096}) {
    const Tensor tensor = Tensor::zeros(DType::kFloat32, {count});
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data()) % kTensorAlignment, 0U);
    EXPECT_EQ(tensor.size_bytes(), count * 4);
  }
}

TEST(Tensor, CopiesOfTheHandleShareTheStorage) {
  Tensor a = Tensor::from<float>({1, 2, 3}, {3});
  const Tensor b = a;
  a.mutable_values<float>()[1] = 7;
  EXPECT_EQ(b.values<float>()[1], 7);
}

TEST(Tensor, BorrowedMemoryIsReleasedOnceWithTheLastHandle) {
  float memory[2] = {1, 2};
  int released = 0;
  {
    const Tensor a = Tensor::borrow(memory, DType::kFloat32, {2}, [&] { ++released; });
    const Tensor b = a.reshaped({1, 2});
    EXPECT_EQ(b.data(), memory);
    EXPECT_EQ(released, 0);
  }
  EXPECT_EQ(released, 1);
}

TEST(Tensor, SharedMemoryIsReadOnly) {
  auto owner = std::make_shared<std::vector<float>>(4, 1.0F);
  Tensor tensor = Tensor::shared(owner, owner->data(), DType::kFloat32, {4});
  expect_error(ErrorCode::kInvalidArgument, "read-only", [&] { (void)tensor.mutable_data(); });
}

TEST(Tensor, MistakesAreNamed) {
  expect_error(ErrorCode::kInvalidArgument, "2 values are given for a tensor of shape [3]",
               [] { (void)Tensor::from<float>({1, 2}, {3}); });
  expect_error(ErrorCode::kInvalidArgument, "holds f32, not i64",
               [] { (void)Tensor::zeros(DType::kFloat32, {1}).values<int64_t>(); });
  expect_error(ErrorCode::kInvalidArgument, "6 elements against 5",
               [] { (void)Tensor::zeros(DType::kFloat32, {2, 3}).reshaped({5}); });
  expect_error(ErrorCode::kInvalidArgument, "dtype string", [] { (void)Tensor::empty(DType::kString, {1}); });
}

TEST(Tensor, IdenticalComparesBits) {
  EXPECT_TRUE(identical(Tensor::scalar(0.0F / 0.0F), Tensor::scalar(0.0F / 0.0F)));
  EXPECT_FALSE(identical(Tensor::scalar(0.0F), Tensor::scalar(-0.0F)));
  EXPECT_FALSE(identical(Tensor::zeros(DType::kInt32, {1}), Tensor::zeros(DType::kFloat32, {1})));
  EXPECT_FALSE(identical(Tensor::zeros(DType::kInt32, {1, 2}), Tensor::zeros(DType::kInt32, {2, 1})));
  EXPECT_TRUE(identical(Tensor::of_strings({"a", "b"}, {2}), Tensor::of_strings({"a", "b"}, {2})));
}

TEST(DLPack, GoesOutAndComesBackWithoutACopy) {
  const Tensor tensor = Tensor::from<int32_t>({1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor back = Tensor::from_dlpack(tensor.to_dlpack());
  EXPECT_EQ(back.data(), tensor.data());
  EXPECT_TRUE(identical(back, tensor));
}

TEST(DLPack, TheProducersDeleterRunsOnce) {
  static int deleted = 0;
  deleted = 0;
  float memory[4] = {};
  int64_t shape[2] = {2, 2};
  DLManagedTensor managed{
      {memory, {1, 0}, 2, {2, 32, 1}, shape, nullptr, 4}, nullptr, [](DLManagedTensor*) { ++deleted; }};
  shape[0] = 1;
  {
    const Tensor tensor = Tensor::from_dlpack(&managed);
    EXPECT_EQ(tensor.data(), memory + 1);  // byte_offset 4
  }
  EXPECT_EQ(deleted, 1);
}

TEST(DLPack, WhatCannotBeTakenIsSaid) {
  float memory[4] = {};
  int64_t shape[2] = {2, 2}, strides[2] = {1, 2};
  DLManagedTensor managed{{memory, {1, 0}, 2, {2, 32, 1}, shape, strides, 0}, nullptr, nullptr};
  expect_error(ErrorCode::kUnsupported, "has stride 2 in dimension 1", [&] { (void)Tensor::from_dlpack(&managed); });
  managed.dl_tensor.device.device_type = 2;
  expect_error(ErrorCode::kUnsupported, "device type 2", [&] { (void)Tensor::from_dlpack(&managed); });
  managed.dl_tensor.device.device_type = 1;
  managed.dl_tensor.dtype = {2, 32, 4};
  expect_error(ErrorCode::kUnsupported, "4 lanes", [&] { (void)Tensor::from_dlpack(&managed); });
  expect_error(ErrorCode::kUnsupported, "no element type for i4",
               [] { (void)Tensor::zeros(DType::kInt4, {2}).to_dlpack(); });
}

}  // namespace
}  // namespace tenon
