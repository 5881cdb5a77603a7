// SPDX-License-Identifier: Apache-2.0
#include "backends/one_node.h"
#include "dice.h"

// Generated problems for the operators with many parameters. Each seed is one problem and prints itself when it fails.
namespace tenon::testing {
namespace {

using test::Dice;
using Ints = std::vector<int64_t>;

Dims image(int64_t n, int64_t c, const Dims& spatial, bool channels_last) {
  Dims dims{n};
  if (!channels_last) dims.push_back(c);
  for (const int64_t extent : spatial) dims.push_back(extent);
  if (channels_last) dims.push_back(c);
  return dims;
}

/// Unary steps that keep results within a small factor of their input.
std::vector<Step> unary_steps(Dice& dice) {
  std::vector<Step> steps;
  for (int64_t i = dice.number(0, 2); i > 0; --i) {
    steps.push_back(dice.one_of<Step>({{"Relu"},
                                       {"Clip", -0.5, 6},
                                       {"Sigmoid"},
                                       {"Tanh"},
                                       {"LeakyRelu", 0.1},
                                       {"HardSwish"},
                                       {"Swish", 1},
                                       {"Elu", 1}}));
  }
  return steps;
}

class RandomConv : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomConv, ::testing::Range(0U, 60U));

TEST_P(RandomConv, AgreesWithTheReference) {
  Dice dice(GetParam());
  const bool channels_last = dice.number(0, 3) > 0, transposed = dice.number(0, 4) == 0;
  const int64_t rank = dice.one_of<int64_t>({1, 2, 2, 2, 3});
  const int64_t group = dice.one_of<int64_t>({1, 1, 1, 2, 3});
  const bool depthwise = !transposed && dice.number(0, 3) == 0;
  const int64_t in = depthwise ? dice.number(1, 40) : group * dice.number(1, 12);
  const int64_t groups = depthwise ? in : group;
  const int64_t out = depthwise ? in : groups * dice.number(1, 12);
  Dims spatial, weights;
  Ints strides, dilations, pads(static_cast<size_t>(2 * rank));
  int64_t taps = 1;
  weights.push_back(transposed ? in : out);
  weights.push_back(transposed ? out / groups : in / groups);
  for (int64_t i = 0; i < rank; ++i) {
    const int64_t kernel = dice.number(1, 4), dilation = dice.number(1, 2), span = (kernel - 1) * dilation + 1;
    spatial.push_back(dice.number(span, rank == 3 ? 7 : 13));
    weights.push_back(kernel);
    strides.push_back(dice.number(1, 3));
    dilations.push_back(dilation);
    taps *= kernel;
    const int64_t most = transposed ? 0 : span - 1;
    pads[static_cast<size_t>(i)] = dice.number(0, most);
    pads[static_cast<size_t>(i + rank)] = dice.number(0, most);
  }
  OneNode node;
  node.op = transposed ? "ConvTranspose" : "Conv";
  node.attributes = {{"strides", strides},
                     {"dilations", dilations},
                     {"pads", pads},
                     {"group", groups},
                     {"channels_last", int64_t{channels_last}}};
  node.inputs = {variable(random_f32(image(dice.number(1, 3), in, spatial, channels_last), dice.seed())),
                 constant(random_f32(weights, dice.seed()))};
  if (dice.coin()) node.inputs.push_back(constant(random_f32({out}, dice.seed())));
  std::vector<Step> steps;
  if (!transposed && dice.coin()) {
    // A residual has the result's shape, which the reference tells.
    OneNode plain = node;
    const Dims result = run_on(plain, "reference").outputs[0].dims();
    node.inputs.push_back(variable(random_f32(result, dice.seed())));
    steps.push_back({dice.one_of<std::string>({"Add", "Mul"})});
  }
  for (Step& step : unary_steps(dice)) steps.push_back(step);
  add_epilogue(node.attributes, steps);
  const int64_t length = (transposed ? in : in / groups * 1) * taps + 2;
  expect_agreement(node, "", 4 * f32_bound(length));  // The steps' slopes are at most 1.1 and there are three.
}

class RandomDepthwiseConv : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomDepthwiseConv, ::testing::Range(0U, 60U));

