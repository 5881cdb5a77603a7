// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "ops/all_ops.h"
#include "ops/pointwise.h"

#include <fmt/core.h>

#include <cstring>

namespace tenon {
namespace {

void require_inference(const Node& node, const TensorView& training_mode) {
  if (training_mode.dims.count() == 0 || load_i64(training_mode.data, training_mode.dtype, 0) == 0) return;
  throw Error(ErrorCode::kUnsupported,
              fmt::format("Dropout '{}': training_mode is true but Tenon runs models and does not "
                          "train them; export the model for inference",
                          node.name()));
}

void infer(InferContext& context) {
  require_dtype(context, 0, kFloatDTypes);
  if (context.has_input(2)) {
    require_dtype(context, 2, dtype_bit(DType::kBool));
    if (const Tensor* mode = context.value(2)) require_inference(context.node(), mode->view());
  }
  context.copy_type(0);
  context.set_output(1, DType::kBool, context.shape(0));
}

void reference(ReferenceContext& context) {
  if (context.has_input(2)) require_inference(context.node(), context.input(2));
  const TensorView& x = context.input(0);
  if (const auto bytes = static_cast<size_t>(x.size_bytes()); bytes > 0)
    std::memmove(context.output().data, x.data, bytes);
  if (context.output_count() < 2) return;
  const MutableTensorView& mask = context.output(1);
  for (int64_t i = 0; i < mask.dims.count(); ++i) store_i64(mask.data, mask.dtype, i, 1);
}

}  // namespace

OpDef dropout_op() {
  return {
      .name = "Dropout",
      .since_version = 22,
      .max_inputs = 3,
      .max_outputs = 2,
      .attributes = {{"seed", int64_t{0}}},
      .infer = infer,
      .reference = reference,
      .pointwise = true,
      .summary = "y = x, and a mask that keeps every element; inference only.",
  };
}

}  // namespace tenon
