// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/elements.h"

#include <tenon/shape.h>
#include <tenon/tensor.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

// Tensors in the text files that make_vectors.py and its like write: what NumPy and SciPy compute.
namespace tenon::test {

inline std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end = 0; (end = text.find(separator, begin)) != std::string::npos; begin = end + separator.size()) {
    parts.push_back(text.substr(begin, end - begin));
  }
  parts.push_back(text.substr(begin));
  return parts;
}

/// "f32[2] 1.5 nan" with values of the dtype; expected floats keep all their digits in `exact` as well.
struct Vector {
  Tensor tensor;
  std::vector<double> exact;
};

inline std::optional<Vector> parse_tensor(const std::string& text) {
  if (text == "-") return std::nullopt;
  const auto words = split(text, " ");
  const size_t bracket = words[0].find('[');
  const DType dtype = dtype_from_name(words[0].substr(0, bracket)).value();
  const Dims dims = to_dims(parse_shape(words[0].substr(bracket))).value();
  Vector vector{Tensor::zeros(dtype, dims), {}};
  void* data = vector.tensor.mutable_data();
  EXPECT_EQ(static_cast<int64_t>(words.size()) - 1, dims.count());
  for (size_t i = 1; i < words.size(); ++i) {
    const auto index = static_cast<int64_t>(i - 1);
    const double value = std::strtod(words[i].c_str(), nullptr);
    vector.exact.push_back(value);
    if (is_float(dtype))
      store_f64(data, dtype, index, value);
    else if (words[i][0] == '-')
      store_i64(data, dtype, index, std::strtoll(words[i].c_str(), nullptr, 10));
    else
      store_u64(data, dtype, index, std::strtoull(words[i].c_str(), nullptr, 10));
  }
  return vector;
}

/// How far a value of this dtype may be from `exact`: `ulps` units in the last place, and never less than a subnormal
/// step.
inline double bound(DType dtype, double exact, double ulps) {
  if (!is_float(dtype)) return 0;
  const int digits = dtype == DType::kFloat16 ? 10 : dtype == DType::kBFloat16 ? 7 : dtype == DType::kFloat32 ? 23 : 52;
  const int lowest = dtype == DType::kFloat16 ? -14 : dtype == DType::kFloat64 ? -1022 : -126;
  const int exponent = exact == 0 ? lowest : std::max(std::ilogb(exact), lowest);
  return ulps * std::ldexp(1.0, exponent - digits);
}

inline void expect_vector(const Tensor& actual, const Vector& expected, double ulps) {
  const DType dtype = expected.tensor.dtype();
  ASSERT_EQ(dtype_name(actual.dtype()), dtype_name(dtype));
  ASSERT_EQ(to_string(actual.dims()), to_string(expected.tensor.dims()));
  for (int64_t i = 0; i < actual.count(); ++i) {
    if (!is_float(dtype)) {
      EXPECT_EQ(load_u64(actual.data(), dtype, i), load_u64(expected.tensor.data(), dtype, i)) << "element " << i;
      continue;
    }
    const double value = load_f64(actual.data(), dtype, i);
    const double rounded = load_f64(expected.tensor.data(), dtype, i);
    const double exact = expected.exact[static_cast<size_t>(i)];
    if (std::isnan(rounded))
      EXPECT_TRUE(std::isnan(value)) << "element " << i << " is " << value;
    else if (!std::isfinite(rounded))
      EXPECT_EQ(value, rounded) << "element " << i;
    else
      EXPECT_NEAR(value, exact, bound(dtype, exact, ulps)) << "element " << i;
  }
}

}  // namespace tenon::test
