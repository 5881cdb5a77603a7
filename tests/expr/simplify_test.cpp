// SPDX-License-Identifier: Apache-2.0
#include "expr/simplify.h"

#include "base/elements.h"
#include "expr/interpret.h"
#include "expr/parse.h"
#include "expr/print.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

// Every rule of the table by itself, on random operands; and what simplification makes of some formulas.
namespace tenon::expr {
namespace {

// A rule's pattern and replacement as the two outputs of a layer, with random things in place of the letters: indices,
// constants, elements.
class Instance {
 public:
  Instance(const Rule& rule, ScalarType type, std::mt19937& random) : random_(random), type_(type) {
    function_.name = "Rule";
    std::map<std::string, NodeId> names;
    for (const char letter : std::string_view("abcdklmpq")) {
      const bool is_bool = letter >= 'p', is_constant = letter >= 'k' && letter <= 'm';
      const NodeId node = is_bool || !is_constant ? operand(is_bool ? kBool : type) : constant();
      names[std::string(1, letter)] = node;
      bound_[letter] = node;
    }
    const NodeId pattern = parse_scalar(function_, rule.pattern, names, type);
    const ScalarType result = function_.nodes[pattern].type;
    const NodeId replacement = parse_scalar(function_, rule.replacement, names, result);
    function_.outputs = {{"y", result, shape_, pattern}, {"z", result, shape_, replacement}};
  }

  [[nodiscard]] bool meets(const Rule& rule) const {
    return rule.condition == nullptr || rule.condition(function_.nodes, bound_);
  }

  // Calls compare(pattern, replacement) for each element.
  template <typename Compare>
  void evaluate(Compare&& compare) const {
    std::vector<TensorView> views;
    for (const Tensor& input : inputs_) views.push_back(input.view());
    const std::vector<Tensor> outputs = interpret(function_, views);
    for (int64_t i = 0; i < outputs[0].count(); ++i) compare(outputs[0], outputs[1], i);
  }

  [[nodiscard]] std::string text() const { return print(function_); }

 private:
  int below(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }

  Scalar value(ScalarType type) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr double kReals[] = {0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 4.0, -3.7, 100.25, NAN, kInfinity, -kInfinity};
    constexpr int64_t kIntegers[] = {0, 1, 2, 3, 4, 6, 12, -1, -5, 100, INT64_MAX, INT64_MIN};
    const auto pick = [&](const auto& items) { return items[below(static_cast<int>(std::size(items)))]; };
    if (is_any(type, kFloats | kHalves)) return round_to(type, Scalar::real(pick(kReals)));
    if (type == kBool) return Scalar::integer(below(2));
    return round_to(type, Scalar::integer(pick(kIntegers)));
  }

  NodeId constant() { return function_.nodes.constant(type_, value(type_)); }

  NodeId operand(ScalarType type) {
    const int choice = below(4);
    if (type == kI64 && choice < 2) {
      shape_.push_back(function_.nodes.integer(1 + below(5)));
      return function_.nodes.index(static_cast<int>(shape_.size()) - 1, shape_.back());
    }
    if (choice == 2) return function_.nodes.constant(type, value(type));
    const auto number = static_cast<int>(inputs_.size());
    const NodeId extent = function_.nodes.integer(4);
    shape_.push_back(extent);
    function_.inputs.push_back({"x" + std::to_string(number), type, {4}});
    Tensor input = Tensor::zeros(type.dtype(), {4});
    for (int64_t i = 0; i < input.count(); ++i) {
      if (is_any(type, kFloats | kHalves))
        store_f64(input.mutable_data(), type.dtype(), i, value(type).real());
      else
        store_i64(input.mutable_data(), type.dtype(), i, value(type).integer());
    }
    inputs_.push_back(std::move(input));
    const NodeId index = function_.nodes.index(static_cast<int>(shape_.size()) - 1, extent);
    return function_.nodes.load(number, type, {index});
  }

