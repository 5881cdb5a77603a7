// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/export.h>
#include <tenon/expr.h>
#include <tenon/graph.h>
#include <tenon/tensor.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// Layers that a program defines for itself, without a plugin: by formulas, which are compiled, fused and stored in
// plans, or by a function that is called when a plan runs.
//
//   tenon::define_layer("Clip", {{"lo", 0.0}, {"hi", 6.0}}, [](Expr x, const LayerFields& fields) {
//     return minimum(maximum(x, fields["lo"]), fields["hi"]);
//   });
namespace tenon {

/// The fields of a node as its layer reads them. Every getter throws kInvalidArgument naming the field when there is
/// none of that name, or it is of another kind.
class TENON_API LayerFields {
 public:
  /// Refers to `values`.
  explicit LayerFields(const Attributes& values) : values_(&values) {}

  /// A float, an int or a bool, as formulas take it.
  [[nodiscard]] Expr operator[](std::string_view name) const;
  /// A float or an int.
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] int64_t integer(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] const std::string& string(std::string_view name) const;
  [[nodiscard]] const std::vector<int64_t>& integers(std::string_view name) const;
  [[nodiscard]] const std::vector<double>& numbers(std::string_view name) const;
  [[nodiscard]] const Attributes& all() const noexcept { return *values_; }

 private:
  const Attributes* values_;
};

/// What is declared of a layer.
struct LayerDefinition {
  std::string name;
  Attributes fields = {};                ///< By name, with their defaults, whose kinds are the fields'.
  std::vector<std::string> inputs = {};  ///< Their names. Empty: "x".
  bool variadic = false;                 ///< The last input stands for any number of them, at least one.
  int outputs = 1;                       ///< How many.
  bool fast = false;                     ///< Of formulas: as LayerBuilder::set_fast() has it.
  /// Of functions: each element of the outputs depends on those at the same place of the inputs only. These have the
  /// shape of input 0 (or one element), and so have the outputs. The function is called with tensors of one dimension,
  /// on parts of them in several threads, and output 0 may be the memory of input 0. The first run of a context with
  /// new shapes checks the claim on its data, by calls in place and in parts, up to rounding. Not for 4-bit dtypes.
  bool elementwise = false;
  std::string doc = {};  ///< What the layer computes; the first line is shown in lists.
  std::map<std::string, std::string> field_docs = {};
  int version = 1;
  std::string domain = std::string(kLayerDomain);
  std::string origin = "this program";  ///< Where it is defined; for messages.
};

/// The outputs as formulas of the inputs, which have their dtypes and ranks: called anew for each set of them, from any
/// thread, when a graph is compiled. What it throws is what compile() throws.
using LayerFormulas = std::function<std::vector<Expr>(std::span<const Expr> inputs, const LayerFields& fields)>;

/// A layer as functions of the program: called when a plan runs, by several contexts and threads at a time.
struct LayerFunctions {
  /// Writes the outputs, whose types are known. Dense tensors, valid during the call.
  std::function<void(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                     const LayerFields& fields)>
      run;
  /// The outputs' types; extents may come in as symbols or unknown and go out so. Empty: each is of input 0's type.
  std::function<std::vector<TensorType>(std::span<const TensorType> inputs, const LayerFields& fields)> types = {};
};

/// Makes the layer known to this process, under (domain, name, version). One of the same origin is replaced: later
/// compilations use the new one. Throws kInvalidArgument when the name is taken by another origin or is none.
TENON_API void define_layer(const LayerDefinition& definition, LayerFormulas formulas);
TENON_API void define_layer(const LayerDefinition& definition, LayerFunctions functions);

namespace detail {
/// How many Exprs `F` takes before the fields; what it returns.
template <typename F, size_t kCount = 1>
constexpr size_t formula_inputs() {
  static_assert(kCount <= 16, "define_layer() needs a function of 1 to 16 Exprs and a const LayerFields&");
  constexpr bool kInvocable = []<size_t... kAt>(std::index_sequence<kAt...>) {
    return std::is_invocable_v<F, decltype((void)kAt, std::declval<const Expr&>())..., const LayerFields&>;
  }(std::make_index_sequence<kCount>());
  if constexpr (kInvocable) {
    return kCount;
  } else {
    return formula_inputs<F, kCount + 1>();
  }
}
inline std::vector<Expr> formula_results(Expr result) { return {std::move(result)}; }
template <size_t kOutputs>
std::vector<Expr> formula_results(std::array<Expr, kOutputs> results) {
  return std::vector<Expr>(results.begin(), results.end());
}
template <typename Result>
inline constexpr int kFormulaOutputs = 1;
template <size_t kOutputs>
inline constexpr int kFormulaOutputs<std::array<Expr, kOutputs>> = static_cast<int>(kOutputs);
}  // namespace detail

/// The same with the inputs and outputs that the function's type tells: it takes an Expr for each input, then the
/// fields, and returns an Expr or a std::array of them.
template <typename F>
void define_layer(std::string name, Attributes fields, F formula) {
  constexpr size_t kInputs = detail::formula_inputs<F>();
  [&]<size_t... kAt>(std::index_sequence<kAt...>) {
    using Result = std::invoke_result_t<F, decltype((void)kAt, std::declval<const Expr&>())..., const LayerFields&>;
    LayerDefinition definition{.name = std::move(name), .fields = std::move(fields)};
    definition.outputs = detail::kFormulaOutputs<Result>;
    if (kInputs > 1) (definition.inputs.push_back("x" + std::to_string(kAt)), ...);
    define_layer(definition,
                 LayerFormulas([formula = std::move(formula)](std::span<const Expr> inputs, const LayerFields& values) {
                   return detail::formula_results(formula(inputs[kAt]..., values));
                 }));
  }(std::make_index_sequence<kInputs>());
}

}  // namespace tenon
