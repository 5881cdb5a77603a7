// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "ops/all_ops.h"
#include "ops/window.h"

#include <fmt/core.h>

#include <cmath>

namespace tenon {
namespace {

void infer(InferContext& context) {
  require_real_floats(context, 1);
  if (const int64_t p = context.attributes().integer("p"); p < 1) {
    context.fail(fmt::format("p is {} but at least 1 is required", p));
  }
  infer_pool(context);
}

void reference(ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const MutableTensorView& y = context.output();
  const auto p = static_cast<double>(context.attributes().integer("p"));
  for_each_window(pool_window(context.node(), to_shape(x.dims)), x.dims, y.dims, [&](const PooledWindow& window) {
    double sum = 0;
    for (const int64_t index : window.inside) sum += std::pow(std::fabs(load_f64(x.data, x.dtype, index)), p);
    store_f64(y.data, y.dtype, window.out_index, std::pow(sum, 1 / p));
  });
}

}  // namespace

OpDef lp_pool_op() {
  return {.name = "LpPool",
          .since_version = 22,
          .attributes = {{"auto_pad", std::string("NOTSET")},
                         {"ceil_mode", int64_t{0}},
                         {"channels_last", int64_t{0}},
                         {"dilations", std::vector<int64_t>{}},
                         {"kernel_shape", std::vector<int64_t>{}, /*required=*/true},
                         {"p", int64_t{2}},
                         {"pads", std::vector<int64_t>{}},
                         {"strides", std::vector<int64_t>{}}},
          .infer = infer,
          .reference = reference,
          .takes_epilogue = true,
          .summary = "The p-norm of the elements under each window: (sum of |x|^p)^(1/p)."};
}

}  // namespace tenon
