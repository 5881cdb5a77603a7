// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/string.h>

#include "array.h"
#include "dtype.h"
#include "expr.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace nb = nanobind;

// What stands for a symbolic tensor, and the other arguments of functions on them.
namespace tenon::python {
namespace {

/// More are better kept in an input: each is a part of the formula.
constexpr int64_t kMaxConstants = 256;

bool is_numpy(nb::handle source, const char* type) {
  return nb::isinstance(source, nb::module_::import_("numpy").attr(type));
}

int64_t integer_of(nb::handle source, const std::string& what) {
  const nb::object number = nb::steal(PyNumber_Index(source.ptr()));
  const long long value = number.is_valid() ? PyLong_AsLongLong(number.ptr()) : -1;
  if (value == -1 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: {} is given, which does not fit into 64 bits", what, nb::repr(source).c_str()));
  }
  return value;
}

// Element number `place` of `values`, by bisection.
Expr pick(std::span<const Expr> values, const Expr& place, int64_t first = 0) {
  if (values.size() == 1) return values[0];
  const size_t half = values.size() / 2;
  const int64_t middle = first + static_cast<int64_t>(half);
  return where(place < middle, pick(values.first(half), place, first), pick(values.subspan(half), place, middle));
}

Expr constant_of(nb::handle array, const std::string& what) {
  const nb::object dtype = array.attr("dtype");
  const DType type = dtype_of_numpy(dtype);
  const DTypeKind kind = dtype_kind(type);
  if (kind != DTypeKind::kFloat && kind != DTypeKind::kSigned && kind != DTypeKind::kUnsigned && type != DType::kBool) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{}: an array of {} is given but formulas have numbers only",
                                                         what, nb::str(dtype).c_str()));
  }
  const auto count = nb::cast<int64_t>(array.attr("size"));
  if (count > kMaxConstants) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: an array of shape {} is given, but constants within formulas have {} elements at "
                            "most; make it an input of the layer, as weights are, or read it from fields",
                            what, nb::str(nb::object(array.attr("shape"))).c_str(), kMaxConstants));
  }
  std::vector<Expr> values;
  for (const nb::handle value : nb::borrow<nb::object>(array.attr("ravel")().attr("tolist")())) {
    values.push_back(expr_of(value, what));
  }
  std::vector<Expr> shape;
  for (const nb::handle extent : nb::borrow<nb::object>(array.attr("shape"))) {
    shape.emplace_back(nb::cast<int64_t>(extent));
  }
  const Expr constant = shape.empty() ? values[0] : compute(std::span<const Expr>(shape), [&](auto index) {
    Expr place = 0;
    for (size_t axis = 0; axis < index.size(); ++axis) place = place * shape[axis] + index[axis];
    return values.empty() ? Expr(0) : pick(values, place);
  });
  return type == DType::kFloat64 || type == DType::kInt64 ? constant : cast(constant, type);
}

}  // namespace

Expr expr_of(nb::handle source, const std::string& what) {
  if (nb::isinstance<Expr>(source)) return nb::cast<Expr>(source);
  if (nb::isinstance<bool>(source) || is_numpy(source, "bool")) return nb::cast<bool>(nb::bool_(source));
  if (nb::isinstance<nb::int_>(source) || is_numpy(source, "integer")) return integer_of(source, what);
  if (nb::isinstance<nb::float_>(source) || is_numpy(source, "floating")) return nb::cast<double>(nb::float_(source));
  const bool listed = nb::isinstance<nb::list>(source) || nb::isinstance<nb::tuple>(source);
  if (listed || is_numpy(source, "ndarray") || nb::hasattr(source, "__array__")) {
    if (listed) {
      const auto is_expr = [](nb::handle element) { return nb::isinstance<Expr>(element); };
      const nb::object elements = nb::borrow(source);
      if (std::any_of(elements.begin(), elements.end(), is_expr)) {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("{}: a list of symbols is given but a tensor is required; write tenon.stack() or "
                                "tenon.concat()",
                                what));
      }
    }
    try {
      return constant_of(nb::module_::import_("numpy").attr("asarray")(source), what);
    } catch (const nb::python_error& error) {
      if (!error.matches(PyExc_ValueError) && !error.matches(PyExc_TypeError)) throw;
    }
  }
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{}: a {} is given but a tensor, a number or a small array of numbers is required", what,
                          nb::inst_name(source).c_str()));
}

std::vector<Expr> exprs_of(const std::vector<Operand>& operands) { return {operands.begin(), operands.end()}; }

nb::object extent_to_python(const Expr& extent) {
  if (const auto known = extent.known_integer()) return nb::int_(*known);
  return nb::cast(extent);
}

detail::IndexFunction index_function_of(const nb::callable& function, const std::string& what) {
  return [&function, what](std::span<const Expr> index) {
    nb::list arguments;
    for (const Expr& i : index) arguments.append(nb::cast(i));
    try {
      (void)nb::module_::import_("inspect").attr("signature")(function).attr("bind")(*arguments);
    } catch (const nb::python_error& error) {
      // Not every callable has a signature.
      if (error.matches(PyExc_TypeError)) {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("{}: {} dimensions are given with a function that does not take {} indices; write one "
                                "index for each dimension",
                                what, index.size(), index.size()));
      }
    }
    return expr_of(function(*arguments), what);
  };
}

Axes axes_of(const AxesLike& axes) {
  if (!axes) return {};
  return std::visit([](const auto& given) { return Axes(given); }, *axes);
}

Outside outside_named(const std::string& name) {
  constexpr std::array<const char*, 5> kNames = {"error", "value", "clamp", "wrap", "reflect"};
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found != kNames.end()) return static_cast<Outside>(found - kNames.begin());
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("outside: '{}' is given but error, value, clamp, wrap or reflect is required", name));
}

Reduction reduction_named(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(Reduction::kAll); ++i) {
    if (reduction_name(static_cast<Reduction>(i)) == name) return static_cast<Reduction>(i);
  }
  throw Error(
      ErrorCode::kInvalidArgument,
      fmt::format("reduction: '{}' is given but sum, prod, min, max, argmin, argmax, any or all is required", name));
}

}  // namespace tenon::python
