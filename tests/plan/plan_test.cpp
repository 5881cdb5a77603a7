// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.h"

#include "base/files.h"
#include "errors.h"
#include "plan/sample_plan.h"
#include "plan/signing_key.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>

namespace tenon {
namespace {

using test::expect_error;

std::shared_ptr<const MappedFile> in_memory(std::vector<std::byte> bytes) {
  return MappedFile::from_memory("test.plan", std::move(bytes));
}

Plan round_trip(const Plan& plan) { return read_plan(in_memory(plan_bytes(plan))); }

TEST(Plan, RoundTripKeepsEverything) {
  const Plan plan = test::sample_plan();
  const Plan read = round_trip(plan);
  EXPECT_EQ(read.producer, plan.producer);
  EXPECT_EQ(read.source, plan.source);
  EXPECT_EQ(read.graph.name(), "sample");
  EXPECT_TRUE(identical(read.graph, plan.graph)) << read.graph.to_string() << plan.graph.to_string();
  EXPECT_EQ(read.graph.to_string(), plan.graph.to_string());
  read.graph.validate();
}

TEST(Plan, KeepsTypesOfValues) {
  const Plan read = round_trip(test::sample_plan());
  EXPECT_EQ(read.graph.find_value("x")->type(), (TensorType{DType::kFloat32, Shape{Dim("N"), 3}}));
  EXPECT_EQ(read.graph.find_value("layer:0")->type(), TensorType{});
}

TEST(Plan, KeepsTheSignOfZero) {
  const Plan read = round_trip(test::sample_plan());
  EXPECT_TRUE(std::signbit(std::get<double>(*read.graph.find_node("layer")->attribute("float"))));
}

TEST(Plan, KeepsControlInputs) {
  const Plan read = round_trip(test::sample_plan());
  const auto& before = read.graph.find_node("layer")->control_inputs();
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0]->name(), "add");
}

TEST(Plan, SamePlanGivesSameBytes) {
  const auto bytes = plan_bytes(test::sample_plan());
  EXPECT_EQ(bytes, plan_bytes(test::sample_plan()));
  EXPECT_EQ(bytes, plan_bytes(read_plan(in_memory(bytes))));
}

TEST(Plan, NodesAreWrittenInTopologicalOrder) {
  Plan plan;
  Value* x = plan.graph.add_input("x", {DType::kFloat32, Shape{2}});
  Node* last = plan.graph.add_node("Neg", "last", {x});
  Node* first = plan.graph.add_node("Abs", "first", {x});
  last->set_input(0, first->output());
  plan.graph.set_outputs({last->output()});
  const Plan read = round_trip(plan);
  EXPECT_EQ(read.graph.nodes()[0]->name(), "first");
  EXPECT_EQ(plan_bytes(read), plan_bytes(plan));
}

TEST(Plan, ConstantsStayInTheFile) {
  const auto file = in_memory(plan_bytes(test::sample_plan()));
  const Plan plan = read_plan(file);
  const Tensor& bias = *plan.graph.find_value("bias")->constant();
  const auto offset = static_cast<const std::byte*>(bias.data()) - file->bytes().data();
  EXPECT_GE(offset, 0);
  EXPECT_LE(static_cast<size_t>(offset + bias.size_bytes()), file->bytes().size());
  EXPECT_EQ(offset % 64, 0);
  EXPECT_TRUE(bias.read_only());
}

TEST(Plan, ConstantsOutliveTheFileHandle) {
  Tensor bias;
  {
    const Plan plan = round_trip(test::sample_plan());
    bias = *plan.graph.find_value("bias")->constant();
  }
  EXPECT_EQ(bias.values<float>()[2], 3.0F);
}

TEST(Plan, SharedConstantsAreStoredOnce) {
  const auto plan_of = [](bool twice) {
    Plan plan;
    const Tensor weights = Tensor::zeros(DType::kFloat32, {1024});
    plan.graph.add_constant("a", weights);
    if (twice) plan.graph.add_constant("b", weights);
    return plan_bytes(plan).size();
  };
  EXPECT_LT(plan_of(true), plan_of(false) + 1024);
}

