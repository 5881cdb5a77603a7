// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/dtype.h>
#include <tenon/error.h>
#include <tenon/export.h>
#include <tenon/shape.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct DLManagedTensor;  // dlpack.h, version 0.8 and its stable predecessors

// Tensors in memory: Tensor shares and keeps its storage alive; the views borrow.
namespace tenon {

/// The alignment of memory that Tenon allocates, in bytes: a cache line, and the widest vector register.
inline constexpr size_t kTensorAlignment = 64;

/// A borrowed, read-only, dense row-major tensor. The memory belongs to somebody else and must outlive the view.
struct TensorView {
  const void* data = nullptr;
  DType dtype = DType::kUndefined;
  Dims dims;

  /// Throws as bytes_for does.
  [[nodiscard]] int64_t size_bytes() const { return bytes_for(dtype, dims.count()); }
  template <typename T>
  [[nodiscard]] const T* as() const noexcept {
    return static_cast<const T*>(data);
  }
};

/// The same, writable.
struct MutableTensorView {
  void* data = nullptr;
  DType dtype = DType::kUndefined;
  Dims dims;

  [[nodiscard]] int64_t size_bytes() const { return bytes_for(dtype, dims.count()); }
  template <typename T>
  [[nodiscard]] T* as() const noexcept {
    return static_cast<T*>(data);
  }
  operator TensorView() const noexcept { return {data, dtype, dims}; }  // NOLINT(google-explicit-constructor)
};

/// A dense row-major tensor: dtype, shape, and storage that is owned, borrowed or memory-mapped.
///
/// A Tensor is a cheap handle: copies share the storage. Storage that Tenon allocates is aligned to kTensorAlignment.
/// String tensors hold std::string elements, which only strings() reaches.
/// Thread safety: distinct handles may be used from different threads; writing needs the caller's own order.
class TENON_API Tensor {
 public:
  /// An undefined tensor: dtype kUndefined, no storage.
  Tensor() = default;

  /// Allocates, without initialising. Throws kOutOfMemory, and kInvalidArgument for dtypes without a size.
  [[nodiscard]] static Tensor empty(DType dtype, const Dims& dims);
  /// Allocates and fills with zero bytes.
  [[nodiscard]] static Tensor zeros(DType dtype, const Dims& dims);
  /// Copies `values`; throws kInvalidArgument unless there is one for each element.
  template <typename T>
  [[nodiscard]] static Tensor from(std::span<const T> values, const Dims& dims) {
    return copy_of(values.data(), static_cast<int64_t>(values.size()), kDTypeOf<T>, dims);
  }
  template <typename T>
  [[nodiscard]] static Tensor from(std::initializer_list<T> values, const Dims& dims) {
    return from(std::span<const T>(values.begin(), values.size()), dims);
  }
  template <typename T>
  [[nodiscard]] static Tensor scalar(T value) {
    return from(std::span<const T>(&value, 1), Dims{});
  }
  /// A string tensor.
  [[nodiscard]] static Tensor of_strings(std::vector<std::string> values, const Dims& dims);
  /// Copies a view.
  [[nodiscard]] static Tensor copy_of(const TensorView& view);
  /// Uses the caller's memory in place. `release` (may be empty) runs once, when the last handle is gone. The memory
  /// must hold the tensor's bytes and be aligned to the element.
  [[nodiscard]] static Tensor borrow(void* data, DType dtype, const Dims& dims, std::function<void()> release = {});
  /// Refers to `data` inside memory that `owner` keeps alive and that nobody may write (a mapped file, another tensor).
  [[nodiscard]] static Tensor shared(std::shared_ptr<const void> owner, const void* data, DType dtype,
                                     const Dims& dims);

  [[nodiscard]] DType dtype() const noexcept { return dtype_; }
  [[nodiscard]] const Dims& dims() const noexcept { return dims_; }
  [[nodiscard]] int64_t count() const { return dims_.count(); }
  /// Bytes of the elements; 0 for string tensors.
  [[nodiscard]] int64_t size_bytes() const;
  [[nodiscard]] bool defined() const noexcept { return dtype_ != DType::kUndefined; }

  [[nodiscard]] const void* data() const noexcept { return data_; }
  /// Throws kInvalidArgument for read-only (mapped or shared) storage.
  [[nodiscard]] void* mutable_data();
  [[nodiscard]] bool read_only() const noexcept { return read_only_; }
  /// The elements; throws kInvalidArgument unless T is the tensor's dtype.
  template <typename T>
  [[nodiscard]] std::span<const T> values() const {
    require_dtype(kDTypeOf<T>);
    return {static_cast<const T*>(data_), static_cast<size_t>(count())};
  }
  template <typename T>
  [[nodiscard]] std::span<T> mutable_values() {
    require_dtype(kDTypeOf<T>);
    return {static_cast<T*>(mutable_data()), static_cast<size_t>(count())};
  }
  /// The elements of a string tensor; throws kInvalidArgument for other dtypes.
  [[nodiscard]] const std::vector<std::string>& strings() const;

  [[nodiscard]] TensorView view() const noexcept { return {data_, dtype_, dims_}; }
  /// Throws as mutable_data() does.
  [[nodiscard]] MutableTensorView mutable_view();
  /// The same storage under another shape of equal element count; throws kInvalidArgument otherwise.
  [[nodiscard]] Tensor reshaped(const Dims& dims) const;

  /// Takes over a DLPack tensor in host memory without copying; `managed->deleter` runs when the last handle is gone.
  /// Throws kUnsupported for device memory, strides that are not dense row-major, and types without a DType; the caller
  /// keeps ownership then.
  [[nodiscard]] static Tensor from_dlpack(DLManagedTensor* managed);
  /// A DLPack tensor that shares this storage; the receiver calls its deleter. Throws kUnsupported for string tensors.
  [[nodiscard]] DLManagedTensor* to_dlpack() const;

 private:
  static Tensor copy_of(const void* values, int64_t value_count, DType dtype, const Dims& dims);
  void require_dtype(DType wanted) const;

  DType dtype_ = DType::kUndefined;
  bool read_only_ = false;
  Dims dims_;
  std::shared_ptr<const void> storage_;  // Shared by the handles (and mapped files) that refer to the same memory.
  const void* data_ = nullptr;
};

/// True when dtype, shape and every element's bits (or strings) are equal; so NaN equals itself, and 0 differs from -0.
[[nodiscard]] TENON_API bool identical(const Tensor& a, const Tensor& b);

/// A new tensor of dtype `dtype` with the same values: floats round to nearest even; integers from floats truncate and
/// saturate, NaN becomes 0; narrower integers wrap; bool is value != 0. Throws kUnsupported for strings and complex
/// numbers.
[[nodiscard]] TENON_API Tensor cast(const Tensor& tensor, DType dtype);

}  // namespace tenon
