// SPDX-License-Identifier: Apache-2.0
#include <tenon/tensor.h>

#include <gtest/gtest.h>

#include "layers/allocations.h"
#include "layers/support.h"

namespace tenon {
namespace {

using test::floats;
using test::Subject;

class Allocation : public test::WithKinds {};

TEST_F(Allocation, NoneAfterTheFirstRunOfAShape) {
  const Tensor w = floats({1, 0, 2, 0, 1, 3}, {2, 3});
  Graph graph;
  Value *x = graph.add_input("x", {}), *weights = graph.add_input("w", {});
  const struct {
    const char* op;
    std::vector<Value*> values;
    std::vector<Tensor> inputs, outputs;
  } rows[] = {
      {"Clip", {x}, {floats({-1, 9}, {2})}, {Tensor::zeros(DType::kFloat32, {2})}},
      {"Clip", {x}, {Tensor::zeros(DType::kFloat32, {99999})}, {Tensor::zeros(DType::kFloat32, {99999})}},  // In parts.
      {"PreparedLinear",
       {x, weights},
       {floats({1, 2}, {1, 2}), w},
       {Tensor::zeros(DType::kFloat32, {1, 3}), Tensor::zeros(DType::kInt32, {1})}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.op);
    std::vector<std::string> names;
    std::vector<TensorView> inputs, output_views;
    std::vector<MutableTensorView> outputs;
    for (const Tensor& input : row.inputs) inputs.push_back(input.view());
    for (Tensor output : row.outputs) {
      names.push_back(graph.fresh_name("y" + std::to_string(names.size())));
      outputs.push_back(output.mutable_view());
      output_views.push_back(output.view());
    }
    const auto layer = instance_of(*graph.add_node(row.op, "", row.values, names, {}, "custom"));
    const auto state = layer->prepare(inputs, output_views);
    const LayerInstance::Allocate none;
    for (int run = 0; run < 3; ++run) {
      const int64_t before = test::allocations();
      layer->run(state.get(), inputs, outputs, none);
      const int64_t made = test::allocations() - before;
      EXPECT_EQ(made > 0, run == 0) << "run " << run;  // The first run is the checked one.
    }
  }
}

}  // namespace
}  // namespace tenon
