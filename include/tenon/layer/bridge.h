// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/layer/fields.h>
#include <tenon/layer/shapes.h>
#include <tenon/layer/signature.h>
#include <tenon/layer/views.h>
#include <tenon/plugin_abi.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// From a layer's class to the tables of the C ABI. Part of <tenon/layer.h>.

// A function and all that it calls, once for every x86-64, once for those with AVX2, and once for those with AVX-512;
// the loader takes the one that the processor has. The results are the same bits, as none contracts products and sums:
// AVX-512 has the instruction for that, so its clone is made only where tenon_add_plugin() has forbidden it.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__AVX2__)
#ifdef TENON_SDK_NO_CONTRACTION
#define TENON_SDK_CLONES __attribute__((target_clones("default", "avx2", "avx512f"), flatten, noinline))
#else
#define TENON_SDK_CLONES __attribute__((target_clones("default", "avx2"), flatten, noinline))
#endif
#else
#define TENON_SDK_CLONES
#endif

namespace tenon {
namespace sdk TENON_SDK_HIDDEN {

/// optional_<member><L>(fallback): the static member of a layer's class, or `fallback` without one.
#define TENON_SDK_OPTIONAL(member)                                                \
  template <typename L, typename = void>                                          \
  struct Has_##member : std::false_type {};                                       \
  template <typename L>                                                           \
  struct Has_##member<L, std::void_t<decltype(&L::member)>>                       \
      : std::bool_constant<!std::is_member_pointer_v<decltype(&L::member)>> {};   \
  template <typename L, typename T>                                               \
  constexpr T optional_##member(T fallback) {                                     \
    if constexpr (Has_##member<L>::value) {                                       \
      static_assert(std::is_convertible_v<decltype(L::member), T>,                \
                    "the static member " #member " of a layer has a wrong type"); \
      return L::member;                                                           \
    } else {                                                                      \
      return fallback;                                                            \
    }                                                                             \
  }
TENON_SDK_OPTIONAL(name)
TENON_SDK_OPTIONAL(domain)
TENON_SDK_OPTIONAL(doc)
TENON_SDK_OPTIONAL(field_docs)
TENON_SDK_OPTIONAL(version)
TENON_SDK_OPTIONAL(elementwise)
#undef TENON_SDK_OPTIONAL

template <typename L, typename Argument, typename = void>
inline constexpr bool has_rule = false;
template <typename L, typename Argument>
inline constexpr bool
    has_rule<L, Argument, std::void_t<decltype(std::declval<const L&>().outputs(std::declval<const Argument&>()))>> =
        true;

/// An object in Tenon's memory, made by `make()`.
template <typename T, typename Make>
T* make_object(const Make& make) {
  void* memory = allocate(sizeof(T), std::max(alignof(T), sizeof(void*)));
  try {
    return ::new (memory) T(make());
  } catch (...) {
    release(memory, std::max(alignof(T), sizeof(void*)));
    throw;
  }
}
template <typename T>
void destroy_object(T* object) noexcept {
  if (object == nullptr) return;
  object->~T();
  release(object, std::max(alignof(T), sizeof(void*)));
}

inline tenon_string to_string(const char* text) { return {text, std::char_traits<char>::length(text)}; }
inline tenon_string to_string(std::string_view text) { return {text.data(), text.size()}; }

inline Extents extents_of(const tenon_type& type) {
  return type.rank <= 0 ? Extents() : Extents(type.dims, type.dims + type.rank);
}

inline void set_shape(tenon_type& type, const Extents& shape) {
  if (shape.size() > TENON_ABI_MAX_RANK) {
    throw LayerError("outputs() gives a shape of rank " + std::to_string(shape.size()) + ", but the highest is " +
                     std::to_string(TENON_ABI_MAX_RANK));
  }
  type.rank = static_cast<int32_t>(shape.size());
  for (size_t i = 0; i < shape.size(); ++i) type.dims[i] = shape[i].value();
}

/// The functions of the C ABI for one layer class.
template <typename L>
struct Bridge {
  using State = typename StateOf<L>::type;
  using Cpu = typename DeviceVariants<L, State>::type;
  using Cuda = typename DeviceVariants<L, State, Stream>::type;
  using All = typename Concat<Cpu, Cuda>::type;
  static constexpr bool has_state = !std::is_void_v<State>;
  static constexpr bool elementwise = optional_elementwise<L, bool>(false);
  static constexpr bool types_rule = has_rule<L, Types>;
  static constexpr bool any_rule = types_rule || has_rule<L, Shapes>;

