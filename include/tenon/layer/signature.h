// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/layer/views.h>
#include <tenon/plugin_abi.h>

#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

// From the parameters of a layer's `run` to its inputs, outputs and dtypes. Part of <tenon/layer.h>.
namespace tenon {

/// The element types that a layer's `template <typename T> void run(...) const` is made for:
/// `using dtypes = tenon::DTypes<float, double>;`.
template <typename... T>
struct DTypes {};

namespace sdk TENON_SDK_HIDDEN {

template <typename... T>
struct List {
  static constexpr size_t size = sizeof...(T);
};

/// What one parameter of run stands for, and how it is made from the arguments.
struct Role {
  bool input = false, output = false;
  bool optional = false;                      ///< An input that may be left out.
  bool rest = false;                          ///< All further inputs.
  bool dynamic = false;                       ///< An output whose shape run decides.
  tenon_dtype dtype = TENON_DTYPE_UNDEFINED;  ///< Undefined: any.
};

template <typename P>
struct Parameter {
  static_assert(
      !std::is_same_v<P, P>,
      "run: a parameter is a View<const T>, std::optional<View<const T>>, AnyView or Inputs (inputs), a View<T>, "
      "MutableAnyView or Output<T>& (outputs); views are passed by value");
};
template <typename T>
struct Parameter<View<const T>> {
  static constexpr Role role{true, false, false, false, false, dtype_of<T>};
  static View<const T> make(const tenon_run& run, size_t index) { return View<const T>(run.inputs[index]); }
};
template <typename T>
struct Parameter<std::optional<View<const T>>> {
  static constexpr Role role{true, false, true, false, false, dtype_of<T>};
  static std::optional<View<const T>> make(const tenon_run& run, size_t index) {
    if (index >= run.input_count || run.inputs[index].dtype == TENON_DTYPE_UNDEFINED) return std::nullopt;
    return View<const T>(run.inputs[index]);
  }
};
template <>
struct Parameter<AnyView> {
  static constexpr Role role{true, false, false, false, false, TENON_DTYPE_UNDEFINED};
  static AnyView make(const tenon_run& run, size_t index) { return AnyView(run.inputs[index]); }
};
template <>
struct Parameter<Inputs> {
  static constexpr Role role{true, false, true, true, false, TENON_DTYPE_UNDEFINED};
  static Inputs make(const tenon_run& run, size_t index) { return {run.inputs + index, run.input_count - index}; }
};
template <typename T>
struct Parameter<View<T>> {
  static constexpr Role role{false, true, false, false, false, dtype_of<T>};
  static View<T> make(const tenon_run& run, size_t index) { return View<T>(run.outputs[index]); }
};
template <>
struct Parameter<MutableAnyView> {
  static constexpr Role role{false, true, false, false, false, TENON_DTYPE_UNDEFINED};
  static MutableAnyView make(const tenon_run& run, size_t index) { return MutableAnyView(run.outputs[index]); }
};
template <typename T>
struct Parameter<Output<T>&> {
  static constexpr Role role{false, true, false, false, true, dtype_of<T>};
  static Output<T> make(const tenon_run& run, size_t index) { return Output<T>(&run, index); }
};

/// What the roles of run's parameters add up to.
template <typename... P>
struct Roles {
  static constexpr Role roles[] = {Parameter<P>::role...};

  static constexpr size_t count(bool Role::* kind) {
    size_t count = 0;
    for (const Role& role : roles) count += role.*kind ? 1 : 0;
    return count;
  }
  /// The inputs up to the last that cannot be left out.
  static constexpr size_t required_inputs() {
    size_t required = 0;
    for (size_t i = 0; i < sizeof...(P); ++i) {
      if (roles[i].input && !roles[i].optional) required = i + 1;
    }
    return required;
  }
  static constexpr bool inputs_first() {
    const size_t inputs = count(&Role::input);
    for (size_t i = 0; i < sizeof...(P); ++i) {
      if (roles[i].input != (i < inputs) || (roles[i].rest && i + 1 != inputs)) return false;
    }
    return true;
  }
};

/// One overload of run.
template <typename Parameters>
struct Variant;
template <typename... P>
struct Variant<List<P...>> {
  using R = Roles<P...>;
  static constexpr auto& roles = R::roles;
  static constexpr size_t inputs = R::count(&Role::input);
  static constexpr size_t outputs = R::count(&Role::output);
  static constexpr size_t required_inputs = R::required_inputs();
  static constexpr bool rest = R::count(&Role::rest) > 0;
  static constexpr bool dynamic = R::count(&Role::dynamic) > 0;
  static_assert(R::inputs_first(), "run: inputs come first, then outputs; Inputs is the last of the inputs");
  static_assert(outputs > 0, "run: there is no output: a View<T>, MutableAnyView or Output<T>&");
  static_assert(!dynamic || R::count(&Role::dynamic) == outputs, "run: when one output is an Output<T>&, all must be");

  /// Whether the dtypes of `tensors` (anything with a member dtype) fit the inputs.
  template <typename Tensor>
  static bool accepts(const Tensor* tensors, size_t size) noexcept {
    for (size_t i = 0; i < inputs; ++i) {
      if (roles[i].rest) return true;
      const tenon_dtype given = i < size ? tensors[i].dtype : TENON_DTYPE_UNDEFINED;
      if (given == TENON_DTYPE_UNDEFINED ? !roles[i].optional
                                         : roles[i].dtype != TENON_DTYPE_UNDEFINED && roles[i].dtype != given) {
        return false;
      }
    }
    return size <= inputs;
  }
  /// "(f32, i64)"
  static std::string describe() {
    std::string text = "(";
    for (size_t i = 0; i < inputs; ++i) {
      if (i > 0) text += ", ";
      if (roles[i].rest) {
        text += "...";
      } else {
        text += roles[i].dtype == TENON_DTYPE_UNDEFINED ? "any" : dtype_name(roles[i].dtype);
        if (roles[i].optional) text += "?";
      }
    }
    return text + ")";
  }
  /// layer.run(prefix..., the views of `run`...)
  template <typename L, typename... Prefix>
  static void call(const L& layer, const tenon_run& run, Prefix&&... prefix) {
    call_indexed(layer, run, std::index_sequence_for<P...>(), std::forward<Prefix>(prefix)...);
  }

