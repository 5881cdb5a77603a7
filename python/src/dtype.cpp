// SPDX-License-Identifier: Apache-2.0
#include "dtype.h"

#include "module.h"

#include <fmt/core.h>
#include <nanobind/stl/string.h>
#include <tenon/error.h>

#include <string>

namespace tenon::python {
namespace {

struct Row {
  DType dtype;
  const char* name;   // In DType.
  const char* numpy;  // The type's name in NumPy, or in ml_dtypes; null when neither can hold the tensor's bytes.
  bool ml_dtypes;
};

constexpr Row kRows[] = {
    {DType::kUndefined, "UNDEFINED", nullptr, false},
    {DType::kFloat32, "FLOAT32", "float32", false},
    {DType::kUInt8, "UINT8", "uint8", false},
    {DType::kInt8, "INT8", "int8", false},
    {DType::kUInt16, "UINT16", "uint16", false},
    {DType::kInt16, "INT16", "int16", false},
    {DType::kInt32, "INT32", "int32", false},
    {DType::kInt64, "INT64", "int64", false},
    {DType::kString, "STRING", "object", false},
    {DType::kBool, "BOOL", "bool", false},
    {DType::kFloat16, "FLOAT16", "float16", false},
    {DType::kFloat64, "FLOAT64", "float64", false},
    {DType::kUInt32, "UINT32", "uint32", false},
    {DType::kUInt64, "UINT64", "uint64", false},
    {DType::kComplex64, "COMPLEX64", "complex64", false},
    {DType::kComplex128, "COMPLEX128", "complex128", false},
    {DType::kBFloat16, "BFLOAT16", "bfloat16", true},
    {DType::kFloat8E4M3FN, "FLOAT8_E4M3FN", "float8_e4m3fn", true},
    {DType::kFloat8E4M3FNUZ, "FLOAT8_E4M3FNUZ", "float8_e4m3fnuz", true},
    {DType::kFloat8E5M2, "FLOAT8_E5M2", "float8_e5m2", true},
    {DType::kFloat8E5M2FNUZ, "FLOAT8_E5M2FNUZ", "float8_e5m2fnuz", true},
    {DType::kUInt4, "UINT4", nullptr, false},
    {DType::kInt4, "INT4", nullptr, false},
    {DType::kFloat4E2M1, "FLOAT4_E2M1", nullptr, false},
    {DType::kFloat8E8M0, "FLOAT8_E8M0", "float8_e8m0fnu", true},
};
static_assert(std::size(kRows) == kDTypeCount);

nb::object make_numpy_dtype(const Row& row) {
  const nb::module_ numpy = nb::module_::import_("numpy");
  if (row.numpy == nullptr) {
    throw Error(ErrorCode::kUnsupported, fmt::format("NumPy has no arrays of {}", dtype_name(row.dtype)));
  }
  if (!row.ml_dtypes) return numpy.attr("dtype")(row.numpy);
  try {
    return numpy.attr("dtype")(nb::module_::import_("ml_dtypes").attr(row.numpy));
  } catch (const nb::python_error& error) {
    if (!error.matches(PyExc_ImportError)) throw;
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format("NumPy has no {} of its own; the package ml_dtypes adds it and is not installed", row.numpy));
  }
}

}  // namespace

nb::object numpy_dtype(DType dtype) {
  // Kept for good: the interpreter may be gone when static objects are destroyed.
  static nb::object* const cache = new nb::object[kDTypeCount];
  nb::object& entry = cache[static_cast<size_t>(dtype)];
  if (!entry.is_valid()) entry = make_numpy_dtype(kRows[static_cast<size_t>(dtype)]);
  return entry;
}

DType dtype_of_numpy(nb::handle dtype) {
  if (!nb::cast<bool>(dtype.attr("isnative"))) return DType::kUndefined;
  const auto name = nb::cast<std::string>(dtype.attr("name"));
  for (const Row& row : kRows)
    if (row.numpy != nullptr && name == row.numpy) return row.dtype;
  const auto kind = nb::cast<std::string>(dtype.attr("kind"));
  return kind == "U" || kind == "S" || kind == "T" ? DType::kString : DType::kUndefined;
}

DType DTypeLike::resolve() const {
  DType dtype = DType::kUndefined;
  if (nb::isinstance<DType>(source) && nb::try_cast(source, dtype)) return dtype;
  if (nb::isinstance<nb::str>(source)) {
    if (const auto found = dtype_from_name(nb::cast<std::string>(source))) return *found;
  } else if (!source.is_none()) {
    try {
      dtype = dtype_of_numpy(nb::module_::import_("numpy").attr("dtype")(source));
    } catch (const nb::python_error&) {
      dtype = DType::kUndefined;  // Reported below.
    }
    if (dtype != DType::kUndefined) return dtype;
  }
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{} is no dtype: give a tenon.DType, a name like \"f32\" or \"float32\", or NumPy's type",
                          nb::repr(source).c_str()));
}

void bind_dtype(nb::module_& module) {
  nb::enum_<DType> dtype(module, "DType", R"(An element type; the values are ONNX's TensorProto.DataType.

str(dtype) is the short name that Tenon prints: "f32", "i64", "bf16".)");
  for (const Row& row : kRows) dtype.value(row.name, row.dtype);
  dtype.def("__str__", [](DType self) { return std::string(dtype_name(self)); })
      .def_prop_ro("numpy_dtype", &numpy_dtype, nb::sig("def numpy_dtype(self) -> numpy.dtype"),
                   R"(NumPy's dtype; for bf16 and narrower floats that of the package ml_dtypes.

Raises UnsupportedError for the 4-bit types, and when ml_dtypes is needed and not installed.)")
      .def_prop_ro("bits", &dtype_bits, "Bits per element; 0 for STRING and UNDEFINED.")
      .def_static(
          "of", [](const DTypeLike& source) { return source.resolve(); }, nb::arg("source"),
          R"(The dtype of a DType, a name ("f32", "float32", "FLOAT"), a numpy.dtype or a NumPy scalar type.

Raises InvalidArgumentError for anything else.)");
}

}  // namespace tenon::python
