// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/simd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

// The inner loops, for every instruction set that this processor runs, against float64 formulas.
namespace tenon::cpu {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<const Simd*> available() {
  int count = 0;
  const Simd* const* all = all_simd(&count);
  return {all, all + count};
}

class OnIsa : public ::testing::TestWithParam<const Simd*> {};
INSTANTIATE_TEST_SUITE_P(Simd, OnIsa, ::testing::ValuesIn(available()),
                         [](const auto& isa) { return std::string(isa.param->isa); });

struct Function {
  const char* name;
  UnaryOp op;
  float alpha, beta;
  double (*formula)(double);
  double ulps;      // The bound where the result is not near zero …
  double absolute;  // … and this beside it: functions that subtract lose relative precision where they vanish.
};

double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double hard(double x) { return std::isnan(x) ? x : std::max(0.0, std::min(1.0, x)); }

const Function kFunctions[] = {
    {"Abs", UnaryOp::kAbs, 0, 0, [](double x) { return std::fabs(x); }, 0, 0},
    {"Ceil", UnaryOp::kCeil, 0, 0, [](double x) { return std::ceil(x); }, 0, 0},
    {"Clip", UnaryOp::kClip, -1, 6, [](double x) { return x < -1  ? -1
                                                          : x > 6 ? 6
                                                                  : x; }, 0, 0},
    {"Elu", UnaryOp::kElu, 1, 0, [](double x) { return x < 0 ? std::expm1(x) : x; }, 2, 0},
    {"Erf", UnaryOp::kErf, 0, 0, [](double x) { return std::erf(x); }, 4, 0},
    {"Exp", UnaryOp::kExp, 0, 0, [](double x) { return std::exp(x); }, 2, 0},
    {"Floor", UnaryOp::kFloor, 0, 0, [](double x) { return std::floor(x); }, 0, 0},
    {"Gelu", UnaryOp::kGelu, 0, 0, [](double x) { return 0.5 * x * (1 + std::erf(x * std::sqrt(0.5))); }, 4, 4e-7},
    {"GeluTanh", UnaryOp::kGeluTanh, 0, 0,
     [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }, 8, 1e-6},
    {"HardSigmoid", UnaryOp::kHardSigmoid, 0.2F, 0.5F,
     [](double x) { return hard(static_cast<double>(0.2F) * x + 0.5); }, 2, 1e-7},
    {"HardSwish", UnaryOp::kHardSwish, 0, 0, [](double x) { return x * hard(x / 6 + 0.5); }, 4, 4e-7},
    {"LeakyRelu", UnaryOp::kLeakyRelu, 0.5F, 0, [](double x) { return x < 0 ? 0.5 * x : x; }, 0, 0},
    {"Mish", UnaryOp::kMish, 0, 0, [](double x) { return x * std::tanh(softplus(x)); }, 8, 1e-38},
    {"Neg", UnaryOp::kNeg, 0, 0, [](double x) { return -x; }, 0, 0},
    {"Reciprocal", UnaryOp::kReciprocal, 0, 0, [](double x) { return 1 / x; }, 1, 0},
    {"Relu", UnaryOp::kRelu, 0, 0, [](double x) { return x < 0 ? 0 : x; }, 0, 0},
    {"Sigmoid", UnaryOp::kSigmoid, 0, 0, sigmoid, 4, 0},
    {"Softplus", UnaryOp::kSoftplus, 0, 0, softplus, 4, 0},
    {"Sqrt", UnaryOp::kSqrt, 0, 0, [](double x) { return std::sqrt(x); }, 1, 0},
    {"Swish", UnaryOp::kSwish, 1, 0, [](double x) { return x * sigmoid(x); }, 8, 1e-38},
    {"Tanh", UnaryOp::kTanh, 0, 0, [](double x) { return std::tanh(x); }, 4, 0},
};

void expect_near(float got, double want, const Function& function, float x) {
  const auto rounded = static_cast<float>(want);
  if (std::isnan(rounded)) {
    EXPECT_TRUE(std::isnan(got)) << function.name << "(" << x << ") = " << got;
    return;
  }
  if (std::isinf(rounded)) {
    EXPECT_EQ(got, rounded) << function.name << "(" << x << ")";
    return;
  }
  const float size = std::fabs(rounded);
  const double ulp = std::max(static_cast<double>(std::nextafter(size, kInf) - size), 0x1p-149);
  EXPECT_LE(std::fabs(static_cast<double>(got) - want), function.ulps * ulp + 0.5 * ulp + function.absolute)
      << function.name << "(" << x << ") = " << got << ", not " << want;
}

TEST_P(OnIsa, FunctionsAreWithinTheirBounds) {
  std::vector<float> x;
  for (double value = -110; value < 95; value += 0.0137) x.push_back(static_cast<float>(value));
  for (double value = 1e-44; value < 1e38; value *= 1.37) {
    x.push_back(static_cast<float>(value));
    x.push_back(-static_cast<float>(value));
  }
  std::vector<float> y(x.size());
  for (const Function& function : kFunctions) {
    GetParam()->unary(function.op, function.alpha, function.beta, x.data(), y.data(), static_cast<int64_t>(x.size()));
    for (size_t i = 0; i < x.size(); ++i) {
      expect_near(y[i], function.formula(static_cast<double>(x[i])), function, x[i]);
      if (HasFailure()) return;
    }
  }
}

TEST_P(OnIsa, SpecialValuesComeOutAsTheFormulaHasThem) {
  const float x[] = {kNan, kInf, -kInf, 0.0F, -0.0F, 1e-40F, -1e-40F, 3.4e38F, -3.4e38F, 1.0F, 6.0F};
  float y[std::size(x)];
  for (const Function& function : kFunctions) {
    GetParam()->unary(function.op, function.alpha, function.beta, x, y, std::size(x));
    for (size_t i = 0; i < std::size(x); ++i)
      expect_near(y[i], function.formula(static_cast<double>(x[i])), function, x[i]);
  }
}

TEST_P(OnIsa, EveryCountIsHandledAndNothingBehindIsTouched) {
  for (int64_t count = 0; count < 70; ++count) {
    std::vector<float> x(static_cast<size_t>(count), -2.0F), y(static_cast<size_t>(count) + 8, 5.0F);
    GetParam()->unary(UnaryOp::kAbs, 0, 0, x.data(), y.data(), count);
    for (int64_t i = 0; i < count; ++i) EXPECT_EQ(y[static_cast<size_t>(i)], 2.0F);
    for (size_t i = x.size(); i < y.size(); ++i) EXPECT_EQ(y[i], 5.0F);
    std::fill(y.begin(), y.end(), 5.0F);
    GetParam()->binary(BinaryOp::kSub, Scalar::kNone, x.data(), x.data(), y.data(), count);
    for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], i < x.size() ? 0.0F : 5.0F);
  }
}

