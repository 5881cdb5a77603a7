// SPDX-License-Identifier: Apache-2.0
#include "ops/op_testing.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>

// Every operator against NumPy and SciPy: the cases that make_vectors.py has written.
namespace tenon::testing {
namespace {

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end = 0; (end = text.find(separator, begin)) != std::string::npos; begin = end + separator.size()) {
    parts.push_back(text.substr(begin, end - begin));
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// "f32[2] 1.5 nan" with values of the dtype; expected floats keep all their digits in `exact` as well.
struct Vector {
  Tensor tensor;
  std::vector<double> exact;
};

std::optional<Vector> parse_tensor(const std::string& text) {
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

Attributes parse_attributes(const std::string& text) {
  Attributes attributes;
  if (text.empty()) return attributes;
  for (const std::string& item : split(text, " ")) {
    const size_t equals = item.find('=');
    const size_t colon = item.find(':', equals);
    const std::string kind = item.substr(equals + 1, colon - equals - 1);
    const std::string value = item.substr(colon + 1);
    Attribute& attribute = attributes[item.substr(0, equals)];
    if (kind == "int")
      attribute = int64_t{std::strtoll(value.c_str(), nullptr, 10)};
    else if (kind == "float")
      attribute = std::strtod(value.c_str(), nullptr);
    else if (kind == "string")
      attribute = value;
    else
      attribute = [&] {
        std::vector<int64_t> numbers;
        if (!value.empty()) {
          for (const std::string& number : split(value, ","))
            numbers.push_back(std::strtoll(number.c_str(), nullptr, 10));
        }
        return numbers;
      }();
  }
  return attributes;
}

// How far a value of this dtype may be from `exact`: `ulps` units in the last place, and never less than a subnormal
// step.
double bound(DType dtype, double exact, double ulps) {
  if (!is_float(dtype)) return 0;
  const int digits = dtype == DType::kFloat16 ? 10 : dtype == DType::kBFloat16 ? 7 : dtype == DType::kFloat32 ? 23 : 52;
  const int lowest = dtype == DType::kFloat16 ? -14 : dtype == DType::kFloat64 ? -1022 : -126;
  const int exponent = exact == 0 ? lowest : std::max(std::ilogb(exact), lowest);
  return ulps * std::ldexp(1.0, exponent - digits);
}

void expect_vector(const Tensor& actual, const Vector& expected, double ulps) {
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

struct Case {
  std::string op;
  std::string line;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = [] {
    std::vector<Case> read;
    std::ifstream file(TENON_OP_VECTORS);
    for (std::string line; std::getline(file, line);) read.push_back({split(line, " | ")[1], line});
    return read;
  }();
  return kCases;
}

class OpVectors : public ::testing::TestWithParam<std::string> {};

// One test an operator; a failure names its row.
TEST_P(OpVectors, AgreeWithNumPy) {
  for (const Case& row : cases()) {
    if (row.op != GetParam()) continue;
    const auto fields = split(row.line, " | ");
    SCOPED_TRACE(fields[0]);
    std::vector<Input> inputs;
    for (const std::string& text : split(fields[3], " ; ")) {
      const auto vector = parse_tensor(text);
      inputs.push_back(vector ? Input(vector->tensor) : std::nullopt);
    }
    const auto outputs = split(fields[4], " ; ");
    const auto actual =
        OneNode(row.op, inputs, parse_attributes(fields[2]), static_cast<int>(outputs.size())).evaluate();
    ASSERT_EQ(actual.size(), outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      expect_vector(actual[i], parse_tensor(outputs[i]).value(), std::strtod(fields[5].c_str(), nullptr));
    }
  }
}

TEST(OpVectorsFile, HasBeenWritten) {
  EXPECT_GT(cases().size(), 1000U) << TENON_OP_VECTORS << " is written by ctest -R ops_vectors";
}

std::set<std::string> operators() {
  std::set<std::string> names;
  for (const Case& row : cases()) names.insert(row.op);
  return names;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OpVectors);
INSTANTIATE_TEST_SUITE_P(, OpVectors, ::testing::ValuesIn(operators()), [](const auto& row) { return row.param; });

}  // namespace
}  // namespace tenon::testing
