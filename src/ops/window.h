// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/op.h"

#include <array>
#include <functional>

// The geometry of windows that slide over the spatial axes: of Conv, ConvTranspose and the poolings. Their type rules,
// their reference kernels and the optimised kernels all ask here, so that auto_pad, ceil_mode and output_shape have one
// meaning.
namespace tenon {

inline constexpr int kMaxSpatial = 3;

/// One spatial axis. Until `in` is known, `out` and pads that depend on it (SAME_*, output_shape) are -1.
struct WindowAxis {
  int64_t in = 1;
  int64_t out = 1;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t pad_begin = 0;  ///< Explicit, whatever auto_pad was. Never negative.
  int64_t pad_end = 0;
  int64_t output_padding = 0;  ///< ConvTranspose only.
  bool keeps_extent = false;   ///< out == in for every in, so that a symbol passes through.

  /// Elements of the padded input that the dilated kernel spans.
  [[nodiscard]] int64_t span() const noexcept { return (kernel - 1) * dilation + 1; }
  /// The first element that the window of output place `o` covers; negative in the padding.
  [[nodiscard]] int64_t start(int64_t o) const noexcept { return o * stride - pad_begin; }
  /// Kernel positions [first, last) of the window at `o` that fall on input elements; first >= last if none does.
  [[nodiscard]] std::pair<int64_t, int64_t> inside(int64_t o) const noexcept;
  /// How many kernel positions of the window at `o` fall on the input or its explicit padding (not beyond, as ceil_mode
  /// allows).
  [[nodiscard]] int64_t padded_count(int64_t o) const noexcept;
};

/// All spatial axes; those from `rank` on are trivial (every extent 1), so that loops may always run over three.
struct Window {
  int rank = 0;
  std::array<WindowAxis, kMaxSpatial> axes;
  bool channels_last = false;
};

// The windows of nodes, from the shapes of their inputs: symbolic ones, or to_shape() of concrete ones. All attributes
// are checked against each other and the shapes; everything that does not fit throws kInvalidArgument naming the node.
/// `w` may be null when not even its rank is known; then kernel_shape must be given, or the result's kernels are -1.
[[nodiscard]] Window conv_window(const Node& node, const Shape& x, const Shape* w);
[[nodiscard]] Window conv_transpose_window(const Node& node, const Shape& x, const Shape* w);
/// MaxPool, AveragePool, LpPool.
[[nodiscard]] Window pool_window(const Node& node, const Shape& x);
/// GlobalAveragePool, GlobalMaxPool: one window over everything.
[[nodiscard]] Window global_window(const Node& node, const Shape& x);

/// The axis of an image tensor of that rank that counts channels: 1, or the last one.
[[nodiscard]] inline size_t channel_axis(size_t rank, bool channels_last) noexcept {
  return channels_last ? rank - 1 : 1;
}
[[nodiscard]] inline size_t spatial_axis(int i, bool channels_last) noexcept {
  return static_cast<size_t>(i) + (channels_last ? 1 : 2);
}

/// Strides, in elements, of a dense image tensor [n, c, spatial...] or [n, spatial..., c]; 0 for axes it does not have,
/// and all 0 for an empty tensor.
struct ImageStrides {
  ImageStrides(const Dims& dims, bool channels_last);
  int64_t n = 0;
  int64_t c = 0;
  std::array<int64_t, kMaxSpatial> spatial{};
};

/// The output shape of a convolution or pooling with `channels` output channels.
[[nodiscard]] Shape window_output(const Window& window, const Shape& x, Dim channels);

/// fail()s unless inputs [0, count) that are present are all f16, bf16, f32 or f64, and of one dtype.
void require_real_floats(const InferContext& context, size_t count);

/// The type rule of the poolings, global ones included: output 0 has the dtype of input 0.
void infer_pool(InferContext& context);

/// What a pooling's reference kernel sees of one window.
struct PooledWindow {
  int64_t out_index;  ///< Of the output element.
  std::span<const int64_t>
      inside;           ///< Element indices in the input, in row-major order; empty if the window sees only padding.
  double padded_count;  ///< As WindowAxis has it, the product over all axes.
};
void for_each_window(const Window& window, const Dims& x, const Dims& y,
                     const std::function<void(const PooledWindow&)>& visit);

}  // namespace tenon