  static_assert(All::size > 0,
                "a layer needs a `void run(View<const T>..., View<T>...) const`, by value, behind the state's "
                "reference if it has a "
                "prepare(), whose overloads differ in the type of the first input; see docs/writing-a-layer.md");

  template <typename... V>
  static constexpr auto first(List<V...>) {
    return std::get<0>(std::tuple<V...>());
  }
  using First = decltype(first(All()));
  template <typename... V>
  static constexpr bool alike(List<V...>) {
    return ((V::inputs == First::inputs && V::outputs == First::outputs && V::rest == First::rest &&
             V::required_inputs == First::required_inputs && V::dynamic == First::dynamic) &&
            ...);
  }
  static_assert(alike(All()), "all overloads of run must have the same number of inputs and outputs");
  static_assert(!elementwise || (!First::dynamic && !any_rule),
                "the output of an elementwise layer is like its input 0: no outputs(), no Output<T>&");
  static_assert(First::inputs > 0 || any_rule, "a layer without inputs needs outputs() to tell the output's shape");

  static const L& layer_of(const tenon_instance* instance) { return *reinterpret_cast<const L*>(instance); }

  static tenon_status create(const tenon_layer*, const tenon_value* values, size_t count,
                             tenon_instance** out_instance) noexcept {
    return guard([&] {
      *out_instance = reinterpret_cast<tenon_instance*>(make_object<L>([&] {
        L layer{};
        read_fields(layer, values, count);
        return layer;
      }));
    });
  }
  static void destroy(tenon_instance* instance) noexcept { destroy_object(reinterpret_cast<L*>(instance)); }

  static tenon_status infer(const tenon_instance* instance, const tenon_type* inputs, size_t input_count,
                            tenon_type* outputs, size_t output_count) noexcept {
    return guard([&] {
      dispatch(All(), inputs, input_count, [&](auto variant) {
        for (size_t i = 0; i < output_count; ++i) {
          const tenon_dtype fixed = variant.roles[First::inputs + i].dtype;
          outputs[i].dtype = fixed != TENON_DTYPE_UNDEFINED || input_count == 0 ? fixed : inputs[0].dtype;
        }
      });
      const bool ranks_known = std::all_of(inputs, inputs + input_count, [](const tenon_type& type) {
        return type.rank >= 0 || type.dtype == TENON_DTYPE_UNDEFINED;
      });
      if constexpr (any_rule) {
        if (ranks_known) apply_rule(layer_of(instance), inputs, input_count, outputs, output_count);
      } else if constexpr (!First::dynamic) {
        for (size_t i = 0; i < output_count && ranks_known; ++i) set_shape(outputs[i], extents_of(inputs[0]));
      }
    });
  }

