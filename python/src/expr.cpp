// SPDX-License-Identifier: Apache-2.0
#include "expr.h"

#include "array.h"
#include "dtype.h"
#include "handles.h"
#include "module.h"

#include <fmt/core.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

namespace tenon::python {
namespace {

[[noreturn]] void refuse(const Expr& x, const char* required, const char* instead) {
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{} is given where {} is required, but a symbol has no value while its layer is traced; {}",
                          x.type_text(), required, instead));
}

int64_t integer_or_refuse(const Expr& x) {
  if (const auto known = x.known_integer()) return *known;
  refuse(x, "an int",
         "write tenon.cast(x, \"i64\") for whole numbers, or trace with shapes whose dimensions are known");
}

bool truth_or_refuse(const Expr& x) {
  if (const auto known = x.known_integer()) return *known != 0;
  refuse(x, "True or False",
         "write tenon.where(condition, a, b) for if, and &, |, ~ for and, or, not and chains like 0 < x < 1");
}

int64_t length_or_refuse(const Expr& x) {
  if (x.rank() == 0) refuse(x, "a sequence", "a scalar has no elements to go through");
  if (const auto known = x.extent(0).known_integer()) return *known;
  refuse(x, "a sequence of known length", "write x.shape[0] for its length and tenon.compute() in place of a loop");
}

nb::tuple shape_of(const Expr& x) {
  nb::list shape;
  for (const Expr& extent : x.shape()) shape.append(extent_to_python(extent));
  return nb::tuple(shape);
}

bool is_float(const Expr& x) {
  const DType dtype = x.dtype();
  return dtype != DType::kUndefined && dtype_kind(dtype) == DTypeKind::kFloat;
}

Expr true_divide(const Expr& a, const Expr& b) { return is_float(a) || is_float(b) ? a / b : a * 1.0 / b; }

template <typename Function>
void def_binary(nb::class_<Expr>& expr, const char* name, Function function) {
  expr.def(
      fmt::format("__{}__", name).c_str(), [function](const Expr& a, const Operand& b) { return function(a, b); },
      nb::is_operator());
}

// Also with a number on the left.
template <typename Function>
void def_arithmetic(nb::class_<Expr>& expr, const char* name, Function function) {
  def_binary(expr, name, function);
  expr.def(
      fmt::format("__r{}__", name).c_str(), [function](const Expr& b, const Operand& a) { return function(a, b); },
      nb::is_operator());
}

void def_operators(nb::class_<Expr>& expr) {
  using Pair = Expr (*)(const Expr&, const Expr&);
  def_arithmetic(expr, "add", Pair(operator+));
  def_arithmetic(expr, "sub", Pair(operator-));
  def_arithmetic(expr, "mul", Pair(operator*));
  def_arithmetic(expr, "truediv", true_divide);
  def_arithmetic(expr, "floordiv", Pair(floor_divide));
  def_arithmetic(expr, "mod", Pair(mod));
  def_arithmetic(expr, "pow", Pair(pow));
  def_arithmetic(expr, "matmul", Pair(matmul));
  def_arithmetic(expr, "and", Pair(operator&));
  def_arithmetic(expr, "or", Pair(operator|));
  def_arithmetic(expr, "xor", Pair(operator^));
  def_arithmetic(expr, "lshift", Pair(operator<<));
  def_arithmetic(expr, "rshift", Pair(operator>>));
  def_binary(expr, "lt", Pair(operator<));
  def_binary(expr, "le", Pair(operator<=));
  def_binary(expr, "gt", Pair(operator>));
  def_binary(expr, "ge", Pair(operator>=));
  const auto compare = [&](const char* name, Pair function) {
    const std::string signature = fmt::format("def {}(self, other: object, /) -> Expr", name);
    expr.def(
        name, [function](const Expr& a, const Operand& b) { return function(a, b); }, nb::is_operator(),
        nb::sig(signature.c_str()));
  };
  compare("__eq__", Pair(operator==));
  compare("__ne__", Pair(operator!=));
  expr.attr("__hash__") = nb::none();
  expr.def("__neg__", [](const Expr& x) { return -x; })
      .def("__pos__", [](const Expr& x) { return x; })
      .def("__abs__", [](const Expr& x) { return abs(x); })
      .def("__invert__", [](const Expr& x) { return ~x; });
}

