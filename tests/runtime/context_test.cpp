// SPDX-License-Identifier: Apache-2.0
#include "runtime/graphs.h"
#include "runtime/layers.h"

#include <tenon/error.h>

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace tenon::testing {
namespace {

/// y = relu(x W + b), z = x + x; x is [N, 3].
Graph two_outputs() {
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N"), 3}));
  Value* w = graph.add_constant("w", Tensor::from<float>({1, 2, 3, 4, 5, 6}, {3, 2}));
  Value* b = graph.add_constant("b", Tensor::from<float>({-30, 1}, {2}));
  Node* product = graph.add_node("MatMul", "product", {x, w});
  Node* sum = graph.add_node("Add", "sum", {product->output(), b});
  Node* relu = graph.add_node("Relu", "relu", {sum->output()});
  Node* twice = graph.add_node("Add", "twice", {x, x});
  graph.set_outputs({relu->output(), twice->output()});
  return graph;
}

void expect_error(ErrorCode code, std::initializer_list<const char*> fragments, const std::function<void()>& body) {
  try {
    body();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    for (const char* fragment : fragments)
      EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos) << error.what();
  }
}

class OnBackend : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Context, OnBackend, ::testing::Values("cpu", "reference"),
                         [](const auto& backend) { return std::string(backend.param); });

TEST_P(OnBackend, GivesTheResultsInOrder) {
  Context context = engine_of(two_outputs()).context({.backend = GetParam()});
  const Tensor x = Tensor::from<float>({1, 2, 3, 0, 0, 1}, {2, 3});
  const std::vector<Tensor> results = context.run(std::vector<Tensor>{x});
  ASSERT_EQ(results.size(), 2U);
  EXPECT_TRUE(identical(results[0], Tensor::from<float>({0, 29, 0, 7}, {2, 2})));
  EXPECT_TRUE(identical(results[1], Tensor::from<float>({2, 4, 6, 0, 0, 2}, {2, 3})));
}

TEST_P(OnBackend, TakesEveryExtentOfANamedDimension) {
  Context context = engine_of(two_outputs()).context({.backend = GetParam()});
  for (const int64_t n : {1, 7, 0, 2, 7, 1}) {
    const Tensor x = random_f32({n, 3}, static_cast<uint32_t>(n));
    const std::vector<Tensor> results = context.run(std::vector<Tensor>{x});
    ASSERT_EQ(results[1].dims(), (Dims{n, 3}));
    for (int64_t i = 0; i < n * 3; ++i)
      EXPECT_EQ(results[1].values<float>()[static_cast<size_t>(i)], 2 * x.values<float>()[static_cast<size_t>(i)]);
  }
}

TEST_P(OnBackend, AnOutputThatIsAnInputIsACopyInTheContext) {
  Graph graph;
  Value* x = graph.add_input("x", f32({4}));
  Node* same = graph.add_node("Identity", "same", {x});
  Node* shaped =
      graph.add_node("Reshape", "shaped", {x, graph.add_constant("shape", Tensor::from<int64_t>({2, 2}, {2}))});
  Value* seven = graph.add_constant("seven", Tensor::scalar(7.0F));
  graph.set_outputs({x, same->output(), shaped->output(), seven});
  Context context = engine_of(std::move(graph)).context({.backend = GetParam()});
  const Tensor given = random_f32({4}, 5);
  const std::vector<TensorView> inputs = {given.view()};
  const auto results = context.run(inputs);
  ASSERT_EQ(results.size(), 4U);
  EXPECT_EQ(results[2].dims, (Dims{2, 2}));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NE(results[i].data, given.data());
    EXPECT_EQ(std::memcmp(results[i].data, given.data(), 16), 0);
  }
  EXPECT_EQ(*results[3].as<float>(), 7.0F);
}

TEST_P(OnBackend, UnalignedInputsAreTaken) {
  Context context = engine_of(two_outputs()).context({.backend = GetParam()});
  const Tensor x = random_f32({2, 3}, 9);
  std::vector<char> bytes(64);
  std::memcpy(bytes.data() + 1, x.data(), 24);
  const std::vector<TensorView> inputs = {{bytes.data() + 1, DType::kFloat32, {2, 3}}};
  const auto results = context.run(inputs);
  EXPECT_EQ(results[1].as<float>()[5], 2 * x.values<float>()[5]);
}

