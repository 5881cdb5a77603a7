// SPDX-License-Identifier: Apache-2.0
#include "ops/expression.h"
#include "base/files.h"
#include "errors.h"
#include "plan/plan.h"
#include "plan/plan_image.h"
#include "runtime/graphs.h"
#include "temporary_folder.h"

#include <tenon/error.h>
#include <tenon/signing.h>

#include <gtest/gtest.h>

#include <unistd.h>
#include <cmath>
#include <cstdlib>

namespace tenon::testing {
namespace {

constexpr const char* kSoftmax =
    "layer Softmax(x: f32[n, c]) -> f32[n, c]\n"
    "  y[n, c] = exp(x[n, c]) / sum[k < #c](exp(x[n, k]))\n";

// x, of a dynamic batch and so many columns, by formulas.
Graph graph_of(const std::string& text, int64_t columns) {
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N"), columns}));
  Node* node = graph.add_node("Expression", "node", {x},
                              expression_attributes(LayerExpr::parse(text), "Mine(a=1)", "What it does."));
  node->output()->set_type(f32({Dim("N"), columns}));
  graph.set_outputs({node->output()});
  return graph;
}

constexpr const char* kSwish = "layer Swish(x: f32[n, c]) -> f32[n, c]\n  y[n, c] = x[n, c] / (exp(-x[n, c]) + 1)\n";
constexpr const char* kWave = "layer Wave(x: f32[n, c]) -> f32[n, c]\n  y[n, c] = x[n, c] + sin(f32(c) * x[n, c])\n";
constexpr const char* kMirror = "layer Mirror(x: f32[n, c]) -> f32[n, c]\n  y[n, c] = x[n, #c - 1 - c]\n";

// A folder of its own for plans and the cache of code, and code generation switched off for a while.
class Formulas : public ::testing::Test {
 protected:
  Formulas() { ::setenv("XDG_CACHE_HOME", folder_.c_str(), 1); }
  ~Formulas() override {
    ::unsetenv("TENON_CODEGEN");
    ::unsetenv("XDG_CACHE_HOME");
  }
  static void without_generator() { ::setenv("TENON_CODEGEN", "off", 1); }
  [[nodiscard]] std::string plan() const { return folder_ + "/a.plan"; }