 private:
  template <typename L, size_t... I, typename... Prefix>
  static void call_indexed(const L& layer, const tenon_run& run, std::index_sequence<I...>, Prefix&&... prefix) {
    std::tuple<decltype(Parameter<P>::make(run, I))...> arguments{made<P, I>(run)...};
    layer.run(std::forward<Prefix>(prefix)..., std::get<I>(arguments)...);
  }
  /// Converts to what make() returns without moving it: an Output stays where it is.
  template <typename Q, size_t I>
  struct Made {
    const tenon_run& run;
    operator decltype(Parameter<Q>::make(run, 0))() const {  // NOLINT(google-explicit-constructor)
      return Parameter<Q>::make(run, I < inputs ? I : I - inputs);
    }
  };
  template <typename Q, size_t I>
  static Made<Q, I> made(const tenon_run& run) {
    return {run};
  }
};

/// Finds the overload of run that begins with Prefix... and First: when a set of overloads is matched against a pattern
/// that only one of them fits, the compiler picks that one and tells the rest of its parameters.
template <typename... Prefix>
struct Pattern {
  template <typename First, typename C, typename... Rest>
  static Variant<List<First, Rest...>> match(void (C::*)(Prefix..., First, Rest...) const);
  template <typename C, typename... All>
  static Variant<List<All...>> match_all(void (C::*)(Prefix..., All...) const);

  template <typename L, typename First, typename = void>
  struct Overload {
    using type = List<>;
  };
  template <typename L, typename First>
  struct Overload<L, First, std::void_t<decltype(Pattern::template match<First>(&L::run))>> {
    using type = List<decltype(Pattern::template match<First>(&L::run))>;
  };
  template <typename L, typename T, typename = void>
  struct Instance {
    using type = List<>;
  };
  template <typename L, typename T>
  struct Instance<L, T, std::void_t<decltype(Pattern::match_all(&L::template run<T>))>> {
    using type = List<decltype(Pattern::match_all(&L::template run<T>))>;
  };
};

template <typename... Lists>
struct Concat;
template <typename... T>
struct Concat<List<T...>> {
  using type = List<T...>;
};
template <typename... A, typename... B, typename... More>
struct Concat<List<A...>, List<B...>, More...> : Concat<List<A..., B...>, More...> {};

template <typename L, typename = void>
struct DTypesOf {
  using type = DTypes<>;
};
template <typename L>
struct DTypesOf<L, std::void_t<typename L::dtypes>> {
  using type = typename L::dtypes;
};

/// All variants of run behind Prefix...: overloads found by their first parameter, and instances of a template for
/// L::dtypes.
template <typename L, typename... Prefix>
struct Variants {
  template <typename... T>
  static auto find(DTypes<T...>) {
    return typename Concat<List<>, typename Pattern<Prefix...>::template Instance<L, T>::type...>::type();
  }
  template <typename... First>
  static auto find(List<First...>) {
    return typename Concat<List<>, typename Pattern<Prefix...>::template Overload<L, First>::type...>::type();
  }
  template <typename... T>
  static List<View<const T>..., std::optional<View<const T>>..., View<T>..., Output<T>&..., AnyView, Inputs,
              MutableAnyView>
      firsts(DTypes<T...>);
  using Known = DTypes<float, double, bool, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t>;
  using type =
      typename Concat<decltype(find(decltype(firsts(Known()))())), decltype(find(typename DTypesOf<L>::type()))>::type;
};

/// What L::prepare returns; void without one.
template <typename L, typename = void>
struct StateOf {
  using type = void;
};
template <typename L>
struct StateOf<L, std::void_t<decltype(std::declval<const L&>().prepare(std::declval<const Inputs&>()))>> {
  using type = decltype(std::declval<const L&>().prepare(std::declval<const Inputs&>()));
};

/// The variants for a device: Prefix... is nothing for the CPU and Stream for CUDA; behind it comes the state if there
/// is one.
template <typename L, typename State, typename... Prefix>
struct DeviceVariants {
  using type = typename Concat<typename Variants<L, Prefix..., State&>::type,
                               typename Variants<L, Prefix..., const State&>::type>::type;
};
template <typename L, typename... Prefix>
struct DeviceVariants<L, void, Prefix...> : Variants<L, Prefix...> {};

template <typename... V, typename Tensor>
[[noreturn]] TENON_SDK_COLD void refuse(const Tensor* inputs, size_t count) {
  std::string text = "the inputs are (";
  for (size_t i = 0; i < count; ++i) text += (i > 0 ? ", " : "") + std::string(dtype_name(inputs[i].dtype));
  text += "), but the layer takes ";
  size_t next = 0;
  ((text += (next++ > 0 ? " or " : "") + V::describe()), ...);
  throw LayerError(text);
}

/// Calls use(variant) for the first variant whose inputs' dtypes fit; throws when none does.
template <typename... V, typename Tensor, typename Use>
void dispatch(List<V...>, const Tensor* inputs, size_t count, const Use& use) {
  if (!((V::accepts(inputs, count) && (use(V()), true)) || ...)) refuse<V...>(inputs, count);
}

}  // namespace sdk TENON_SDK_HIDDEN
}  // namespace tenon