// What Python asks of values, which symbols have only where an extent is constant.
void def_refusals(nb::class_<Expr>& expr) {
  expr.def("__bool__", &truth_or_refuse)
      .def("__int__", &integer_or_refuse)
      .def("__index__", &integer_or_refuse)
      .def("__float__",
           [](const Expr& x) -> double {
             if (const auto known = x.known_integer()) return static_cast<double>(*known);
             refuse(x, "a float", "write tenon's functions for those of math: tenon.exp(x)");
           })
      .def("__len__", &length_or_refuse)
      .def(
          "__iter__",
          [](const Expr& x) {
            nb::list slices;
            for (int64_t i = 0, length = length_or_refuse(x); i < length; ++i) slices.append(item_of(x, nb::int_(i)));
            return nb::iter(slices);
          },
          nb::sig("def __iter__(self) -> collections.abc.Iterator[Expr]"))
      .def(
          "__array__",
          [](const Expr& x, const nb::args&, const nb::kwargs&) -> nb::object {
            refuse(x, "an array",
                   "write tenon's functions, or those of NumPy that it has: np.exp(x); for all else make the layer a "
                   "callback: @tenon.layer(callback=True)");
          },
          nb::sig("def __array__(self, *args: object, **kwargs: object) -> numpy.ndarray"))
      .def(
          "__setitem__",
          [](const Expr& x, nb::handle, nb::handle) {
            throw Error(ErrorCode::kInvalidArgument,
                        fmt::format("{} is written to, but a formula does not change; make another one with "
                                    "tenon.where(condition, a, b), tenon.concat() or tenon.compute()",
                                    x.type_text()));
          },
          nb::sig("def __setitem__(self, key: object, value: object) -> None"))
      .def(
          "__array_ufunc__",
          [](nb::handle, nb::handle ufunc, nb::handle method, const nb::args& inputs, const nb::kwargs& options) {
            return nb::module_::import_("tenon._numpy").attr("call_ufunc")(ufunc, method, inputs, options);
          },
          nb::sig("def __array_ufunc__(self, ufunc: numpy.ufunc, method: str, *inputs: object, **options: object) -> "
                  "object"))
      .def(
          "__array_function__",
          [](nb::handle, nb::handle function, nb::handle, nb::handle arguments, nb::handle options) {
            return nb::module_::import_("tenon._numpy").attr("call_function")(function, arguments, options);
          },
          nb::sig("def __array_function__(self, function: object, types: object, arguments: tuple, options: dict) -> "
                  "object"));
}

template <typename Function>
void def_reduction(nb::class_<Expr>& expr, const char* name, Function function, const char* doc) {
  expr.def(
      name,
      [function](const Expr& x, const AxesLike& axis, bool keepdims) { return function(x, axes_of(axis), keepdims); },
      nb::arg("axis") = nb::none(), nb::arg("keepdims") = false, doc);
}

