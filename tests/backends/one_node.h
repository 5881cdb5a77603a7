// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/graphs.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

// Runs one operator on the backend "cpu" and by its reference kernel.
namespace tenon::testing {

struct Operand {
  Tensor tensor;  ///< Undefined: left out.
  bool constant = false;
};

struct OneNode {
  std::string op;
  std::vector<Operand> inputs;
  Attributes attributes = {};
  size_t outputs = 1;
};

struct Ran {
  std::vector<Tensor> outputs;
  std::string explanation;
};

inline Ran run_on(const OneNode& node, const std::string& backend, int threads = 1) {
  Graph graph;
  std::vector<Value*> values;
  std::vector<Tensor> given;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Operand& input = node.inputs[i];
    const std::string name = "in" + std::to_string(i);
    if (!input.tensor.defined()) {
      values.push_back(nullptr);
    } else if (input.constant) {
      values.push_back(graph.add_constant(name, input.tensor));
    } else {
      values.push_back(graph.add_input(name, {input.tensor.dtype(), to_shape(input.tensor.dims())}));
      given.push_back(input.tensor);
    }
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < node.outputs; ++i) names.push_back("out" + std::to_string(i));
  const Node* added = graph.add_node(node.op, "node", values, names, node.attributes);
  graph.set_outputs({added->outputs().begin(), added->outputs().end()});
  Context context = engine_of(std::move(graph)).context({.threads = threads, .backend = backend});
  Ran ran;
  ran.outputs = context.run(given);
  ran.explanation = context.explain();
  return ran;
}

/// Both backends agree within `bound`, on one and on three threads, and the cpu backend used `kernel` ("" : any).
inline void expect_agreement(const OneNode& node, const std::string& kernel, double bound) {
  const Ran want = run_on(node, "reference");
  for (const int threads : {1, 3}) {
    const Ran got = run_on(node, "cpu", threads);
    ASSERT_EQ(got.outputs.size(), want.outputs.size());
    if (!kernel.empty()) {
      EXPECT_NE(got.explanation.find(kernel), std::string::npos) << got.explanation;
    }
    for (size_t i = 0; i < want.outputs.size(); ++i)
      EXPECT_EQ(difference(got.outputs[i], want.outputs[i], bound), "")
          << "output " << i << ", " << threads << " threads, " << got.explanation;
  }
}

inline Operand variable(Tensor tensor) { return {std::move(tensor), false}; }
inline Operand constant(Tensor tensor) { return {std::move(tensor), true}; }
inline Operand integers(std::vector<int64_t> values) {
  const auto count = static_cast<int64_t>(values.size());
  return {Tensor::from(std::span<const int64_t>(values), {count}), true};
}

/// The three attributes of an epilogue.
struct Step {
  std::string op;
  double alpha = 0, beta = 0;
};
inline void add_epilogue(Attributes& attributes, const std::vector<Step>& steps) {
  std::vector<std::string> ops;
  std::vector<double> alphas, betas;
  for (const Step& step : steps) {
    ops.push_back(step.op);
    alphas.push_back(step.alpha);
    betas.push_back(step.beta);
  }
  if (steps.empty()) return;
  attributes["epilogue"] = ops;
  attributes["epilogue_alpha"] = alphas;
  attributes["epilogue_beta"] = betas;
}

}  // namespace tenon::testing
