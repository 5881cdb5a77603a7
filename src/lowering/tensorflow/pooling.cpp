// SPDX-License-Identifier: Apache-2.0
#include "lowering/operators.h"
#include "lowering/tensorflow/images.h"
#include "lowering/tensorflow/rules.h"

// Pooling.
namespace tenon::lowering::tensorflow {
namespace {

template <int kSpatial>
void pool_with(Rewrite& rewrite, std::span<const int64_t> ksize, std::span<const int64_t> strides) {
  const ImageLayout layout = image_layout(rewrite, kSpatial);
  const std::vector<int64_t> kernel = spatial_part(rewrite, layout, ksize, "ksize");
  WindowSpec window;
  window.in = spatial_extents(rewrite, 0, layout);
  window.kernel.assign(kernel.begin(), kernel.end());
  window.strides = spatial_part(rewrite, layout, strides, "strides");
  window.dilations.assign(kSpatial, 1);
  lowering::pool(rewrite, layout, kernel, window_attributes(rewrite, layout, window));
}

// AveragePool leaves padding out of the mean by default, as TensorFlow does.
template <int kSpatial>
void pool(Rewrite& rewrite) {
  pool_with<kSpatial>(rewrite, rewrite.required_list("ksize"), rewrite.required_list("strides"));
}

void max_pool_v2(Rewrite& rewrite) {
  pool_with<2>(rewrite, rewrite.required_integers(1, "the window"), rewrite.required_integers(2, "the strides"));
}

constexpr Rule kRules[] = {
    {"AvgPool", pool<2>, "AveragePool"}, {"AvgPool3D", pool<3>, "AveragePool"}, {"MaxPool", pool<2>, "MaxPool"},
    {"MaxPool3D", pool<3>, "MaxPool"},   {"MaxPoolV2", max_pool_v2, "MaxPool"},
};

}  // namespace

std::span<const Rule> pooling_rules() { return kRules; }

}  // namespace tenon::lowering::tensorflow
