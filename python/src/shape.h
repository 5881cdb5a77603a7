// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>
#include <tenon/shape.h>

// Symbolic shapes as Python sees them: tuples of int (a constant), str (a named dimension) and None (unknown).
namespace tenon::python {

/// The tuple of a shape; None when not even the rank is known.
[[nodiscard]] nanobind::object shape_to_python(const std::optional<Shape>& shape);
/// The tuple of a concrete shape.
[[nodiscard]] nanobind::object dims_to_python(const Dims& dims);

}  // namespace tenon::python

namespace nanobind::detail {

template <>
struct type_caster<tenon::Shape> {
  NB_TYPE_CASTER(tenon::Shape, io_name("collections.abc.Sequence[int | str | None]", "tuple[int | str | None, ...]"))

  bool from_python(handle source, uint8_t, cleanup_list*) noexcept;
  static handle from_cpp(const tenon::Shape& shape, rv_policy, cleanup_list*) noexcept;
};

}  // namespace nanobind::detail
