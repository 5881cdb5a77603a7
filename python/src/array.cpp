// SPDX-License-Identifier: Apache-2.0
#include "array.h"

#include "dtype.h"
#include "shape.h"

#include <fmt/core.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace nb = nanobind;

namespace tenon::python {
namespace {

nb::module_ numpy() { return nb::module_::import_("numpy"); }

bool is_numpy(nb::handle object) {
  // Kept for good, as in numpy_dtype().
  static const auto& type = *new nb::object(numpy().attr("ndarray"));
  return nb::isinstance(object, type);
}

std::string python_type(nb::handle object) { return nb::inst_name(object).c_str(); }

[[noreturn]] void unsupported_dtype(const ArrayName& name, const std::string& dtype) {
  throw Error(ErrorCode::kUnsupported, fmt::format("{} has elements of type {}, which Tenon does not have; convert it "
                                                   "first, for example with .astype()",
                                                   name.text(), dtype));
}

Dims checked_dims(const ArrayName& name, size_t rank) {
  if (rank > static_cast<size_t>(kMaxRank)) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{} has {} dimensions; at most {} are supported", name.text(), rank, kMaxRank));
  }
  return {};
}

Dims shape_of(const nb::object& array, const ArrayName& name) {
  const nb::tuple shape = nb::borrow<nb::tuple>(array.attr("shape"));
  Dims dims = checked_dims(name, shape.size());
  for (const nb::handle extent : shape) dims.push_back(nb::cast<int64_t>(extent));
  return dims;
}

// What NumPy makes of an object without a dtype.
nb::object plain_array(nb::handle source, const ArrayName& name, nb::object dtype = nb::none()) {
  try {
    return numpy().attr("asarray")(source, dtype);
  } catch (const nb::python_error& error) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{} cannot be made an array from a {}: {}", name.text(),
                                                         python_type(source), nb::str(error.value()).c_str()));
  }
}

// The dtype of a buffer's format (PEP 3118) in native byte order; undefined for others.
DType dtype_of_format(const char* format, Py_ssize_t item_bytes) {
  if (format == nullptr) return DType::kUInt8;
  if (*format == '@' || *format == '=' || *format == '<') ++format;
  const bool complex = *format == 'Z';
  if (complex) ++format;
  if (format[0] == '\0' || format[1] != '\0') return DType::kUndefined;
  DTypeKind kind;
  switch (*format) {
    case '?':
      return DType::kBool;
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
    case 'n':
      kind = DTypeKind::kSigned;
      break;
    case 'B':
    case 'H':
    case 'I':
    case 'L':
    case 'Q':
    case 'N':
      kind = DTypeKind::kUnsigned;
      break;
    case 'e':
    case 'f':
    case 'd':
      kind = complex ? DTypeKind::kComplex : DTypeKind::kFloat;
      break;
    default:
      return DType::kUndefined;
  }
  // The widths of 'l' and 'n' are the platform's, so the size decides.
  for (const DType dtype :
       {DType::kFloat32, DType::kInt64, DType::kInt32, DType::kUInt8, DType::kFloat64, DType::kFloat16, DType::kInt8,
        DType::kInt16, DType::kUInt16, DType::kUInt32, DType::kUInt64, DType::kComplex64, DType::kComplex128}) {
    if (dtype_kind(dtype) == kind && dtype_bits(dtype) == item_bytes * 8) return dtype;
  }
  return DType::kUndefined;
}

// Element types as DLPack numbers them.
struct DlpackRow {
  DType dtype;
  nb::dlpack::dtype_code code;
  uint8_t bits;
};
using Code = nb::dlpack::dtype_code;
constexpr DlpackRow kDlpackRows[] = {
    {DType::kFloat32, Code::Float, 32},
    {DType::kInt64, Code::Int, 64},
    {DType::kInt32, Code::Int, 32},
    {DType::kUInt8, Code::UInt, 8},
    {DType::kBool, Code::Bool, 8},
    {DType::kFloat16, Code::Float, 16},
    {DType::kFloat64, Code::Float, 64},
    {DType::kInt8, Code::Int, 8},
    {DType::kInt16, Code::Int, 16},
    {DType::kUInt16, Code::UInt, 16},
    {DType::kUInt32, Code::UInt, 32},
    {DType::kUInt64, Code::UInt, 64},
    {DType::kComplex64, Code::Complex, 64},
    {DType::kComplex128, Code::Complex, 128},
    {DType::kBFloat16, Code::Bfloat, 16},
    {DType::kFloat8E4M3FN, Code::Float8_E4M3FN, 8},
    {DType::kFloat8E4M3FNUZ, Code::Float8_E4M3FNUZ, 8},
    {DType::kFloat8E5M2, Code::Float8_E5M2, 8},
    {DType::kFloat8E5M2FNUZ, Code::Float8_E5M2FNUZ, 8},
    {DType::kFloat8E8M0, Code::Float8_E8M0FNU, 8},
};

