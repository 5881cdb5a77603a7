// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"
#include "runtime/graphs.h"

#include <tenon/error.h>

#include <gtest/gtest.h>

#include <unistd.h>
#include <filesystem>

namespace tenon::testing {
namespace {

Graph small() {
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N"), 8}));
  Value* w = graph.add_constant("w", random_f32({8, 4}, 1));
  Node* product = graph.add_node("MatMul", "product", {x, w});
  product->output()->set_type(f32({Dim("N"), 4}));
  graph.set_outputs({product->output()});
  return graph;
}

TEST(Engine, TellsItsPorts) {
  const Engine engine = engine_of(small());
  ASSERT_EQ(engine.inputs().size(), 1U);
  EXPECT_EQ(engine.inputs()[0].name, "x");
  EXPECT_EQ(to_string(engine.inputs()[0].type), "f32[N,8]");
  ASSERT_EQ(engine.outputs().size(), 1U);
  EXPECT_EQ(engine.outputs()[0].name, "product");
}

TEST(Engine, SavesAndLoads) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("engine_test_" + std::to_string(getpid()) + ".plan");
  const Engine engine = engine_of(small());
  engine.save(path.string());
  const Engine loaded = Engine::load(path.string());
  const std::vector<Tensor> inputs = {random_f32({3, 8}, 2)};
  EXPECT_TRUE(identical(engine.run(inputs)[0], loaded.run(inputs)[0]));
  std::filesystem::remove(path);
}

TEST(Engine, AMissingFileIsNotFound) {
  try {
    (void)Engine::load("/nowhere/a.plan");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(error.what()).find("/nowhere/a.plan"), std::string::npos);
  }
}

TEST(Engine, WeightsArePackedWhenItIsMade) {
  const Engine engine = engine_of(small());
  Context first = engine.context(), second = engine.context();
  const std::vector<Tensor> inputs = {random_f32({1, 8}, 2)};
  (void)first.run(inputs);
  const int64_t bytes = first.memory().constant_bytes;
  (void)second.run(inputs);
  (void)first.run(std::vector<Tensor>{random_f32({64, 8}, 2)});
  EXPECT_EQ(second.memory().constant_bytes, bytes);
  EXPECT_EQ(first.memory().constant_bytes, bytes) << "another batch size packed again";
}

TEST(Engine, AGraphInAnotherDialectIsRefused) {
  try {
    (void)engine_of(Graph("tf"));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("compile it first"), std::string::npos) << error.what();
  }
}

TEST(Engine, AMissingLayerIsNamed) {
  Graph graph;
  Value* x = graph.add_input("x", f32({2}));
  graph.set_outputs({graph.add_node("NobodyHasThis", "scope/node", {x}, {}, "custom")->output()});
  try {
    (void)engine_of(std::move(graph));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(error.what()).find("NobodyHasThis"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("scope/node"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tenon::testing
