// SPDX-License-Identifier: Apache-2.0
#include <tenon/expr_call.h>

#include "array.h"
#include "attribute.h"
#include "expr.h"
#include "module.h"

#include <fmt/core.h>
#include <nanobind/stl/string.h>

#include <algorithm>

// Standard operators on symbolic tensors.
namespace tenon::python {
namespace {

OperatorInput input_of(nb::handle source, const std::string& what) {
  const auto is_expr = [](nb::handle element) { return nb::isinstance<Expr>(element); };
  if (source.is_none()) return std::monostate{};
  if (is_expr(source)) return nb::cast<Expr>(source);
  if (nb::isinstance<nb::list>(source) || nb::isinstance<nb::tuple>(source)) {
    // Extents among numbers: a shape.
    const nb::object elements = nb::borrow(source);
    if (std::any_of(elements.begin(), elements.end(), is_expr)) {
      std::vector<Expr> parts;
      for (const nb::handle element : elements) parts.push_back(expr_of(element, what));
      return stack(parts, 0);
    }
  }
  return tensor_from(source, {what});
}

std::vector<Expr> call_operator(const std::string& op, const nb::args& inputs, const nb::kwargs& attributes,
                                int outputs) {
  std::vector<OperatorInput> operands;
  for (const nb::handle input : inputs) {
    operands.push_back(input_of(input, fmt::format("{}: input {}", op, operands.size())));
  }
  return call(op, operands, attributes_from_python(attributes), outputs);
}

}  // namespace

void bind_expr_call(nb::module_& module) {
  module.def(
      "call",
      [](const std::string& op, const nb::args& inputs, int outputs, const nb::kwargs& attributes) {
        nb::list results;
        for (const Expr& output : call_operator(op, inputs, attributes, outputs)) results.append(nb::cast(output));
        return nb::tuple(results);
      },
      nb::arg("op"), nb::arg("inputs"), nb::kw_only(), nb::arg("outputs"), nb::arg("attributes"),
      nb::sig("def call(op: str, /, *inputs: object, outputs: int, **attributes: object) -> tuple[Expr, ...]"),
      "The first `outputs` outputs of a standard operator.");
  module.def(
      "call",
      [](const std::string& op, const nb::args& inputs, const nb::kwargs& attributes) {
        return call_operator(op, inputs, attributes, 1).front();
      },
      nb::arg("op"), nb::arg("inputs"), nb::arg("attributes"),
      nb::sig("def call(op: str, /, *inputs: object, **attributes: object) -> Expr"),
      R"(A standard operator of docs/operators.md within a layer: tenon.call("Conv", x, w, pads=[1, 1, 1, 1]).

Inputs are tensors of the layer, None where one is left out, or constants of any size: numbers, lists and arrays. Whole
numbers are i64, as axes and shapes are; other numbers, and arrays of float64, take the dtype of the first input of
floats. Attributes are ONNX's. With outputs=n it gives a tuple of the first n outputs.

An operator that is defined by formulas becomes a part of the layer's. Any other one is computed as in a model, between
the formulas of its inputs and those that read its results.)");
}

}  // namespace tenon::python
