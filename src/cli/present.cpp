// SPDX-License-Identifier: Apache-2.0
#include "cli/present.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tenon::cli {

std::vector<Ranked> top(const std::vector<double>& scores, int count) {
  std::vector<int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  const auto score = [&](int64_t index) { return scores[static_cast<size_t>(index)]; };
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return score(a) > score(b); });
  std::vector<Ranked> result;
  for (const int64_t index : order) {
    if (static_cast<int>(result.size()) == count) break;
    result.push_back({index, score(index)});
  }
  return result;
}

std::vector<double> to_doubles(const TensorView& view) {
  const Tensor real = cast(Tensor::copy_of(view), DType::kFloat64);
  const auto values = real.values<double>();
  return {values.begin(), values.end()};
}

std::string picture_text(const std::vector<double>& pixels, int64_t height, int64_t width) {
  constexpr const char* kShades[] = {" ", "░", "▒", "▓", "█"};
  const double most = *std::max_element(pixels.begin(), pixels.end());
  std::string text;
  for (int64_t y = 0; y < height; y += 2) {
    for (int64_t x = 0; x < width; ++x) {
      const auto at = [&](int64_t row) { return row < height ? pixels[static_cast<size_t>(row * width + x)] : 0; };
      const double share = most > 0 ? std::clamp((at(y) + at(y + 1)) / 2 / most, 0.0, 1.0) : 0;
      text += kShades[std::lround(share * 4)];
    }
    text += '\n';
  }
  return text;
}

std::string bar_text(const std::vector<double>& scores) {
  constexpr int kWidth = 40;
  const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
  std::string text;
  for (size_t i = 0; i < scores.size(); ++i) {
    const int64_t length = std::lround(std::clamp(scores[i], 0.0, 1.0) * kWidth);
    std::string bar;
    for (int64_t k = 0; k < length; ++k) bar += "█";
    text += fmt::format("{:>4} {:6.4f} {}{}\n", i, scores[i], bar, static_cast<ptrdiff_t>(i) == best ? " ◄" : "");
  }
  return text;
}

std::string tensor_text(const std::string& name, const TensorView& view) {
  constexpr size_t kMostShown = 10;
  const std::vector<double> values = to_doubles(view);
  std::string text = fmt::format("{} {}{}", name, dtype_name(view.dtype), to_string(view.dims));
  for (size_t i = 0; i < std::min(values.size(), kMostShown); ++i) text += fmt::format(" {:g}", values[i]);
  return text + (values.size() > kMostShown ? " ...\n" : "\n");
}

}  // namespace tenon::cli
