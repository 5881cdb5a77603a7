// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/tensor.h>

#include <string>
#include <vector>

// Results as a person would rather look at them.
namespace tenon::cli {

/// A class and its score.
struct Ranked {
  int64_t index;
  double score;
};

/// The `count` greatest of `scores`, greatest first; ties by index.
[[nodiscard]] std::vector<Ranked> top(const std::vector<double>& scores, int count);
/// The elements as doubles.
[[nodiscard]] std::vector<double> to_doubles(const TensorView& view);
/// A single-channel picture as shaded characters, one line for two rows of pixels; the brightest pixel is the fullest.
[[nodiscard]] std::string picture_text(const std::vector<double>& pixels, int64_t height, int64_t width);
/// One line per score with a bar, the greatest marked.
[[nodiscard]] std::string bar_text(const std::vector<double>& scores);
/// The first elements of a tensor of any rank, and its type.
[[nodiscard]] std::string tensor_text(const std::string& name, const TensorView& view);

}  // namespace tenon::cli