TEST(Context, InputsAreNeverWritten) {
  // Each operator may work in place; on the caller's memory none does.
  Graph graph;
  Value* x = graph.add_input("x", f32({8}));
  Node* relu = graph.add_node("Relu", "relu", {x});
  Node* negative = graph.add_node("Neg", "negative", {relu->output()});
  graph.set_outputs({negative->output()});
  Context context = engine_of(std::move(graph)).context();
  const Tensor given = random_f32({8}, 1);
  const Tensor before = Tensor::copy_of(given.view());
  (void)context.run(std::vector<Tensor>{given});
  EXPECT_TRUE(identical(given, before));
  EXPECT_NE(context.explain().find("in place of 'relu'"), std::string::npos) << context.explain();
  EXPECT_EQ(context.memory().arena_bytes, 0);  // Both lie where the result goes.
}

TEST(Context, AValueThatIsReadLaterIsNotOverwritten) {
  Graph graph;
  Value* x = graph.add_input("x", f32({8}));
  Node* a = graph.add_node("Abs", "a", {x});
  Node* b = graph.add_node("Neg", "b", {a->output()});
  Node* view =
      graph.add_node("Reshape", "view", {a->output(), graph.add_constant("s", Tensor::from<int64_t>({2, 4}, {2}))});
  Node* c = graph.add_node("Neg", "c", {view->output()});
  Node* flat =
      graph.add_node("Reshape", "flat", {c->output(), graph.add_constant("t", Tensor::from<int64_t>({8}, {1}))});
  Node* sum = graph.add_node("Sub", "sum", {b->output(), flat->output()});
  graph.set_outputs({sum->output(), a->output()});
  Context context = engine_of(std::move(graph)).context();
  const Tensor x_value = random_f32({8}, 2);
  const std::vector<Tensor> results = context.run(std::vector<Tensor>{x_value});
  EXPECT_TRUE(identical(results[0], Tensor::zeros(DType::kFloat32, {8})));
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(results[1].values<float>()[i], std::abs(x_value.values<float>()[i]));
}

TEST(Context, ShapesAreComputedOncePerSpecialisation) {
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N"), 2, 3}));
  Node* shape = graph.add_node("Shape", "shape", {x});
  Node* first =
      graph.add_node("Gather", "first", {shape->output(), graph.add_constant("zero", Tensor::from<int64_t>({0}, {1}))});
  const std::vector<Value*> parts = {first->output(), graph.add_constant("rest", Tensor::from<int64_t>({6}, {1}))};
  const std::vector<std::string> names = {"target"};
  Node* target = graph.add_node("Concat", "target", parts, names, {{"axis", int64_t{0}}});
  Node* flat = graph.add_node("Reshape", "flat", {x, target->output()});
  Node* relu = graph.add_node("Relu", "relu", {flat->output()});
  graph.set_outputs({relu->output()});
  Context context = engine_of(std::move(graph)).context();
  for (const int64_t n : {4, 1}) {
    const std::vector<Tensor> results = context.run(std::vector<Tensor>{random_f32({n, 2, 3}, 1)});
    EXPECT_EQ(results[0].dims(), (Dims{n, 6}));
    EXPECT_EQ(context.memory().steps, 1) << context.explain();
  }
  EXPECT_NE(context.explain().find("known from the shapes"), std::string::npos);
}

TEST(Context, MoreShapesThanAreKeptStillGiveRightResults) {
  Context context = engine_of(two_outputs()).context();
  for (int round = 0; round < 2; ++round) {
    for (int64_t n = 1; n <= 100; ++n) {
      const Tensor x = random_f32({n, 3}, static_cast<uint32_t>(n));
      const std::vector<Tensor> results = context.run(std::vector<Tensor>{x});
      ASSERT_EQ(results[1].dims(), (Dims{n, 3}));
      ASSERT_EQ(results[1].values<float>().back(), 2 * x.values<float>().back());
    }
  }
}

