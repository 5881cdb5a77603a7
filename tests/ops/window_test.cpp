// SPDX-License-Identifier: Apache-2.0
#include "ops/window.h"

#include "ops/op_testing.h"

// The windows' arithmetic against counting, and what huge or empty numbers from a file must not do.
namespace tenon::testing {
namespace {

using Ints = std::vector<int64_t>;

TEST(WindowAxis, CountsAreThoseOfWalkingAlongTheKernel) {
  for (int64_t in = 1; in <= 7; ++in) {
    for (int64_t kernel = 1; kernel <= 4; ++kernel) {
      for (int64_t stride = 1; stride <= 3; ++stride) {
        for (int64_t dilation = 1; dilation <= 3; ++dilation) {
          for (int64_t pad = 0; pad <= 5; ++pad) {
            WindowAxis axis{
                .in = in, .kernel = kernel, .stride = stride, .dilation = dilation, .pad_begin = pad, .pad_end = 2};
            for (int64_t o = 0; o < 6; ++o) {
              int64_t inside = 0;
              int64_t padded = 0;
              int64_t first = -1;
              for (int64_t k = 0; k < kernel; ++k) {
                const int64_t at = o * stride + k * dilation - pad;
                if (at < in + 2) ++padded;
                if (at < 0 || at >= in) continue;
                if (first < 0) first = k;
                ++inside;
              }
              const auto [begin, end] = axis.inside(o);
              EXPECT_EQ(std::max<int64_t>(end - begin, 0), inside);
              if (inside > 0) {
                EXPECT_EQ(begin, first);
              }
              EXPECT_EQ(axis.padded_count(o), padded);
            }
          }
        }
      }
    }
  }
}

TEST(Window, KeepsAnExtentThatIsNotKnown) {
  OneNode conv("Conv", {spread(DType::kFloat32, {1, 1, 4, 4}), spread(DType::kFloat32, {1, 1, 3, 3})},
               {{"pads", Ints{1, 0, 1, 0}}});
  const Shape weights = parse_shape("[1,1,3,3]");
  const Window window = conv_window(conv.node(), parse_shape("[N,1,H,W]"), &weights);
  EXPECT_TRUE(window.axes[0].keeps_extent);
  EXPECT_FALSE(window.axes[1].keeps_extent);
  EXPECT_EQ(window.axes[1].in, -1);
  EXPECT_EQ(window.axes[1].out, -1);
}

TEST(Window, AutomaticPadsThatDependOnTheExtentStayOpen) {
  OneNode pool("MaxPool", {f32({1, 1, 2}, {1, 2})},
               {{"kernel_shape", Ints{3}}, {"strides", Ints{2}}, {"auto_pad", std::string("SAME_LOWER")}});
  EXPECT_EQ(pool_window(pool.node(), parse_shape("[1,1,W]")).axes[0].pad_begin, -1);
  const Window known = pool_window(pool.node(), parse_shape("[1,1,8]"));
  EXPECT_EQ(known.axes[0].out, 4);
  EXPECT_EQ(known.axes[0].pad_begin, 1);  // 3 * 2 + 3 - 8
  EXPECT_EQ(known.axes[0].pad_end, 0);
}

// Extents whose product would overflow, next to one of 0: an empty result at once, not a loop over all of them.
TEST(Windows, AnEmptyTensorIsNothingToDo) {
  const int64_t huge = int64_t{1} << 62;
  char byte = 0;
  const Tensor images = Tensor::borrow(&byte, DType::kFloat32, {huge, 0, 3, 3});
  const Tensor filters = Tensor::zeros(DType::kFloat32, {0, 0, 1, 1});
  EXPECT_EQ(evaluate("Conv", {images, filters}).count(), 0);
  EXPECT_EQ(evaluate("ConvTranspose", {images, Tensor::zeros(DType::kFloat32, {0, 0, 1, 1})}).count(), 0);
  EXPECT_EQ(evaluate("MaxPool", {images}, {{"kernel_shape", Ints{2, 2}}}).count(), 0);
  EXPECT_EQ(evaluate("GlobalAveragePool", {images}).count(), 0);
  EXPECT_EQ(evaluate("Transpose", {images}).count(), 0);
  EXPECT_EQ(evaluate("Slice", {images, i64({0}), i64({1}), i64({2})}).count(), 0);
  EXPECT_EQ(evaluate("InstanceNormalization",
                     {images, Tensor::zeros(DType::kFloat32, {0}), Tensor::zeros(DType::kFloat32, {0})})
                .count(),
            0);
}

}  // namespace
}  // namespace tenon::testing
