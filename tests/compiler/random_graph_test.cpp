// SPDX-License-Identifier: Apache-2.0
#include "compiler/random_graph.h"

#include "base/elements.h"
#include "compiler/pipeline.h"
#include "ops/op.h"
#include "plan/plan.h"

#include <tenon/engine.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

// Thousands of random graphs: fused, they give what the interpreter gives for one operator after another.
namespace tenon::test {
namespace {

std::string difference(const Tensor& got, const Tensor& want, double tolerance) {
  if (got.dtype() != want.dtype()) return "the dtypes differ";
  if (got.dims() != want.dims()) return to_string(got.dims()) + " instead of " + to_string(want.dims());
  for (int64_t i = 0; i < got.count(); ++i) {
    if (!is_float(got.dtype())) {
      const int64_t a = load_i64(got.data(), got.dtype(), i), b = load_i64(want.data(), want.dtype(), i);
      if (a != b)
        return "element " + std::to_string(i) + " is " + std::to_string(a) + " instead of " + std::to_string(b);
      continue;
    }
    const double a = load_f64(got.data(), got.dtype(), i), b = load_f64(want.data(), want.dtype(), i);
    if (a == b || (std::isnan(a) && std::isnan(b)) || std::fabs(a - b) <= tolerance) continue;
    return "element " + std::to_string(i) + " is " + std::to_string(a) + " instead of " + std::to_string(b) +
           ", more than " + std::to_string(tolerance) + " off";
  }
  return "";
}

// What the graph computes, one node after another by itself.
std::vector<Tensor> interpreted(const Graph& graph, const std::vector<Tensor>& inputs) {
  std::unordered_map<const Value*, Tensor> tensors;
  for (size_t i = 0; i < inputs.size(); ++i) tensors.emplace(graph.inputs()[i], inputs[i]);
  const auto tensor_of = [&](const Value* value) -> const Tensor* {
    if (value == nullptr) return nullptr;
    return value->constant() != nullptr ? value->constant() : &tensors.at(value);
  };
  for (const Node* node : graph.topological_order()) {
    std::vector<const Tensor*> operands;
    for (const Value* input : node->inputs()) operands.push_back(tensor_of(input));
    std::vector<Tensor> results = evaluate(*node, operands);
    for (size_t i = 0; i < results.size(); ++i) tensors.insert_or_assign(node->output(i), std::move(results[i]));
  }
  std::vector<Tensor> outputs;
  for (const Value* output : graph.outputs()) outputs.push_back(*tensor_of(output));
  return outputs;
}

// Whether a node of the plan is several of the graph's.
bool is_fused(const Graph& graph) {
  const std::vector<Node*> nodes = graph.nodes();
  return std::any_of(nodes.begin(), nodes.end(), [](const Node* node) {
    const Attribute* label = node->attribute("label");
    return label != nullptr && std::get<std::string>(*label).find('+') != std::string::npos;
  });
}

class RandomGraphs : public ::testing::TestWithParam<GraphKind> {
 protected:
  static void SetUpTestSuite() { define_random_layers(); }

  void try_graph(uint32_t seed);

  uint32_t fused_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Of, RandomGraphs,
                         ::testing::Values(GraphKind::kElements, GraphKind::kReductions, GraphKind::kViews,
                                           GraphKind::kLayers, GraphKind::kAll),
                         [](const auto& kind) { return std::string(graph_kind_name(kind.param)); });

void RandomGraphs::try_graph(uint32_t seed) {
  const RandomGraph random(seed, GetParam());
  SCOPED_TRACE(random.graph().to_string());
  Graph unfused;
  CompileOptions options;
  options.dump = [&](std::string_view pass, const Graph& graph) {
    if (pass == "inline_layers") unfused = graph.clone();
  };
  Plan plan = compile_plan(random.graph(), options);
  fused_ += is_fused(plan.graph) ? 1 : 0;
  const std::vector<Tensor> expected = interpreted(unfused, random.inputs());
  const auto check = [&](const std::vector<Tensor>& actual, const char* how) {
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); ++i)
      ASSERT_EQ(difference(actual[i], expected[i], random.tolerances()[i]), "") << how << ", output " << i;
  };
  check(interpreted(plan.graph, random.inputs()), "interpreted");
  if (HasFatalFailure() || seed % 16 != 0) return;  // Generating code takes long.
  const Engine engine(std::move(plan));
  check(engine.context({.threads = 1}).run(random.inputs()), "generated");
}

TEST_P(RandomGraphs, ComputeFusedWhatTheInterpreterDoesUnfused) {
  const uint32_t cases = is_exhaustive() ? 20000 : 1200;
  for (uint32_t seed = 0; seed < cases && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_NO_THROW(try_graph(seed));
  }
  EXPECT_GT(fused_, cases / 2);
}

}  // namespace
}  // namespace tenon::test
