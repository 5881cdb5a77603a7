// SPDX-License-Identifier: Apache-2.0
#include "runtime/memory_plan.h"

#include <tenon/error.h>
#include <tenon/tensor.h>

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace tenon {
namespace {

constexpr auto kAlignment = static_cast<int64_t>(kTensorAlignment);

int64_t aligned(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

/// Checks by the definition: offsets aligned, inside, and disjoint whenever two buffers are alive at one step.
void expect_valid(const std::vector<BufferLife>& buffers, const MemoryPlan& plan) {
  ASSERT_EQ(plan.offsets.size(), buffers.size());
  int64_t most = 0;
  for (size_t i = 0; i < buffers.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % kAlignment, 0);
    EXPECT_LE(plan.offsets[i] + buffers[i].bytes, plan.bytes);
    int64_t alive = 0;
    for (size_t k = 0; k < buffers.size(); ++k) {
      const bool alive_at_birth = buffers[k].first <= buffers[i].first && buffers[i].first <= buffers[k].last;
      if (alive_at_birth) alive += aligned(buffers[k].bytes);
      const bool together = buffers[i].first <= buffers[k].last && buffers[k].first <= buffers[i].last;
      if (i == k || !together || buffers[i].bytes == 0 || buffers[k].bytes == 0) continue;
      const bool apart = plan.offsets[i] + buffers[i].bytes <= plan.offsets[k] ||
                         plan.offsets[k] + buffers[k].bytes <= plan.offsets[i];
      EXPECT_TRUE(apart) << "buffers " << i << " and " << k;
    }
    most = std::max(most, alive);
  }
  EXPECT_EQ(plan.lower_bound, most);
  EXPECT_GE(plan.bytes, plan.lower_bound);
}

TEST(MemoryPlan, NothingNeedsNothing) {
  const MemoryPlan plan = plan_memory({});
  EXPECT_EQ(plan.bytes, 0);
  EXPECT_EQ(plan.lower_bound, 0);
}

TEST(MemoryPlan, AChainNeedsTwoBuffers) {
  std::vector<BufferLife> buffers;
  for (int i = 0; i < 10; ++i) buffers.push_back({1000, i, i + 1});
  const MemoryPlan plan = plan_memory(buffers);
  expect_valid(buffers, plan);
  EXPECT_EQ(plan.bytes, 2 * 1024);
}

TEST(MemoryPlan, BuffersOfDifferentTimesShareAPlace) {
  const std::vector<BufferLife> buffers = {{64, 0, 9}, {128, 0, 1}, {128, 2, 3}, {64, 4, 9}};
  const MemoryPlan plan = plan_memory(buffers);
  expect_valid(buffers, plan);
  EXPECT_EQ(plan.bytes, 192);
}

TEST(MemoryPlan, RandomLivesNeverOverlapAndStayNearTheBound) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::vector<BufferLife> buffers(1 + random() % 60);
    for (BufferLife& buffer : buffers) {
      const int first = static_cast<int>(random() % 50);
      buffer = {static_cast<int64_t>(random() % 5000), first, first + static_cast<int>(random() % 8)};
    }
    const MemoryPlan plan = plan_memory(buffers);
    expect_valid(buffers, plan);
    EXPECT_LE(plan.bytes, plan.lower_bound * 3 / 2) << "seed " << seed;
  }
}

TEST(MemoryPlan, SizesBeyondInt64AreAnError) {
  const int64_t huge = std::numeric_limits<int64_t>::max() - 100;
  const std::vector<BufferLife> buffers = {{huge, 0, 1}, {huge, 1, 2}};
  try {
    (void)plan_memory(buffers);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(error.message().find("the arena is too large"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tenon
