// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/error.h>
#include <tenon/graph.h>
#include <tenon/tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Users' layers as the engine sees them, whatever they are written in: through the C ABI (native_layer.h), as formulas
// (expression_layer.h) or as functions of the host program.
namespace tenon {

/// A field: declared once by the layer's author; read from models, checked, stored in plans and documented from this.
struct FieldSpec {
  std::string name;
  Attribute fallback;  ///< The default; its kind is the field's kind (bool, int, float, string, ints, floats, strings,
                       ///< tensor).
  bool required = false;
  std::string doc;
};

/// What a layer is written as.
enum class LayerKind {
  kNative,      ///< Compiled code in a plugin.
  kExpression,  ///< Formulas: compiled and stored in plans.
  kCallback,    ///< A function of the program that runs the plan.
};
/// "native", "expression", "callback".
[[nodiscard]] std::string_view layer_kind_name(LayerKind kind) noexcept;

/// Facts about a layer that the compiler and `tenon layers` use.
struct LayerInfo {
  std::string name;
  int version = 1;
  std::string domain = std::string(kLayerDomain);
  std::string doc;
  LayerKind kind = LayerKind::kNative;
  std::string origin;  ///< The plugin's path, or the function that defines the layer; for messages.
  int min_inputs = 1;
  int max_inputs = 1;  ///< -1: any number.
  int outputs = 1;
  std::vector<FieldSpec> fields;
  bool elementwise = false;     ///< Any layout, and output 0 may overwrite input 0.
  bool data_dependent = false;  ///< run() allocates its outputs itself.
  bool has_cpu = true;
  bool has_cuda = false;
};

/// What a layer prepared for one set of shapes (workspace, packed weights). Owned by the Context that prepared it.
class LayerState {
 public:
  virtual ~LayerState() = default;
};

/// Whether and how a layer works on stretches of its elements.
struct StretchFacts {
  bool possible = false;  ///< For element-wise layers. Does not change.
  bool ready = false;     ///< From when on a whole run was watched.
  bool in_place = false;  ///< Once ready: run_elements() is as quick in place.
};

/// A layer with its fields bound. Immutable; run() may be called from several threads with different states.
class LayerInstance {
 public:
  virtual ~LayerInstance() = default;
  /// The outputs' types. Extents that are not known yet come in as symbols or unknown and may go out so.
  [[nodiscard]] virtual std::vector<TensorType> infer(std::span<const TensorType> inputs) const = 0;
  /// Called once per set of concrete shapes. `inputs[i].data` is null unless input i is a constant, whose memory
  /// outlives the state. May return null.
  [[nodiscard]] virtual std::unique_ptr<LayerState> prepare(std::span<const TensorView> inputs,
                                                            std::span<const TensorView> outputs) const = 0;
  using Allocate = std::function<MutableTensorView(size_t index, const Dims& dims)>;
  /// Runs on the CPU. `allocate` is used only by data-dependent layers, whose `outputs` come without memory.
  virtual void run(LayerState* state, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                   const Allocate& allocate) const = 0;
  /// Whether and how stretches of elements are run for this state.
  [[nodiscard]] virtual StretchFacts stretches(const LayerState* state) const {
    (void)state;
    return {};
  }
  /// The elements [begin, end) of the outputs; the views are whole, but for input 0, whose elements of the stretch are
  /// at `first`, which shares no memory with the outputs. Several threads may do so at a time.
  virtual void run_stretch(const LayerState* state, const void* first, std::span<const TensorView> inputs,
                           std::span<const MutableTensorView> outputs, int64_t begin, int64_t end) const {
    (void)state, (void)first, (void)inputs, (void)outputs, (void)begin, (void)end;
    throw Error(ErrorCode::kInternal, "the layer does not work on stretches");
  }
  /// For one input and one output: `count` elements from `from` to `to`, wherever in the tensors they belong. The two
  /// share no memory or, with dtypes of one width, are the same.
  virtual void run_elements(const LayerState* state, const void* from, void* to, int64_t count) const {
    (void)state, (void)from, (void)to, (void)count;
    throw Error(ErrorCode::kInternal, "the layer does not work on stretches");
  }
};

/// A kind of layer, registered under (domain, name, version).
class LayerType {
 public:
  virtual ~LayerType() = default;
  [[nodiscard]] virtual const LayerInfo& info() const noexcept = 0;
  /// Binds fields that check_fields() has completed.
  [[nodiscard]] virtual std::unique_ptr<LayerInstance> create(const Attributes& fields) const = 0;
  /// What the layer is for these inputs, whose dtypes and ranks are known, with fields that check_fields() has
  /// completed: a graph of standard operators, of Expressions for its formulas. Nullopt for a layer that is code.
  [[nodiscard]] virtual std::optional<Graph> trace(std::span<const TensorType> inputs, const Attributes& fields) const {
    (void)inputs, (void)fields;
    return std::nullopt;
  }
};

/// `given` with defaults filled in and kinds widened where that loses nothing (int → float, int → ints of one …).
/// Throws kInvalidArgument naming layer, field, the kind found and the kind required, and near names for unknown
/// fields.
[[nodiscard]] Attributes check_fields(const LayerInfo& info, const Attributes& given, const std::string& node_name);

/// All layers of this process. Thread-safe. Layers stay registered, and plugins loaded, until the process ends.
class LayerRegistry {
 public:
  static LayerRegistry& global();
  /// Throws kInvalidArgument when (domain, name, version) is taken by another origin; by the same one, it stays.
  void add(std::shared_ptr<const LayerType> layer);
  /// As add(), but takes the place of a layer of the same origin: a function that the user has defined again.
  void add_or_replace(std::shared_ptr<const LayerType> layer);
  /// Adds all of them or, when one is refused, none.
  void add_all(std::span<const std::shared_ptr<const LayerType>> layers);
  /// `version` 0: the newest. `domain` "": any. Null when there is none.
  [[nodiscard]] std::shared_ptr<const LayerType> find(std::string_view domain, std::string_view name,
                                                      int version = 0) const;
  /// As find(), but throws kNotFound naming layer, version, node, near names and how to load a plugin; or `origin`, the
  /// function that the layer was when the node was compiled, if it was one.
  [[nodiscard]] std::shared_ptr<const LayerType> get(std::string_view domain, std::string_view name, int version,
                                                     std::string_view node_name, std::string_view origin = "") const;
  [[nodiscard]] std::vector<std::shared_ptr<const LayerType>> all() const;

 private:
  LayerRegistry();
  ~LayerRegistry();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What a custom node was compiled against is kept in these attributes of the node; all its others are fields: the
/// layer's version, and a callback's origin.
inline constexpr std::string_view kLayerVersionAttribute = "__version";
inline constexpr std::string_view kLayerOriginAttribute = "__origin";
[[nodiscard]] inline bool is_field_name(std::string_view attribute) noexcept {
  return attribute != kLayerVersionAttribute && attribute != kLayerOriginAttribute;
}

/// The layer of a custom node, in the version that the node names, and the node's fields, checked and completed.
struct BoundLayer {
  std::shared_ptr<const LayerType> type;
  Attributes fields;
};
/// Throws kNotFound and kInvalidArgument naming node and layer: it is not loaded, the node's counts of inputs and
/// outputs are not the layer's, a field does not fit.
[[nodiscard]] BoundLayer layer_of(const Node& node);
/// The bound instance for a custom node (any node with a domain), its fields checked.
[[nodiscard]] std::shared_ptr<const LayerInstance> instance_of(const Node& node);

}  // namespace tenon
