// SPDX-License-Identifier: Apache-2.0
#include "runtime/graphs.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tenon::testing {
namespace {

Graph chain() {
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N"), 8}));
  Node* a = graph.add_node("Tanh", "scope/tanh", {x});
  Value* w = graph.add_constant("w", random_f32({8, 4}, 1));
  Node* b = graph.add_node("MatMul", "odd \"name\"\xff", {a->output(), w});
  graph.set_outputs({b->output()});
  return graph;
}

TEST(Profile, CountsRunsPerStep) {
  Context context = engine_of(chain()).context({.profile = true});
  EXPECT_TRUE(context.profile().empty());
  for (int i = 0; i < 3; ++i) (void)context.run(std::vector<Tensor>{random_f32({2, 8}, 1)});
  const std::vector<StepProfile> rows = context.profile();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].node, "scope/tanh");
  EXPECT_EQ(rows[0].op, "Tanh");
  EXPECT_EQ(rows[0].shape, "f32[2,8]");
  EXPECT_EQ(rows[0].runs, 3);
  EXPECT_GT(rows[0].total_us, 0);
  EXPECT_GE(rows[0].total_us, 3 * rows[0].min_us);
  EXPECT_NE(context.profile_table().find("scope/tanh"), std::string::npos);
  context.reset_profile();
  EXPECT_EQ(context.profile()[0].runs, 0);
}

TEST(Profile, IsEmptyUnlessAskedFor) {
  Context context = engine_of(chain()).context();
  (void)context.run(std::vector<Tensor>{random_f32({2, 8}, 1)});
  EXPECT_TRUE(context.profile().empty());
}

TEST(Profile, TheTraceIsJsonWithOneEventPerStep) {
  Context context = engine_of(chain()).context({.profile = true});
  (void)context.run(std::vector<Tensor>{random_f32({2, 8}, 1)});
  const nlohmann::json trace = nlohmann::json::parse(context.chrome_trace());
  const auto& events = trace.at("traceEvents");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].at("ph"), "X");
  EXPECT_EQ(events[0].at("name"), "scope/tanh");
  EXPECT_LE(events[0].at("ts").get<double>() + events[0].at("dur").get<double>(),
            events[1].at("ts").get<double>() + 1e-6);
}

TEST(Profile, ExplainNamesTheKernelAndTheReasonsAgainstOthers) {
  Graph graph;
  Value* x = graph.add_input("x", f32({2, 8}));
  Value* w = graph.add_input("w", f32({8, 4}));
  graph.set_outputs({graph.add_node("MatMul", "product", {x, w})->output()});
  Context context = engine_of(std::move(graph)).context();
  EXPECT_EQ(context.explain(), "");
  (void)context.run(std::vector<Tensor>{random_f32({2, 8}, 1), random_f32({8, 4}, 1)});
  const std::string text = context.explain();
  EXPECT_NE(text.find("MatMul 'product' f32[2,4]: cpu.onednn_matmul"), std::string::npos) << text;
  EXPECT_NE(text.find("not cpu.packed_gemm_f32: B is not constant"), std::string::npos) << text;
}

TEST(Profile, MemoryIsReportedAgainstItsBound) {
  Context context = engine_of(chain()).context();
  EXPECT_EQ(context.memory().steps, 0);
  (void)context.run(std::vector<Tensor>{random_f32({2, 8}, 1)});
  const MemoryReport report = context.memory();
  EXPECT_EQ(report.steps, 2);
  EXPECT_EQ(report.lower_bound_bytes, 64);  // Without the result, which lies where the caller wants it.
  EXPECT_EQ(report.arena_bytes, report.lower_bound_bytes);
  EXPECT_GE(report.constant_bytes, 8 * 4 * 4);
}

}  // namespace
}  // namespace tenon::testing
