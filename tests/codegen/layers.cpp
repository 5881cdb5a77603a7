// SPDX-License-Identifier: Apache-2.0
#include "codegen/layers.h"

#include "expr/parse.h"

#include <fmt/core.h>

#include <string>

namespace tenon::test {

namespace {

// A sum of 2^40 terms, written in 40 lines: whoever writes it out takes forever.
std::string doubled() {
  std::string text = "layer Doubled(x: f32[n, 700]) -> f32[n, 32]\n  let a0[n, j < 32] = j\n";
  for (int i = 0; i < 40; ++i)
    text += fmt::format("  let a{}[n, j < 32] = a{}[n, j] + mod(a{}[n, j], 16)\n", i + 1, i, i);
  return text + "  y[n, j] = x[n, a40[n, j]]\n";
}

}  // namespace

std::span<const ExampleLayer> example_layers() {
  static const std::string doubled_text = doubled();
  static const std::vector<ExampleLayer> layers = {
      {"relu6",
       "layer Relu6(x: f32[n, c, h, w]; lo = 0.0, hi = 6.0) -> f32[n, c, h, w]\n"
       "  y[n, c, h, w] = min(max(x[n, c, h, w], lo), hi)\n",
       {{"n", 2}, {"c", 3}, {"h", 5}, {"w", 7}}},
      {"bias_gelu",
       "layer BiasGelu(x: f32[n, c], b: f32[c]) -> f32[n, c]\n"
       "  let t[n, c] = x[n, c] + b[c]\n"
       "  y[n, c] = 0.5 * t[n, c] * (1 + erf(t[n, c] * 0.7071067811865476))\n",
       {{"n", 6}, {"c", 37}}},
      {"bias_channels",
       "layer BiasChannels(x: f32[n, c, h, w], b: f32[c]) -> f32[n, c, h, w]\n"
       "  y[n, c, h, w] = x[n, c, h, w] + b[c]\n",
       {{"n", 2}, {"c", 3}, {"h", 9}, {"w", 5}}},
      {"softmax",
       "layer Softmax(x: f32[n, c]) -> f32[n, c]\n"
       "  let m[n] = max[k < #c](x[n, k])\n"
       "  let s[n] = sum[k < #c](exp(x[n, k] - m[n]))\n"
       "  y[n, c] = exp(x[n, c] - m[n]) / s[n]\n",
       {{"n", 5}, {"c", 83}}},
      {"softmax_axis0",
       "layer SoftmaxAxis0(x: f32[n, c]) -> f32[n, c]\n"
       "  let m[c] = max[k < #n](x[k, c])\n"
       "  let s[c] = sum[k < #n](exp(x[k, c] - m[c]))\n"
       "  y[n, c] = exp(x[n, c] - m[c]) / s[c]\n",
       {{"n", 13}, {"c", 21}}},
      {"group_sums",  // A reshape to groups, written out: digits of a number come together again.
       "layer GroupSums(x: f32[n, 6, 4, 8]) -> f32[n, 6, 4, 8]\n"
       "  let p[i1 < 6, i2 < 4, i3 < 8] = (i1 * 4 + i2) * 8 + i3\n"
       "  let s[n, i1 < 6, i2 < 4, i3 < 8] = sum[k < 96](x[n, p[i1, i2, i3] // 96 * 3 + k // 32, mod(k // 8, 4), "
       "mod(k, 8)])\n"
       "  y[n, i1, i2, i3] = x[n, i1, i2, i3] - s[n, i1, i2, i3]\n",
       {{"n", 3}}},
      {"group_scale",  // A group's sum is not taken again for each of its channels.
       "layer GroupScale(x: f32[n, 12, h], g: f32[12]) -> f32[n, 12, h]\n"
       "  let s[n, c < 12, h] = sum[k < 3, m < #h](x[n, 3 * (c // 3) + k, m])\n"
       "  y[n, c, h] = (x[n, c, h] - s[n, c, h]) * g[c]\n",
       {{"n", 2}, {"h", 70}}},
      {"joined_halves",  // Each part of the last axis has its formula, in one loop.
       "layer JoinedHalves(x: f32[n, 2, 48], c: f32[n, 24]) -> f32[n, 2, 48]\n"
       "  y[n, i, k] = where(k < 24, x[n, i, k] * c[n, k] - x[n, i, k + 24], x[n, i, k - 24] + x[n, i, k] * c[n, k - "
       "24])\n",
       {{"n", 3}}},
      {"joined_quarters",
       "layer JoinedQuarters(x: f32[n, 16], y: f32[n, 48]) -> f32[n, 64]\n"
       "  z[n, k] = where(k < 16, x[n, k], y[n, k - 16])\n",
       {{"n", 5}}},
      {"pixel_shuffle",  // Two rows are laced into one.
       "layer PixelShuffle(x: f32[n, 4, 6, 24]) -> f32[n, 12, 48]\n"
       "  y[n, i, k] = x[n, 2 * mod(i, 2) + mod(k, 2), i // 2, k // 2]\n",
       {{"n", 2}}},
      {"upsample",
       "layer Upsample(x: f32[n, 10]) -> f32[n, 40]\n"
       "  y[n, k] = x[n, k // 4]\n",
       {{"n", 3}}},
      {"every_second",
       "layer EverySecond(x: f32[n, 71]) -> f32[n, 35]\n"
       "  y[n, k] = x[n, 2 * k + 1] - x[n, 70 - 2 * k]\n",
       {{"n", 3}}},
      {"large_digits",  // Products that just fit.
       "layer LargeDigits(x: f32[n, 16]) -> f32[n, 17]\n"
       "  y[n, j] = x[n, mod(j * 576460752303423487, 9223372036854775792) // 576460752303423487]\n",
       {{"n", 3}}},
      {"doubled", doubled_text, {{"n", 2}}},
      {"layer_norm",
       "layer LayerNorm(x: f32[n, c], g: f32[c], b: f32[c]; eps = 1e-5) -> f32[n, c]\n"
       "  let m[n] = sum[k < #c](x[n, k]) / f32(#c)\n"
       "  let v[n] = sum[k < #c]((x[n, k] - m[n]) * (x[n, k] - m[n])) / f32(#c)\n"
       "  y[n, c] = (x[n, c] - m[n]) / sqrt(v[n] + eps) * g[c] + b[c]\n",
       {{"n", 4}, {"c", 65}}},
      {"matmul",
       "layer Matmul(a: f32[m, k], b: f32[k, n]) -> f32[m, n]\n"
       "  y[m, n] = sum[k](a[m, k] * b[k, n])\n",
       {{"m", 7}, {"k", 11}, {"n", 35}}},
      {"row_sum",
       "layer RowSum(x: f32[n, c]) -> f32[n]\n"
       "  y[n] = sum[c](x[n, c])\n",
       {{"n", 40}, {"c", 130}}},
      {"argmax",
       "layer Argmax(x: f32[n, c]) -> i64[n]\n"
       "  y[n] = argmax[c](x[n, c])\n",
       {{"n", 9}, {"c", 50}}},
      {"total",
       "layer Total(x: f32[n, c]) -> f32[]\n"
       "  y[] = sum[n, c](x[n, c])\n",
       {{"n", 301}, {"c", 333}}},
      {"transpose",
       "layer Transpose(x: f32[n, c]) -> f32[c, n]\n"
       "  y[c, n] = x[n, c]\n",
       {{"n", 19}, {"c", 33}}},
      {"pad_reflect",
       "layer PadReflect(x: f32[n, c]) -> f32[n, c + 4]\n"
       "  y[n, k] = x[n, k - 2; reflect]\n",
       {{"n", 3}, {"c", 29}}},
      {"pad_zero",
       "layer PadZero(x: f32[n, c]) -> f32[n, c + 4]\n"
       "  y[n, k] = x[n, k - 2; 0]\n",
       {{"n", 3}, {"c", 29}}},
      {"gather",
       "layer Gather(x: f32[n, c], at: i64[m]) -> f32[m, c]\n"
       "  y[m, c] = x[at[m], c]\n",
       {{"n", 9}, {"c", 18}, {"m", 5}}},
      {"quantize",
       "layer Quantize(x: f16[n], s: f32[]) -> i8[n]\n"
       "  y[n] = i8(min(max(round(f32(x[n]) / s[]), -128), 127))\n",
       {{"n", 101}}},
      {"mean_pool",
       "layer MeanPool(x: f32[n, c, h, w]) -> f32[n, c]\n"
       "  y[n, c] = sum[h, w](x[n, c, h, w]) / f32(#h * #w)\n",
       {{"n", 2}, {"c", 5}, {"h", 7}, {"w", 7}}},
      {"batch_norm",
       "layer BatchNorm(x: f32[n, c, h]; eps = 1e-5) -> f32[n, c, h]\n"
       "  let m[c] = sum[i < #n, j < #h](x[i, c, j]) / f32(#n * #h)\n"
       "  let v[c] = sum[i < #n, j < #h]((x[i, c, j] - m[c]) * (x[i, c, j] - m[c])) / f32(#n * #h)\n"
       "  y[n, c, h] = (x[n, c, h] - m[c]) / sqrt(v[c] + eps)\n",
       {{"n", 4}, {"c", 6}, {"h", 23}}},
  };
  return layers;
}

expr::Function bound(std::string_view text, const std::map<std::string, int64_t>& extents) {
  const expr::Function function = expr::parse(text);
  expr::Binding binding;
  for (size_t i = 0; i < function.symbols.size(); ++i) {
    binding.extents[static_cast<int>(i)] = extents.at(function.symbols[i]);
  }
  for (size_t i = 0; i < function.fields.size(); ++i) {
    binding.fields[static_cast<int>(i)] = function.fields[i].fallback;
  }
  return expr::bind(function, binding);
}

expr::Function bound(const expr::Function& function, std::span<const TensorView> inputs) {
  expr::Binding binding = expr::binding_of(function, inputs);
  for (size_t i = 0; i < function.fields.size(); ++i) {
    binding.fields[static_cast<int>(i)] = function.fields[i].fallback;
  }
  return expr::bind(function, binding);
}

}  // namespace tenon::test
