// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "ops/all_ops.h"
#include "ops/window.h"

#include <cmath>

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
    double best = load_f64(x.data, x.dtype, window.inside[0]);  // The type rule has made sure that there is one.
    for (const int64_t index : window.inside) {
      const double value = load_f64(x.data, x.dtype, index);
      if (value > best || std::isnan(value)) best = value;
    }
    store_f64(y.data, y.dtype, window.out_index, best);
  });
}

}  // namespace

OpDef global_max_pool_op() {
  return {.name = "GlobalMaxPool",
          .since_version = 22,
          .attributes = {{"channels_last", int64_t{0}}},
          .infer = infer,
          .reference = reference,
          .takes_epilogue = true,
          .summary = "The largest element over all spatial axes, which stay with extent 1; NaN if there is one."};
}

}  // namespace tenon