  test::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

TEST_F(Formulas, RunAsGeneratedCodeForEveryBatch) {
  const Engine engine = engine_of(graph_of(kSwish, 37));
  Context context = engine.context({.threads = 2}), reference = engine.context({.backend = "reference"});
  for (const int64_t batch : {1, 3, 200}) {
    const std::vector<Tensor> inputs = {random_f32({batch, 37}, 1)};
    const std::vector<Tensor> actual = context.run(inputs), expected = reference.run(inputs);
    for (int64_t i = 0; i < expected[0].count(); ++i) {
      ASSERT_NEAR(actual[0].values<float>()[i], expected[0].values<float>()[i], 1e-6) << i;
    }
  }
  EXPECT_NE(context.explain().find("cpu.generated"), std::string::npos) << context.explain();
  EXPECT_NE(context.explain().find("Mine"), std::string::npos) << context.explain();
  EXPECT_TRUE(engine.notices().empty());
}

TEST_F(Formulas, TakeOverTheirInputsMemory) {
  Graph graph = graph_of(kSwish, 8);
  Node* next = graph.add_node("Expression", "next", {graph.outputs()[0]},
                              expression_attributes(LayerExpr::parse(kSwish), "Mine()"));
  next->output()->set_type(f32({Dim("N"), 8}));
  graph.set_outputs({next->output()});
  const Engine engine = engine_of(std::move(graph));
  Context context = engine.context();
  (void)context.run(std::vector{random_f32({4, 8}, 1)});
  EXPECT_NE(context.explain().find("in place of 'node'"), std::string::npos) << context.explain();
}

TEST_F(Formulas, AreInThePlanWithTheirCodeWhichRunsOnlyWhenTrusted) {
  const std::vector<Tensor> one = {random_f32({1, 37}, 1)}, many = {random_f32({100, 37}, 2)};
  for (const char* text : {kSwish, kSoftmax}) {
    ::unsetenv("TENON_CODEGEN");
    const Engine engine = engine_of(graph_of(text, 37));
    engine.save(plan());
    const Engine again = Engine::load(plan());
    EXPECT_TRUE(identical(again.run(many)[0], engine.run(many)[0]));

    without_generator();
    const Engine trusted = Engine::load(plan(), {.trust_code = true});
    EXPECT_TRUE(identical(trusted.run(one)[0], engine.run(one)[0])) << text;
    EXPECT_TRUE(identical(trusted.run(many)[0], engine.run(many)[0])) << text;
    EXPECT_TRUE(trusted.notices().empty()) << trusted.notices()[0];

    const Engine untrusted = Engine::load(plan());
    const Tensor interpreted = untrusted.run(many)[0], expected = engine.run(many)[0];
    for (int64_t i = 0; i < expected.count(); ++i) {
      ASSERT_NEAR(interpreted.values<float>()[i], expected.values<float>()[i], 1e-6) << i;
    }
    ASSERT_EQ(untrusted.notices().size(), 1U);
    EXPECT_NE(untrusted.notices()[0].find("TENON_CODEGEN"), std::string::npos) << untrusted.notices()[0];
    EXPECT_NE(untrusted.notices()[0].find("trust"), std::string::npos) << untrusted.notices()[0];

    // Saved where none can be generated, the code goes along if it was trusted.
    trusted.save(folder_ + "/copy.plan");
    const Engine copied = Engine::load(folder_ + "/copy.plan", {.trust_code = true});
    EXPECT_TRUE(identical(copied.run(many)[0], expected));
    untrusted.save(folder_ + "/copy.plan");
    EXPECT_TRUE(Engine::load(folder_ + "/copy.plan").plan().code.empty());
  }
}

TEST_F(Formulas, HaveCodeInThePlanForEveryBatch) {
  for (const char* text : {kSwish, kSoftmax, kWave, kMirror}) {
    for (const int64_t width : {1, 3, 8, 37}) {
      ::unsetenv("TENON_CODEGEN");
      const Engine engine = engine_of(graph_of(text, width));
      engine.save(plan());
      without_generator();
      const Engine loaded = Engine::load(plan(), {.trust_code = true});
      for (int64_t batch = 1; batch < 70; ++batch) {
        const std::vector<Tensor> inputs = {random_f32({batch, width}, 1)};
        (void)loaded.run(inputs);
        ASSERT_TRUE(loaded.notices().empty()) << text << width << ", " << batch << ": " << loaded.notices()[0];
      }
    }
  }
}

TEST_F(Formulas, RunAsTheCodeOfAPlanThatIsSignedWithATrustedKey) {
  const std::string key = folder_ + "/key", signer = make_key_pair(key);
  const std::vector<std::string> trusted = {key + ".pub"};
  const std::vector<Tensor> inputs = {random_f32({5, 37}, 1)};
  const Engine engine = engine_of(graph_of(kSoftmax, 37));
  const Tensor expected = engine.run(inputs)[0];
  engine.save(plan());
  sign_plan(plan(), key);
  without_generator();

  const Engine loaded = Engine::load(plan(), {.trusted_keys = trusted});
  EXPECT_TRUE(identical(loaded.run(inputs)[0], expected));
  EXPECT_TRUE(loaded.notices().empty()) << loaded.notices()[0];
  const Engine nobodys = Engine::load(plan());
  (void)nobodys.run(inputs);
  EXPECT_EQ(nobodys.notices().size(), 1U) << "its formulas are interpreted, since no key is trusted";

  // What is saved is unsigned, and the code goes along: whoever signs it vouches for it.
  loaded.save(folder_ + "/copy.plan");
  EXPECT_EQ(plan_signer(folder_ + "/copy.plan"), std::nullopt);
  sign_plan(folder_ + "/copy.plan", key);
  EXPECT_TRUE(identical(Engine::load(folder_ + "/copy.plan", {.trusted_keys = trusted}).run(inputs)[0], expected));
}

TEST_F(Formulas, SayWhyNoTrustedKeyVouchesForTheirCode) {
  const std::string key = folder_ + "/key", other = folder_ + "/other", signer = make_key_pair(key);
  make_key_pair(other);
  engine_of(graph_of(kSwish, 37)).save(plan());
  const auto notices = [&](const LoadOptions& options) {
    const Engine engine = Engine::load(plan(), options);
    EXPECT_EQ(engine.run(std::vector{random_f32({2, 37}, 1)})[0].count(), 74);
    return engine.notices();
  };
  ASSERT_EQ(notices({.trusted_keys = {key + ".pub"}}).size(), 1U);
  EXPECT_NE(notices({.trusted_keys = {key + ".pub"}})[0].find("the plan is not signed"), std::string::npos);
  EXPECT_TRUE(notices({.trust_code = true, .trusted_keys = {key + ".pub"}}).empty());
  sign_plan(plan(), key);
  EXPECT_TRUE(notices({}).empty());
  EXPECT_TRUE(notices({.trusted_keys = {other + ".pub", key + ".pub"}}).empty());
  ASSERT_EQ(notices({.trusted_keys = {other + ".pub"}}).size(), 1U);
  EXPECT_NE(notices({.trusted_keys = {other + ".pub"}})[0].find("is signed by " + signer), std::string::npos);
}

TEST_F(Formulas, OfAPlanThatWasChangedAfterItWasSignedAreNotLoaded) {
  const std::string key = folder_ + "/key";
  make_key_pair(key);
  engine_of(graph_of(kSwish, 37)).save(plan());
  sign_plan(plan(), key);
  const PlanFile file = read_sections(MappedFile::open(plan()));
  std::vector<std::byte> bytes(file.file->bytes().begin(), file.file->bytes().end());
  bytes[file.find(plan_format::SectionKind::kCode)->offset + 100] ^= std::byte{1};
  test::reseal(bytes);
  write_file(plan(), [&](FileSink& sink) { sink.write(bytes.data(), bytes.size()); });
  for (const bool trust_code : {false, true}) {
    test::expect_error(ErrorCode::kCorrupt, "was changed after it was signed",
                       [&] { (void)Engine::load(plan(), {.trust_code = trust_code, .trusted_keys = {key + ".pub"}}); });
  }
  test::expect_error(ErrorCode::kInvalidArgument, "holds a secret key, but a public one is required",
                     [&] { (void)Engine::load(plan(), {.trusted_keys = {key}}); });
}

TEST_F(Formulas, TheSameEngineGivesTheSameBytes) {
  const auto bytes = [&](const char* path) {
    engine_of(graph_of(kSoftmax, 37)).save(folder_ + path);
    const auto file = MappedFile::open(folder_ + path);
    return std::vector<std::byte>(file->bytes().begin(), file->bytes().end());
  };
  EXPECT_EQ(bytes("/1.plan"), bytes("/2.plan"));
}

TEST_F(Formulas, ReadsOutsideOfATensorNameTheNode) {
  Graph graph;
  Value* x = graph.add_input("x", f32({4}));
  Value* at = graph.add_input("at", {DType::kInt64, Shape{2}});
  const char* text = "layer Take(x: f32[4], at: i64[2]) -> f32[2]\n  y[i] = x[at[i]]\n";
  Node* node = graph.add_node("Expression", "node", {x, at}, expression_attributes(LayerExpr::parse(text), "Take()"));
  node->output()->set_type(f32({2}));
  graph.set_outputs({node->output()});
  Context context = engine_of(std::move(graph)).context();
  const Tensor values = random_f32({4}, 1);
  test::expect_error(ErrorCode::kInvalidArgument, "Take 'node': a formula reads outside",
                     [&] { (void)context.run(std::vector{values, Tensor::from<int64_t>({0, 4}, {2})}); });
  EXPECT_EQ(context.run(std::vector{values, Tensor::from<int64_t>({0, 3}, {2})})[0].values<float>()[1],
            values.values<float>()[3]);
}

TEST_F(Formulas, ThatAreNoneAreADamagedPlan) {
  Plan plan;
  plan.producer = "test";
  plan.graph = graph_of(kSwish, 8);
  plan.graph.nodes()[0]->attributes()["formulas"] = std::string("layer Broken(");
  write_plan(plan, this->plan());
  test::expect_error(ErrorCode::kCorrupt, "the formulas of 'node' are no formulas",
                     [&] { (void)Engine::load(this->plan()); });
}

}  // namespace
}  // namespace tenon::testing
