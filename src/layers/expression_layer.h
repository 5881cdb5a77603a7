// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/define_layer.h>

#include "layers/layer_type.h"

#include <memory>
#include <optional>
#include <span>
#include <vector>

// Layers as formulas and the operators that these call. Compiling a graph replaces them by what they are
// (compiler/passes/inline_layers.cpp).
namespace tenon {

/// A layer whose formulas are traced for each set of input types.
class ExpressionLayer final : public LayerType {
 public:
  ExpressionLayer(LayerInfo info, std::vector<std::string> input_names, bool fast, LayerFormulas formulas)
      : info_(std::move(info)), input_names_(std::move(input_names)), fast_(fast), formulas_(std::move(formulas)) {}

  [[nodiscard]] const LayerInfo& info() const noexcept override { return info_; }
  /// An instance that runs by the interpreter and the operators' reference kernels.
  [[nodiscard]] std::unique_ptr<LayerInstance> create(const Attributes& fields) const override;
  [[nodiscard]] std::optional<Graph> trace(std::span<const TensorType> inputs, const Attributes& fields) const override;

 private:
  LayerInfo info_;
  std::vector<std::string> input_names_;
  bool fast_;
  LayerFormulas formulas_;
};

/// What define_layer() says of a layer, checked.
[[nodiscard]] LayerInfo layer_info_of(const LayerDefinition& definition, LayerKind kind);

}  // namespace tenon
