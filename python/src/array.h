// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>
#include <tenon/tensor.h>

#include <string>
#include <string_view>
#include <utility>

// Tensors from and to Python: NumPy arrays, and anything that speaks the buffer protocol or DLPack.
namespace tenon::python {

/// What messages call an array: "the input 'x'", or its first part alone. Refers to both.
struct ArrayName {
  std::string_view what;
  std::string_view name = {};
  [[nodiscard]] std::string text() const;
};

/// A NumPy array over the tensor's own memory, which it keeps alive; `writable` where that is the caller's to give,
/// else read-only. String tensors are copied, into an array of str (of bytes where the text is not UTF-8). Throws
/// kUnsupported for dtypes that NumPy cannot hold.
[[nodiscard]] nanobind::object array_of(const Tensor& tensor, bool writable = false);

/// A NumPy array over memory that is lent to it, and the object that stands for that memory: the array and all that is
/// made of it without a copy refer to it, so that its count of references tells whether any is left.
struct LentArray {
  nanobind::object array;
  nanobind::object memory;
};
/// Throws as array_of() does; strings are copied, and `memory` is null then.
[[nodiscard]] LentArray lent_array(const TensorView& view, bool writable);

/// A new NumPy array with a copy of the elements.
[[nodiscard]] nanobind::object copied_array(const TensorView& view);

/// An object's memory, locked.
class LockedBuffer {
 public:
  LockedBuffer() = default;
  ~LockedBuffer() { release(); }
  /// The new one may not be asked for the shape and strides again: they may lie in the old one.
  LockedBuffer(LockedBuffer&& other) noexcept : buffer_(other.buffer_), held_(std::exchange(other.held_, false)) {}
  LockedBuffer& operator=(LockedBuffer&&) = delete;

  /// `flags` as of PyObject_GetBuffer. False, with Python's error set, when the object has no such memory.
  [[nodiscard]] bool lock(nanobind::handle object, int flags);
  void release() noexcept;
  [[nodiscard]] const Py_buffer& get() const noexcept { return buffer_; }

 private:
  Py_buffer buffer_ = {};
  bool held_ = false;
};

/// A NumPy array, or another writable buffer, that a result is to go to. It is locked as long as this lives.
class ArrayOutput {
 public:
  /// Throws kInvalidArgument for what cannot be written to.
  ArrayOutput(nanobind::handle array, ArrayName name);

  /// Without data when the elements do not lie dense in row-major order.
  [[nodiscard]] const MutableTensorView& view() const noexcept { return view_; }
  /// Copies the result's elements, unless they are there already. Throws kInvalidArgument unless the array has the
  /// result's dtype and shape, and is dense.
  void receive(const TensorView& result) const;

 private:
  ArrayName name_;
  LockedBuffer buffer_;
  MutableTensorView view_;
  bool dense_ = false;
};

/// The elements of an array-like object as a dense row-major tensor in host memory: in place where they lie so already
/// and are aligned, else a copy. The object is kept alive (and its buffer locked) as long as this lives.
class ArrayInput {
 public:
  /// `wanted` (may be undefined) is the dtype for objects without one, numbers and lists of them; an array keeps its
  /// own. Throws kInvalidArgument for what is no array, kUnsupported
  /// for device memory and element types without a DType.
  ArrayInput(nanobind::handle source, const ArrayName& name, DType wanted);

  [[nodiscard]] const TensorView& view() const noexcept { return view_; }

 private:
  bool from_buffer(nanobind::handle source, const ArrayName& name);
  void from_dlpack(nanobind::handle source, const ArrayName& name);
  void from_numpy(nanobind::object array, const ArrayName& name);
  void from_plain(nanobind::handle source, const ArrayName& name, DType wanted);

  TensorView view_;
  nanobind::object keep_;  // What holds the elements, when that is neither of the next two.
  Tensor copy_;
  LockedBuffer buffer_;
};

/// A tensor with a copy of an array-like object's elements; lists and arrays of str or bytes give string tensors.
[[nodiscard]] Tensor tensor_from(nanobind::handle source, const ArrayName& name);

/// str, or bytes when the text is not UTF-8.
[[nodiscard]] nanobind::object text_to_python(const std::string& text);
/// The UTF-8 of a str, or the bytes as they are; false for other objects.
[[nodiscard]] bool text_from_python(nanobind::handle source, std::string& text);

}  // namespace tenon::python
