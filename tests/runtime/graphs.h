// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/engine.h>
#include <tenon/graph.h>

#include "plan/plan.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

// What the tests of the runtime and the backends build their small models with.
namespace tenon::testing {

inline Engine engine_of(Graph graph) { return Engine(Plan{std::move(graph), "test", "test"}); }

inline TensorType f32(Shape shape) { return {DType::kFloat32, std::move(shape)}; }

/// Numbers in [-1, 1), the same for the same seed on every platform.
inline Tensor random_f32(const Dims& dims, uint32_t seed) {
  std::mt19937 generator(seed);
  Tensor tensor = Tensor::empty(DType::kFloat32, dims);
  for (float& value : tensor.mutable_values<float>())
    value = static_cast<float>(static_cast<int32_t>(generator() >> 8) - (1 << 23)) * 0x1p-23F;
  return tensor;
}

/// How far an f32 result may be from the float64 one, for inputs within [-1, 1]: a sum of `length` products, whose
/// partial sums grow with the root of the length and so do the accumulated roundings of 2^-24 of each, with room for a
/// few more roundings.
inline double f32_bound(int64_t length) { return 0x1p-23 * (8.0 + static_cast<double>(length)); }

/// The first place where the tensors differ by more than `bound` (absolutely below 1, relatively above), as text; ""
/// when there is none. NaN must meet NaN and infinities their like.
inline std::string difference(const Tensor& got, const Tensor& want, double bound) {
  if (got.dtype() != want.dtype()) return "the dtypes differ";
  if (!(got.dims() == want.dims())) return to_string(got.dims()) + " instead of " + to_string(want.dims());
  if (got.dtype() != DType::kFloat32) return identical(got, want) ? "" : "the bits differ";
  const auto a = got.values<float>(), b = want.values<float>();
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    if (std::abs(x - y) <= bound * std::max(1.0, std::abs(y))) continue;
    return "element " + std::to_string(i) + " is " + std::to_string(x) + " instead of " + std::to_string(y) +
           ", off by " + std::to_string(std::abs(x - y) / bound) + " bounds";
  }
  return "";
}

}  // namespace tenon::testing
