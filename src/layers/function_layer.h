// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "layers/layer_type.h"

#include <tenon/define_layer.h>

#include <memory>

namespace tenon {

/// A layer that is functions of this program.
class FunctionLayer final : public LayerType {
 public:
  FunctionLayer(LayerInfo info, LayerFunctions functions);

  [[nodiscard]] const LayerInfo& info() const noexcept override { return info_; }
  [[nodiscard]] std::unique_ptr<LayerInstance> create(const Attributes& fields) const override;

 private:
  LayerInfo info_;
  std::shared_ptr<const LayerFunctions> functions_;  // Shared with the instances.
};

}  // namespace tenon