TEST_P(OnIsa, BinaryFunctionsAreExactAndKeepNan) {
  const float a[] = {1, -2, kNan, 3, kInf, 0.1F, -0.0F, 7, 1e38F};
  const float b[] = {4, -5, 3, kNan, kInf, 0.2F, 2, 0, 1e38F};
  constexpr int64_t kCount = std::size(a);
  struct Row {
    BinaryOp op;
    float (*formula)(float, float);
  };
  const Row rows[] = {
      {BinaryOp::kAdd, [](float u, float v) { return u + v; }},
      {BinaryOp::kSub, [](float u, float v) { return u - v; }},
      {BinaryOp::kMul, [](float u, float v) { return u * v; }},
      {BinaryOp::kDiv, [](float u, float v) { return u / v; }},
      {BinaryOp::kMax, [](float u, float v) { return std::isnan(u) || u > v ? u : v; }},
      {BinaryOp::kMin, [](float u, float v) { return std::isnan(u) || u < v ? u : v; }},
  };
  for (const Row& row : rows) {
    for (const Scalar scalar : {Scalar::kNone, Scalar::kLeft, Scalar::kRight}) {
      float y[kCount];
      GetParam()->binary(row.op, scalar, a, b, y, kCount);
      for (int64_t i = 0; i < kCount; ++i) {
        const float want = row.formula(scalar == Scalar::kLeft ? a[0] : a[i], scalar == Scalar::kRight ? b[0] : b[i]);
        EXPECT_TRUE(y[i] == want || (std::isnan(y[i]) && std::isnan(want))) << i << ": " << y[i] << " not " << want;
      }
    }
  }
}

