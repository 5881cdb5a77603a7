// SPDX-License-Identifier: Apache-2.0
#include "ops/op_testing.h"
#include "ops/pointwise.h"

#include <algorithm>

namespace tenon::testing {
namespace {

// Once all tests have run: was each operator evaluated in one of them?
class EveryOperatorIsTested : public ::testing::Environment {
 public:
  void TearDown() override {
    if (::testing::GTEST_FLAG(filter) != "*" || ::testing::GTEST_FLAG(list_tests)) return;
    for (const OpDef& op : all_ops()) {
      EXPECT_EQ(evaluated_operators().count(op.name), 1U) << op.name << " has no test that evaluates it";
    }
  }
};
const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new EveryOperatorIsTested);  // GoogleTest owns it.

TEST(Registry, IsSortedWithoutRepetition) {
  const auto ops = all_ops();
  ASSERT_FALSE(ops.empty());
  for (size_t i = 1; i < ops.size(); ++i) EXPECT_LT(ops[i - 1].name, ops[i].name);
}

TEST(Registry, FindsEveryOperatorByName) {
  for (const OpDef& op : all_ops()) EXPECT_EQ(find_op(op.name), &op);
  EXPECT_EQ(find_op(""), nullptr);
  EXPECT_EQ(find_op("Zzz"), nullptr);
}

TEST(Registry, EveryOperatorIsComplete) {
  for (const OpDef& op : all_ops()) {
    SCOPED_TRACE(op.name);
    EXPECT_NE(op.infer, nullptr);
    EXPECT_TRUE(op.reference != nullptr || op.define != nullptr);
    EXPECT_FALSE(op.moves && op.define == nullptr);
    EXPECT_GE(op.since_version, 1);
    EXPECT_GT(op.summary.size(), 5U);
    EXPECT_EQ(op.summary.back(), '.');
    EXPECT_GE(op.min_inputs, 0);
    EXPECT_GE(op.min_outputs, 1);
    if (op.max_inputs != kVariadic) {
      EXPECT_LE(op.min_inputs, op.max_inputs);
    }
    if (op.max_outputs != kVariadic) {
      EXPECT_LE(op.min_outputs, op.max_outputs);
    }
    for (const AttributeSpec& spec : op.attributes) {
      EXPECT_FALSE(std::holds_alternative<std::monostate>(spec.fallback)) << spec.name;
      EXPECT_EQ(
          std::count_if(op.attributes.begin(), op.attributes.end(), [&](const auto& s) { return s.name == spec.name; }),
          1)
          << spec.name;
      EXPECT_FALSE(spec.required && spec.optional) << spec.name;
    }
  }
}

// A formula that gives another dtype than the type rule says would only fail when a model runs.
TEST(PointwiseTable, HasFormulasOfEveryDTypeThatItAccepts) {
  for (const PointwiseRow& row : pointwise_rows()) {
    for (int32_t d = 1; d < kDTypeCount; ++d) {
      if ((row.dtypes >> d & 1) == 0) continue;
      const auto dtype = static_cast<DType>(d);
      SCOPED_TRACE(std::string(row.name) + " of " + std::string(dtype_name(dtype)));
      const std::vector<Input> inputs(row.arity == PointwiseArity::kOne ? 1 : 2, tensor(dtype, {2}, {0, 1}));
      Attributes attributes;
      if (row.alpha.required) attributes[std::string(row.alpha.name)] = std::string(row.alpha.one);
      const Tensor result = OneNode(std::string(row.name), inputs, attributes).evaluate()[0];
      EXPECT_EQ(result.dtype(), row.predicate ? DType::kBool : dtype);
    }
  }
}

}  // namespace
}  // namespace tenon::testing
