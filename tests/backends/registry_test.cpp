// SPDX-License-Identifier: Apache-2.0
#include "backends/kernel.h"
#include "runtime/builtin_backends.h"
#include "runtime/graphs.h"

#include <tenon/error.h>

#include <gtest/gtest.h>

namespace tenon::testing {
namespace {

class NoKernel final : public Kernel {
 public:
  void run(std::span<const TensorView>, std::span<const MutableTensorView>, void*) const override {}
};

std::span<const KernelEntry> picky_kernels(std::string_view op) {
  static constexpr KernelEntry kEntries[] = {
      {"never", [](const Problem&) { return Verdict::no("it is Tuesday"); }, nullptr},
      {"gives_up", [](const Problem&) { return Verdict::yes(); },
       [](const Problem&) { return std::unique_ptr<Kernel>(); }},
      {"takes_neg",
       [](const Problem& p) { return p.node.op() == "Neg" ? Verdict::yes() : Verdict::no("it is not Neg"); },
       [](const Problem&) -> std::unique_ptr<Kernel> { return std::make_unique<NoKernel>(); }},
  };
  return op == "Abs" ? std::span<const KernelEntry>() : kEntries;
}

ChosenKernel choose(const char* op) {
  static constexpr Backend kPicky{"picky", picky_kernels};
  register_builtin_backends();
  static Graph graph;
  Value* x = graph.add_input("", f32({2}));
  const Node* node = graph.add_node(op, "", {x});
  const TensorView view{nullptr, DType::kFloat32, {2}};
  const Tensor* unknown = nullptr;
  return choose_kernel(kPicky,
                       {.node = *node, .inputs = {&view, 1}, .outputs = {&view, 1}, .constants = {&unknown, 1}});
}

TEST(ChooseKernel, TakesTheFirstThatAcceptsAndKeepsTheReasons) {
  const ChosenKernel chosen = choose("Neg");
  EXPECT_EQ(chosen.name, "picky.takes_neg");
  EXPECT_EQ(chosen.rejections, (std::vector<std::string>{"picky.never: it is Tuesday",
                                                         "picky.gives_up: the library has no implementation for it"}));
}

TEST(ChooseKernel, TheReferenceIsLast) {
  const ChosenKernel chosen = choose("Exp");
  EXPECT_EQ(chosen.name, "reference.any");
  EXPECT_EQ(chosen.rejections.size(), 3U);
  EXPECT_EQ(choose("Abs").name, "reference.any");
  EXPECT_TRUE(choose("Abs").rejections.empty());
}

TEST(ChooseKernel, NothingAcceptingIsAnErrorWithTheReasons) {
  try {
    (void)choose("NoSuchOperator");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_NE(error.message().find("picky.never: it is Tuesday"), std::string::npos) << error.what();
    EXPECT_NE(error.message().find("NoSuchOperator"), std::string::npos) << error.what();
  }
}

TEST(Backends, AreFoundByName) {
  register_builtin_backends();
  EXPECT_EQ(find_backend("cpu").name, "cpu");
  try {
    (void)find_backend("abacus");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(error.message().find("no backend 'abacus'"), std::string::npos);
    EXPECT_NE(error.message().find("'reference'"), std::string::npos);
  }
}

TEST(PackedWeights, PackOncePerSourceAndFormat) {
  PackedWeights weights;
  const Tensor source = random_f32({4}, 1), other = random_f32({4}, 1);
  int packs = 0;
  const auto pack = [&] {
    ++packs;
    return Tensor::zeros(DType::kUInt8, {100});
  };
  const Tensor first = weights.get(source, "a", pack);
  EXPECT_EQ(weights.get(source, "a", pack).data(), first.data());
  EXPECT_EQ(packs, 1);
  (void)weights.get(source, "b", pack);
  (void)weights.get(other, "a", pack);
  EXPECT_EQ(packs, 3);
  EXPECT_EQ(weights.bytes(), 300);
}

}  // namespace
}  // namespace tenon::testing
