// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "layers/layer_type.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// Users' layers made of functions, registered in this process.
namespace tenon::testing {

using InferFunction = std::function<std::vector<TensorType>(std::span<const TensorType>)>;
using RunFunction = std::function<void(std::span<const TensorView>, std::span<const MutableTensorView>,
                                       const LayerInstance::Allocate&)>;

class FunctionLayer final : public LayerType {
 public:
  FunctionLayer(LayerInfo info, InferFunction infer, RunFunction run)
      : info_(std::move(info)), infer_(std::move(infer)), run_(std::move(run)) {}

  [[nodiscard]] const LayerInfo& info() const noexcept override { return info_; }
  [[nodiscard]] std::unique_ptr<LayerInstance> create(const Attributes&) const override {
    return std::make_unique<Instance>(infer_, run_);
  }

 private:
  class Instance final : public LayerInstance {
   public:
    Instance(InferFunction infer, RunFunction run) : infer_(std::move(infer)), run_(std::move(run)) {}
    [[nodiscard]] std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
      return infer_(inputs);
    }
    [[nodiscard]] std::unique_ptr<LayerState> prepare(std::span<const TensorView>,
                                                      std::span<const TensorView>) const override {
      return nullptr;
    }
    void run(LayerState*, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
             const Allocate& allocate) const override {
      run_(inputs, outputs, allocate);
    }

   private:
    InferFunction infer_;
    RunFunction run_;
  };

  LayerInfo info_;
  InferFunction infer_;
  RunFunction run_;
};

inline InferFunction same_as_input() {
  return [](std::span<const TensorType> inputs) { return std::vector<TensorType>{inputs[0]}; };
}

enum class Kind { kPlain, kElementwise, kDataDependent };

/// Registers the layer unless a test did so before.
inline void add_layer(std::string name, Kind kind, InferFunction infer, RunFunction run) {
  LayerInfo info;
  info.name = std::move(name);
  info.origin = "the test";
  info.elementwise = kind == Kind::kElementwise;
  info.data_dependent = kind == Kind::kDataDependent;
  if (LayerRegistry::global().find(info.domain, info.name)) return;
  LayerRegistry::global().add(std::make_shared<FunctionLayer>(std::move(info), std::move(infer), std::move(run)));
}

}  // namespace tenon::testing
