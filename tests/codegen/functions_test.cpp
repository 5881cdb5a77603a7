// SPDX-License-Identifier: Apache-2.0
#include "codegen/compile.h"
#include "codegen/layers.h"
#include "codegen/run.h"
#include "dice.h"
#include "expr/parse.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <type_traits>

// Elementary functions against the C library in the next wider format.
namespace tenon {
namespace {

using Wide = long double;

struct FunctionRow {
  std::string_view name;
  double (*exact)(double);   // Of f32.
  Wide (*exact_wide)(Wide);  // Of f64.
};

const FunctionRow kRows[] = {
    {"exp", std::exp, std::exp},       {"expm1", std::expm1, std::expm1}, {"log", std::log, std::log},
    {"log1p", std::log1p, std::log1p}, {"sin", std::sin, std::sin},       {"cos", std::cos, std::cos},
    {"tan", std::tan, std::tan},       {"asin", std::asin, std::asin},    {"acos", std::acos, std::acos},
    {"atan", std::atan, std::atan},    {"sinh", std::sinh, std::sinh},    {"cosh", std::cosh, std::cosh},
    {"tanh", std::tanh, std::tanh},    {"asinh", std::asinh, std::asinh}, {"acosh", std::acosh, std::acosh},
    {"atanh", std::atanh, std::atanh}, {"erf", std::erf, std::erf},
};

// How far `actual` is from `exact`, in units in the last place of the format at `exact`; huge when only one is finite,
// or NaN.
template <typename T, typename Exact>
double ulps(T actual, Exact exact) {
  if (std::isnan(exact) || std::isnan(actual)) return std::isnan(exact) && std::isnan(actual) ? 0 : 1e30;
  const T rounded = static_cast<T>(exact);
  if (std::isinf(rounded) || std::isinf(actual)) {
    if (rounded == actual) return 0;
    // Just beyond the largest number, either side of the border will do.
    const T largest = std::numeric_limits<T>::max();
    if (std::fabs(actual) != largest && std::fabs(rounded) != largest) return 1e30;
    return std::signbit(actual) == std::signbit(rounded) ? 1 : 1e30;
  }
  if (exact == 0) return actual == 0 && std::signbit(actual) == std::signbit(exact) ? 0 : 1e30;
  const int exponent = std::max(std::ilogb(rounded == 0 ? std::numeric_limits<T>::denorm_min() : rounded),
                                std::numeric_limits<T>::min_exponent - 1);
  const Exact unit = std::ldexp(Exact(1), exponent - std::numeric_limits<T>::digits + 1);
  return static_cast<double>(std::fabs((static_cast<Exact>(actual) - exact) / unit));
}

struct Worst {
  double ulps = 0;
  double at = 0;

  void note(double error, double x) {
    if (error > ulps) *this = {error, x};
  }
};

// Compiled once, run on any number of chunks.
template <typename T>
class Compiled {
 public:
  Compiled(std::string_view name, Isa isa, int64_t count) : x_(Tensor::empty(kDTypeOf<T>, {count})) {
    const std::string type(dtype_name(kDTypeOf<T>));
    function_ = expr::parse(fmt::format("layer F(x: {0}[n]) -> {0}[n]\n  y[n] = {1}(x[n])\n", type, name));
    isa_ = isa;
  }
  std::span<T> x() { return x_.mutable_values<T>(); }
  Tensor run() {
    const std::vector<Tensor> inputs = {x_};
    return test::run_compiled(function_, inputs, isa_).outputs[0];
  }

 private:
  expr::Function function_;
  Isa isa_ = Isa::kX86V2;
  Tensor x_;
};

class Functions : public testing::TestWithParam<FunctionRow> {};

// The bits are equal on all instruction sets, so one is measured.
Isa some_isa() { return test::available_isas().back(); }

TEST_P(Functions, OfF32AreWithinTwoUlps) {
  const FunctionRow& row = GetParam();
  const uint64_t step = test::is_exhaustive() ? 1 : 8191;  // Odd, so that all low bits occur.
  constexpr int64_t kChunk = 1 << 20;
  Compiled<float> function(row.name, some_isa(), kChunk);
  Worst worst;
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32);) {
    for (float& x : function.x()) {
      x = std::bit_cast<float>(static_cast<uint32_t>(bits));
      bits += step;
    }
    const Tensor result = function.run();
    for (int64_t i = 0; i < kChunk; ++i) {
      const float x = function.x()[static_cast<size_t>(i)];
      worst.note(ulps(result.values<float>()[static_cast<size_t>(i)], row.exact(x)), x);
    }
  }
  RecordProperty("ulps", fmt::format("{:.3f}", worst.ulps));
  EXPECT_LE(worst.ulps, 2) << row.name << " at " << worst.at;
}

