// SPDX-License-Identifier: Apache-2.0
#include <tenon/layer.h>

#include <algorithm>

// TensorFlow's ReLU6 and every other clip: y = min(max(x, clipMin), clipMax).
struct CustomClipPlugin {
  float clipMin = 0, clipMax = 6;
  TENON_FIELDS(clipMin, clipMax)
  static constexpr bool elementwise = true;
  void run(tenon::View<const float> x, tenon::View<float> y) const {
    for (size_t i = 0; i < x.size(); ++i) y[i] = std::clamp(x[i], clipMin, clipMax);
  }
};
TENON_PLUGIN(CustomClipPlugin)
