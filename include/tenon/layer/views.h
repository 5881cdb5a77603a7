// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/layer/host.h>
#include <tenon/plugin_abi.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

// What a layer's run sees: typed views of dense, row-major tensors. Part of <tenon/layer.h>.
namespace tenon {
namespace sdk TENON_SDK_HIDDEN {

/// The dtype of a C++ element type; undefined for others.
template <typename T>
inline constexpr tenon_dtype dtype_of = TENON_DTYPE_UNDEFINED;
template <>
inline constexpr tenon_dtype dtype_of<float> = TENON_DTYPE_FLOAT32;
template <>
inline constexpr tenon_dtype dtype_of<double> = TENON_DTYPE_FLOAT64;
template <>
inline constexpr tenon_dtype dtype_of<bool> = TENON_DTYPE_BOOL;
template <>
inline constexpr tenon_dtype dtype_of<int8_t> = TENON_DTYPE_INT8;
template <>
inline constexpr tenon_dtype dtype_of<int16_t> = TENON_DTYPE_INT16;
template <>
inline constexpr tenon_dtype dtype_of<int32_t> = TENON_DTYPE_INT32;
template <>
inline constexpr tenon_dtype dtype_of<int64_t> = TENON_DTYPE_INT64;
template <>
inline constexpr tenon_dtype dtype_of<uint8_t> = TENON_DTYPE_UINT8;
template <>
inline constexpr tenon_dtype dtype_of<uint16_t> = TENON_DTYPE_UINT16;
template <>
inline constexpr tenon_dtype dtype_of<uint32_t> = TENON_DTYPE_UINT32;
template <>
inline constexpr tenon_dtype dtype_of<uint64_t> = TENON_DTYPE_UINT64;
static_assert(sizeof(bool) == 1, "bool tensors hold one byte an element");

inline constexpr const char* dtype_names[] = {
    "nothing",    "f32",    "u8",         "i8",  "u16", "i16",    "i32",   "i64",  "string",
    "bool",       "f16",    "f64",        "u32", "u64", "c64",    "c128",  "bf16", "f8e4m3fn",
    "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "u4",  "i4",  "f4e2m1", "f8e8m0"};
static_assert(sizeof(dtype_names) / sizeof(*dtype_names) == TENON_DTYPE_COUNT, "one name for each dtype");
/// The short name of a dtype, for messages.
inline const char* dtype_name(tenon_dtype dtype) noexcept {
  return dtype >= 0 && dtype < TENON_DTYPE_COUNT ? dtype_names[dtype] : "an unknown dtype";
}

}  // namespace sdk TENON_SDK_HIDDEN

/// A shape in memory that somebody else owns.
class DimsView {
 public:
  DimsView(const int64_t* dims, int rank) : dims_(dims), rank_(rank) {}
  [[nodiscard]] int rank() const noexcept { return rank_; }
  [[nodiscard]] size_t size() const noexcept { return static_cast<size_t>(rank_); }
  [[nodiscard]] int64_t operator[](size_t axis) const noexcept { return dims_[axis]; }
  [[nodiscard]] const int64_t* begin() const noexcept { return dims_; }
  [[nodiscard]] const int64_t* end() const noexcept { return dims_ + rank_; }
  [[nodiscard]] int64_t back() const noexcept { return dims_[rank_ - 1]; }
  /// The number of elements.
  [[nodiscard]] size_t count() const noexcept {
    if (rank_ == 1) return static_cast<size_t>(dims_[0]);  // What element-wise layers see, many times in a run.
    size_t count = 1;
    for (const int64_t extent : *this) count *= static_cast<size_t>(extent);
    return count;
  }

 private:
  const int64_t* dims_;
  int rank_;
};

/// A dense, row-major tensor of T in memory that somebody else owns: `View<const float>` to read, `View<float>` to
/// write.
template <typename T>
class View {
 public:
  using Element = std::remove_const_t<T>;
  static_assert(sdk::dtype_of<Element> != TENON_DTYPE_UNDEFINED,
                "View<T>: T is float, double, bool or one of int8_t ... uint64_t; for others take AnyView");

  /// A vector of `size` elements.
  View(T* data, size_t size) : data_(data), size_(static_cast<int64_t>(size)) {}
  /// The vector that a container (std::vector, std::array) holds.
  template <typename Container, typename = decltype(std::declval<Container&>().data())>
  explicit View(Container& container) : View(container.data(), container.size()) {}
  explicit View(const tenon_tensor& tensor)
      : data_(static_cast<T*>(tensor.data)),
        size_(static_cast<int64_t>(DimsView(tensor.dims, tensor.rank).count())),
        dims_(tensor.dims),
        rank_(tensor.rank) {}
  /// What can be written can be read.
  template <typename Other, typename = std::enable_if_t<std::is_same_v<const Other, T>>>
  View(const View<Other>& other)  // NOLINT(google-explicit-constructor)
      : data_(other.data_), size_(other.size_), dims_(other.dims_), rank_(other.rank_) {}

