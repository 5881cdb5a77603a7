// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/dtype.h>
#include <tenon/export.h>
#include <tenon/shape.h>
#include <tenon/tensor.h>

#include <array>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// Expression layers: written as formulas on symbolic tensors, stored whole in plans, fused and compiled for any device.
//
//   LayerBuilder layer("Clip");
//   Expr x = layer.input("x", "f32[n, c]");
//   Expr lo = layer.field("lo", 0.0), hi = layer.field("hi", 6.0);
//   LayerExpr clip = layer.build(minimum(maximum(x, lo), hi));
//
// The functions on Expr are in <tenon/expr_functions.h>.
namespace tenon {

/// What reading a tensor outside of its extents gives. Along an empty axis all but kError give kValue's value, else 0.
enum class Outside : uint8_t {
  kError,    ///< An error when it runs.
  kValue,    ///< A given value.
  kClamp,    ///< The nearest element: a a|a b c|c c.
  kWrap,     ///< Periodically: b c|a b c|a b.
  kReflect,  ///< Mirrored at the outermost elements, which are not repeated: c b|a b c|b a.
};

/// How many numbers become one. Over nothing: 0, 1, the type's largest (infinity), its smallest, 0, 0, false, true.
enum class Reduction : uint8_t {
  kSum,   ///< Integers wrap; f16 and bf16 add in f32.
  kProd,  ///< Likewise.
  kMin,   ///< NaN if one is.
  kMax,
  kArgMin,  ///< The place (i64) of the first smallest, row-major when over several axes; NaN counts as smallest.
  kArgMax,
  kAny,  ///< Of bool.
  kAll,
};
/// "sum", "argmax" …
[[nodiscard]] TENON_API std::string_view reduction_name(Reduction reduction) noexcept;

class Graph;
class LayerExpr;

/// A symbolic tensor: a formula for each of its elements. Immutable, and a cheap handle; belongs to the LayerBuilder
/// whose inputs it is made of, and is used by one thread at a time with it.
///
/// Numbers convert to an Expr without a dtype of its own, as fields are: they take that of what they are combined with.
/// Different dtypes are promoted: to the wider of a kind, integers with floats to the float, signed with unsigned to a
/// wider signed one. f16 and bf16 are computed in f32 and rounded where they leave the layer or are cast.
/// Shapes broadcast as NumPy's; dimensions must be known to be equal, so name equal ones alike.
/// Errors of all functions on Expr: kInvalidArgument naming the operands' dtypes or shapes and what to write instead;
/// kUnsupported when a layer grows too large.
class TENON_API Expr {
 public:
  Expr(bool value);     // NOLINT(google-explicit-constructor): numbers are written as numbers
  Expr(int value);      // NOLINT(google-explicit-constructor)
  Expr(int64_t value);  // NOLINT(google-explicit-constructor)
  Expr(double value);   // NOLINT(google-explicit-constructor)
  Expr(float value) : Expr(static_cast<double>(value)) {}  // NOLINT(google-explicit-constructor)

  /// kUndefined for numbers, fields and inputs whose dtype is a variable.
  [[nodiscard]] DType dtype() const noexcept;
  [[nodiscard]] int rank() const noexcept;
  /// The extent of an axis (negative: from the end) as an i64 scalar.
  [[nodiscard]] Expr extent(int axis) const;
  /// All of them.
  [[nodiscard]] std::vector<Expr> shape() const;
  /// The integer that a scalar is, where that is known: a number, or a constant extent.
  [[nodiscard]] std::optional<int64_t> known_integer() const;
  /// "f32[n, 2 * c]", as messages show it.
  [[nodiscard]] std::string type_text() const;

  /// The element at an index of integer scalars, one for each axis. What it is outside of the tensor is for the
  /// tensors that this one is computed from to say, if kError: a formula has a value everywhere.
  [[nodiscard]] Expr at(std::span<const Expr> index, Outside outside = Outside::kError, const Expr& value = 0) const;
  [[nodiscard]] Expr at(std::initializer_list<Expr> index, Outside outside = Outside::kError,
                        const Expr& value = 0) const {
    return at(std::span(index.begin(), index.size()), outside, value);
  }
  template <typename... Index>
  [[nodiscard]] Expr operator()(const Index&... index) const {
    return at({Expr(index)...});
  }

