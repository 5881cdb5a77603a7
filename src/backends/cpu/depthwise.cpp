// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/depthwise.h"

#include "backends/cpu/kernels.h"
#include "backends/cpu/onednn.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/tile_epilogue.h"
#include "ops/window.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon::cpu {
namespace {

constexpr int64_t kTaps = 9;

}  // namespace

Verdict accepts_depthwise(const Problem& problem) {
  if (Verdict verdict = onednn::all_f32(problem); !verdict.ok) return verdict;
  const Dims &x = problem.inputs[0].dims, &w = problem.inputs[1].dims;
  const Shape w_shape = to_shape(w);
  const Window window = conv_window(problem.node, to_shape(x), &w_shape);
  if (!window.channels_last || window.rank != 2) return Verdict::no("it is not of images whose channels come last");
  const int64_t groups = AttributeReader(problem.node, op_of(problem.node)).integer("group");
  if (groups != x[3] || w[0] != groups) return Verdict::no("it is not depthwise");
  if (problem.constants[1] == nullptr) return Verdict::no("its weights are not constant");
  for (int i = 0; i < 2; ++i) {
    const WindowAxis& axis = window.axes[static_cast<size_t>(i)];
    const int64_t read = axis.start(axis.out - 1) + axis.span();
    if (axis.kernel != 3 || axis.dilation != 1 || axis.stride != window.axes[0].stride || axis.stride > 2 ||
        axis.in < 3 || axis.pad_begin > 1 || read > axis.in + 1) {
      return Verdict::no("it is not 3 by 3 with one stride of 1 or 2 and at most one pixel of padding");
    }
  }
  return accepts_tile_epilogue(problem);
}

Tensor depthwise_weights(const Problem& problem, int64_t width) {
  return problem.packed->get(*problem.constants[1], fmt::format("depthwise {}", width), [&] {
    const int64_t channels = problem.inputs[0].dims[3];
    Tensor packed = Tensor::empty(DType::kFloat32, {channels / width, kTaps, width});
    const auto* from = problem.constants[1]->view().as<float>();
    auto* to = packed.mutable_values<float>().data();
    for (int64_t channel = 0; channel < channels; ++channel) {
      for (int64_t i = 0; i < kTaps; ++i)
        to[(channel / width * kTaps + i) * width + channel % width] = from[channel * kTaps + i];
    }
    return packed;
  });
}

namespace {

/// A part is a row of results.
class DepthwiseConv final : public Kernel, private Parts {
 public:
  explicit DepthwiseConv(const Problem& problem)
      : epilogue_(tile_epilogue(epilogue_of(problem.node))), followed_(problem.followed) {
    const Dims &x = problem.inputs[0].dims, &y = problem.outputs[0].dims;
    const Shape w_shape = to_shape(problem.inputs[1].dims);
    const Window window = conv_window(problem.node, to_shape(x), &w_shape);
    rows_ = window.axes[0];
    images_ = x[0];
    image_elements_ = x[1] * x[2] * x[3];
    task_.width = x[2];
    task_.channels = x[3];
    task_.count = y[2];
    task_.stride = rows_.stride;
    task_.pad_left = window.axes[1].pad_begin;
    if (epilogue_.clamp) {
      task_.lo = epilogue_.lo;
      task_.hi = epilogue_.hi;
    }
    if (anchor_input_count(problem.node) > 2 && problem.inputs[2].dtype != DType::kUndefined) bias_input_ = 2;
    weights_ = depthwise_weights(problem, x[3]);

    // A core does about 15 multiply-adds in a nanosecond, and both images may come from the third cache.
    const double us = static_cast<double>(y.count() * kTaps) / 15e3;
    const int64_t bytes = problem.inputs[0].size_bytes() + problem.outputs[0].size_bytes();
    threads_ = useful_threads(problem.threads, std::max(us, copy_us(bytes)));
    constexpr int64_t kStretchElements = 4096;
    stretch_rows_ = std::clamp<int64_t>(kStretchElements / row_elements(), 1, images_ * rows_.out);
  }

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    auto* y = outputs[0].as<float>();
    parallel_for(threads_, count(), [&](int64_t first, int64_t last) {
      DepthwiseTask task = task_of(inputs);
      for (int64_t row = first; row < last; ++row) {
        const int64_t begin = row * row_elements();
        make(task, row, inputs, y + begin);
        epilogue_.finish(simd_, begin, row_elements(), y + begin, inputs);
      }
    });
  }
  [[nodiscard]] int64_t workspace_bytes() const override { return followed_ ? threads_ * buffer_bytes() : 0; }
  [[nodiscard]] const Parts* parts() const override { return followed_ ? this : nullptr; }
  [[nodiscard]] std::string detail() const override { return std::string(simd_.isa); }

 private:
  [[nodiscard]] int64_t count() const override { return images_ * rows_.out; }
  [[nodiscard]] int threads() const override { return threads_; }
  [[nodiscard]] int64_t granularity() const override { return row_elements(); }
  [[nodiscard]] int64_t row_elements() const { return task_.count * task_.channels; }  // Of results.
  [[nodiscard]] int64_t buffer_bytes() const {
    return aligned_bytes(stretch_rows_ * row_elements() * static_cast<int64_t>(sizeof(float)));
  }
  void run(int64_t first, int64_t last, int thread, std::span<const TensorView> inputs, Finished& finished,
           void* workspace) const override {
    auto* buffer = reinterpret_cast<float*>(static_cast<std::byte*>(workspace) + thread * buffer_bytes());
    DepthwiseTask task = task_of(inputs);
    for (int64_t row = first; row < last; row += stretch_rows_) {
      const int64_t end = std::min(row + stretch_rows_, last);
      for (int64_t i = row; i < end; ++i) make(task, i, inputs, buffer + (i - row) * row_elements());
      epilogue_.finish(simd_, row * row_elements(), (end - row) * row_elements(), buffer, inputs);
      finished.take(row * row_elements(), end * row_elements(), buffer);
    }
  }

  [[nodiscard]] DepthwiseTask task_of(std::span<const TensorView> inputs) const {
    DepthwiseTask task = task_;
    task.weights = weights_.view().as<float>();
    if (bias_input_ >= 0) task.bias = inputs[static_cast<size_t>(bias_input_)].as<float>();
    return task;
  }
  /// A row of results, of all images' rows.
  void make(DepthwiseTask& task, int64_t row, std::span<const TensorView> inputs, float* y) const {
    const float* image = inputs[0].as<float>() + row / rows_.out * image_elements_;
    for (int64_t i = 0; i < 3; ++i) {
      const int64_t at = rows_.start(row % rows_.out) + i;
      task.rows[i] = at < 0 || at >= rows_.in ? nullptr : image + at * task.width * task.channels;
    }
    task.y = y;
    simd_.depthwise(task);
  }

  const Simd& simd_ = simd();
  DepthwiseTask task_;
  TileEpilogue epilogue_;
  WindowAxis rows_;
  int64_t images_ = 1, image_elements_ = 0;
  int64_t stretch_rows_ = 1;  // That are made before others go over them.
  int bias_input_ = -1;
  bool followed_;
  int threads_ = 1;
  Tensor weights_;  // As depthwise_weights() has them, in one block.
};

std::unique_ptr<Kernel> create(const Problem& problem) { return std::make_unique<DepthwiseConv>(problem); }

}  // namespace

const KernelEntry kDepthwiseConv{"depthwise_f32", accepts_depthwise, create};

}  // namespace tenon::cpu
