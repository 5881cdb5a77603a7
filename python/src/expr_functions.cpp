// SPDX-License-Identifier: Apache-2.0
#include <tenon/expr_functions.h>

#include "dtype.h"
#include "expr.h"
#include "module.h"

#include <fmt/core.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

// The functions on symbolic tensors.
namespace tenon::python {
namespace {

using Unary = Expr (*)(const Expr&);
using Binary = Expr (*)(const Expr&, const Expr&);

void def_unary(nb::module_& module, const char* name, Unary function, const char* doc) {
  module.def(name, [function](const Operand& x) { return function(x); }, nb::arg("x"), doc);
}

void def_binary(nb::module_& module, const char* name, Binary function, const char* doc) {
  module.def(
      name, [function](const Operand& a, const Operand& b) { return function(a, b); }, nb::arg("a"), nb::arg("b"), doc);
}

// With a parameter beside the tensor.
void def_parametric(nb::module_& module, const char* name, Binary function, const char* parameter, double fallback,
                    const char* doc) {
  module.def(
      name, [function](const Operand& x, const Operand& value) { return function(x, value); }, nb::arg("x"),
      nb::arg(parameter) = fallback, doc);
}

template <typename Function>
void def_reduction(nb::module_& module, const char* name, Function function, const char* doc) {
  module.def(
      name,
      [function](const Operand& x, const AxesLike& axis, bool keepdims) {
        return function(x, axes_of(axis), keepdims);
      },
      nb::arg("x"), nb::arg("axis") = nb::none(), nb::arg("keepdims") = false, doc);
}

void bind_elementwise(nb::module_& module) {
  def_unary(module, "abs", abs, "|x|.");
  def_unary(module, "sign", sign, "-1, 0 or 1; NaN stays.");
  def_unary(module, "floor", floor, "The greatest whole number up to x.");
  def_unary(module, "ceil", ceil, "The least whole number from x on.");
  def_unary(module, "round", round, "The nearest whole number; halves go to the even one.");
  def_unary(module, "sqrt", sqrt, "The square root.");
  def_unary(module, "rsqrt", rsqrt, "1 / sqrt(x).");
  def_unary(module, "reciprocal", reciprocal, "1 / x.");
  def_unary(module, "square", square, "x * x.");
  def_unary(module, "exp", exp, "e to the power of x.");
  def_unary(module, "expm1", expm1, "exp(x) - 1, exact near 0.");
  def_unary(module, "log", log, "The natural logarithm.");
  def_unary(module, "log1p", log1p, "log(1 + x), exact near 0.");
  def_unary(module, "sin", sin, "The sine.");
  def_unary(module, "cos", cos, "The cosine.");
  def_unary(module, "tan", tan, "The tangent.");
  def_unary(module, "asin", asin, "The arc sine.");
  def_unary(module, "acos", acos, "The arc cosine.");
  def_unary(module, "atan", atan, "The arc tangent.");
  def_unary(module, "sinh", sinh, "The hyperbolic sine.");
  def_unary(module, "cosh", cosh, "The hyperbolic cosine.");
  def_unary(module, "tanh", tanh, "The hyperbolic tangent.");
  def_unary(module, "asinh", asinh, "The inverse hyperbolic sine.");
  def_unary(module, "acosh", acosh, "The inverse hyperbolic cosine.");
  def_unary(module, "atanh", atanh, "The inverse hyperbolic tangent.");
  def_unary(module, "erf", erf, "The error function.");
  def_unary(module, "isnan", isnan, "Whether x is NaN.");
  def_unary(module, "isinf", isinf, "Whether x is an infinity.");
  def_binary(module, "minimum", minimum, "The lesser; NaN if either is.");
  def_binary(module, "maximum", maximum, "The greater; NaN if either is.");
  def_binary(module, "pow", pow, "a to the power of b. Integers to negative powers truncate towards 0.");
  def_binary(module, "floor_divide", floor_divide, "Python's a // b. Integers by 0 give 0.");
  def_binary(module, "mod", mod, "Python's a % b, with the divisor's sign. Integers by 0 give 0.");
  module.def(
      "clip", [](const Operand& x, const Operand& lo, const Operand& hi) { return clamp(x, lo, hi); }, nb::arg("x"),
      nb::arg("lo"), nb::arg("hi"), "minimum(maximum(x, lo), hi).");
  module.def(
      "where",
      [](const Operand& condition, const Operand& yes, const Operand& no) { return where(condition, yes, no); },
      nb::arg("condition"), nb::arg("yes"), nb::arg("no"),
      "`yes` where `condition` (a bool) holds, else `no`: what if is for values. The other one is not evaluated.");
  module.def(
      "cast",
      [](const Operand& x, const std::variant<Expr, DTypeLike>& dtype) {
        if (const auto* like = std::get_if<Expr>(&dtype)) return cast_like(x, *like);
        return cast(x, std::get<DTypeLike>(dtype).resolve());
      },
      nb::arg("x"), nb::arg("dtype"), R"(The same values in another dtype, or in that of another tensor.

Floats round to nearest even; to integers they truncate and saturate, NaN gives 0; integers wrap; to bool x != 0.)");
  module.def(
      "bits", [](const Operand& x, const DTypeLike& dtype) { return bits(x, dtype.resolve()); }, nb::arg("x"),
      nb::arg("dtype"), "The same bits as a dtype of equal width.");
}

void bind_activations(nb::module_& module) {
  def_unary(module, "relu", relu, "maximum(x, 0).");
  def_unary(module, "sigmoid", sigmoid, "1 / (1 + exp(-x)).");
  def_unary(module, "softplus", softplus, "log(1 + exp(x)), without overflow.");
  def_unary(module, "softsign", softsign, "x / (1 + |x|).");
  def_unary(module, "hardswish", hardswish, "x * clip(x / 6 + 1/2, 0, 1).");
  def_unary(module, "mish", mish, "x * tanh(softplus(x)).");
  def_parametric(module, "leaky_relu", leaky_relu, "alpha", 0.01, "x, or alpha * x below 0.");
  def_parametric(module, "elu", elu, "alpha", 1.0, "x, or alpha * (exp(x) - 1) below 0.");
  def_parametric(module, "celu", celu, "alpha", 1.0, "x, or alpha * (exp(x / alpha) - 1) below 0.");
  def_parametric(module, "swish", swish, "alpha", 1.0, "x * sigmoid(alpha * x).");
  def_parametric(module, "thresholded_relu", thresholded_relu, "alpha", 1.0, "x above alpha, else 0.");
  module.def(
      "selu", [](const Operand& x, const Operand& alpha, const Operand& gamma) { return selu(x, alpha, gamma); },
      nb::arg("x"), nb::arg("alpha") = 1.67326319217681884765625, nb::arg("gamma") = 1.05070102214813232421875,
      "gamma * elu(x, alpha).");
  module.def(
      "hardsigmoid",
      [](const Operand& x, const Operand& alpha, const Operand& beta) { return hardsigmoid(x, alpha, beta); },
      nb::arg("x"), nb::arg("alpha") = 0.2, nb::arg("beta") = 0.5, "clip(alpha * x + beta, 0, 1).");
  module.def(
      "shrink", [](const Operand& x, const Operand& lambd, const Operand& bias) { return shrink(x, lambd, bias); },
      nb::arg("x"), nb::arg("lambd") = 0.5, nb::arg("bias") = 0.0,
      "x + bias below -lambd, x - bias above lambd, 0 between them.");
  module.def(
      "gelu", [](const Operand& x, bool by_tanh) { return gelu(x, by_tanh); }, nb::arg("x"), nb::arg("by_tanh") = false,
      "x/2 * (1 + erf(x / sqrt(2))), or its approximation by tanh.");
  module.def(
      "softmax", [](const Operand& x, int axis) { return softmax(x, axis); }, nb::arg("x"), nb::arg("axis") = -1,
      "exp(x - max) / sum of those, along an axis.");
}

void bind_reductions(nb::module_& module) {
  const auto of = [](Reduction reduction) {
    return [reduction](const Expr& x, const Axes& axes, bool keepdims) { return reduce(reduction, x, axes, keepdims); };
  };
  def_reduction(module, "sum", of(Reduction::kSum), "The sum over axes (None: all). Integers wrap.");
  def_reduction(module, "prod", of(Reduction::kProd), "The product over axes (None: all). Integers wrap.");
  def_reduction(module, "min", of(Reduction::kMin), "The least over axes (None: all); NaN if one is.");
  def_reduction(module, "max", of(Reduction::kMax), "The greatest over axes (None: all); NaN if one is.");
  def_reduction(module, "argmin", of(Reduction::kArgMin),
                "The place of the first least one, row-major over several axes.");
  def_reduction(module, "argmax", of(Reduction::kArgMax),
                "The place of the first greatest one, row-major over several axes.");
  def_reduction(module, "any", of(Reduction::kAny), "Whether one is true (not 0).");
  def_reduction(module, "all", of(Reduction::kAll), "Whether all are true (not 0).");
  def_reduction(module, "mean", mean, "sum / count over axes (None: all); of integers in f32, over nothing NaN.");
  def_reduction(module, "var", variance, "The mean of (x - mean)^2 over axes (None: all).");
  def_reduction(
      module, "std", [](const Expr& x, const Axes& axes, bool keepdims) { return sqrt(variance(x, axes, keepdims)); },
      "sqrt(var(x)).");
}

void bind_index_functions(nb::module_& module) {
  module.def(
      "compute",
      [](const std::vector<Operand>& shape, const nb::callable& element) {
        const std::vector<Expr> extents = exprs_of(shape);
        return compute(std::span<const Expr>(extents), index_function_of(element, "compute"));
      },
      nb::arg("shape"), nb::arg("element"),
      nb::sig("def compute(shape: collections.abc.Sequence[int | Expr], element: collections.abc.Callable[..., Expr]) "
              "-> Expr"),
      R"(A tensor from the formula of its elements, a function of one index for each axis:

    compute((h, w), lambda y, x: image[2 * y, 2 * x]))");
  module.def(
      "reduce_over",
      [](const std::string& reduction, const std::vector<Operand>& extents, const nb::callable& element) {
        const std::vector<Expr> bounds = exprs_of(extents);
        return reduce_over(reduction_named(reduction), std::span<const Expr>(bounds),
                           index_function_of(element, "reduce_over"));
      },
      nb::arg("reduction"), nb::arg("extents"), nb::arg("element"),
      nb::sig("def reduce_over(reduction: str, extents: collections.abc.Sequence[int | Expr], "
              "element: collections.abc.Callable[..., Expr]) -> Expr"),
      R"(A scalar out of those that `element` gives for each index below the extents, by "sum", "max" and so on:

    reduce_over("max", (3, 3), lambda i, j: image[2 * y + i, 2 * x + j]))");
  module.def(
      "iota", [](const Operand& extent) { return iota(extent); }, nb::arg("extent"), "0, 1, 2 and so on, as i64.");
  module.def(
      "windows",
      [](const Operand& x, const std::vector<int64_t>& size, const std::variant<int64_t, std::vector<int64_t>>& stride,
         const std::variant<int64_t, std::vector<int64_t>>& dilation,
         const std::vector<std::pair<int64_t, int64_t>>& padding, const std::string& outside, const Operand& value) {
        const auto each = [&](const std::variant<int64_t, std::vector<int64_t>>& given) {
          const auto* one = std::get_if<int64_t>(&given);
          return one != nullptr ? std::vector<int64_t>(size.size(), *one) : std::get<1>(given);
        };
        WindowShape window{.size = size, .stride = each(stride), .dilation = each(dilation)};
        for (const auto& [before, after] : padding) {
          window.before.push_back(before);
          window.after.push_back(after);
        }
        return windows(x, window, outside_named(outside), value);
      },
      nb::arg("x"), nb::arg("size"), nb::kw_only(), nb::arg("stride") = 1, nb::arg("dilation") = 1,
      nb::arg("padding") = nb::make_tuple(), nb::arg("outside") = "value", nb::arg("value") = 0,
      R"(All windows of a size over the last axes, as a view: [n, c, h, w] by (3, 3) is [n, c, h - 2, w - 2, 3, 3].

stride, dilation:  steps between windows and within them: one number, or one for each axis of the window
padding:           (before, after) for each axis of the window: elements outside that windows reach into
outside, value:    what lies there, as Expr.at() has it

    windows(image, (2, 2), stride=2).max((-2, -1)))");
  def_binary(module, "matmul", matmul, "a @ b: products of rows and columns, summed; leading axes broadcast.");
  module.def(
      "take",
      [](const Operand& x, const Operand& indices, int axis, const std::string& outside) {
        return take(x, indices, axis, outside_named(outside));
      },
      nb::arg("x"), nb::arg("indices"), nb::arg("axis"), nb::arg("outside") = "error",
      "The elements of an axis at integer `indices`, whose shape takes the axis' place. Negative ones are outside.");
}

void bind_views(nb::module_& module) {
  module.def(
      "reshape", [](const Operand& x, const std::vector<Operand>& shape) { return reshape(x, exprs_of(shape)); },
      nb::arg("x"), nb::arg("shape"),
      "The same elements in row-major order under another shape; one extent may be -1.");
  module.def(
      "transpose",
      [](const Operand& x, const std::optional<std::vector<int>>& order) {
        return order ? transpose(x, *order) : transpose(x);
      },
      nb::arg("x"), nb::arg("order") = nb::none(), "Axis i of the result is axis order[i] of x; None reverses all.");
  module.def(
      "pad",
      [](const Operand& x, const std::vector<std::pair<Operand, Operand>>& widths, const std::string& outside,
         const Operand& value) {
        Expr padded = x;
        if (static_cast<int>(widths.size()) != padded.rank()) {
          throw Error(ErrorCode::kInvalidArgument,
                      fmt::format("pad: {} pairs of widths are given for {} but one for each dimension is required",
                                  widths.size(), padded.type_text()));
        }
        for (size_t axis = 0; axis < widths.size(); ++axis) {
          const Expr before = widths[axis].first, after = widths[axis].second;
          if (before.known_integer() == 0 && after.known_integer() == 0) continue;
          padded = pad(padded, static_cast<int>(axis), before, after, outside_named(outside), value);
        }
        return padded;
      },
      nb::arg("x"), nb::arg("widths"), nb::arg("outside") = "value", nb::arg("value") = 0,
      "More elements, (before, after) for each axis; what lies there is as Expr.at() has it.");
  module.def(
      "concat", [](const std::vector<Operand>& parts, int axis) { return concat(exprs_of(parts), axis); },
      nb::arg("parts"), nb::arg("axis") = 0, "One behind the other along an axis.");
  module.def(
      "stack", [](const std::vector<Operand>& parts, int axis) { return stack(exprs_of(parts), axis); },
      nb::arg("parts"), nb::arg("axis") = 0, "Beside one another along a new axis.");
  module.def(
      "flip", [](const Operand& x, const AxesLike& axis) { return flip(x, axes_of(axis)); }, nb::arg("x"),
      nb::arg("axis") = nb::none(), "In the opposite order along axes (None: all).");
  module.def(
      "squeeze", [](const Operand& x, const AxesLike& axis) { return squeeze(x, axes_of(axis)); }, nb::arg("x"),
      nb::arg("axis") = nb::none(), "Without axes of extent 1 (None: all such).");
  module.def(
      "unsqueeze",
      [](const Operand& x, const std::variant<int, std::vector<int>>& axis) { return unsqueeze(x, axes_of(axis)); },
      nb::arg("x"), nb::arg("axis"), "With axes of extent 1 at these places of the result.");
  module.def(
      "broadcast_to",
      [](const Operand& x, const std::vector<Operand>& shape) { return broadcast_to(x, exprs_of(shape)); },
      nb::arg("x"), nb::arg("shape"), "Repeated along axes of extent 1 and new leading ones.");
}

}  // namespace

void bind_expr_functions(nb::module_& module) {
  bind_elementwise(module);
  bind_activations(module);
  bind_reductions(module);
  bind_index_functions(module);
  bind_views(module);
}

}  // namespace tenon::python