TEST(Context, WrongInputsAreNamed) {
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N"), 3}));
  Value* y = graph.add_input("y", f32({Dim("N"), 3}));
  graph.set_outputs({graph.add_node("Add", "sum", {x, y})->output()});
  Context context = engine_of(std::move(graph)).context();
  const Tensor good = random_f32({2, 3}, 1);
  const auto run = [&](const Tensor& a, const Tensor& b) { (void)context.run(std::vector<Tensor>{a, b}); };

  expect_error(ErrorCode::kInvalidArgument, {"1 inputs are given", "takes 2", "'x' f32[N,3]"},
               [&] { (void)context.run(std::vector<Tensor>{good}); });
  expect_error(ErrorCode::kInvalidArgument, {"input 'y'", "f64[2,3]", "f32[N,3] is required"},
               [&] { run(good, Tensor::zeros(DType::kFloat64, {2, 3})); });
  expect_error(ErrorCode::kInvalidArgument, {"input 'x'", "f32[6]", "1 dimensions instead of 2"},
               [&] { run(random_f32({6}, 1), good); });
  expect_error(ErrorCode::kInvalidArgument, {"input 'x'", "f32[2,4]", "dimension 1 is 4 instead of 3"},
               [&] { run(random_f32({2, 4}, 1), good); });
  expect_error(ErrorCode::kInvalidArgument, {"input 'y'", "'N'", "is 5 but it is 2 in dimension 0 of 'x'"},
               [&] { run(good, random_f32({5, 3}, 1)); });
  const std::vector<TensorView> null = {{nullptr, DType::kFloat32, {2, 3}}, good.view()};
  expect_error(ErrorCode::kInvalidArgument, {"input 'x'", "null"}, [&] { (void)context.run(null); });

  // None of it breaks the context.
  const std::vector<Tensor> results = context.run(std::vector<Tensor>{good, good});
  EXPECT_EQ(results[0].values<float>()[0], 2 * good.values<float>()[0]);
  expect_error(ErrorCode::kInvalidArgument, {"input 'x'", "null"}, [&] { (void)context.run(null); });
}

TEST(Context, OptionsOutOfRangeAreRefused) {
  const Engine engine = engine_of(two_outputs());
  expect_error(ErrorCode::kNotFound, {"no backend 'gpu'", "'cpu'", "'reference'"},
               [&] { (void)engine.context({.backend = "gpu"}); });
  expect_error(ErrorCode::kInvalidArgument, {"-1 threads"}, [&] { (void)engine.context({.threads = -1}); });
}

TEST(Context, ShapesThatANodeCannotTakeAreReportedWithIt) {
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N"), Dim("M")}));
  Value* w = graph.add_constant("w", random_f32({3, 2}, 1));
  graph.set_outputs({graph.add_node("MatMul", "product", {x, w})->output()});
  Context context = engine_of(std::move(graph)).context();
  expect_error(ErrorCode::kInvalidArgument, {"MatMul 'product'"},
               [&] { (void)context.run(std::vector<Tensor>{random_f32({2, 4}, 1)}); });
  EXPECT_EQ(context.run(std::vector<Tensor>{random_f32({2, 3}, 1)})[0].dims(), (Dims{2, 2}));
}

TEST(Context, AnErrorInALayerNamesTheNodeAndTheContextGoesOn) {
  add_layer("FailsOnNegative", Kind::kElementwise, same_as_input(),
            [](std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, const auto&) {
              if (inputs[0].as<float>()[0] < 0) throw Error(ErrorCode::kInternal, "negative");
              std::memmove(outputs[0].data, inputs[0].data, static_cast<size_t>(inputs[0].size_bytes()));
            });
  Graph graph;
  Value* x = graph.add_input("x", f32({2}));
  Node* half = graph.add_node("Add", "add", {x, x});
  Node* layer = graph.add_node("FailsOnNegative", "scope/fails", {half->output()}, {}, "custom");
  graph.set_outputs({layer->output()});
  Context context = engine_of(std::move(graph)).context();
  expect_error(ErrorCode::kInternal, {"negative", "while running FailsOnNegative 'scope/fails'"},
               [&] { (void)context.run(std::vector<Tensor>{Tensor::from<float>({-1, 1}, {2})}); });
  EXPECT_TRUE(identical(context.run(std::vector<Tensor>{Tensor::from<float>({1, 2}, {2})})[0],
                        Tensor::from<float>({2, 4}, {2})));
}

