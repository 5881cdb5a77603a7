// SPDX-License-Identifier: Apache-2.0
#include "shape.h"

#include "dtype.h"
#include "module.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <string>

namespace nanobind::detail {

bool type_caster<tenon::Shape>::from_python(handle source, uint8_t, cleanup_list*) noexcept {
  if (PyUnicode_Check(source.ptr()) || !PySequence_Check(source.ptr())) return false;
  value.clear();
  const Py_ssize_t rank = PySequence_Size(source.ptr());
  for (Py_ssize_t i = 0; i < rank; ++i) {
    const object extent = steal(PySequence_GetItem(source.ptr(), i));
    if (!extent.is_valid()) break;
    if (extent.is_none()) {
      value.emplace_back();
    } else if (PyUnicode_Check(extent.ptr())) {
      const char* symbol = PyUnicode_AsUTF8(extent.ptr());
      if (symbol == nullptr) break;
      value.emplace_back(std::string(symbol));
    } else {
      const object number = steal(PyNumber_Index(extent.ptr()));
      if (!number.is_valid()) break;
      const long long constant = PyLong_AsLongLong(number.ptr());
      if (constant == -1 && PyErr_Occurred() != nullptr) break;
      value.emplace_back(static_cast<int64_t>(constant));
    }
  }
  if (rank >= 0 && value.size() == static_cast<size_t>(rank)) return true;
  PyErr_Clear();
  return false;
}

handle type_caster<tenon::Shape>::from_cpp(const tenon::Shape& shape, rv_policy, cleanup_list*) noexcept {
  object tuple = steal(PyTuple_New(static_cast<Py_ssize_t>(shape.size())));
  if (!tuple.is_valid()) return {};
  for (size_t i = 0; i < shape.size(); ++i) {
    PyObject* extent = shape[i].is_constant() ? PyLong_FromLongLong(shape[i].value())
                       : shape[i].is_symbol() ? PyUnicode_FromString(shape[i].symbol().c_str())
                                              : none().release().ptr();
    if (extent == nullptr) return {};
    PyTuple_SetItem(tuple.ptr(), static_cast<Py_ssize_t>(i), extent);
  }
  return tuple.release();
}

}  // namespace nanobind::detail

namespace tenon::python {

nb::object shape_to_python(const std::optional<Shape>& shape) { return shape ? nb::cast(*shape) : nb::none(); }

nb::object dims_to_python(const Dims& dims) { return nb::cast(to_shape(dims)); }

void bind_shape(nb::module_& module) {
  nb::class_<TensorType>(module, "TensorType", "What is known of a value in a graph: its dtype and its shape.")
      .def(
          "__init__",
          [](TensorType* self, const std::optional<DTypeLike>& dtype, std::optional<Shape> shape) {
            new (self) TensorType{dtype ? dtype->resolve() : DType::kUndefined, std::move(shape)};
          },
          nb::arg("dtype") = nb::none(), nb::arg("shape") = nb::none())
      .def_ro("dtype", &TensorType::dtype, "The element type; DType.UNDEFINED when it is not known.")
      .def_prop_ro(
          "shape", [](const TensorType& self) { return self.shape; },
          "Each dimension: an int, the name of a dynamic one, or None; None alone when the rank is not known.")
      .def("__str__", [](const TensorType& self) { return to_string(self); })
      .def("__hash__", [](const TensorType& self) { return std::hash<std::string>()(to_string(self)); })
      .def("__repr__", [](const TensorType& self) { return "<tenon.TensorType " + to_string(self) + ">"; })
      .def(
          "__eq__", [](const TensorType& self, const TensorType& other) { return self == other; }, nb::is_operator(),
          nb::sig("def __eq__(self, other: object, /) -> bool"));
}

}  // namespace tenon::python