TEST_P(Functions, OfF64AreWithinFourUlps) {
  const FunctionRow& row = GetParam();
  constexpr int64_t kCount = 1 << 18;
  Compiled<double> function(row.name, some_isa(), kCount);
  std::mt19937_64 engine(1);
  std::uniform_real_distribution<double> near(-4, 4), far(-750, 750);
  int64_t i = 0;
  for (double& x : function.x()) {
    const int64_t kind = i++ % 4;
    x = kind == 0   ? near(engine)
        : kind == 1 ? far(engine)
        : kind == 2 ? near(engine) / 4
                    : std::bit_cast<double>(engine());
  }
  const Tensor result = function.run();
  Worst worst;
  for (int64_t k = 0; k < kCount; ++k) {
    const double x = function.x()[static_cast<size_t>(k)];
    worst.note(ulps(result.values<double>()[static_cast<size_t>(k)], row.exact_wide(x)), x);
  }
  RecordProperty("ulps", fmt::format("{:.3f}", worst.ulps));
  EXPECT_LE(worst.ulps, 4) << row.name << " at " << fmt::format("{}", worst.at);
}

template <typename T>
void expect_equal_bits(std::string_view name, int64_t count) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  std::vector<Bits> expected;
  for (const Isa isa : test::available_isas()) {
    Compiled<T> function(name, isa, count);
    std::mt19937_64 engine(2);
    for (T& x : function.x()) x = std::bit_cast<T>(static_cast<Bits>(engine()));
    // Around the ends of what is finite and normal, too.
    std::uniform_real_distribution<double> near(sizeof(T) == 4 ? -110 : -760, sizeof(T) == 4 ? 95 : 720);
    for (size_t i = 0; i < function.x().size(); i += 2) function.x()[i] = static_cast<T>(near(engine));
    const Tensor result = function.run();
    std::vector<Bits> bits;
    for (const T y : result.values<T>()) bits.push_back(std::isnan(y) ? Bits(0) : std::bit_cast<Bits>(y));
    if (expected.empty()) expected = bits;
    for (size_t i = 0; i < bits.size(); ++i) {
      ASSERT_EQ(bits[i], expected[i]) << name << " of " << count << " " << dtype_name(kDTypeOf<T>) << " at "
                                      << function.x()[i] << ", " << isa_name(isa);
    }
  }
}

TEST_P(Functions, GiveTheSameBitsOnEveryInstructionSet) {
  for (const int64_t count : {int64_t{7}, int64_t{100'003}}) {
    expect_equal_bits<float>(GetParam().name, count);
    expect_equal_bits<double>(GetParam().name, count);
  }
}

INSTANTIATE_TEST_SUITE_P(Codegen, Functions, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

template <typename T, typename Exact>
Worst worst_power(std::span<const T> bases, std::span<const T> exponents, Exact (*exact)(Exact, Exact)) {
  std::vector<T> a, b;
  for (const T base : bases) {
    for (const T exponent : exponents) {
      a.push_back(base);
      b.push_back(exponent);
    }
  }
  const Dims dims = {static_cast<int64_t>(a.size())};
  const std::vector<Tensor> inputs = {Tensor::from(std::span<const T>(a), dims),
                                      Tensor::from(std::span<const T>(b), dims)};
  const std::string type(dtype_name(kDTypeOf<T>));
  const auto function =
      expr::parse(fmt::format("layer P(x: {0}[n], y: {0}[n]) -> {0}[n]\n  z[n] = pow(x[n], y[n])\n", type));
  const Tensor result = test::run_compiled(function, inputs, some_isa()).outputs[0];
  Worst worst;
  for (size_t i = 0; i < a.size(); ++i) worst.note(ulps(result.values<T>()[i], exact(a[i], b[i])), a[i]);
  return worst;
}

template <typename T>
std::vector<T> interesting(uint32_t seed, size_t count, T range) {
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  std::vector<T> values = {T(0),
                           T(-0.0),
                           T(1),
                           T(-1),
                           T(2),
                           T(-2),
                           T(0.5),
                           T(-0.5),
                           T(3),
                           T(-3),
                           T(1e30),
                           T(-1e30),
                           T(1e-30),
                           kInfinity,
                           -kInfinity,
                           std::numeric_limits<T>::quiet_NaN(),
                           std::numeric_limits<T>::max(),
                           std::numeric_limits<T>::denorm_min(),
                           std::nextafter(T(1), T(2)),
                           std::nextafter(T(1), T(0))};
  std::mt19937 engine(seed);
  std::uniform_real_distribution<T> random(-range, range);
  while (values.size() < count) {
    const T value = random(engine);
    values.push_back(values.size() % 2 == 0 ? value : std::exp(value));
  }
  return values;
}

TEST(Power, OfF32IsWithinTwoUlps) {
  const auto a = interesting<float>(1, 600, 20), b = interesting<float>(2, 600, 30);
  const Worst worst = worst_power<float, double>(a, b, std::pow);
  EXPECT_LE(worst.ulps, 2) << "at base " << worst.at;
}

TEST(Power, OfF64IsWithinSixteenUlps) {
  const auto a = interesting<double>(3, 600, 20), b = interesting<double>(4, 600, 60);
  const Worst worst = worst_power<double, Wide>(a, b, std::pow);
  EXPECT_LE(worst.ulps, 16) << "at base " << fmt::format("{}", worst.at);
}

}  // namespace
}  // namespace tenon
