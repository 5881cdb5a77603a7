// SPDX-License-Identifier: Apache-2.0
#include "ops/op_testing.h"
#include "ops/pointwise.h"

#include <algorithm>

namespace tenon::testing {
namespace {

// Once all tests have run: did each operator's reference kernel run in one of them?
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
    EXPECT_NE(op.reference, nullptr);
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

// A row without a formula for a dtype it accepts would only fail when a model runs.
TEST(PointwiseTable, HasAFormulaForEveryDTypeItAccepts) {
  for (const PointwiseRow& row : pointwise_rows()) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ((row.dtypes & kFloatDTypes) != 0, row.f64 != nullptr);
    const bool integers = (row.dtypes & (kSignedDTypes | dtype_bit(DType::kBool))) != 0;
    EXPECT_EQ(integers, row.i64 != nullptr);
    if ((row.dtypes & kUnsignedDTypes) != 0) {
      EXPECT_TRUE(row.i64 != nullptr || row.u64 != nullptr);
    }
  }
}

}  // namespace
}  // namespace tenon::testing
