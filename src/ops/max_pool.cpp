// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "ops/all_ops.h"
#include "ops/window.h"

#include <fmt/core.h>

#include <cmath>
#include <limits>

namespace tenon {
namespace {

void infer(InferContext& context) {
  const DType dtype = context.dtype(0);
  if (dtype != DType::kInt8 && dtype != DType::kUInt8) require_real_floats(context, 1);
  const AttributeReader& attributes = context.attributes();
  if (const int64_t order = attributes.integer("storage_order"); order != 0) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("MaxPool '{}': storage_order is {}; Tenon numbers Indices in row-major order, 0",
                            context.node().name(), order));
  }
  infer_pool(context);
  if (context.outputs().size() < 2) return;
  if (attributes.flag("channels_last"))
    context.fail("Indices are defined for channels-first only, but channels_last is set");
  context.set_output(1, DType::kInt64, context.outputs()[0].shape);
}

void reference(ReferenceContext& context) {
  const TensorView& x = context.input(0);
  const MutableTensorView& y = context.output();
  int64_t* indices = context.output_count() > 1 ? context.output(1).as<int64_t>() : nullptr;
  // What a window gives whose dilated kernel meets only padding.
  const double nothing =
      is_float(x.dtype) ? -std::numeric_limits<double>::infinity() : std::numeric_limits<int64_t>::min();
  for_each_window(pool_window(context.node(), to_shape(x.dims)), x.dims, y.dims, [&](const PooledWindow& window) {
    double best = nothing;
    int64_t place = -1;
    for (const int64_t index : window.inside) {
      const double value = load_f64(x.data, x.dtype, index);
      // The first NaN wins over everything, otherwise the first of the largest.
      if (place < 0 || value > best || (std::isnan(value) && !std::isnan(best))) {
        best = value;
        place = index;
      }
    }
    if (place < 0) {
      store_f64(y.data, y.dtype, window.out_index, nothing);
    } else {
      copy_element(y.data, window.out_index, x.data, place, x.dtype);
    }
    if (indices != nullptr) indices[window.out_index] = place;
  });
}

}  // namespace

OpDef max_pool_op() {
  return {
      .name = "MaxPool",
      .since_version = 22,
      .max_outputs = 2,
      .attributes = {{"auto_pad", std::string("NOTSET")},
                     {"ceil_mode", int64_t{0}},
                     {"channels_last", int64_t{0}},
                     {"dilations", std::vector<int64_t>{}},
                     {"kernel_shape", std::vector<int64_t>{}, /*required=*/true},
                     {"pads", std::vector<int64_t>{}},
                     {"storage_order", int64_t{0}},
                     {"strides", std::vector<int64_t>{}}},
      .infer = infer,
      .reference = reference,
      .takes_epilogue = true,
      .summary =
          "The largest element under each window, NaN if there is one; padding never wins. Indices (optional): where "
          "it was, as an index into the flattened input."};
}

}  // namespace tenon