  static void apply_rule(const L& layer, const tenon_type* inputs, size_t input_count, tenon_type* outputs,
                         size_t output_count) {
    if constexpr (types_rule) {
      Types given;
      for (size_t i = 0; i < input_count; ++i) given.push_back({inputs[i].dtype, extents_of(inputs[i])});
      const Types types = layer.outputs(static_cast<const Types&>(given));
      require_count(types.size(), output_count);
      for (size_t i = 0; i < output_count; ++i) {
        const tenon_dtype fixed = First::roles[First::inputs + i].dtype;
        if (fixed == TENON_DTYPE_UNDEFINED) {
          outputs[i].dtype = types[i].dtype;
        } else if (types[i].dtype != TENON_DTYPE_UNDEFINED && types[i].dtype != outputs[i].dtype) {
          throw LayerError(std::string("outputs() says ") + dtype_name(types[i].dtype) + ", but run writes " +
                               dtype_name(outputs[i].dtype),
                           TENON_STATUS_INTERNAL);
        }
        set_shape(outputs[i], types[i].shape);
      }
    } else {
      Shapes given;
      for (size_t i = 0; i < input_count; ++i) given.push_back(extents_of(inputs[i]));
      const Shapes shapes = layer.outputs(static_cast<const Shapes&>(given));
      require_count(shapes.size(), output_count);
      for (size_t i = 0; i < output_count; ++i) set_shape(outputs[i], shapes[i]);
    }
  }
  static void require_count(size_t given, size_t wanted) {
    if (given != wanted) {
      throw LayerError(
          "outputs() gives " + std::to_string(given) + " shapes, but run has " + std::to_string(wanted) + " outputs",
          TENON_STATUS_INTERNAL);
    }
  }

  static tenon_status prepare(const tenon_instance* instance, const tenon_tensor* inputs, size_t input_count,
                              const tenon_tensor*, size_t, tenon_state** out_state) noexcept {
    return guard([&] {
      if constexpr (has_state) {
        const Inputs views(inputs, input_count);
        *out_state = reinterpret_cast<tenon_state*>(
            make_object<State>([&]() -> State { return layer_of(instance).prepare(views); }));
      }
    });
  }
  static void release_state(tenon_state* state) noexcept {
    if constexpr (has_state) destroy_object(reinterpret_cast<State*>(state));
  }

  static tenon_status run(const tenon_instance* instance, tenon_state* state, const tenon_run* run) noexcept {
    return guard([&] {
      if constexpr (elementwise) {
        run_elementwise(instance, state, *run);
      } else {
        run_variants(Cpu(), instance, state, *run);
      }
    });
  }
  // The layer's loop, compiled for several instruction sets.
  TENON_SDK_CLONES static void run_elementwise(const tenon_instance* instance, tenon_state* state,
                                               const tenon_run& run) {
    run_variants(Cpu(), instance, state, run);
  }
  static tenon_status run_cuda(const tenon_instance* instance, tenon_state* state, void* stream,
                               const tenon_run* run) noexcept {
    return guard([&] { run_variants(Cuda(), instance, state, *run, Stream{stream}); });
  }
  template <typename Variants, typename... Prefix>
  static void run_variants(Variants variants, const tenon_instance* instance, tenon_state* state, const tenon_run& run,
                           Prefix... prefix) {
    // A small layer is copied, so that the compiler sees that writing the output does not change the fields.
    constexpr bool copied = std::is_trivially_copyable_v<L> && sizeof(L) <= 256;
    const std::conditional_t<copied, L, const L&> layer = layer_of(instance);
    dispatch(variants, run.inputs, run.input_count, [&](auto variant) {
      if constexpr (has_state) {
        variant.call(layer, run, prefix..., *reinterpret_cast<State*>(state));
      } else {
        variant.call(layer, run, prefix...);
      }
    });
  }
};

/// A layer's tables with what they point to. Lives until the process ends.
class LayerTable {
 public:
  template <typename L>
  static LayerTable* make(std::string_view macro_name) {
    auto* table = new LayerTable;
    table->fill<L>(macro_name);
    return table;
  }
  [[nodiscard]] const tenon_layer* layer() const noexcept { return &layer_; }