void def_methods(nb::class_<Expr>& expr) {
  expr.def(
          "at",
          [](const Expr& x, const nb::args& index, const std::string& outside, const Operand& value) {
            std::vector<Expr> places;
            for (const nb::handle place : index) places.push_back(expr_of(place, "at"));
            return x.at(places, outside_named(outside), value);
          },
          nb::arg("index"), nb::kw_only(), nb::arg("outside") = "error", nb::arg("value") = 0,
          nb::sig("def at(self, *index: Expr | int, outside: str = \"error\", value: Expr | float = 0) -> Expr"),
          R"(The element at an index of integer scalars, one for each axis.

outside:  what it is where there is none: "error" when it runs, "value", "clamp" (the nearest element), "wrap"
          (periodically), "reflect" (mirrored at the outermost elements).)")
      .def(
          "__getitem__", [](const Expr& x, nb::handle key) { return item_of(x, key); },
          nb::sig("def __getitem__(self, key: object, /) -> Expr"),
          "As NumPy has it: integers, slices, None, ..., and one tensor of integers.")
      .def(
          "astype", [](const Expr& x, const DTypeLike& dtype) { return cast(x, dtype.resolve()); }, nb::arg("dtype"),
          "tenon.cast(x, dtype).")
      .def(
          "reshape",
          [](const Expr& x, const nb::args& shape) {
            const nb::object first = shape.size() == 1 ? nb::borrow(shape[0]) : nb::object();
            const bool listed =
                first.is_valid() && (nb::isinstance<nb::tuple>(first) || nb::isinstance<nb::list>(first));
            std::vector<Expr> extents;
            for (const nb::handle extent : listed ? first : nb::object(shape))
              extents.push_back(expr_of(extent, "reshape"));
            return reshape(x, extents);
          },
          nb::arg("shape"), nb::sig("def reshape(self, *shape: object) -> Expr"), "tenon.reshape(x, shape).")
      .def(
          "transpose",
          [](const Expr& x, const nb::args& order) {
            std::vector<int> axes;
            for (const nb::handle axis : order) axes.push_back(nb::cast<int>(axis));
            return axes.empty() ? transpose(x) : transpose(x, axes);
          },
          nb::arg("order"), nb::sig("def transpose(self, *order: int) -> Expr"), "tenon.transpose(x, order).")
      .def(
          "squeeze", [](const Expr& x, const AxesLike& axis) { return squeeze(x, axes_of(axis)); },
          nb::arg("axis") = nb::none(), "tenon.squeeze(x, axis).")
      .def(
          "clip", [](const Expr& x, const Operand& lo, const Operand& hi) { return clamp(x, lo, hi); }, nb::arg("lo"),
          nb::arg("hi"), "tenon.clip(x, lo, hi).");
  def_reduction(expr, "sum", sum, "tenon.sum(x, axis).");
  def_reduction(expr, "prod", prod, "tenon.prod(x, axis).");
  def_reduction(expr, "min", [](const Expr& x, const Axes& a, bool k) { return min(x, a, k); }, "tenon.min(x, axis).");
  def_reduction(expr, "max", [](const Expr& x, const Axes& a, bool k) { return max(x, a, k); }, "tenon.max(x, axis).");
  def_reduction(expr, "mean", mean, "tenon.mean(x, axis).");
  def_reduction(expr, "var", variance, "tenon.var(x, axis).");
  def_reduction(expr, "argmin", argmin, "tenon.argmin(x, axis).");
  def_reduction(expr, "argmax", argmax, "tenon.argmax(x, axis).");
  def_reduction(expr, "any", any, "tenon.any(x, axis).");
  def_reduction(expr, "all", all, "tenon.all(x, axis).");
}

