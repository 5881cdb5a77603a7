// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "layers/abi_v1/layout.h"
#include "layers/support.h"

namespace tenon {
namespace {

using test::plugin;
using test::Subject;
using test::values_of;
using test::vector;

// Every member of the kept header must lie where it lay, and every number mean what it meant; the header of now may
// only go on behind them.
TEST(PluginAbi, BeginsWithTheLayoutOfVersion1) {
  ASSERT_EQ(tenon_layout_now_count, tenon_layout_v1_count);
  ASSERT_GT(tenon_layout_v1_count, 100U);
  for (size_t i = 0; i < tenon_layout_v1_count; ++i) {
    const tenon_layout_row &was = tenon_layout_v1[i], &is = tenon_layout_now[i];
    ASSERT_STREQ(is.name, was.name);
    EXPECT_EQ(is.value, was.value) << was.name;
    if (std::strncmp(was.name, "grows ", 6) == 0) {
      EXPECT_GE(is.size, was.size) << was.name;
    } else {
      EXPECT_EQ(is.size, was.size) << was.name;
    }
  }
}

TEST(PluginAbi, APluginBuiltWithTheHeaderOfVersion1Runs) {
  EXPECT_EQ(load_plugin(plugin("abi_v1")), (std::vector<std::string>{"V1Affine", "V1Positive"}));
  Subject affine("V1Affine", {{"scale", 3.0}}, {vector({1, 2})});
  for (int run = 0; run < 2; ++run) EXPECT_EQ(values_of<float>(affine.run()[0]), (std::vector<float>{4, 7}));
  Subject positive("V1Positive", {}, {vector({-1, 5, 6})});
  for (int run = 0; run < 2; ++run) EXPECT_EQ(values_of<float>(positive.run()[0]), (std::vector<float>{5, 6}));
  test::expect_error(ErrorCode::kInvalidArgument, "V1Affine 'here': scale must not be 0 (from create in the plugin ",
                     [] { Subject("V1Affine", {{"scale", 0.0}}, {vector({1})}); });
}

TEST(PluginAbi, APluginInCRuns) {
  (void)load_plugin(plugin("plain_c"));
  Subject scale("PlainScale", {{"factor", int64_t{5}}}, {vector({1, 2})});
  for (int run = 0; run < 2; ++run) EXPECT_EQ(values_of<float>(scale.run()[0]), (std::vector<float>{5, 10}));
  test::expect_error(ErrorCode::kInvalidArgument, "PlainScale 'here': the input must be f32 (from infer in the plugin ",
                     [] { Subject("PlainScale", {}, {Tensor::from<int64_t>({1}, {1})}); });
}

}  // namespace
}  // namespace tenon