TEST(Plan, FileIsMappedAndAligned) {
  const auto folder = std::filesystem::temp_directory_path() / "tenon_plan_test";
  std::filesystem::create_directories(folder);
  const std::string path = folder / "sample.plan";
  write_plan(test::sample_plan(), path);
  const auto file = MappedFile::open(path);
  EXPECT_TRUE(looks_like_plan(*file));
  const Plan plan = read_plan(file);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(plan.graph.find_value("bias")->constant()->data()) % 64, 0U);
  const auto bytes = plan_bytes(test::sample_plan());
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), file->bytes().begin(), file->bytes().end()));
  std::filesystem::remove_all(folder);
}

TEST(Plan, EmptyGraphIsAPlan) {
  const Plan empty;
  const Plan read = round_trip(empty);
  EXPECT_EQ(read.graph.node_count(), 0U);
}

TEST(Plan, FourBitConstantsTakeHalfABytePerElement) {
  Plan plan;
  Tensor tensor = Tensor::zeros(DType::kInt4, {5});
  static_cast<uint8_t*>(tensor.mutable_data())[2] = 7;
  plan.graph.add_constant("c", tensor);
  EXPECT_TRUE(identical(*round_trip(plan).graph.find_value("c")->constant(), tensor));
}

TEST(Plan, UndefinedTensorCannotBeWritten) {
  Plan plan;
  plan.graph.add_node("L", "l", {}, {{"t", Tensor()}}, "custom");
  expect_error(ErrorCode::kInvalidArgument, "undefined tensor", [&] { (void)plan_bytes(plan); });
}

TEST(Plan, NullGraphCannotBeWritten) {
  Plan plan;
  plan.graph.add_node("L", "l", {}, {{"g", std::shared_ptr<const Graph>()}}, "custom");
  expect_error(ErrorCode::kInvalidArgument, "null graph", [&] { (void)plan_bytes(plan); });
}

// A graph in an attribute in a graph in an attribute …
Plan nested_plan(int levels) {
  auto graph = std::make_shared<Graph>();
  for (int i = 1; i < levels; ++i) {
    auto outer = std::make_shared<Graph>();
    outer->add_node("L", "l", {}, {{"body", std::shared_ptr<const Graph>(graph)}}, "custom");
    graph = outer;
  }
  Plan plan;
  plan.graph = graph->clone();
  return plan;
}

TEST(Plan, GraphsNestSixteenDeep) {
  const Plan plan = nested_plan(16);
  EXPECT_TRUE(identical(round_trip(plan).graph, plan.graph));
  expect_error(ErrorCode::kUnsupported, "nest deeper", [] { (void)plan_bytes(nested_plan(17)); });
}

TEST(Plan, FailedWriteLeavesNothing) {
  const auto folder = std::filesystem::temp_directory_path() / "tenon_plan_write_test";
  std::filesystem::create_directories(folder);
  expect_error(ErrorCode::kUnsupported, "while writing the plan",
               [&] { write_plan(nested_plan(17), folder / "deep.plan"); });
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

// A file of format 1.0 as it was first written. Every later reader must understand it. To add one for a new format,
// write test::sample_plan() to tests/data/compat/plan_<major>_<minor>.plan and keep the older ones.
TEST(Plan, ReadsFormat1_0) {
  const Plan read = read_plan(MappedFile::open(TENON_TEST_DATA "/compat/plan_1_0.plan"));
  EXPECT_TRUE(identical(read.graph, test::sample_plan().graph)) << read.graph.to_string();
}

// A signed file of format 1.2, by test::kSigningSeed.
TEST(Plan, ReadsFormat1_2) {
  const auto file = MappedFile::open(TENON_TEST_DATA "/compat/plan_1_2.plan");
  const PublicKey keys[] = {test::signing_key().public_key()};
  const SignedPlan read = read_signed_plan(file, keys);
  EXPECT_TRUE(identical(read.plan.graph, test::sample_plan().graph)) << read.plan.graph.to_string();
  EXPECT_TRUE(read.verified);
}

}  // namespace
}  // namespace tenon