void bind_layer_expr(nb::module_& module) {
  nb::class_<LayerExpr>(module, "LayerExpr", R"(A layer as formulas; str() of it is their text. Immutable.

Layer.trace() makes one.)")
      .def_static(
          "parse", [](const std::string& text) { return LayerExpr::parse(text); }, nb::arg("text"),
          "Reads the text of formulas. Raises InvalidArgumentError naming line and column.")
      .def_prop_ro("name", &LayerExpr::name, "The layer's name.")
      .def_prop_ro("doc", &LayerExpr::doc, "What its author says about it.")
      .def(
          "__call__",
          [](const LayerExpr& self, const nb::args& inputs, const nb::kwargs& fields) -> nb::object {
            std::vector<Expr> operands;
            for (const nb::handle input : inputs) operands.push_back(expr_of(input, self.name()));
            std::map<std::string, Expr> values;
            for (const auto [name, value] : fields)
              values.emplace(nb::cast<std::string>(name), expr_of(value, self.name()));
            nb::list outputs;
            for (const Expr& output : self(operands, values)) outputs.append(nb::cast(output));
            if (outputs.size() == 1) return outputs[0];
            return nb::tuple(outputs);
          },
          nb::sig("def __call__(self, *inputs: Expr, **fields: float) -> Expr | tuple[Expr, ...]"),
          "The formulas with these tensors in place of the inputs.")
      .def(
          "evaluate",
          [](const LayerExpr& self, const nb::args& inputs, const nb::kwargs& fields) -> nb::object {
            std::vector<Tensor> tensors;
            for (const nb::handle input : inputs) tensors.push_back(tensor_from(input, {"an input of", self.name()}));
            std::map<std::string, double> values;
            for (const auto [name, value] : fields)
              values.emplace(nb::cast<std::string>(name), nb::cast<double>(value));
            nb::list outputs;
            for (const Tensor& output : self.evaluate(tensors, values)) outputs.append(array_of(output));
            if (outputs.size() == 1) return outputs[0];
            return nb::tuple(outputs);
          },
          nb::sig("def evaluate(self, *inputs: object, **fields: float) -> numpy.ndarray | tuple[numpy.ndarray, ...]"),
          "The outputs by the interpreter, element by element in float64: slow, for tests.")
      .def("__str__", &LayerExpr::to_string)
      .def("__repr__", &LayerExpr::to_string)
      .def("__hash__", [](const LayerExpr& self) { return std::hash<std::string>()(self.to_string()); })
      .def(
          "__eq__", [](const LayerExpr& a, const LayerExpr& b) { return a == b; }, nb::is_operator(),
          nb::sig("def __eq__(self, other: object, /) -> bool"));

  module.def(
      "_as_expr", [](nb::handle source, const std::string& what) { return expr_of(source, what); }, nb::arg("source"),
      nb::arg("what"), "The symbolic tensor that an object stands for; `what` begins the error otherwise.");
  module.def(
      "_trace",
      [](std::string name, std::string doc, bool fast, const std::vector<std::pair<std::string, std::string>>& inputs,
         const nb::callable& function) -> std::variant<LayerExpr, GraphHandle> {
        LayerBuilder builder(std::move(name), std::move(doc));
        builder.set_fast(fast);
        nb::list symbols;
        for (const auto& [input, type] : inputs) symbols.append(nb::cast(builder.input(input, type)));
        const std::vector<Expr> outputs = exprs_of(nb::cast<std::vector<Operand>>(function(symbols)));
        if (builder.calls_operators()) return GraphHandle(builder.build_graph(outputs));
        return builder.build(outputs);
      },
      "What a function of symbols gives, for inputs of these names and types: formulas, or a graph.");
}

}  // namespace

void bind_expr(nb::module_& module) {
  nb::class_<Expr> expr(module, "Expr", R"(A symbolic tensor: what a layer's function gets while it is traced.

Python's operators, NumPy's ufuncs and many of its functions work on it, as do the functions of this module. Shapes
broadcast as NumPy's; dimensions must be known to be equal. Numbers, and arrays of at most 256 elements, are constants.)");
  expr.def_prop_ro(
          "dtype", [](const Expr& x) { return x.dtype(); },
          "The element type; DType.UNDEFINED for what takes that of its surroundings.")
      .def_prop_ro("shape", &shape_of, nb::sig("def shape(self) -> tuple[int | Expr, ...]"),
                   "Each extent: an int where it is known, else a symbol to compute with.")
      .def_prop_ro("ndim", &Expr::rank, "The number of dimensions.")
      .def_prop_ro(
          "size",
          [](const Expr& x) {
            Expr size = 1;
            for (const Expr& extent : x.shape()) size = size * extent;
            return extent_to_python(size);
          },
          nb::sig("def size(self) -> int | Expr"), "The number of elements: an int where it is known, else a symbol.")
      .def_prop_ro(
          "T", [](const Expr& x) { return transpose(x); }, "With its axes in the opposite order.")
      .def("__repr__", [](const Expr& x) { return "<tenon.Expr " + x.type_text() + ">"; });
  def_operators(expr);
  def_refusals(expr);
  def_methods(expr);
  bind_layer_expr(module);
}

}  // namespace tenon::python
