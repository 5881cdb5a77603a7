// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>
#include <tenon/dtype.h>

// Element types: tenon.DType, and NumPy's.
namespace tenon::python {

/// NumPy's dtype; ml_dtypes has those that NumPy lacks (bf16 and narrower floats). Strings are objects. Throws
/// kUnsupported for 4-bit types, which NumPy cannot hold two to a byte, and when ml_dtypes is not installed.
[[nodiscard]] nanobind::object numpy_dtype(DType dtype);

/// The dtype of a numpy.dtype; kUndefined if there is none or its bytes are in the wrong order.
[[nodiscard]] DType dtype_of_numpy(nanobind::handle dtype);

/// An argument that names a dtype in any of the ways of DType.of().
struct DTypeLike {
  nanobind::object source;
  /// Throws kInvalidArgument.
  [[nodiscard]] DType resolve() const;
};

}  // namespace tenon::python

namespace nanobind::detail {

template <>
struct type_caster<tenon::python::DTypeLike> {
  NB_TYPE_CASTER(tenon::python::DTypeLike, const_name("DType | str | numpy.dtype | type"))
  bool from_python(handle source, uint8_t, cleanup_list*) noexcept {
    value.source = borrow(source);
    return true;
  }
};

}  // namespace nanobind::detail
