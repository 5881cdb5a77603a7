// SPDX-License-Identifier: Apache-2.0
#include "expr.h"

#include <fmt/core.h>

namespace nb = nanobind;

// x[...] on symbolic tensors.
namespace tenon::python {
namespace {

constexpr const char* kWhat = "indexing";

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorCode::kInvalidArgument, fmt::format("{}: {}", kWhat, message));
}

bool is_new_axis(nb::handle item) { return item.is_none(); }
bool is_slice(nb::handle item) { return PySlice_Check(item.ptr()); }
bool is_ellipsis(nb::handle item) { return item.ptr() == Py_Ellipsis; }

// A place along an axis, where a negative constant counts from the end.
Expr place_of(const Expr& given, const Expr& extent) {
  const auto known = given.known_integer();
  return known && *known < 0 ? extent + given : given;
}

Expr bound_of(nb::handle bound, const Expr& extent) { return place_of(expr_of(bound, kWhat), extent); }

Expr sliced(const Expr& x, int axis, nb::handle item) {
  const nb::object begin = item.attr("start"), end = item.attr("stop"), step = item.attr("step");
  int stride = 1;
  if (!step.is_none() && (!nb::try_cast(step, stride) || stride == 0)) {
    refuse(fmt::format("the step {} is given but an int other than 0 is required", nb::repr(step).c_str()));
  }
  if (begin.is_none() && end.is_none() && stride == 1) return x;
  const Expr extent = x.extent(axis);
  if (stride > 0) {
    const Expr first = begin.is_none() ? Expr(0) : expr_of(begin, kWhat);
    return slice(x, axis, first, end.is_none() ? extent : expr_of(end, kWhat), stride);
  }
  // Backwards is forwards in the opposite order.
  const Expr first = begin.is_none() ? Expr(0) : extent - 1 - bound_of(begin, extent);
  const Expr last = end.is_none() ? extent : extent - 1 - bound_of(end, extent);
  return slice(flip(x, axis), axis, first, last, -stride);
}

// The items of a key with one for each axis of the tensor, beside those that make new ones.
std::vector<nb::object> complete(const Expr& x, nb::handle key) {
  std::vector<nb::object> items;
  if (nb::isinstance<nb::tuple>(key)) {
    for (const nb::handle item : nb::borrow<nb::tuple>(key)) items.push_back(nb::borrow(item));
  } else {
    items.push_back(nb::borrow(key));
  }
  size_t used = 0, ellipses = 0;
  for (const nb::object& item : items) {
    if (is_ellipsis(item))
      ++ellipses;
    else if (!is_new_axis(item))
      ++used;
  }
  const auto rank = static_cast<size_t>(x.rank());
  if (used > rank || ellipses > 1) {
    refuse(fmt::format("{} indices{} are given for {}", used, ellipses > 1 ? " and several ..." : "", x.type_text()));
  }
  const nb::object all = nb::steal(PySlice_New(nullptr, nullptr, nullptr));
  if (ellipses == 0) items.emplace_back(nb::ellipsis());
  std::vector<nb::object> completed;
  for (const nb::object& item : items) {
    if (is_ellipsis(item))
      completed.insert(completed.end(), rank - used, all);
    else
      completed.push_back(item);
  }
  return completed;
}

}  // namespace

Expr item_of(const Expr& x, nb::handle key) {
  const std::vector<nb::object> items = complete(x, key);
  std::vector<Expr> places;
  for (const nb::object& item : items) {
    if (!is_new_axis(item) && !is_slice(item)) places.push_back(expr_of(item, kWhat));
  }
  if (places.size() == items.size()) {
    size_t scalars = 0;
    for (size_t axis = 0; axis < places.size(); ++axis) {
      if (places[axis].rank() != 0) continue;
      places[axis] = place_of(places[axis], x.extent(static_cast<int>(axis)));
      ++scalars;
    }
    if (scalars == places.size()) return x.at(places);
  }
  size_t tensors = 0;
  for (const Expr& place : places) tensors += place.rank() != 0 ? 1 : 0;
  if (tensors > 1 || (tensors == 1 && places.size() > 1)) {
    refuse("a tensor of indices is given beside other indices; write tenon.take() for each, or tenon.compute()");
  }
  // From the last axis on, so that those before keep their numbers.
  Expr result = x;
  int axis = x.rank();
  for (size_t i = items.size(); i-- > 0;) {
    if (is_new_axis(items[i])) {
      result = unsqueeze(result, axis);
      continue;
    }
    --axis;
    if (is_slice(items[i])) {
      result = sliced(result, axis, items[i]);
      continue;
    }
    result = take(result, place_of(places.back(), result.extent(axis)), axis);
    places.pop_back();
  }
  return result;
}

}  // namespace tenon::python