  std::mt19937& random_;
  ScalarType type_;
  Function function_;
  std::vector<NodeId> shape_;
  std::map<char, NodeId> bound_;
  std::vector<Tensor> inputs_;
};

// What a rule says that it keeps.
void expect_kept(const Rule& rule, const Tensor& pattern, const Tensor& replacement, int64_t i) {
  const DType dtype = pattern.dtype();
  if (!is_float(dtype)) {
    // A comparison that is another one for NaN says so.
    if ((rule.loses & kNaN) != 0) return;
    EXPECT_EQ(load_u64(pattern.data(), dtype, i), load_u64(replacement.data(), dtype, i));
    return;
  }
  const double x = load_f64(pattern.data(), dtype, i), y = load_f64(replacement.data(), dtype, i);
  if (!std::isfinite(x) || !std::isfinite(y)) {
    if ((rule.loses & (kNaN | kOverflow)) != 0) return;
    EXPECT_TRUE(std::isnan(x) ? std::isnan(y) : x == y) << x << " is not " << y;
    return;
  }
  const double tolerance = (rule.loses & (kRounding | kOverflow)) != 0 ? 1e-13 * std::fabs(x) : 0;
  EXPECT_NEAR(x, y, tolerance);
  if ((rule.loses & kZeroSign) == 0) {
    EXPECT_EQ(std::signbit(x), std::signbit(y)) << x << " is not " << y;
  }
}

class Rules : public ::testing::TestWithParam<size_t> {};

TEST_P(Rules, MeanTheSame) {
  const Rule& rule = rules()[GetParam()];
  SCOPED_TRACE(std::string(rule.pattern) + " -> " + std::string(rule.replacement));
  // f64: constants are rounded to narrower floats where the interpreter does not.
  const std::vector<ScalarType> types = {kF64,
                                         kI64,
                                         ScalarType(DType::kInt8),
                                         ScalarType(DType::kUInt8),
                                         ScalarType(DType::kUInt64),
                                         kBool,
                                         ScalarType(DType::kFloat16)};
  std::mt19937 random(static_cast<uint32_t>(GetParam()));
  int met = 0;
  for (const ScalarType type : types) {
    if ((rule.classes & class_of(type)) == 0) continue;
    constexpr int kTries = 300, kEnough = 40;
    for (int attempt = 0, met_here = 0; attempt < kTries && met_here < kEnough; ++attempt) {
      const Instance instance(rule, type, random);
      if (!instance.meets(rule)) continue;
      ++met_here;
      ++met;
      instance.evaluate([&](const Tensor& a, const Tensor& b, int64_t i) { expect_kept(rule, a, b, i); });
      if (HasFailure()) FAIL() << instance.text();
    }
  }
  EXPECT_GE(met, 5) << "the operands hardly ever meet the rule's condition";
}

INSTANTIATE_TEST_SUITE_P(, Rules, ::testing::Range(size_t{0}, rules().size()));

// --- formulas

std::string simplified(const std::string& text, bool fast = false) {
  const std::string printed = print(simplify(parse(text), fast));
  return printed.substr(printed.rfind(" = ") + 3, printed.size() - printed.rfind(" = ") - 4);
}

struct Row {
  const char* name;
  const char* inputs;
  const char* shape;
  const char* formula;
  const char* expected;
  bool fast = false;
};

const Row kRows[] = {
    {"Constants", "x: f32[n]", "n", "x[i] + (f32(1) + f32(2)) * 2", "x[i] + 6"},
    {"ZeroKeepsItsSign", "x: f32[n]", "n", "x[i] + 0", "x[i] + 0"},
    {"ZeroFast", "x: f32[n]", "n", "x[i] + 0", "x[i]", true},
    {"ZeroOfIntegers", "x: i32[n]", "n", "x[i] + 0", "x[i]"},
    {"PowersOfTwo", "x: f32[n]", "n", "x[i] / 8", "x[i] * 0.125"},
    {"OtherDivisorsStay", "x: f32[n]", "n", "x[i] / 3", "x[i] / 3"},
    {"FlattenAndBack", "x: f32[n, c]", "n, c", "x[(i * #c + j) // #c, mod(i * #c + j, #c)]", "x[n, c]"},
    {"DigitsOfConstants", "x: f32[8]", "2, 4", "x[(i * 4 + j) // 4 * 4 + mod(i * 4 + j, 4)]", "x[i * 4 + i1]"},
    {"InsideNeedsNoClamp", "x: f32[n]", "n", "x[min(max(i, 0), #n - 1)]", "x[n]"},
    {"InsideNeedsNoMode", "x: f32[n]", "n", "x[i; wrap]", "x[n]"},
    {"OutsideKeepsItsMode", "x: f32[n]", "n", "x[i + 1; wrap]", "x[n + 1; wrap]"},
    {"ComparisonsOfIndices", "x: f32[n]", "n", "where(i < #n, x[i], f32(7))", "x[n]"},
    {"StorageCasts", "x: f16[n]", "n", "f16(where(i < 3, f32(x[i]), f32(0)))", "where(n < 3, x[n], 0)"},
    {"WideningStaysRounding", "x: f32[n]", "n", "f32(f16(x[i]))", "f32(f16(x[n]))"},
    {"ReductionOverOne", "x: f32[n]", "n", "sum[k < 1, l < 1](x[i + k])", "x[n]"},
    {"NestedSelects", "x: f32[n]", "n", "where(x[i] < 0, where(x[i] < 0, -x[i], f32(1)), f32(2))",
     "where(x[n] < 0, -x[n], 2)"},
};

class Formulas : public ::testing::TestWithParam<Row> {};

TEST_P(Formulas, BecomeSimple) {
  const Row& row = GetParam();
  const std::string head = std::string("layer L(") + row.inputs + ") -> " + std::string(row.inputs).substr(3, 3) + "[" +
                           row.shape + "]\n y[" +
                           (std::string(row.shape).find(',') == std::string::npos ? "i" : "i, j") + "] = ";
  std::string expected = row.expected;
  // The axis is printed by its dimension's name.
  if (std::string(row.shape) == "n") {
    for (size_t at = 0; (at = expected.find("[i]", at)) != std::string::npos;) expected.replace(at, 3, "[n]");
  }
  EXPECT_EQ(simplified(head + row.formula, row.fast), expected);
}

INSTANTIATE_TEST_SUITE_P(, Formulas, ::testing::ValuesIn(kRows), [](const auto& row) { return row.param.name; });

// --- contraction

TEST(Contraction, IsOfFloatProductsThatAreAdded) {
  const std::string head = "layer L(x: f32[n], i: i32[n]) -> f32[n], f32[], i32[n], f32[n]\n";
  const Function plain = parse(head +
                               "  a[n] = (x[n] * 3 + x[n] * 5 - x[n] * x[n]) * 2\n  b[] = sum[k < #n](x[k] * x[k])\n"
                               "  c[n] = i[n] * 3 + 1\n  d[n] = max(x[n] * 2, x[n] + 1) * x[n]\n");
  EXPECT_EQ(print(contracted(plain)), head +
                                          "  a[n] = (fastmul(x[n], 3) + fastmul(x[n], 5) - fastmul(x[n], x[n])) * 2\n"
                                          "  b[] = sum[k < #n](fastmul(x[k], x[k]))\n"
                                          "  c[n] = i[n] * 3 + 1\n  d[n] = max(x[n] * 2, x[n] + 1) * x[n]\n");
  EXPECT_TRUE(identical(uncontracted(contracted(plain)), plain));
  EXPECT_TRUE(identical(parse(print(contracted(plain))), contracted(plain)));
}

}  // namespace
}  // namespace tenon::expr
