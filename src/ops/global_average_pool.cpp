// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "ops/all_ops.h"
#include "ops/window.h"

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_real_floats(context, 1);
  infer_pool(context);
}

void reference(ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const MutableTensorView& y = context.output();
  for_each_window(global_window(context.node(), to_shape(x.dims)), x.dims, y.dims, [&](const PooledWindow& window) {
    double sum = 0;
    for (const int64_t index : window.inside) sum += load_f64(x.data, x.dtype, index);
    store_f64(y.data, y.dtype, window.out_index, sum / static_cast<double>(window.inside.size()));
  });
}

}  // namespace

OpDef global_average_pool_op() {
  return {.name = "GlobalAveragePool",
          .since_version = 22,
          .attributes = {{"channels_last", int64_t{0}}},
          .infer = infer,
          .reference = reference,
          .takes_epilogue = true,
          .summary = "The mean over all spatial axes, which stay with extent 1."};
}

}  // namespace tenon
