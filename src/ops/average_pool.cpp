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
  const bool count_padding = context.attributes().flag("count_include_pad");
  for_each_window(pool_window(context.node(), to_shape(x.dims)), x.dims, y.dims, [&](const PooledWindow& window) {
    double sum = 0;
    for (const int64_t index : window.inside) sum += load_f64(x.data, x.dtype, index);
    const double count = count_padding ? window.padded_count : static_cast<double>(window.inside.size());
    // A dilated kernel may step over the whole input: the mean of nothing is 0 here.
    store_f64(y.data, y.dtype, window.out_index, window.inside.empty() ? 0 : sum / count);
  });
}

}  // namespace

OpDef average_pool_op() {
  return {.name = "AveragePool",
          .since_version = 22,
          .attributes = {{"auto_pad", std::string("NOTSET")},
                         {"ceil_mode", int64_t{0}},
                         {"channels_last", int64_t{0}},
                         {"count_include_pad", int64_t{0}},
                         {"dilations", std::vector<int64_t>{}},
                         {"kernel_shape", std::vector<int64_t>{}, /*required=*/true},
                         {"pads", std::vector<int64_t>{}},
                         {"strides", std::vector<int64_t>{}}},
          .infer = infer,
          .reference = reference,
          .takes_epilogue = true,
          .summary =
              "The mean of the elements under each window; with count_include_pad, explicit padding counts as zeros."};
}

}  // namespace tenon
