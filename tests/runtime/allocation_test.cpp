// SPDX-License-Identifier: Apache-2.0
#include "runtime/counting_new.h"
#include "runtime/graphs.h"

#include <gtest/gtest.h>

namespace tenon::testing {
namespace {

/// Allocations of three runs after a first one.
int allocations(Context& context, const std::vector<TensorView>& inputs) {
  (void)context.run(inputs);
  const AllocationCount count;
  for (int i = 0; i < 3; ++i) (void)context.run(inputs);
  return count.so_far();
}

Graph convolution_net() {
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N"), 16, 16, 8}));
  Value* w = graph.add_constant("w", random_f32({8, 8, 3, 3}, 1));
  Node* conv = graph.add_node("Conv", "conv", {x, w},
                              {{"channels_last", int64_t{1}}, {"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  Node* relu = graph.add_node("Relu", "relu", {conv->output()});
  Node* add = graph.add_node("Add", "add", {relu->output(), x});
  Node* pool = graph.add_node("MaxPool", "pool", {add->output()},
                              {{"channels_last", int64_t{1}},
                               {"kernel_shape", std::vector<int64_t>{2, 2}},
                               {"strides", std::vector<int64_t>{2, 2}}});
  Node* mean = graph.add_node("GlobalAveragePool", "mean", {pool->output()}, {{"channels_last", int64_t{1}}});
  Node* flat = graph.add_node("Flatten", "flat", {mean->output()}, {{"axis", int64_t{1}}});
  Value* fc = graph.add_constant("fc", random_f32({8, 10}, 2));
  Node* matmul = graph.add_node("MatMul", "matmul", {flat->output(), fc});
  Node* softmax = graph.add_node("Softmax", "softmax", {matmul->output()}, {{"axis", int64_t{-1}}});
  Node* transposed =
      graph.add_node("Transpose", "transposed", {softmax->output()}, {{"perm", std::vector<int64_t>{1, 0}}});
  graph.set_outputs({transposed->output()});
  return graph;
}

TEST(Allocation, TheCounterCounts) {
  const AllocationCount count;
  const Tensor tensor = Tensor::empty(DType::kFloat32, {3});
  EXPECT_GE(count.so_far(), 1);
}

TEST(Allocation, ARunOfAKnownShapeAllocatesNothing) {
  const Engine engine = engine_of(convolution_net());
  for (const int threads : {1, 2}) {
    Context context = engine.context({.threads = threads});
    const Tensor one = random_f32({1, 16, 16, 8}, 3), five = random_f32({5, 16, 16, 8}, 4);
    EXPECT_EQ(allocations(context, {one.view()}), 0) << threads << " threads";
    EXPECT_EQ(allocations(context, {five.view()}), 0) << threads << " threads";
    EXPECT_EQ(allocations(context, {one.view()}), 0) << threads << " threads";
  }
}

TEST(Allocation, ProfilingAllocatesNothingEither) {
  const Engine engine = engine_of(convolution_net());
  Context context = engine.context({.profile = true});
  const Tensor x = random_f32({2, 16, 16, 8}, 3);
  EXPECT_EQ(allocations(context, {x.view()}), 0);
}

TEST(Allocation, OtherInputMemoryAllocatesNothing) {
  const Engine engine = engine_of(convolution_net());
  Context context = engine.context();
  const Tensor a = random_f32({1, 16, 16, 8}, 3), b = random_f32({1, 16, 16, 8}, 4);
  const std::vector<TensorView> first = {a.view()}, second = {b.view()};
  (void)context.run(first);
  const AllocationCount count;
  for (int i = 0; i < 3; ++i) (void)context.run(i % 2 == 0 ? second : first);
  EXPECT_EQ(count.so_far(), 0);
}

}  // namespace
}  // namespace tenon::testing