  struct Impl;
  explicit Expr(std::shared_ptr<const Impl> impl);
  [[nodiscard]] const Impl& impl() const noexcept { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;  // Shared by the handles.
};

namespace detail {
using IndexFunction = std::function<Expr(std::span<const Expr>)>;
/// Throws kInvalidArgument when a function of `taken` indices is used for a shape of `given` dimensions.
TENON_API void require_index_count(size_t given, size_t taken);

/// `element` of one argument an index, or of a span of them, as a function of a span.
template <typename F, size_t kCount = 0>
IndexFunction index_function(F&& element) {
  if constexpr (std::is_invocable_r_v<Expr, F, std::span<const Expr>>) {
    return std::forward<F>(element);
  } else {
    constexpr auto kInvocable = []<size_t... kAt>(std::index_sequence<kAt...>) {
      return std::is_invocable_r_v<Expr, F, decltype((void)kAt, std::declval<const Expr&>())...>;
    };
    static_assert(kCount <= kMaxRank, "compute() needs a function of Exprs, one for each axis, that returns an Expr");
    if constexpr (kInvocable(std::make_index_sequence<kCount>())) {
      return [element = std::forward<F>(element)](std::span<const Expr> index) -> Expr {
        require_index_count(index.size(), kCount);
        return [&]<size_t... kAt>(std::index_sequence<kAt...>) {
          return element(index[kAt]...);
        }(std::make_index_sequence<kCount>());
      };
    } else {
      return index_function<F, kCount + 1>(std::forward<F>(element));
    }
  }
}
}  // namespace detail

/// A layer as formulas: inputs, fields with defaults, outputs. Immutable, shared by its handles and between threads.
class TENON_API LayerExpr {
 public:
  /// Reads the printed form:
  ///
  ///   layer Clip(x: f32[n, c]; lo = 0.0, hi = 6.0) -> f32[n, c]
  ///     y[n, c] = min(max(x[n, c], lo), hi)
  ///
  /// and verifies it. Throws kInvalidArgument naming line and column.
  [[nodiscard]] static LayerExpr parse(std::string_view text);
  /// The printed form; parse() of it gives an equal layer. Its size is linear in that of the formulas, shared
  /// subexpressions being named by `let`.
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] const std::string& doc() const noexcept;
  [[nodiscard]] size_t input_count() const noexcept;
  [[nodiscard]] size_t output_count() const noexcept;

  /// The layer applied within another one: its formulas with `inputs` in place of its inputs, and fields by name.
  [[nodiscard]] std::vector<Expr> operator()(std::span<const Expr> inputs,
                                             const std::map<std::string, Expr>& fields = {}) const;
  [[nodiscard]] Expr operator()(std::initializer_list<Expr> inputs,
                                const std::map<std::string, Expr>& fields = {}) const;

  /// The outputs by the interpreter, element by element in float64: slow, for tests and constants. Throws
  /// kInvalidArgument (inputs that do not fit, a read outside of a tensor), kUnsupported (too much work).
  [[nodiscard]] std::vector<Tensor> evaluate(std::span<const Tensor> inputs,
                                             const std::map<std::string, double>& fields = {}) const;

  /// The same formulas; names of inputs, fields, outputs and the layer count, doc does not.
  friend TENON_API bool operator==(const LayerExpr& a, const LayerExpr& b);

  struct Impl;
  explicit LayerExpr(std::shared_ptr<const Impl> impl);
  [[nodiscard]] const Impl& impl() const noexcept { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;  // Shared by the handles.
};

/// Makes a LayerExpr: declare inputs and fields, combine them, build. One thread at a time.
///
/// Names are letters, digits and _, of inputs, fields and dimensions together unique; an input may repeat a dimension's
/// name, which then is the same extent.
class TENON_API LayerBuilder {
 public:
  explicit LayerBuilder(std::string name, std::string doc = "");

  /// Lets formulas be simplified as if floats were real numbers: x / sqrt(y) to a multiplication, pow(x, 2) to x * x,
  /// x - x to 0. The last bits, overflow, the sign of zero, and what NaN and infinity give may then be others. Not
  /// said, all of them are kept.
  void set_fast(bool fast);

  /// A dimension is a constant, a name, or unknown: then it gets a name.
  Expr input(const std::string& name, DType dtype, const Shape& dims);
  /// The same as text: "f32[n, c, 3]". A name that is no dtype ("T[n]") is a dtype that is open until the layer is
  /// used.
  Expr input(const std::string& name, std::string_view type);
  /// A field with its default, which says whether it holds a float, an integer or a bool.
  Expr field(const std::string& name, double fallback);
  Expr field(const std::string& name, int64_t fallback);
  Expr field(const std::string& name, int fallback) { return field(name, static_cast<int64_t>(fallback)); }
  Expr field(const std::string& name, bool fallback);

  /// The layer with these outputs, simplified and verified. Output names: "y", or "y0", "y1" … Throws kUnsupported when
  /// an operator is called (<tenon/expr_call.h>) that is not defined by formulas.
  [[nodiscard]] LayerExpr build(std::span<const Expr> outputs) const;
  [[nodiscard]] LayerExpr build(std::initializer_list<Expr> outputs) const {
    return build(std::span(outputs.begin(), outputs.size()));
  }
  [[nodiscard]] LayerExpr build(const Expr& output) const { return build(std::span(&output, 1)); }
  /// The same with names for the outputs.
  [[nodiscard]] LayerExpr build(std::span<const std::pair<std::string, Expr>> outputs) const;

  /// The layer as a graph, whether it calls operators or not: its inputs, nodes of the operators called, nodes of
  /// formulas (Tenon's operator Expression) for what their inputs and the outputs are computed by. The dtypes of the
  /// inputs must be known, or it throws kInvalidArgument.
  [[nodiscard]] Graph build_graph(std::span<const Expr> outputs) const;
  /// Whether build() throws since an operator is called.
  [[nodiscard]] bool calls_operators() const noexcept;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;  // Shared with the Exprs that are made of it.
};

}  // namespace tenon
