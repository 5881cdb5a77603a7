// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/expr.h>

#include <cstdint>
#include <optional>
#include <vector>

// The functions on symbolic tensors, after NumPy's and ONNX's of the same names. Operands broadcast and promote as Expr
// says, and errors are those that it lists. NaN follows IEEE 754 and NumPy.
namespace tenon {

// --- arithmetic. On integers, / truncates and % has the dividend's sign, as in C++; floor_divide() and mod() are
// Python's // and %. Integers wrap; by 0 they give 0.
[[nodiscard]] TENON_API Expr operator+(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator-(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator*(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator/(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator%(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator-(const Expr& x);
/// Towards minus infinity, for floats too.
[[nodiscard]] TENON_API Expr floor_divide(const Expr& a, const Expr& b);
/// With the divisor's sign.
[[nodiscard]] TENON_API Expr mod(const Expr& a, const Expr& b);
/// Integers to negative powers truncate towards 0.
[[nodiscard]] TENON_API Expr pow(const Expr& a, const Expr& b);
/// NaN if either is.
[[nodiscard]] TENON_API Expr minimum(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr maximum(const Expr& a, const Expr& b);
/// minimum(maximum(x, lo), hi).
[[nodiscard]] TENON_API Expr clamp(const Expr& x, const Expr& lo, const Expr& hi);

// --- comparisons, which give bool; logic on bool; bits of integers. where() takes the place of if: what it does not
// take is not evaluated.
[[nodiscard]] TENON_API Expr operator==(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator!=(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator<(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator<=(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator>(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator>=(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator&(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator|(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator^(const Expr& a, const Expr& b);
/// The other truth value, or ~ of an integer.
[[nodiscard]] TENON_API Expr operator~(const Expr& x);
/// Amounts below 0 or from the width on leave nothing but the sign.
[[nodiscard]] TENON_API Expr operator<<(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr operator>>(const Expr& a, const Expr& b);
[[nodiscard]] TENON_API Expr isnan(const Expr& x);
[[nodiscard]] TENON_API Expr isinf(const Expr& x);
/// `condition` is bool.
[[nodiscard]] TENON_API Expr where(const Expr& condition, const Expr& yes, const Expr& no);

// --- types
/// The same values in another dtype: floats round to nearest even; to integers they truncate and saturate, NaN gives 0;
/// integers wrap; to bool x != 0.
[[nodiscard]] TENON_API Expr cast(const Expr& x, DType dtype);
/// Likewise, to the dtype of `like`, which may be open.
[[nodiscard]] TENON_API Expr cast_like(const Expr& x, const Expr& like);
/// The same bits as a dtype of equal width.
[[nodiscard]] TENON_API Expr bits(const Expr& x, DType dtype);

// --- functions of one float (integers become f32); abs and sign of integers, too.
[[nodiscard]] TENON_API Expr abs(const Expr& x);
[[nodiscard]] TENON_API Expr sign(const Expr& x);
[[nodiscard]] TENON_API Expr floor(const Expr& x);
[[nodiscard]] TENON_API Expr ceil(const Expr& x);
/// Halves go to the even integer.
[[nodiscard]] TENON_API Expr round(const Expr& x);
[[nodiscard]] TENON_API Expr sqrt(const Expr& x);
[[nodiscard]] TENON_API Expr rsqrt(const Expr& x);
[[nodiscard]] TENON_API Expr reciprocal(const Expr& x);
[[nodiscard]] TENON_API Expr square(const Expr& x);
[[nodiscard]] TENON_API Expr exp(const Expr& x);
[[nodiscard]] TENON_API Expr expm1(const Expr& x);
[[nodiscard]] TENON_API Expr log(const Expr& x);
[[nodiscard]] TENON_API Expr log1p(const Expr& x);
[[nodiscard]] TENON_API Expr sin(const Expr& x);
[[nodiscard]] TENON_API Expr cos(const Expr& x);
[[nodiscard]] TENON_API Expr tan(const Expr& x);
[[nodiscard]] TENON_API Expr asin(const Expr& x);
[[nodiscard]] TENON_API Expr acos(const Expr& x);
[[nodiscard]] TENON_API Expr atan(const Expr& x);
[[nodiscard]] TENON_API Expr sinh(const Expr& x);
[[nodiscard]] TENON_API Expr cosh(const Expr& x);
[[nodiscard]] TENON_API Expr tanh(const Expr& x);
[[nodiscard]] TENON_API Expr asinh(const Expr& x);
[[nodiscard]] TENON_API Expr acosh(const Expr& x);
[[nodiscard]] TENON_API Expr atanh(const Expr& x);
[[nodiscard]] TENON_API Expr erf(const Expr& x);

// --- activations, ONNX's formulas
[[nodiscard]] TENON_API Expr relu(const Expr& x);
[[nodiscard]] TENON_API Expr leaky_relu(const Expr& x, const Expr& alpha = 0.01);
[[nodiscard]] TENON_API Expr sigmoid(const Expr& x);
[[nodiscard]] TENON_API Expr softplus(const Expr& x);
[[nodiscard]] TENON_API Expr softsign(const Expr& x);
[[nodiscard]] TENON_API Expr elu(const Expr& x, const Expr& alpha = 1.0);
[[nodiscard]] TENON_API Expr selu(const Expr& x, const Expr& alpha = 1.67326319217681884765625,
                                  const Expr& gamma = 1.05070102214813232421875);
[[nodiscard]] TENON_API Expr celu(const Expr& x, const Expr& alpha = 1.0);
/// x/2 * (1 + erf(x / sqrt(2))), or its approximation by tanh.
[[nodiscard]] TENON_API Expr gelu(const Expr& x, bool by_tanh = false);
[[nodiscard]] TENON_API Expr hardsigmoid(const Expr& x, const Expr& alpha = 0.2, const Expr& beta = 0.5);
[[nodiscard]] TENON_API Expr hardswish(const Expr& x);
[[nodiscard]] TENON_API Expr swish(const Expr& x, const Expr& alpha = 1.0);
[[nodiscard]] TENON_API Expr mish(const Expr& x);
[[nodiscard]] TENON_API Expr shrink(const Expr& x, const Expr& lambd = 0.5, const Expr& bias = 0.0);
[[nodiscard]] TENON_API Expr thresholded_relu(const Expr& x, const Expr& alpha = 1.0);

// --- reductions

/// Axes of a tensor: one, several, or (none given) all. Negative ones count from the end.
class Axes {
 public:
  Axes() = default;
  Axes(int axis) : axes_{{axis}} {}                        // NOLINT(google-explicit-constructor)
  Axes(std::initializer_list<int> axes) : axes_(axes) {}   // NOLINT(google-explicit-constructor)
  Axes(std::vector<int> axes) : axes_(std::move(axes)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] const std::optional<std::vector<int>>& list() const noexcept { return axes_; }

 private:
  std::optional<std::vector<int>> axes_;
};

/// Over the axes, which go, or stay with extent 1. any and all take numbers as x != 0.
[[nodiscard]] TENON_API Expr reduce(Reduction reduction, const Expr& x, const Axes& axes = {}, bool keepdims = false);
[[nodiscard]] inline Expr sum(const Expr& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce(Reduction::kSum, x, axes, keepdims);
}
[[nodiscard]] inline Expr prod(const Expr& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce(Reduction::kProd, x, axes, keepdims);
}
[[nodiscard]] inline Expr min(const Expr& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce(Reduction::kMin, x, axes, keepdims);
}
[[nodiscard]] inline Expr max(const Expr& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce(Reduction::kMax, x, axes, keepdims);
}
[[nodiscard]] inline Expr argmin(const Expr& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce(Reduction::kArgMin, x, axes, keepdims);
}
[[nodiscard]] inline Expr argmax(const Expr& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce(Reduction::kArgMax, x, axes, keepdims);
}
[[nodiscard]] inline Expr any(const Expr& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce(Reduction::kAny, x, axes, keepdims);
}
[[nodiscard]] inline Expr all(const Expr& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce(Reduction::kAll, x, axes, keepdims);
}
/// sum / count; of integers in f32, over nothing NaN.
[[nodiscard]] TENON_API Expr mean(const Expr& x, const Axes& axes = {}, bool keepdims = false);
/// The mean of (x - mean)^2.
[[nodiscard]] TENON_API Expr variance(const Expr& x, const Axes& axes = {}, bool keepdims = false);
/// e^(x - max) / sum of those, along an axis.
[[nodiscard]] TENON_API Expr softmax(const Expr& x, int axis = -1);

// --- by index

namespace detail {
[[nodiscard]] TENON_API Expr compute(std::span<const Expr> shape, const IndexFunction& element);
[[nodiscard]] TENON_API Expr reduce_over(Reduction reduction, std::span<const Expr> extents,
                                         const IndexFunction& element);
}  // namespace detail

/// A tensor from the formula of its elements, a function of the index, which broadcast scalars:
///
///   compute({n, h, w}, [&](Expr i, Expr y, Expr x) { return image(i, 2 * y, 2 * x); })
template <typename F>
[[nodiscard]] Expr compute(std::initializer_list<Expr> shape, F&& element) {
  return detail::compute({shape.begin(), shape.size()}, detail::index_function(std::forward<F>(element)));
}
template <typename F>
[[nodiscard]] Expr compute(std::span<const Expr> shape, F&& element) {
  return detail::compute(shape, detail::index_function(std::forward<F>(element)));
}
/// A scalar out of those that `element` gives for each index below the extents: a window, say.
///
///   reduce_over(Reduction::kMax, {3, 3}, [&](Expr i, Expr j) { return image(n, 2 * y + i, 2 * x + j); })
template <typename F>
[[nodiscard]] Expr reduce_over(Reduction reduction, std::initializer_list<Expr> extents, F&& element) {
  return detail::reduce_over(reduction, {extents.begin(), extents.size()},
                             detail::index_function(std::forward<F>(element)));
}
template <typename F>
[[nodiscard]] Expr reduce_over(Reduction reduction, std::span<const Expr> extents, F&& element) {
  return detail::reduce_over(reduction, extents, detail::index_function(std::forward<F>(element)));
}
/// 0, 1, 2 … as i64.
[[nodiscard]] TENON_API Expr iota(const Expr& extent);
/// Products of the rows of a [..., n, k] and the columns of b [..., k, m], summed over k; the leading axes broadcast.
/// One of rank 1 is a row on the left or a column on the right, whose axis is gone in the result.
[[nodiscard]] TENON_API Expr matmul(const Expr& a, const Expr& b);

/// What a window covers, in extents and steps along the last axes of a tensor: one number for each such axis.
struct WindowShape {
  std::vector<int64_t> size;
  std::vector<int64_t> stride = {};    ///< Empty: 1 each.
  std::vector<int64_t> dilation = {};  ///< Likewise.
  std::vector<int64_t> before = {};    ///< Elements outside that the first window begins with. Empty: 0 each.
  std::vector<int64_t> after = {};     ///< Likewise, behind the end.
};
/// All windows of x [..., h, w] with size {kh, kw}, as a view [..., windows along h, along w, kh, kw]:
///
///   max(windows(image, {.size = {2, 2}, .stride = {2, 2}}), {-2, -1})
[[nodiscard]] TENON_API Expr windows(const Expr& x, const WindowShape& window, Outside outside = Outside::kValue,
                                     const Expr& value = 0);

// --- views
/// The same elements in row-major order under another shape; one extent may be -1. That the counts agree is checked
/// when the extents are known.
[[nodiscard]] TENON_API Expr reshape(const Expr& x, std::span<const Expr> shape);
[[nodiscard]] inline Expr reshape(const Expr& x, std::initializer_list<Expr> shape) {
  return reshape(x, std::span(shape.begin(), shape.size()));
}
/// Axis i of the result is axis order[i] of x; without an order, all axes are reversed.
[[nodiscard]] TENON_API Expr transpose(const Expr& x, const Axes& order = {});
/// x[begin:end:step] along an axis. Constant `begin` and `end` below 0 count from the end; `step` is not 0, and with a
/// negative one `end` is exclusive, too. Positions must lie within the tensor; constants are clamped to it.
[[nodiscard]] TENON_API Expr slice(const Expr& x, int axis, const Expr& begin, const Expr& end, int step = 1);
/// More elements before and after those of an axis; `outside` is not kError.
[[nodiscard]] TENON_API Expr pad(const Expr& x, int axis, const Expr& before, const Expr& after,
                                 Outside outside = Outside::kValue, const Expr& value = 0);
[[nodiscard]] TENON_API Expr concat(std::span<const Expr> parts, int axis);
[[nodiscard]] inline Expr concat(std::initializer_list<Expr> parts, int axis) {
  return concat(std::span(parts.begin(), parts.size()), axis);
}
/// Beside one another along a new axis at this place of the result.
[[nodiscard]] TENON_API Expr stack(std::span<const Expr> parts, int axis);
/// In the opposite order along these axes.
[[nodiscard]] TENON_API Expr flip(const Expr& x, const Axes& axes = {});
/// Without axes of extent 1; without axes given, all such.
[[nodiscard]] TENON_API Expr squeeze(const Expr& x, const Axes& axes = {});
/// With axes of extent 1 at these places of the result.
[[nodiscard]] TENON_API Expr unsqueeze(const Expr& x, const Axes& axes);
[[nodiscard]] TENON_API Expr broadcast_to(const Expr& x, std::span<const Expr> shape);
[[nodiscard]] inline Expr broadcast_to(const Expr& x, std::initializer_list<Expr> shape) {
  return broadcast_to(x, std::span(shape.begin(), shape.size()));
}
/// The elements of an axis at integer `indices`, whose shape takes the axis' place. Negative ones count as outside.
[[nodiscard]] TENON_API Expr take(const Expr& x, const Expr& indices, int axis, Outside outside = Outside::kError);

}  // namespace tenon