DType dtype_of_dlpack(nb::dlpack::dtype type) {
  for (const DlpackRow& row : kDlpackRows)
    if (static_cast<uint8_t>(row.code) == type.code && row.bits == type.bits && type.lanes == 1) return row.dtype;
  return DType::kUndefined;
}

// Floats that NumPy's buffers cannot describe: they travel as unsigned integers of the same size.
bool needs_ml_dtypes(DType dtype) {
  return dtype == DType::kBFloat16 || (dtype_kind(dtype) == DTypeKind::kFloat && dtype_bits(dtype) == 8);
}

nb::object as_integers(const nb::object& array, DType dtype) {
  return array.attr("view")(dtype_bits(dtype) == 16 ? "uint16" : "uint8");
}

nb::dlpack::dtype buffer_type(DType dtype) {
  const auto bits = static_cast<uint8_t>(dtype_bits(dtype));
  if (needs_ml_dtypes(dtype)) return {static_cast<uint8_t>(Code::UInt), bits, 1};
  for (const DlpackRow& row : kDlpackRows)
    if (row.dtype == dtype) return {static_cast<uint8_t>(row.code), row.bits, 1};
  throw Error(ErrorCode::kUnsupported, fmt::format("NumPy has no arrays of {}", dtype_name(dtype)));
}

bool aligned(const void* data, DType dtype) {
  const auto bytes = static_cast<uintptr_t>(dtype_bits(dtype)) / 8;
  const uintptr_t alignment = dtype_kind(dtype) == DTypeKind::kComplex ? bytes / 2 : bytes;
  return alignment == 0 || reinterpret_cast<uintptr_t>(data) % alignment == 0;
}

}  // namespace

std::string ArrayName::text() const { return name.empty() ? std::string(what) : fmt::format("{} '{}'", what, name); }

nb::object array_of(const Tensor& tensor, bool writable) {
  if (tensor.dtype() != DType::kString) {
    auto shared = std::make_unique<Tensor>(tensor);
    const nb::capsule owner(shared.get(), [](void* pointer) noexcept { delete static_cast<Tensor*>(pointer); });
    (void)shared.release();
    size_t shape[kMaxRank];
    for (size_t i = 0; i < tensor.dims().size(); ++i) shape[i] = static_cast<size_t>(tensor.dims()[i]);
    const auto made = [&]<typename... Access>(auto* data) {
      return nb::cast(nb::ndarray<nb::numpy, Access...>(data, tensor.dims().size(), shape, owner, nullptr,
                                                        buffer_type(tensor.dtype())));
    };
    nb::object array = writable ? made.operator()<>(const_cast<void*>(tensor.data()))  // NOLINT(*-const-cast)
                                : made.operator()<nb::ro>(tensor.data());
    if (needs_ml_dtypes(tensor.dtype())) array = array.attr("view")(numpy_dtype(tensor.dtype()));
    return array;
  }
  const nb::object flat = numpy().attr("empty")(tensor.count(), numpy_dtype(DType::kString));
  Py_ssize_t index = 0;
  for (const std::string& text : tensor.strings()) flat[nb::int_(index++)] = text_to_python(text);
  return flat.attr("reshape")(dims_to_python(tensor.dims()));
}

LentArray lent_array(const TensorView& view, bool writable) {
  if (view.dtype == DType::kString || dtype_bits(view.dtype) < 8)
    return {array_of(Tensor::shared(nullptr, view.data, view.dtype, view.dims), writable), {}};
  // Kept for good, as in numpy_dtype().
  static const auto& ndarray = *new nb::object(numpy().attr("ndarray"));
  static char nothing = 0;  // Where there are no elements there may be no address, which Python asks for.
  void* data = view.data == nullptr ? &nothing : const_cast<void*>(view.data);  // NOLINT(*-const-cast): by `writable`
  nb::object memory = nb::steal(
      PyMemoryView_FromMemory(static_cast<char*>(data), view.size_bytes(), writable ? PyBUF_WRITE : PyBUF_READ));
  if (!memory.is_valid()) nb::raise_python_error();
  return {ndarray(dims_to_python(view.dims), numpy_dtype(view.dtype), memory), memory};
}

nb::object copied_array(const TensorView& view) {
  // Kept for good, as in numpy_dtype().
  static const auto& empty = *new nb::object(numpy().attr("empty"));
  nb::object array = empty(dims_to_python(view.dims), numpy_dtype(view.dtype));
  ArrayOutput(array, {"a new array"}).receive(view);
  return array;
}