 private:
  template <typename L>
  void fill(std::string_view macro_name) {
    using B = Bridge<L>;
    const char* given_name = optional_name<L, const char*>(nullptr);
    layer_.struct_size = sizeof(tenon_layer);
    if (B::elementwise) layer_.flags |= TENON_LAYER_ELEMENTWISE;
    if (B::First::dynamic) layer_.flags |= TENON_LAYER_DATA_DEPENDENT;
    layer_.name = given_name == nullptr ? to_string(macro_name) : to_string(given_name);
    layer_.domain = to_string(optional_domain<L, const char*>(""));
    layer_.doc = to_string(optional_doc<L, const char*>(""));
    layer_.version = optional_version<L, int>(1);
    layer_.min_inputs = static_cast<int32_t>(B::First::required_inputs);
    layer_.max_inputs = B::First::rest ? -1 : static_cast<int32_t>(B::First::inputs);
    layer_.output_count = static_cast<int32_t>(B::First::outputs);
    layer_.create = &B::create;
    layer_.destroy = &B::destroy;
    layer_.infer = &B::infer;
    if (B::has_state) {
      layer_.prepare = &B::prepare;
      layer_.release = &B::release_state;
    }
    if constexpr (B::Cpu::size > 0) layer_.run = &B::run;
    if constexpr (B::Cuda::size > 0) layer_.run_cuda = &B::run_cuda;
    if constexpr (has_fields<L>) {
      static L* const defaults = new L{};  // The declared defaults point into it, until the process ends.
      declare_fields<L>(defaults->tenon_fields(), split_names(L::tenon_field_names()));
    }
  }

  template <typename L, typename... Members>
  void declare_fields(const std::tuple<Members&...>& members, const std::vector<std::string_view>& names) {
    const char* const* docs = nullptr;
    if constexpr (Has_field_docs<L>::value) {
      static_assert(sizeof(L::field_docs) / sizeof(*L::field_docs) == sizeof...(Members),
                    "field_docs: one for each field");
      docs = L::field_docs;
    }
    std::apply([&](auto&... member) { (declare_field(member, names, docs), ...); }, members);
    for (const tenon_field& field : fields_) field_pointers_.push_back(&field);
    layer_.fields = field_pointers_.data();
    layer_.field_count = field_pointers_.size();
  }
  template <typename Member>
  void declare_field(Member& member, const std::vector<std::string_view>& names, const char* const* docs) {
    const size_t index = fields_.size();
    tenon_field& field = fields_.emplace_back();
    field.struct_size = sizeof(tenon_field);
    if (is_required<Member>) field.flags = TENON_FIELD_REQUIRED;
    field.name = to_string(names.at(index));
    field.doc = to_string(docs == nullptr ? "" : docs[index]);
    field.fallback = Field<Member>::value(member, storage_.emplace_back());
  }

  tenon_layer layer_{};
  std::deque<tenon_field> fields_;
  std::vector<const tenon_field*> field_pointers_;
  std::deque<FieldStorage> storage_;
};

/// What TENON_PLUGIN defines tenon_plugin_entry with. `names` is the text of the macro's arguments.
template <typename... L>
const tenon_plugin* plugin_entry(uint32_t host_abi_version, const tenon_host* tenon, const char* names) noexcept {
  if (host_abi_version < TENON_ABI_VERSION) {
    const std::string_view text = "the plugin was built for a newer Tenon";
    tenon->report({text.data(), text.size()});
    return nullptr;
  }
  host = tenon;
  static tenon_plugin plugin{};
  const tenon_status status = guard([&] {
    static std::vector<const tenon_layer*>& layers = *new std::vector<const tenon_layer*>;
    const std::vector<std::string_view> split = split_names(names);
    layers.clear();
    size_t next = 0;
    (layers.push_back(LayerTable::make<L>(split.at(next++))->layer()), ...);
    plugin = {sizeof(tenon_plugin), TENON_ABI_VERSION, layers.data(), layers.size()};
  });
  return status == TENON_STATUS_OK ? &plugin : nullptr;
}

}  // namespace sdk TENON_SDK_HIDDEN
}  // namespace tenon

#undef TENON_SDK_CLONES