TEST_P(OnIsa, ProductsAgreeWithFloat64OnEveryTileShape) {
  std::mt19937 random(7);
  const auto number = [&] { return static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 1000; };
  for (int64_t m = 1; m <= 27; ++m) {
    for (const int64_t n : {1, 7, 16, 31, 33, 48, 100}) {
      // A's columns side by side, or in blocks.
      const int64_t block = 1 + static_cast<int64_t>(random() % 30), blocks = 1 + static_cast<int64_t>(random() % 3);
      const int64_t k = block * blocks, block_step = m * block + 3;
      const int panel_vectors = 1 + static_cast<int>(random() % 3);
      const int64_t panel = panel_vectors * GetParam()->width;
      const auto a_at = [&](int64_t row, int64_t column) {
        return static_cast<size_t>(column / block * block_step + row * block + column % block);
      };
      std::vector<float> a(static_cast<size_t>(blocks * block_step)), b(static_cast<size_t>(k * n)),
          bias(static_cast<size_t>(n));
      for (auto* values : {&a, &b, &bias})
        for (float& value : *values) value = number();
      std::vector<float> packed(static_cast<size_t>(packed_b_count(panel, k, n)));
      pack_b(panel, b.data(), k, n, n, 1, packed.data());
      std::vector<float> c(static_cast<size_t>(m * n) + 8, 99.0F);
      GemmTask task;
      task.a = a.data();
      task.b = packed.data();
      task.bias = bias.data();
      task.c = c.data();
      task.m = m;
      task.n = n;
      task.k = k;
      task.lda = block;
      task.ldc = n;
      task.panel_vectors = panel_vectors;
      task.a_block = block;
      task.a_step = block_step;
      task.clamp = true;
      task.lo = -0.5F;
      task.hi = 2;
      GetParam()->gemm(task, 0, (n + panel - 1) / panel);
      for (int64_t i = 0; i < m * n; ++i) {
        double want = static_cast<double>(bias[static_cast<size_t>(i % n)]);
        for (int64_t p = 0; p < k; ++p)
          want += static_cast<double>(a[a_at(i / n, p)]) * static_cast<double>(b[static_cast<size_t>(p * n + i % n)]);
        ASSERT_NEAR(c[static_cast<size_t>(i)], std::max(-0.5, std::min(2.0, want)),
                    0x1p-23 * (8.0 + static_cast<double>(k)))
            << m << "x" << n << "x" << k;
      }
      for (size_t i = static_cast<size_t>(m * n); i < c.size(); ++i) ASSERT_EQ(c[i], 99.0F);
    }
  }
}

// One row of a depthwise convolution against float64.
void check_depthwise_row(const Simd& simd, DepthwiseTask task, int64_t first_row, int64_t pad_right) {
  constexpr int64_t kHeight = 5;
  std::mt19937 random(11);
  const auto numbers = [&](int64_t count) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 1000;
    return values;
  };
  const int64_t channels = task.channels;
  const int64_t results = (task.width + task.pad_left + pad_right - 3) / task.stride + 1;
  const std::vector<float> x = numbers(kHeight * task.width * channels), weights = numbers(9 * channels),
                           bias = numbers(channels);
  std::vector<float> y(static_cast<size_t>(results * channels) + 8, 99.0F);
  for (int64_t i = 0; i < 3; ++i) {
    const int64_t row = first_row + i;
    task.rows[i] = row < 0 || row >= kHeight ? nullptr : x.data() + row * task.width * channels;
  }
  task.weights = weights.data();
  task.bias = bias.data();
  // In two parts, of which one may be empty.
  const auto middle = static_cast<int64_t>(random() % static_cast<uint32_t>(results + 1));
  for (const auto& [first, last] : {std::pair{int64_t{0}, middle}, std::pair{middle, results}}) {
    task.first = first;
    task.count = last - first;
    task.y = y.data() + first * channels;
    if (task.count > 0) simd.depthwise(task);
  }
  for (int64_t i = 0; i < results * channels; ++i) {
    const int64_t pixel = i / channels, channel = i % channels;
    auto want = static_cast<double>(bias[static_cast<size_t>(channel)]);
    for (int64_t tap = 0; tap < 9; ++tap) {
      const int64_t row = first_row + tap / 3, column = pixel * task.stride - task.pad_left + tap % 3;
      if (row < 0 || row >= kHeight || column < 0 || column >= task.width) continue;
      want += static_cast<double>(x[static_cast<size_t>((row * task.width + column) * channels + channel)]) *
              static_cast<double>(weights[static_cast<size_t>(tap * channels + channel)]);
    }
    want = std::max(static_cast<double>(task.lo), std::min(static_cast<double>(task.hi), want));
    ASSERT_NEAR(y[static_cast<size_t>(i)], want, 0x1p-20)
        << "row " << first_row << " of " << kHeight << ", pixel " << pixel << " of " << results << ", channel "
        << channel << " of " << channels << ", stride " << task.stride << ", padding " << task.pad_left << " and "
        << pad_right;
  }
  for (size_t i = static_cast<size_t>(results * channels); i < y.size(); ++i) ASSERT_EQ(y[i], 99.0F);
}