bool LockedBuffer::lock(nb::handle object, int flags) {
  release();
  held_ = PyObject_GetBuffer(object.ptr(), &buffer_, flags) == 0;
  return held_;
}

void LockedBuffer::release() noexcept {
  if (held_) PyBuffer_Release(&buffer_);
  held_ = false;
}

ArrayOutput::ArrayOutput(nb::handle array, ArrayName name) : name_(name) {
  const auto fail = [&](const nb::python_error& error) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{}, a {}, cannot be written to: {}", name_.text(),
                                                         python_type(array), nb::str(error.value()).c_str()));
  };
  if (!buffer_.lock(array, PyBUF_RECORDS)) {
    // NumPy has arrays that it cannot export, those of ml_dtypes among them.
    const nb::python_error error;
    if (is_numpy(array)) view_.dtype = dtype_of_numpy(array.attr("dtype"));
    if (!needs_ml_dtypes(view_.dtype)) fail(error);
    if (!buffer_.lock(as_integers(nb::borrow(array), view_.dtype), PyBUF_RECORDS)) fail(nb::python_error());
  }
  const Py_buffer& buffer = buffer_.get();
  if (view_.dtype == DType::kUndefined) view_.dtype = dtype_of_format(buffer.format, buffer.itemsize);
  for (int i = 0; i < std::min(buffer.ndim, kMaxRank); ++i) view_.dims.push_back(buffer.shape[i]);
  dense_ = PyBuffer_IsContiguous(&buffer, 'C') != 0;
  if (dense_) view_.data = buffer.buf;
}

void ArrayOutput::receive(const TensorView& result) const {
  if (view_.dtype != result.dtype || view_.dims != result.dims || !dense_) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} is {}{}{}, but {}{}, dense in row-major order, is required", name_.text(),
                            dtype_name(view_.dtype), to_string(view_.dims), dense_ ? "" : " with gaps",
                            dtype_name(result.dtype), to_string(result.dims)));
  }
  if (const int64_t bytes = result.size_bytes(); bytes > 0 && result.data != view_.data)
    std::memcpy(view_.data, result.data, static_cast<size_t>(bytes));
}

ArrayInput::ArrayInput(nb::handle source, const ArrayName& name, DType wanted) {
  if (PyObject_CheckBuffer(source.ptr()) && from_buffer(source, name)) return;
  if (is_numpy(source)) {
    from_numpy(nb::borrow(source), name);
  } else if (nb::hasattr(source, "__dlpack__")) {
    from_dlpack(source, name);
  } else if (nb::hasattr(source, "__array__")) {
    from_numpy(numpy().attr("asarray")(source), name);
  } else {
    from_plain(source, name, wanted);
  }
}

bool ArrayInput::from_buffer(nb::handle source, const ArrayName& name) {
  if (!buffer_.lock(source, PyBUF_RECORDS_RO)) {
    PyErr_Clear();  // NumPy has arrays that it cannot export, those of ml_dtypes among them.
    return false;
  }
  const Py_buffer& buffer = buffer_.get();
  const DType dtype = dtype_of_format(buffer.format, buffer.itemsize);
  if (dtype == DType::kUndefined || PyBuffer_IsContiguous(&buffer, 'C') == 0 || !aligned(buffer.buf, dtype)) {
    buffer_.release();
    if (is_numpy(source)) return false;
    from_numpy(numpy().attr("array")(source), name);
    return true;
  }
  view_.data = buffer.buf;
  view_.dtype = dtype;
  view_.dims = checked_dims(name, static_cast<size_t>(buffer.ndim));
  for (int i = 0; i < buffer.ndim; ++i) view_.dims.push_back(buffer.shape[i]);
  return true;
}

void ArrayInput::from_numpy(nb::object array, const ArrayName& name) {
  const nb::object given = array.attr("dtype");
  const DType dtype = dtype_of_numpy(given);
  if (dtype == DType::kUndefined || dtype == DType::kString) unsupported_dtype(name, nb::str(given).c_str());
  view_.dtype = dtype;
  view_.dims = shape_of(array, name);
  // Copied only when it is not dense and aligned.
  keep_ = numpy().attr("require")(array, nb::none(), "CA");
  // NOLINTNEXTLINE(performance-no-int-to-ptr): NumPy tells the address as a number
  view_.data = reinterpret_cast<const void*>(nb::cast<uintptr_t>(keep_.attr("ctypes").attr("data")));
}