TEST_P(RandomDepthwiseConv, AgreesWithTheReference) {
  Dice dice(GetParam());
  const int64_t channels = dice.number(1, 70), stride = dice.number(1, 2);
  OneNode node;
  node.op = "Conv";
  node.attributes = {{"strides", Ints{stride, stride}},
                     {"pads", Ints{dice.number(0, 1), dice.number(0, 1), dice.number(0, 1), dice.number(0, 1)}},
                     {"group", channels},
                     {"channels_last", int64_t{1}}};
  node.inputs = {
      variable(random_f32({dice.number(1, 3), dice.number(3, 20), dice.number(3, 70), channels}, dice.seed())),
      constant(random_f32({channels, 1, 3, 3}, dice.seed()))};
  if (dice.coin()) node.inputs.push_back(constant(random_f32({channels}, dice.seed())));
  const std::vector<Step> steps = unary_steps(dice);
  add_epilogue(node.attributes, steps);
  expect_agreement(node, "cpu.depthwise_f32 (", 4 * f32_bound(11));
}

class RandomGemm : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomGemm, ::testing::Range(0U, 60U));

TEST_P(RandomGemm, AgreesWithTheReference) {
  Dice dice(GetParam());
  const int64_t m = dice.number(1, 70), n = dice.number(1, 90), k = dice.number(1, 200);
  const bool trans_a = dice.number(0, 3) == 0, trans_b = dice.coin();
  OneNode node;
  node.op = "Gemm";
  node.attributes = {{"transA", int64_t{trans_a}}, {"transB", int64_t{trans_b}}};
  node.inputs = {variable(random_f32(trans_a ? Dims{k, m} : Dims{m, k}, dice.seed())),
                 {random_f32(trans_b ? Dims{n, k} : Dims{k, n}, dice.seed()), dice.coin()}};
  if (dice.coin())
    node.inputs.push_back(constant(random_f32(dice.one_of<Dims>({{n}, {1, n}, {m, n}, {m, 1}, {}}), dice.seed())));
  std::vector<Step> steps;
  if (dice.coin()) {
    node.inputs.push_back(variable(random_f32(dice.one_of<Dims>({{n}, {m, n}, {m, 1}}), dice.seed())));
    steps.push_back({dice.one_of<std::string>({"Add", "Mul", "Sub", "Max"})});
  }
  for (Step& step : unary_steps(dice)) steps.push_back(step);
  add_epilogue(node.attributes, steps);
  expect_agreement(node, "", 4 * f32_bound(k + 2));
}

class RandomPool : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomPool, ::testing::Range(0U, 40U));

TEST_P(RandomPool, AgreesWithTheReference) {
  Dice dice(GetParam());
  const bool channels_last = dice.coin(), average = dice.coin();
  const int64_t rank = dice.one_of<int64_t>({1, 2, 2, 3});
  Dims spatial;
  Ints kernel, strides, dilations, pads(static_cast<size_t>(2 * rank));
  for (int64_t i = 0; i < rank; ++i) {
    kernel.push_back(dice.number(1, 3));
    strides.push_back(dice.number(1, 3));
    dilations.push_back(dice.number(1, 2));
    spatial.push_back(dice.number(5, rank == 3 ? 7 : 12));
    pads[static_cast<size_t>(i)] = dice.number(0, kernel.back() - 1);
    pads[static_cast<size_t>(i + rank)] = dice.number(0, kernel.back() - 1);
  }
  OneNode node;
  node.op = average ? "AveragePool" : "MaxPool";
  node.attributes = {{"kernel_shape", kernel},
                     {"strides", strides},
                     {"dilations", dilations},
                     {"pads", pads},
                     {"channels_last", int64_t{channels_last}},
                     {"ceil_mode", int64_t{dice.coin()}}};
  if (average) node.attributes["count_include_pad"] = int64_t{dice.coin()};
  node.inputs = {
      variable(random_f32(image(dice.number(1, 2), dice.number(1, 20), spatial, channels_last), dice.seed()))};
  expect_agreement(node, "", average ? f32_bound(27) : 0);
}

class RandomBroadcast : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomBroadcast, ::testing::Range(0U, 40U));

TEST_P(RandomBroadcast, AgreesWithTheReference) {
  Dice dice(GetParam());
  Dims a, b;
  for (int64_t i = dice.number(0, 4); i > 0; --i) {
    const int64_t extent = dice.number(1, 9);
    a.push_back(dice.number(0, 2) == 0 ? 1 : extent);
    b.push_back(dice.number(0, 2) == 0 ? 1 : extent);
  }
  if (dice.coin()) b = Dims(b.span().subspan(static_cast<size_t>(dice.number(0, b.rank()))));
  const auto op = dice.one_of<std::string>({"Add", "Sub", "Mul", "Max", "Min"});
  expect_agreement({op, {variable(random_f32(a, dice.seed())), variable(random_f32(b, dice.seed()))}}, "cpu.binary_f32",
                   f32_bound(1));
}

}  // namespace
}  // namespace tenon::testing
