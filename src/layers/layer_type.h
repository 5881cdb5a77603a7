// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>
#include <tenon/tensor.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

// Users' layers as the engine sees them, whatever they are written in. The C ABI's host side (native_layer.cpp) is the
// first implementation; expression and callback layers are others.
namespace tenon {

/// A field: declared once by the layer's author; read from models, checked, stored in plans and documented from this.
struct FieldSpec {
  std::string name;
  Attribute fallback;  ///< The default; its kind is the field's kind (bool, int, float, string, ints, floats, strings,
                       ///< tensor).
  bool required = false;
  std::string doc;
};

/// Facts about a layer that the compiler and `tenon layers` use.
struct LayerInfo {
  std::string name;
  int version = 1;
  std::string domain = std::string(kLayerDomain);
  std::string doc;
  std::string origin;  ///< The plugin's path, for messages.
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
};

/// A kind of layer, registered under (domain, name, version).
class LayerType {
 public:
  virtual ~LayerType() = default;
  [[nodiscard]] virtual const LayerInfo& info() const noexcept = 0;
  /// Binds fields that check_fields() has completed.
  [[nodiscard]] virtual std::unique_ptr<LayerInstance> create(const Attributes& fields) const = 0;
};

/// `given` with defaults filled in and kinds widened where that loses nothing (int → float, int → ints of one …).
/// Throws kInvalidArgument naming layer, field, the kind found and the kind required, and near names for unknown
/// fields.
[[nodiscard]] Attributes check_fields(const LayerInfo& info, const Attributes& given, const std::string& node_name);

/// All layers of this process. Thread-safe. Layers stay registered, and plugins loaded, until the process ends.
class LayerRegistry {
 public:
  static LayerRegistry& global();
  /// Throws kInvalidArgument when (domain, name, version) is taken by another origin.
  void add(std::shared_ptr<const LayerType> layer);
  /// Adds all of them or, when one is refused, none.
  void add_all(std::span<const std::shared_ptr<const LayerType>> layers);
  /// `version` 0: the newest. `domain` "": any. Null when there is none.
  [[nodiscard]] std::shared_ptr<const LayerType> find(std::string_view domain, std::string_view name,
                                                      int version = 0) const;
  /// As find(), but throws kNotFound naming layer, version, node, near names and how to load a plugin.
  [[nodiscard]] std::shared_ptr<const LayerType> get(std::string_view domain, std::string_view name, int version,
                                                     std::string_view node_name) const;
  [[nodiscard]] std::vector<std::shared_ptr<const LayerType>> all() const;

 private:
  LayerRegistry();
  ~LayerRegistry();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The layer's version that a custom node was compiled against is kept in this attribute of the node; all its other
/// attributes are fields.
inline constexpr std::string_view kLayerVersionAttribute = "__version";

/// The bound instance for a custom node (any node with a domain), its fields checked.
[[nodiscard]] std::shared_ptr<const LayerInstance> instance_of(const Node& node);

}  // namespace tenon