void ArrayInput::from_dlpack(nb::handle source, const ArrayName& name) {
  nb::ndarray<nb::ro> array;
  try {
    array = nb::cast<nb::ndarray<nb::ro>>(source);
  } catch (const std::bad_cast&) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("{}, a {}, cannot be read through DLPack; a tensor that requires gradients must be detached "
                    "first (.detach())",
                    name.text(), python_type(source)));
  }
  if (array.device_type() != nb::device::cpu::value) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{}, a {}, lies in a device's memory; copy it to the host first, for example with .cpu()",
                            name.text(), python_type(source)));
  }
  view_.dtype = dtype_of_dlpack(array.dtype());
  if (view_.dtype == DType::kUndefined) {
    unsupported_dtype(
        name, fmt::format("(code {}, {} bits, {} lanes)", array.dtype().code, array.dtype().bits, array.dtype().lanes));
  }
  view_.dims = checked_dims(name, array.ndim());
  for (size_t i = 0; i < array.ndim(); ++i) view_.dims.push_back(static_cast<int64_t>(array.shape(i)));
  int64_t dense = 1;
  bool contiguous = array.size() > 0;
  for (size_t i = array.ndim(); i-- > 0 && contiguous;) {
    if (array.shape(i) != 1 && array.stride(i) != dense) contiguous = false;
    dense *= static_cast<int64_t>(array.shape(i));
  }
  view_.data = array.data();
  if (array.size() == 0 || (contiguous && aligned(view_.data, view_.dtype))) {
    keep_ = nb::cast(std::move(array), nb::rv_policy::reference);
    return;
  }
  const auto bytes = static_cast<size_t>(dtype_bits(view_.dtype)) / 8;
  copy_ = Tensor::empty(view_.dtype, view_.dims);
  const auto* from = static_cast<const char*>(view_.data);
  auto* to = static_cast<char*>(copy_.mutable_data());
  const size_t rank = array.ndim();
  size_t index[kMaxRank] = {};
  for (size_t done = 0; done < array.size(); ++done) {
    int64_t offset = 0;
    for (size_t i = 0; i < rank; ++i) offset += static_cast<int64_t>(index[i]) * array.stride(i);
    std::memcpy(to + done * bytes, from + offset * static_cast<int64_t>(bytes), bytes);
    for (size_t i = rank; i-- > 0;) {
      if (++index[i] < array.shape(i)) break;
      index[i] = 0;
    }
  }
  view_.data = copy_.data();
}

void ArrayInput::from_plain(nb::handle source, const ArrayName& name, DType wanted) {
  nb::object array = plain_array(source, name);
  // Numbers without a dtype take the one that is wanted, unless that would cut off fractions.
  const auto kind = nb::cast<std::string>(array.attr("dtype").attr("kind"));
  const bool is_number = kind == "b" || kind == "i" || kind == "u" || kind == "f" || kind == "c";
  if (!is_number) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{} is a {}; an array, or numbers that make one, is required",
                                                         name.text(), python_type(source)));
  }
  if (wanted != DType::kUndefined && wanted != DType::kString && kind != "c" && !(kind == "f" && !is_float(wanted)))
    array = plain_array(source, name, numpy_dtype(wanted));
  from_numpy(std::move(array), name);
}

Tensor tensor_from(nb::handle source, const ArrayName& name) {
  if (is_numpy(source) || !PyObject_CheckBuffer(source.ptr())) {
    const nb::object array = nb::hasattr(source, "__dlpack__") ? nb::borrow(source) : plain_array(source, name);
    if (is_numpy(array) && dtype_of_numpy(array.attr("dtype")) == DType::kString) {
      std::vector<std::string> texts;
      for (const nb::handle element : array.attr("ravel")().attr("tolist")()) {
        if (!text_from_python(element, texts.emplace_back())) {
          throw Error(ErrorCode::kInvalidArgument,
                      fmt::format("{} holds a {}; an array of objects must hold str or bytes only", name.text(),
                                  python_type(element)));
        }
      }
      return Tensor::of_strings(std::move(texts), shape_of(array, name));
    }
  }
  return Tensor::copy_of(ArrayInput(source, name, DType::kUndefined).view());
}

nb::object text_to_python(const std::string& text) {
  PyObject* decoded = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
  if (decoded != nullptr) return nb::steal(decoded);
  PyErr_Clear();
  return nb::bytes(text.data(), text.size());
}

bool text_from_python(nb::handle source, std::string& text) {
  if (nb::isinstance<nb::bytes>(source)) {
    const nb::bytes bytes = nb::borrow<nb::bytes>(source);
    text.assign(static_cast<const char*>(bytes.data()), bytes.size());
    return true;
  }
  return nb::try_cast(source, text);
}

}  // namespace tenon::python