TEST_P(OnIsa, DepthwiseRowsAgreeWithFloat64) {
  for (const int64_t channels : {1, 7, 16, 21, 40}) {
    for (const int64_t width : {3, 4, 11, 24}) {
      for (int64_t choice = 0; choice < 48; ++choice) {
        DepthwiseTask task;
        task.channels = channels;
        task.width = width;
        task.stride = 1 + choice % 2;
        task.pad_left = choice / 2 % 2;
        const int64_t row = std::array{-1, 1, 3}[static_cast<size_t>(choice / 4 % 3)];  // Above, inside, below.
        if (choice / 12 % 2 == 1) {
          task.lo = -0.25F;
          task.hi = 0.5F;
        }
        check_depthwise_row(*GetParam(), task, row, choice / 24);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(OnIsa, ARowGivesTheSameBitsInEveryBatch) {
  constexpr int64_t kK = 300, kN = 50, kM = 19;
  const int64_t panel = 2 * GetParam()->width;
  std::vector<float> a(kM * kK), b(kK * kN);
  for (size_t i = 0; i < a.size(); ++i) a[i] = std::sin(static_cast<float>(i % kK));
  for (size_t i = 0; i < b.size(); ++i) b[i] = std::cos(static_cast<float>(i));
  std::vector<float> packed(static_cast<size_t>(packed_b_count(panel, kK, kN)));
  pack_b(panel, b.data(), kK, kN, kN, 1, packed.data());
  const int64_t panels = (kN + panel - 1) / panel;
  std::vector<float> first;
  for (int64_t m = 1; m <= kM; ++m) {
    std::vector<float> c(static_cast<size_t>(m * kN));
    GemmTask task;
    task.a = a.data();
    task.b = packed.data();
    task.c = c.data();
    task.m = m;
    task.n = kN;
    task.k = kK;
    task.lda = kK;
    task.ldc = kN;
    GetParam()->gemm(task, 0, panels);
    if (first.empty()) first.assign(c.begin(), c.begin() + kN);
    for (int64_t row = 0; row < m; ++row)
      EXPECT_EQ(std::memcmp(c.data() + row * kN, first.data(), kN * sizeof(float)), 0) << m;
  }
}

TEST_P(OnIsa, ReductionsAgreeWithFloat64) {
  for (const int64_t count : {1, 5, 64, 1000, 100000}) {
    std::vector<float> x(static_cast<size_t>(count));
    for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i) * 0.7F) + 0.5F;
    double sum = 0, squares = 0, sizes = 0, largest = -10, smallest = 10;
    for (const float value : x) {
      const auto v = static_cast<double>(value);
      sum += v;
      squares += v * v;
      sizes += std::fabs(v);
      largest = std::max(largest, v);
      smallest = std::min(smallest, v);
    }
    const double bound = 0x1p-23 * 16 * (1 + sizes);
    EXPECT_NEAR(GetParam()->reduce(ReduceOp::kSum, x.data(), count), sum, bound);
    EXPECT_NEAR(GetParam()->reduce(ReduceOp::kSumSquare, x.data(), count), squares, 2 * bound);
    EXPECT_NEAR(GetParam()->reduce(ReduceOp::kSumAbs, x.data(), count), sizes, bound);
    EXPECT_EQ(GetParam()->reduce(ReduceOp::kMax, x.data(), count), largest);
    EXPECT_EQ(GetParam()->reduce(ReduceOp::kMin, x.data(), count), smallest);
    x[x.size() / 2] = kNan;
    EXPECT_TRUE(std::isnan(GetParam()->reduce(ReduceOp::kMax, x.data(), count)));
    EXPECT_TRUE(std::isnan(GetParam()->reduce(ReduceOp::kMin, x.data(), count)));
    EXPECT_TRUE(std::isnan(GetParam()->reduce(ReduceOp::kSum, x.data(), count)));
  }
}

TEST_P(OnIsa, SoftmaxSumsToOneAndKeepsNanInItsRow) {
  for (const int64_t extent : {1, 3, 10, 17, 1000}) {
    std::vector<float> x(static_cast<size_t>(3 * extent)), y(x.size());
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 29) * 3 - 40;
    x[static_cast<size_t>(extent)] = kNan;
    GetParam()->softmax(x.data(), y.data(), 3, extent, false);
    for (const int64_t row : {0, 2}) {
      double sum = 0;
      for (int64_t i = 0; i < extent; ++i) sum += static_cast<double>(y[static_cast<size_t>(row * extent + i)]);
      EXPECT_NEAR(sum, 1, 1e-6);
    }
    for (int64_t i = 0; i < extent; ++i) EXPECT_TRUE(std::isnan(y[static_cast<size_t>(extent + i)]));
  }
}

}  // namespace
}  // namespace tenon::cpu