TEST(Context, AnElementwiseLayerRunsInPlace) {
  static const void* seen_input = nullptr;
  static const void* seen_output = nullptr;
  add_layer("PlusOne", Kind::kElementwise, same_as_input(),
            [](std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, const auto&) {
              seen_input = inputs[0].data;
              seen_output = outputs[0].data;
              for (int64_t i = 0; i < inputs[0].dims.count(); ++i)
                outputs[0].as<float>()[i] = inputs[0].as<float>()[i] + 1;
            });
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N")}));
  Node* relu = graph.add_node("Relu", "relu", {x});
  Node* plus = graph.add_node("PlusOne", "plus", {relu->output()}, {}, "custom");
  graph.set_outputs({plus->output()});
  Context context = engine_of(std::move(graph)).context();
  EXPECT_TRUE(identical(context.run(std::vector<Tensor>{Tensor::from<float>({-1, 2}, {2})})[0],
                        Tensor::from<float>({1, 3}, {2})));
  EXPECT_EQ(seen_input, seen_output);
}

TEST(Context, ALayerWhoseShapeStaysUnknownIsAnError) {
  add_layer(
      "Vague", Kind::kPlain, [](std::span<const TensorType>) { return std::vector<TensorType>{f32({Dim()})}; },
      [](std::span<const TensorView>, std::span<const MutableTensorView>, const auto&) {});
  Graph graph;
  Value* x = graph.add_input("x", f32({2}));
  graph.set_outputs({graph.add_node("Vague", "vague", {x}, {}, "custom")->output()});
  Context context = engine_of(std::move(graph)).context();
  expect_error(ErrorCode::kInvalidArgument, {"Vague 'vague'", "f32[?]", "depend on data"},
               [&] { (void)context.run(std::vector<Tensor>{random_f32({2}, 1)}); });
}

TEST(Context, ThreadsHaveContextsOfTheirOwn) {
  const Engine engine = engine_of(two_outputs());
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Context context = engine.context({.threads = 1});
      for (uint32_t i = 0; i < 50; ++i) {
        const Tensor x = random_f32({1 + (i + t) % 5, 3}, 100 * t + i);
        const std::vector<Tensor> results = context.run(std::vector<Tensor>{x});
        if (results[1].values<float>().back() != 2 * x.values<float>().back()) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

#ifdef _OPENMP
TEST(Context, TheCallersThreadCountIsRestored) {
  static int seen = 0;
  add_layer("SeesThreads", Kind::kPlain, same_as_input(),
            [](std::span<const TensorView>, std::span<const MutableTensorView>, const auto&) {
              seen = omp_get_max_threads();
            });
  Graph graph;
  Value* x = graph.add_input("x", f32({2}));
  graph.set_outputs({graph.add_node("SeesThreads", "sees", {x}, {}, "custom")->output()});
  Context context = engine_of(std::move(graph)).context({.threads = 3});
  const int before = omp_get_max_threads();
  (void)context.run(std::vector<Tensor>{random_f32({2}, 1)});
  EXPECT_EQ(seen, 3);
  EXPECT_EQ(omp_get_max_threads(), before);
}
#endif

TEST(Context, ResultsGoWhereTheCallerWantsThem) {
  Graph graph;
  Value* x = graph.add_input("x", f32({Dim("N"), 8}));
  Node* node = graph.add_node("Neg", "y", {x});
  node->output()->set_type(f32({Dim("N"), 8}));
  graph.set_outputs({node->output()});
  Context context = engine_of(std::move(graph)).context();
  Tensor input = random_f32({3, 8}, 1);
  const TensorView view = input.view();
  const std::vector<Tensor> expected = context.run(std::span<const Tensor>(&input, 1));

  Tensor place = Tensor::zeros(DType::kFloat32, {3, 8});
  const MutableTensorView wanted = place.mutable_view();
  EXPECT_EQ(context.run(std::span(&view, 1), std::span(&wanted, 1))[0].data, place.data());
  EXPECT_TRUE(identical(place, expected[0]));

  // Not where an input is still to be read, nor where another shape is meant.
  const MutableTensorView same = input.mutable_view();
  EXPECT_NE(context.run(std::span(&view, 1), std::span(&same, 1))[0].data, input.data());
  Tensor small = Tensor::zeros(DType::kFloat32, {2, 8});
  const MutableTensorView other = small.mutable_view();
  const TensorView own = context.run(std::span(&view, 1), std::span(&other, 1))[0];
  EXPECT_NE(own.data, small.data());
  EXPECT_TRUE(identical(Tensor::copy_of(own), expected[0]));
}

}  // namespace
}  // namespace tenon::testing
