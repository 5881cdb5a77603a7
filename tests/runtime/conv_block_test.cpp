// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/simd.h"
#include "backends/one_node.h"
#include "dice.h"
#include "ops/expression.h"

// Blocks of convolutions that one kernel runs: [Conv 1 by 1, [formula]] depthwise Conv, [formula], Conv 1 by 1.
namespace tenon::testing {
namespace {

using test::Dice;
using Ints = std::vector<int64_t>;

constexpr const char* kFormula =
    "layer Bend(x: f32[n, h, w, c]) -> f32[n, h, w, c]\n"
    "  y[n, h, w, c] = max(x[n, h, w, c], 0.25 * x[n, h, w, c]) + 0.125\n";
// Tells channels apart.
constexpr const char* kSlope =
    "layer Slope(x: f32[n, h, w, c]) -> f32[n, h, w, c]\n"
    "  y[n, h, w, c] = x[n, h, w, c] + 0.01 * f32(c)\n";

class Blocks {
 public:
  Graph graph;
  std::vector<Tensor> inputs;

  Value* input(const std::string& name, const Dims& dims, uint32_t seed) {
    inputs.push_back(random_f32(dims, seed));
    return graph.add_input(name, f32(to_shape(dims)));
  }
  Value* conv(Dice& dice, const std::string& name, Value* x, const Dims& weights, Attributes attributes,
              std::vector<Step> steps, Value* operand = nullptr) {
    // Sums stay about as large as what is summed.
    Tensor w = random_f32(weights, dice.seed());
    const auto taps = static_cast<float>(weights[1] * weights[2] * weights[3]);
    for (float& value : w.mutable_values<float>()) value *= 2 / std::sqrt(taps);
    std::vector<Value*> operands = {x, graph.add_constant(name + ".w", std::move(w)), nullptr};
    if (dice.coin()) operands[2] = graph.add_constant(name + ".b", random_f32({weights[0]}, dice.seed()));
    if (operand != nullptr) operands.push_back(operand);
    if (operand == nullptr && operands[2] == nullptr) operands.pop_back();
    attributes["channels_last"] = int64_t{1};
    add_epilogue(attributes, steps);
    const std::vector<std::string> names = {name + ".y"};
    return graph.add_node("Conv", name, operands, names, attributes)->output();
  }
  Value* formula(const std::string& name, Value* x, const char* text) {
    return graph.add_node("Expression", name, {x}, expression_attributes(LayerExpr::parse(text), name))->output();
  }
  std::vector<Tensor> run(const std::string& backend, int threads, std::string* explanation = nullptr) const {
    Context context = engine_of(graph.clone()).context({.threads = threads, .backend = backend});
    std::vector<Tensor> results = context.run(inputs);
    if (explanation != nullptr) *explanation = context.explain();
    return results;
  }
};

std::vector<Step> activation(Dice& dice) {
  return dice.one_of<std::vector<Step>>(
      {{}, {{"Relu"}}, {{"Clip", -0.5, 0.75}}, {{"HardSwish"}}, {{"Relu"}, {"Tanh"}}});
}

int64_t divided_up(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

class RandomBlock : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomBlock, ::testing::Range(0U, 80U));

TEST_P(RandomBlock, AgreesWithTheReferenceOnAnyNumberOfThreads) {
  Dice dice(GetParam());
  const bool expands = dice.number(0, 3) > 0, large = dice.one_in(4);
  const int64_t stride = dice.number(1, 2), batch = dice.one_of<int64_t>({1, 1, 2, 3});
  // Bands of rows are for images that do not stay in the cache.
  const int64_t height = dice.number(large ? 40 : 3, large ? 70 : 20),
                width = dice.number(large ? 40 : 3, large ? 70 : 20);
  const int64_t vector = cpu::simd().width;
  const int64_t many = large                    ? divided_up(dice.number(80, 160), vector) * vector
                       : expands || dice.coin() ? vector * dice.number(1, 12)
                                                : dice.number(2, 50);
  const int64_t half = std::max<int64_t>(many / 2, 1);
  const int64_t few = expands ? dice.number(1, std::min<int64_t>(half, 40)) : many;
  const int64_t out = expands && dice.coin() ? few : dice.number(1, std::min<int64_t>(half, 40));
  const int64_t formulas = dice.number(0, 3);  // Bits: after the expansion, after the depthwise convolution.

  Blocks blocks;
  Value* x = blocks.input("x", {batch, height, width, few}, dice.seed());
  Value* y = x;
  if (expands) {
    y = blocks.conv(dice, "expand", y, {many, few, 1, 1}, {}, activation(dice));
    if ((formulas & 1) != 0) y = blocks.formula("after_expand", y, kFormula);
  }
  const Ints pads = {dice.number(0, 1), dice.number(0, 1), dice.number(0, 1), dice.number(0, 1)};
  y = blocks.conv(dice, "depthwise", y, {many, 1, 3, 3},
                  {{"strides", Ints{stride, stride}}, {"pads", pads}, {"group", many}}, activation(dice));
  if ((formulas & 2) != 0) y = blocks.formula("after_depthwise", y, kFormula);
  const bool keeps = stride == 1 && pads == Ints{1, 1, 1, 1} && out == few;
  std::vector<Step> steps = activation(dice);
  if (keeps) steps.insert(steps.begin(), {dice.one_of<std::string>({"Add", "Mul"})});
  blocks.graph.set_outputs({blocks.conv(dice, "project", y, {out, many, 1, 1}, {}, steps, keeps ? x : nullptr)});

  const Tensor want = blocks.run("reference", 1)[0];
  std::vector<Tensor> first;
  for (const int threads : {1, 2, 3}) {
    std::string text;
    const std::vector<Tensor> got = blocks.run("cpu", threads, &text);
    if (cpu::simd().width == 16 || (formulas & (expands ? 3 : 2)) != 0) {
      EXPECT_NE(text.find("cpu.conv_block_f32 ("), std::string::npos) << text;
    }
    EXPECT_EQ(difference(got[0], want, 16 * f32_bound(few + many + 9)), "") << threads << " threads, " << text;
    if (first.empty()) first = got;
    EXPECT_TRUE(identical(got[0], first[0])) << threads << " threads give other bits";
  }
}

// The kernels that run x, an expansion, `between`, a depthwise convolution and a projection, as explain() tells.
std::string explained(const std::function<Value*(Blocks&, Value*)>& between, int64_t channels = 32, int64_t few = 8) {
  Dice dice(1);
  Blocks blocks;
  Value* y = blocks.conv(dice, "expand", blocks.input("x", {1, 9, 9, few}, 1), {channels, few, 1, 1}, {}, {});
  y = between(blocks, y);
  y = blocks.conv(dice, "depthwise", y, {channels, 1, 3, 3}, {{"group", channels}}, {{"Relu"}});
  blocks.graph.set_outputs({blocks.conv(dice, "project", y, {few, channels, 1, 1}, {}, {})});
  std::string text;
  const std::vector<Tensor> got = blocks.run("cpu", 2, &text);
  EXPECT_EQ(difference(got[0], blocks.run("reference", 1)[0], 16 * f32_bound(channels)), "");
  return text;
}

TEST(ConvBlock, IsOneStepThatTellsWhatItRuns) {
  const std::string text = explained([](Blocks& blocks, Value* y) { return blocks.formula("bend", y, kFormula); });
  EXPECT_NE(text.find("cpu.conv_block_f32 ("), std::string::npos) << text;
  EXPECT_NE(text.find("part of the step for 'project'"), std::string::npos) << text;
  EXPECT_NE(text.find("with the 3 nodes before it, whose time it has"), std::string::npos) << text;
}

TEST(ConvBlock, SaysWhyItIsNotTaken) {
  const auto expect_reason = [](const std::string& text, const std::string& reason) {
    EXPECT_NE(text.find("cpu.conv_block_f32: " + reason), std::string::npos) << text;
  };
  expect_reason(explained([](Blocks& blocks, Value* y) { return blocks.formula("bend", y, kFormula); }, 5),
                "5 channels are no multiple of");
  expect_reason(explained([](Blocks&, Value* y) { return y; }, 16, 9), "16 channels are not twice the 9 around them");
  expect_reason(explained([](Blocks& blocks, Value* y) { return blocks.formula("slope", y, kSlope); }),
                "a layer within the block does not work on some elements at a time");
}

TEST(ConvBlock, IsNotForResultsThatOthersRead) {
  Dice dice(1);
  Blocks blocks;
  Value* y = blocks.conv(dice, "expand", blocks.input("x", {1, 9, 9, 8}, 1), {32, 8, 1, 1}, {}, {});
  Value* middle = blocks.conv(dice, "depthwise", y, {32, 1, 3, 3}, {{"group", int64_t{32}}}, {});
  blocks.graph.set_outputs({blocks.conv(dice, "project", middle, {8, 32, 1, 1}, {}, {}), middle});
  std::string text;
  const std::vector<Tensor> got = blocks.run("cpu", 2, &text), want = blocks.run("reference", 1);
  EXPECT_EQ(text.find("cpu.conv_block_f32 ("), std::string::npos) << text;
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(difference(got[i], want[i], f32_bound(200)), "") << i;
}

}  // namespace
}  // namespace tenon::testing
