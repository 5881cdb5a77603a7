// SPDX-License-Identifier: Apache-2.0
#include "runtime/graphs.h"
#include "runtime/layers.h"

#include <tenon/error.h>

#include <gtest/gtest.h>

#include <cstring>

// Models whose shapes depend on values that only a run gives.
namespace tenon::testing {
namespace {

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Segments, AReshapeToAGivenShapeIsPlannedWhenTheShapeIsThere) {
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N")}));
  Value* shape = graph.add_input("shape", {DType::kInt64, Shape{2}});
  Node* before = graph.add_node("Neg", "before", {x});
  Node* reshape = graph.add_node("Reshape", "reshape", {before->output(), shape});
  Node* mean = graph.add_node("ReduceSum", "sum",
                              {reshape->output(), graph.add_constant("axes", Tensor::from<int64_t>({1}, {1}))},
                              {{"keepdims", int64_t{0}}});
  graph.set_outputs({mean->output(), before->output()});
  Context context = engine_of(std::move(graph)).context();
  const Tensor x_value = Tensor::from<float>({1, 2, 3, 4, 5, 6}, {6});
  for (int round = 0; round < 2; ++round) {
    const auto by_twos = context.run(std::vector<Tensor>{x_value, Tensor::from<int64_t>({3, 2}, {2})});
    EXPECT_TRUE(identical(by_twos[0], Tensor::from<float>({-3, -7, -11}, {3})));
    const auto by_threes = context.run(std::vector<Tensor>{x_value, Tensor::from<int64_t>({2, -1}, {2})});
    EXPECT_TRUE(identical(by_threes[0], Tensor::from<float>({-6, -15}, {2})));
    EXPECT_EQ(by_threes[1].values<float>()[5], -6.0F);
  }
  EXPECT_EQ(count_of(context.explain(), "needs a value of this run"), 1U) << context.explain();
}

TEST(Segments, AValueThatIsComputedInTheRunDecidesASlice) {
  // The index of the largest element is where the slice ends.
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N")}));
  Node* largest = graph.add_node("ArgMax", "largest", {x}, {{"axis", int64_t{0}}, {"keepdims", int64_t{1}}});
  Value* zero = graph.add_constant("zero", Tensor::from<int64_t>({0}, {1}));
  Node* slice = graph.add_node("Slice", "slice", {x, zero, largest->output()});
  Node* negative = graph.add_node("Neg", "negative", {slice->output()});
  graph.set_outputs({negative->output()});
  Context context = engine_of(std::move(graph)).context();
  const auto run = [&](std::initializer_list<float> values) {
    return context.run(std::vector<Tensor>{Tensor::from<float>(values, {static_cast<int64_t>(values.size())})})[0];
  };
  EXPECT_TRUE(identical(run({1, 2, 9, 3}), Tensor::from<float>({-1, -2}, {2})));
  EXPECT_TRUE(identical(run({1, 2, 3, 9}), Tensor::from<float>({-1, -2, -3}, {3})));
  EXPECT_EQ(run({9, 2, 3, 1}).dims(), (Dims{0}));
  EXPECT_TRUE(identical(run({5, 6, 9, 3}), Tensor::from<float>({-5, -6}, {2})));
}

TEST(Segments, ManyContinuationsAreDroppedAndPlannedAgain) {
  Graph graph;
  Value* x = graph.add_input("x", f32({200}));
  Value* count = graph.add_input("count", {DType::kInt64, Shape{1}});
  Value* zero = graph.add_constant("zero", Tensor::from<int64_t>({0}, {1}));
  Node* slice = graph.add_node("Slice", "slice", {x, zero, count});
  graph.set_outputs({graph.add_node("Neg", "negative", {slice->output()})->output()});
  Context context = engine_of(std::move(graph)).context();
  const Tensor x_value = random_f32({200}, 1);
  for (int round = 0; round < 2; ++round) {
    for (int64_t n = 1; n <= 150; ++n) {
      const auto results = context.run(std::vector<Tensor>{x_value, Tensor::from<int64_t>({n}, {1})});
      ASSERT_EQ(results[0].dims(), (Dims{n}));
      ASSERT_EQ(results[0].values<float>().back(), -x_value.values<float>()[static_cast<size_t>(n - 1)]);
    }
  }
}

/// Keeps the positive numbers.
void add_keep_positive() {
  add_layer(
      "KeepPositive", Kind::kDataDependent,
      [](std::span<const TensorType>) { return std::vector<TensorType>{f32({Dim()})}; },
      [](std::span<const TensorView> inputs, std::span<const MutableTensorView>,
         const LayerInstance::Allocate& allocate) {
        std::vector<float> kept;
        for (int64_t i = 0; i < inputs[0].dims.count(); ++i)
          if (inputs[0].as<float>()[i] > 0) kept.push_back(inputs[0].as<float>()[i]);
        const MutableTensorView out = allocate(0, {static_cast<int64_t>(kept.size())});
        if (!kept.empty()) std::memcpy(out.data, kept.data(), kept.size() * sizeof(float));
      });
}

TEST(Segments, ALayerMayDecideItsOutputsShape) {
  add_keep_positive();
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N")}));
  Node* twice = graph.add_node("Add", "twice", {x, x});
  Node* kept = graph.add_node("KeepPositive", "kept", {twice->output()}, {}, "custom");
  Node* again = graph.add_node("Add", "again", {kept->output(), kept->output()});
  Node* kept_twice = graph.add_node("KeepPositive", "kept_twice", {again->output()}, {}, "custom");
  graph.set_outputs({again->output(), twice->output(), kept->output(), kept_twice->output()});
  Context context = engine_of(std::move(graph)).context();
  for (int round = 0; round < 2; ++round) {
    const auto one = context.run(std::vector<Tensor>{Tensor::from<float>({1, -2, 3}, {3})});
    EXPECT_TRUE(identical(one[0], Tensor::from<float>({4, 12}, {2})));
    EXPECT_TRUE(identical(one[1], Tensor::from<float>({2, -4, 6}, {3})));
    EXPECT_TRUE(identical(one[2], Tensor::from<float>({2, 6}, {2})));
    EXPECT_TRUE(identical(one[3], Tensor::from<float>({4, 12}, {2})));
    const auto none = context.run(std::vector<Tensor>{Tensor::from<float>({-1, -2, -3}, {3})});
    EXPECT_EQ(none[0].dims(), (Dims{0}));
    const auto other = context.run(std::vector<Tensor>{Tensor::from<float>({5, 7, -3}, {3})});
    EXPECT_TRUE(identical(other[0], Tensor::from<float>({20, 28}, {2})));
  }
}

TEST(Segments, ALayerThatAllocatesNothingIsNamed) {
  add_layer(
      "ForgetsToAllocate", Kind::kDataDependent,
      [](std::span<const TensorType>) { return std::vector<TensorType>{f32({Dim()})}; },
      [](std::span<const TensorView>, std::span<const MutableTensorView>, const auto&) {});
  Graph graph;
  Value* x = graph.add_input("x", f32({3}));
  graph.set_outputs({graph.add_node("ForgetsToAllocate", "forgets", {x}, {}, "custom")->output()});
  Context context = engine_of(std::move(graph)).context();
  try {
    (void)context.run(std::vector<Tensor>{random_f32({3}, 1)});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("'forgets'"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("did not allocate"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tenon::testing
