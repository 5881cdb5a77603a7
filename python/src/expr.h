// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>
#include <tenon/expr_functions.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

// Symbolic tensors: tenon.Expr, and what stands for one in Python.
namespace tenon::python {

/// The symbolic tensor that a Python object stands for: an Expr, a number, or a small array of constants (lists of
/// numbers, too). Arrays of float64 and int64, NumPy's defaults, take the dtype of what they are combined with, as
/// numbers do; others keep theirs. Throws kInvalidArgument beginning with `what` and saying what to write instead.
[[nodiscard]] Expr expr_of(nanobind::handle source, const std::string& what = "a formula");

/// An argument that is made an Expr.
struct Operand {
  nanobind::object source;
  operator Expr() const { return expr_of(source); }  // NOLINT(google-explicit-constructor): stands for an Expr
};

/// Each as an Expr.
[[nodiscard]] std::vector<Expr> exprs_of(const std::vector<Operand>& operands);

/// x[key] as NumPy has it, for integers, slices, None, ... and one tensor of integers.
[[nodiscard]] Expr item_of(const Expr& x, nanobind::handle key);

/// A dimension or an index: an int where it is known, else an Expr.
[[nodiscard]] nanobind::object extent_to_python(const Expr& extent);

/// A function of Python as one of indices.
[[nodiscard]] detail::IndexFunction index_function_of(const nanobind::callable& function, const std::string& what);

/// An argument that names axes: None (all), an int or a sequence of ints.
using AxesLike = std::optional<std::variant<int, std::vector<int>>>;
[[nodiscard]] Axes axes_of(const AxesLike& axes);

/// The argument `outside`: "error", "value", "clamp", "wrap" or "reflect". Throws kInvalidArgument.
[[nodiscard]] Outside outside_named(const std::string& name);
/// The argument `reduction`: "sum", "max" … Throws kInvalidArgument.
[[nodiscard]] Reduction reduction_named(const std::string& name);

}  // namespace tenon::python

namespace nanobind::detail {

template <>
struct type_caster<tenon::python::Operand> {
  NB_TYPE_CASTER(tenon::python::Operand, const_name("Expr | float | numpy.ndarray | collections.abc.Sequence"))
  bool from_python(handle source, uint8_t, cleanup_list*) noexcept {
    value.source = borrow(source);
    return true;
  }
};

}  // namespace nanobind::detail