  /// The elements, in row-major order.
  [[nodiscard]] size_t size() const noexcept { return static_cast<size_t>(size_); }
  [[nodiscard]] T* data() const noexcept { return data_; }
  [[nodiscard]] T* begin() const noexcept { return data_; }
  [[nodiscard]] T* end() const noexcept { return data_ + size_; }
  [[nodiscard]] T& operator[](size_t index) const noexcept { return data_[index]; }
  /// The element at a place given by one index for each axis: `x(n, c, h, w)`.
  template <typename... Index>
  [[nodiscard]] T& operator()(Index... index) const noexcept {
    int64_t offset = 0;
    size_t axis = 0;
    ((offset = offset * dims()[axis++] + static_cast<int64_t>(index)), ...);
    return data_[offset];
  }

  [[nodiscard]] int rank() const noexcept { return rank_; }
  /// Valid as long as the view is.
  [[nodiscard]] DimsView dims() const noexcept { return {dims_ == nullptr ? &size_ : dims_, rank_}; }
  /// Extent number `axis`; no check.
  [[nodiscard]] int64_t dim(size_t axis) const noexcept { return dims()[axis]; }

 private:
  template <typename>
  friend class View;
  T* data_;
  int64_t size_;
  const int64_t* dims_ = nullptr;  // Null: one axis of size_ elements.
  int rank_ = 1;
};

/// An input of any dtype.
class AnyView {
 public:
  explicit AnyView(const tenon_tensor& tensor) : tensor_(tensor) {}
  /// A number of tenon_dtype.
  [[nodiscard]] tenon_dtype dtype() const noexcept { return tensor_.dtype; }
  /// False for an optional input that is left out.
  [[nodiscard]] bool present() const noexcept { return tensor_.dtype != TENON_DTYPE_UNDEFINED; }
  /// Null in prepare(), unless the input is constant.
  [[nodiscard]] const void* data() const noexcept { return tensor_.data; }
  [[nodiscard]] DimsView dims() const noexcept { return {tensor_.dims, tensor_.rank}; }
  [[nodiscard]] size_t size() const noexcept { return dims().count(); }
  /// The typed view; throws unless T is the dtype.
  template <typename T>
  [[nodiscard]] View<const T> as() const {
    sdk::require_dtype(tensor_.dtype, sdk::dtype_of<T>, sdk::dtype_name(tensor_.dtype),
                       sdk::dtype_name(sdk::dtype_of<T>));
    return View<const T>(tensor_);
  }

 private:
  tenon_tensor tensor_;
};

/// An output of the dtype that the type rule gave it; without a rule, that of input 0.
class MutableAnyView {
 public:
  explicit MutableAnyView(const tenon_tensor& tensor) : tensor_(tensor) {}
  [[nodiscard]] tenon_dtype dtype() const noexcept { return tensor_.dtype; }
  [[nodiscard]] void* data() const noexcept { return tensor_.data; }
  [[nodiscard]] DimsView dims() const noexcept { return {tensor_.dims, tensor_.rank}; }
  [[nodiscard]] size_t size() const noexcept { return dims().count(); }
  template <typename T>
  [[nodiscard]] View<T> as() const {
    sdk::require_dtype(tensor_.dtype, sdk::dtype_of<T>, sdk::dtype_name(tensor_.dtype),
                       sdk::dtype_name(sdk::dtype_of<T>));
    return View<T>(tensor_);
  }

 private:
  tenon_tensor tensor_;
};

/// Any number of inputs; as a parameter of run, all that the parameters before it have not taken.
class Inputs {
 public:
  Inputs(const tenon_tensor* tensors, size_t size) : tensors_(tensors), size_(size) {}
  [[nodiscard]] size_t size() const noexcept { return size_; }
  /// Throws beyond the end.
  [[nodiscard]] AnyView operator[](size_t index) const {
    if (index >= size_) {
      throw LayerError("input " + std::to_string(index) + " was asked for, but there are " + std::to_string(size_));
    }
    return AnyView(tensors_[index]);
  }

 private:
  const tenon_tensor* tensors_;
  size_t size_;
};

/// An output whose shape run decides: `void run(View<const float> x, Output<float>& y) const`. A layer that has one has
/// no other outputs than such.
template <typename T>
class Output {
 public:
  Output(const tenon_run* run, size_t index) : run_(run), index_(index) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  /// Gives the output its shape; once in each run.
  View<T> allocate(std::initializer_list<int64_t> dims) {
    return allocate(dims.begin(), static_cast<int>(dims.size()));
  }
  View<T> allocate(DimsView dims) { return allocate(dims.begin(), dims.rank()); }

 private:
  View<T> allocate(const int64_t* dims, int rank) {
    if (rank > TENON_ABI_MAX_RANK) throw LayerError("an output cannot have rank " + std::to_string(rank));
    for (int i = 0; i < rank; ++i) dims_[i] = dims[i];
    void* data = nullptr;
    sdk::check(run_->allocate(run_->allocate_context, index_, dims_, rank, &data));
    return View<T>(tenon_tensor{data, dims_, rank, sdk::dtype_of<T>});
  }

  const tenon_run* run_;
  size_t index_;
  int64_t dims_[TENON_ABI_MAX_RANK] = {};
};

/// The CUDA stream that a `run` with a Stream as its first parameter enqueues its work on; all its views are device
/// memory.
struct Stream {
  void* handle;  ///< A CUstream, which is a cudaStream_t.
};

}  // namespace tenon
