// SPDX-License-Identifier: Apache-2.0
#include "expr/parse.h"

#include "expr/print.h"

#include "errors.h"

// Texts as people write them, and what is wrong with others.
namespace tenon::expr {
namespace {

using test::expect_error;

std::string printed(const std::string& text) { return print(parse(text)); }

TEST(Parse, NaNHasNoSign) {
  const LayerExpr layer = LayerExpr::parse("layer L(x: f32[n]; lo = -nan) -> f32[n]\n  y[i] = x[i] - -nan + lo\n");
  EXPECT_EQ(layer, LayerExpr::parse(layer.to_string()));
}

TEST(Parse, NeedsNoMoreThanTheSentence) {
  EXPECT_EQ(printed("layer Clip(x: f32[n, c, h, w]; lo = 0, hi = 6) -> f32[n, c, h, w]\n"
                    "  y[n,c,h,w] = min(max(x[n,c,h,w], lo), hi)"),
            "layer Clip(x: f32[n, c, h, w]; lo = 0, hi = 6) -> f32[n, c, h, w]\n"
            "  y[n, c, h, w] = min(max(x[n, c, h, w], lo), hi)\n");
}

TEST(Parse, OperatorsBindAsInC) {
  EXPECT_EQ(printed("layer L(x: i32[]) -> bool[] y[] = ((x[] + 1) * 2 - -3 << 1 < (x[] & 7)) | false"),
            "layer L(x: i32[]) -> bool[]\n  y[] = (x[] + 1) * 2 - -3 << 1 < (x[] & 7) | false\n");
}

TEST(Parse, EveryPartOfTheLanguage) {
  const std::string text =
      "layer All(x: T[n, 3], i: i64[]; k = 2, f = -1.5e-07, flag = true) -> T[n, k * 2], i64[]\n"
      "  \"Says \\\"all\\\"\\nin two lines.\"\n"
      "  require n // 2 * 2 == n\n"
      "  let t[n] = sum[k1 < 3](x[n, k1]) + T(f)\n"
      "  y[n, i1] = where(flag & not(isnan(T(f))), t[n] * t[n], T(nan)) + x[mod(n + 1, #n), i1 % 3; -inf] - x[n + i[], "
      "0; "
      "reflect]\n"
      "  z[] = argmax[k1 < #n, k2 < k](x[k1, k2; clamp]) + i64(bits.i32(f32(i[]))) - -i[] + i64(u8(255))\n";
  const Function function = parse(text);
  EXPECT_TRUE(identical(parse(print(function)), function)) << print(function);
}

struct Row {
  const char* name;
  const char* text;
  const char* fragment;
  ErrorCode code = ErrorCode::kInvalidArgument;
};

const Row kRows[] = {
    {"Empty", "", "line 1, column 1: the text ends but 'layer' is required"},
    {"NoArrow", "layer L(x: f32[n])\n y[n] = x[n]", "line 2, column 2: 'y' is found but '->' is required"},
    {"NoDType", "layer L(x: [n]) -> f32[n] y[n] = x[n]", "'[' is found but a dtype is required"},
    {"NoFormula", "layer L(x: f32[n]) -> f32[n]\n", "line 2, column 1: the text ends but a formula for output 1"},
    {"TwoFormulas", "layer L(x: f32[n]) -> f32[n] y[n] = x[n] z[n] = x[n]", "'z' is found but the end is required"},
    {"Unknown", "layer L(x: f32[n]) -> f32[n]\n  y[n] = x[n] + z",
     "line 2, column 17: 'z' is no index, field or input"},
    {"ExtentWithoutMark", "layer L(x: f32[n, m]) -> f32[n] y[n] = x[n, m]", "for the dimension write #m"},
    {"NoDimension", "layer L(x: f32[n]) -> f32[n] y[n] = x[#m]", "'m' is not a dimension of an input"},
    {"DTypes", "layer L(x: f32[n]; k = 1) -> f32[n]\n y[n] = x[n] + n",
     "i64 is found but f32 is required; cast it: f32(…)"},
    {"OutputDType", "layer L(x: f32[n]) -> i64[n] y[n] = x[n]", "f32 is found but i64 is required; cast it: i64(…)"},
    {"NumberWithoutDType", "layer L(x: f32[n]) -> bool[n] y[n] = 1 < 2", "two numbers have no dtype"},
    {"NoValue", "layer L(x: u8[n]) -> u8[n] y[n] = x[n] + 300", "u8 does not have the value 300"},
    {"Rank", "layer L(x: f32[n]) -> f32[n] y[n] = x[n, 0]", "'x' is read at 2 indices but has 1 dimensions"},
    {"AxisTwice", "layer L(x: f32[n]) -> f32[n, n] y[n, n] = x[n]", "the index 'n' is there already"},
    {"FewAxes", "layer L(x: f32[n]) -> f32[n, n] y[i] = x[i]", "1 indices are given but the output has 2 dimensions"},
    {"ManyAxes", "layer L(x: f32[n]) -> f32[n] y[i, j] = x[i]", "the output has 1 dimensions only"},
    {"IndexWithoutExtent", "layer L(x: f32[n]) -> f32[n] y[n] = sum[k](x[k])", "'< extent' after the index 'k'"},
    {"IndexLeavesReduction", "layer L(x: f32[n]) -> f32[n] y[i] = sum[k < 2](x[k]) + x[k]", "'k' is no index"},
    {"LetTwice", "layer L(x: f32[n]) -> f32[n] let t = #n let t = #n y[n] = x[n]", "'t' is named twice"},
    {"LetElsewhere", "layer L(x: f32[n]) -> f32[n] let t[n] = x[n] y[n] = t[n + 1]", "read at other indices"},
    {"LetOfNumber", "layer L(x: f32[n]) -> f32[n] let t = 1 y[n] = x[n]", "a number without a dtype; write f32(1)"},
    {"String", "layer L(x: f32[n]) -> f32[n] \"doc", "a string is not closed"},
    {"Sign", "layer L(x: f32[n]) -> f32[n] y[n] = x[n] @ 2", "'@' is found"},
    {"ManyDigits", "layer L(x: f32[99999999999999999999]) -> f32[1] y[n] = x[n]", "an integer is required"},
    {"NoOutput", "layer L(x: f32[n]) -> ", "a dtype"},
    {"NoParenthesis", "layer L(x: f32[n]) -> f32[n] y[n] = exp(x[n]", "the text ends but ')' is required"},
};

class Mistakes : public ::testing::TestWithParam<Row> {};

TEST_P(Mistakes, AreTold) {
  expect_error(GetParam().code, GetParam().fragment, [] { (void)parse(GetParam().text); });
}

INSTANTIATE_TEST_SUITE_P(Parse, Mistakes, ::testing::ValuesIn(kRows), [](const auto& row) { return row.param.name; });

TEST(Parse, DepthIsLimited) {
  const std::string open(100000, '('), minus(100000, '-');
  const std::string head = "layer L(x: f32[n]) -> f32[n] y[n] = ";
  expect_error(ErrorCode::kUnsupported, "nested more than 256 deep", [&] { (void)parse(head + open); });
  expect_error(ErrorCode::kUnsupported, "nested more than 256 deep", [&] { (void)parse(head + minus); });
}

TEST(Parse, DeepFormulasArePrintedSoThatTheyAreRead) {
  Function function = parse("layer L(x: f32[n]) -> f32[n] y[n] = x[n]");
  constexpr int kDeep = 20000;
  NodeId& value = function.outputs[0].value;
  for (int i = 0; i < kDeep; ++i)
    value = function.nodes.unary(UnaryOp::kExp, function.nodes.unary(UnaryOp::kSin, value));
  EXPECT_TRUE(identical(parse(print(function)), function));
}

TEST(Print, IsLinearInSharedFormulas) {
  Function function = parse("layer L(x: f32[n]) -> f32[n] y[n] = x[n]");
  constexpr int kDoublings = 1000;
  NodeId& value = function.outputs[0].value;
  for (int i = 0; i < kDoublings; ++i) value = function.nodes.binary(BinaryOp::kAdd, value, value);
  const std::string text = print(function);
  EXPECT_LT(text.size(), 100000U);
  EXPECT_TRUE(identical(parse(text), function));
}

// Every text that begins a layer is refused in words.
TEST(Parse, EveryPrefixIsRefused) {
  const std::string text =
      "layer L(x: T[n, 3]; k = 2, f = -1.5) -> T[n] \"doc\" require n == 2 let t[n] = max[j < 3](x[n, j; clamp]) "
      "y[n] = where(t[n] < f, t[n], T(k))";
  EXPECT_NO_THROW((void)parse(text));
  for (size_t size = 0; size < text.size(); ++size) {
    expect_error(ErrorCode::kInvalidArgument, "", [&] { (void)parse(text.substr(0, size)); });
  }
}

}  // namespace
}  // namespace tenon::expr
