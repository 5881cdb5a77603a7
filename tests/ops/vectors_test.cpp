// SPDX-License-Identifier: Apache-2.0
#include "op_vectors.h"
#include "ops/op_testing.h"

#include <cstdlib>

// Every operator against NumPy and SciPy: the cases that make_vectors.py has written.
namespace tenon::testing {
namespace {

using test::expect_vector;
using test::op_cases;
using test::OpCase;
using test::parse_tensor;

class OpVectors : public ::testing::TestWithParam<std::string> {};

// One test an operator; a failure names its row.
TEST_P(OpVectors, AgreeWithNumPy) {
  for (const OpCase& row : op_cases()) {
    if (row.op != GetParam()) continue;
    SCOPED_TRACE(row.name);
    std::vector<Input> inputs;
    for (const std::string& text : row.inputs) {
      const auto vector = parse_tensor(text);
      inputs.push_back(vector ? Input(vector->tensor) : std::nullopt);
    }
    const auto actual = OneNode(row.op, inputs, row.attributes, static_cast<int>(row.outputs.size())).evaluate();
    ASSERT_EQ(actual.size(), row.outputs.size());
    for (size_t i = 0; i < row.outputs.size(); ++i) {
      expect_vector(actual[i], parse_tensor(row.outputs[i]).value(), row.ulps);
    }
  }
}

TEST(OpVectorsFile, HasBeenWritten) {
  EXPECT_GT(op_cases().size(), 1000U) << TENON_OP_VECTORS << " is written by ctest -R ops_vectors";
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OpVectors);
INSTANTIATE_TEST_SUITE_P(, OpVectors, ::testing::ValuesIn(test::operators_with_cases()),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace tenon::testing
