// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/depthwise.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/onednn.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/tile_epilogue.h"
#include "ops/expression.h"
#include "ops/window.h"

#include <fmt/core.h>

#include <algorithm>

// An inverted residual, which MobileNetV2 is made of, as one kernel: a product per pixel that makes many channels
// ("expand"), a depthwise convolution of them, and a product that makes few again ("project"). The many channels are
// made for a few rows of the image at a time and stay in the first two caches, as does what a user's layer makes of
// them.
namespace tenon::cpu {
namespace {

/// One of the nodes, and what follows it element by element: its epilogue, then maybe a node of its own.
struct Stage {
  size_t first_input = 0;  ///< The node's, among the kernel's.
  int bias_input = -1;     ///< Among the kernel's; -1: none.
  TileEpilogue epilogue;
  const Kernel* layer = nullptr;         ///< Null: none.
  const Stretches* stretches = nullptr;  ///< The layer's.
  Dims layer_dims;

  /// Whether its results are made where they stay, and not in another place for the layer to read.
  [[nodiscard]] bool in_place() const { return stretches == nullptr || stretches->quick_in_place(); }
  [[nodiscard]] bool ready() const { return stretches == nullptr || stretches->ready(); }
};

/// A 1 by 1 convolution as a product of the pixels with its weights.
struct Product : Stage {
  GemmTask task;
  Tensor weights;
};

/// Keeps what goes into a layer, while another run of the block makes it.
struct Capture {
  const Stage* stage;
  float* next;
};

bool is_conv(const Node& node) { return node.op() == "Conv" && node.domain().empty(); }

Verdict accepts_pointwise(const Problem& problem) {
  if (!is_conv(problem.node)) return Verdict::no("it is no convolution");
  if (Verdict verdict = onednn::all_f32(problem); !verdict.ok) return verdict;
  const Shape w_shape = to_shape(problem.inputs[1].dims);
  const Window window = conv_window(problem.node, to_shape(problem.inputs[0].dims), &w_shape);
  if (!window.channels_last || window.rank != 2) return Verdict::no("it is not of images whose channels come last");
  if (problem.constants[1] == nullptr) return Verdict::no("its weights are not constant");
  if (AttributeReader(problem.node, op_of(problem.node)).integer("group") != 1) return Verdict::no("it has groups");
  for (int i = 0; i < 2; ++i) {
    const WindowAxis& axis = window.axes[static_cast<size_t>(i)];
    if (axis.kernel != 1 || axis.stride != 1 || axis.out != axis.in) return Verdict::no("it is not 1 by 1");
  }
  return accepts_tile_epilogue(problem);
}

bool is_elementwise(const Problem& problem) {
  return problem.inputs.size() == 1 && problem.outputs.size() == 1 &&
         (!problem.node.domain().empty() || problem.node.op() == kExpressionOp) &&
         problem.inputs[0].dtype == DType::kFloat32 && problem.outputs[0].dtype == DType::kFloat32 &&
         problem.inputs[0].dims == problem.outputs[0].dims;
}

/// The nodes of a block, found one by one.
struct Block {
  const Problem* expand = nullptr;  ///< Null: it begins with the depthwise convolution.
  const Problem* depthwise = nullptr;
  const Problem* project = nullptr;
  size_t expand_layer = 0, depthwise_layer = 0;  ///< Their numbers; 0: none.
  size_t nodes = 0;
  std::string reason;  ///< Why it is none, if it begins like one.
};

Block find_block(std::span<const Problem> nodes) {
  Block block;
  size_t at = 0;
  const auto layer_at = [&]() -> size_t { return at < nodes.size() && is_elementwise(nodes[at]) ? at++ : 0; };
  if (accepts_pointwise(nodes[0]).ok) {
    block.expand = nodes.data();
    ++at;
    block.expand_layer = layer_at();
  }
  if (at >= nodes.size() || !is_conv(nodes[at].node)) return block;
  const Problem& depthwise = nodes[at++];
  if (!accepts_depthwise(depthwise).ok) return block;
  for (const Problem* problem : {block.expand, &depthwise}) {
    if (problem == nullptr || problem->inputs.size() == anchor_input_count(problem->node)) continue;
    block.reason = fmt::format("the epilogue of '{}' has a tensor", problem->node.name());
    return block;
  }
  block.depthwise = &depthwise;
  block.depthwise_layer = layer_at();
  if (at >= nodes.size()) return block;
  if (const Verdict verdict = accepts_pointwise(nodes[at]); !verdict.ok) {
    block.reason = fmt::format("'{}' does not end a block: {}", nodes[at].node.name(), verdict.reason);
    return block;
  }
  block.project = &nodes[at++];
  block.nodes = at;
  return block;
}

int64_t divided_up(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

/// How many vectors of channels are worked on together: as many as divide them, up to 3; 0 if none does.
int vectors_of(int64_t channels, int width) {
  for (int vectors = 3; vectors > 0; --vectors)
    if (channels % (vectors * width) == 0) return vectors;
  return 0;
}

class ConvBlock final : public Kernel {
 public:
  /// With the kernels of the layers in between; null: none.
  ConvBlock(std::span<const Problem> nodes, const Block& block, const Kernel* expand_layer,
            const Kernel* depthwise_layer) {
    const Problem& depthwise = *block.depthwise;
    const Dims &x = depthwise.inputs[0].dims, &y = depthwise.outputs[0].dims;
    const Shape w_shape = to_shape(depthwise.inputs[1].dims);
    const Window window = conv_window(depthwise.node, to_shape(x), &w_shape);
    images_ = x[0];
    rows_ = window.axes[0];
    width_in_ = x[2];
    width_out_ = y[2];
    channels_ = x[3];
    expands_ = block.expand != nullptr;
    // Without a product before it, the depthwise convolution reads the image as it lies.
    const int vectors = expands_ ? vectors_of(channels_, simd_.width) : 0;
    group_ = expands_ ? vectors * simd_.width : channels_;
    groups_ = channels_ / group_;
    if (expands_) set_product(expand_, nodes, *block.expand, vectors);
    set_product(project_, nodes, *block.project, 2);
    project_.task.lda = group_;
    project_.task.a_block = group_;
    set_stage(depthwise_, nodes, depthwise);
    weights_ = depthwise_weights(depthwise, group_);
    task_.width = width_in_;
    task_.channels = group_;
    task_.stride = rows_.stride;
    task_.pad_left = window.axes[1].pad_begin;
    task_.count = width_out_;
    if (depthwise_.epilogue.clamp) {
      task_.lo = depthwise_.epilogue.lo;
      task_.hi = depthwise_.epilogue.hi;
    }
    set_layer(expand_, expand_layer, x);
    set_layer(depthwise_, depthwise_layer, y);
    choose_bands(depthwise.threads);
  }

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
           void* workspace) const override {
    for (const Stage* stage : {static_cast<const Stage*>(&expand_), &depthwise_})
      if (!stage->ready()) watch(*stage, inputs, outputs, workspace);
    run_all(threads_, inputs, outputs, workspace, nullptr);
  }
  [[nodiscard]] int64_t workspace_bytes() const override {
    return middle_bytes() * (by_groups_ ? 1 : threads_) + (ring_bytes() + scratch_bytes()) * threads_;
  }
  [[nodiscard]] std::string detail() const override { return std::string(simd_.isa); }

 private:
  static constexpr int64_t kFloatBytes = sizeof(float);

  /// A thread's memory.
  struct Work {
    float* ring;  ///< [group][row % slots_][pixel][channel]: what is expanded; with one band, of one group at a time.
    float* scratch;  ///< What a layer reads.
    float* middle;   ///< [group][row - the band's first][pixel][channel]: the depthwise convolution's results.
  };
  /// Rows of results of one image.
  struct Band {
    int64_t image, first, last;
    int64_t expanded;  ///< Rows that are in the ring already.
  };
  struct Call {
    std::span<const TensorView> inputs;
    float* y;
    Capture* capture;
  };

  void set_stage(Stage& stage, std::span<const Problem> nodes, const Problem& problem) {
    for (const Problem* node = nodes.data(); node != &problem; ++node) stage.first_input += node->inputs.size();
    stage.epilogue = tile_epilogue(epilogue_of(problem.node));
    if (anchor_input_count(problem.node) > 2 && problem.inputs[2].dtype != DType::kUndefined)
      stage.bias_input = static_cast<int>(stage.first_input) + 2;
  }
  static void set_layer(Stage& stage, const Kernel* layer, const Dims& dims) {
    stage.layer = layer;
    stage.stretches = layer != nullptr ? layer->stretches() : nullptr;
    stage.layer_dims = dims;
  }
  void set_product(Product& product, std::span<const Problem> nodes, const Problem& problem, int vectors) {
    set_stage(product, nodes, problem);
    GemmTask& task = product.task;
    task.n = problem.outputs[0].dims[3];
    task.k = problem.inputs[0].dims[3];
    task.lda = task.k;
    task.ldc = task.n;
    task.panel_vectors = vectors;
    task.clamp = product.epilogue.clamp;
    task.lo = product.epilogue.lo;
    task.hi = product.epilogue.hi;
    const int64_t panel = int64_t{vectors} * simd_.width;
    product.weights = problem.packed->get(*problem.constants[1], fmt::format("conv product {}", panel), [&] {
      Tensor packed = Tensor::empty(DType::kFloat32, {packed_b_count(panel, task.k, task.n)});
      pack_b(panel, problem.constants[1]->view().as<float>(), task.k, task.n, 1, task.k,
             packed.mutable_values<float>().data());
      return packed;
    });
    task.b = product.weights.view().as<float>();
  }

  void choose_bands(int threads) {
    const int64_t row_bytes = width_out_ * channels_ * kFloatBytes;
    constexpr int64_t kWholeBytes = 768 << 10, kBandBytes = 64 << 10, kBandPixels = 48;
    const bool whole = row_bytes * rows_.out <= kWholeBytes;
    const double flops = 2.0 * static_cast<double>(images_) *
                         (static_cast<double>(rows_.in * width_in_ * expand_.task.k * channels_) +
                          static_cast<double>(rows_.out * width_out_ * channels_ * (9 + project_.task.n)));
    threads_ = useful_threads(threads, flops / 60e3);
    // Threads that share an image's rows both expand those at the border; so small images are shared by channels.
    by_groups_ = threads_ > 1 && images_ == 1 && whole && (groups_ % threads_ == 0 || groups_ >= 4 * threads_);
    if (!by_groups_) threads_ = static_cast<int>(std::min<int64_t>(threads_, images_ * rows_.out));
    band_rows_ = whole ? rows_.out
                       : std::clamp(std::max(kBandBytes / row_bytes, divided_up(kBandPixels, width_out_)), int64_t{1},
                                    rows_.out);
    slots_ = std::min((band_rows_ - 1) * rows_.stride + 3, rows_.in);
    // Mostly whole tiles of products; whole rows or equal parts of one.
    constexpr int64_t kStretchBytes = 16 << 10;  // Stay in the first cache with what they are made of.
    const int64_t most = std::max<int64_t>(kStretchBytes / kFloatBytes / group_, 8);
    expand_pixels_ = most / 8 * 8;
    finish_pixels_ =
        most >= width_out_ ? most / width_out_ * width_out_ : divided_up(width_out_, divided_up(width_out_, most));
  }

  [[nodiscard]] bool one_band() const { return band_rows_ == rows_.out; }
  [[nodiscard]] int64_t middle_bytes() const {
    return aligned_bytes(band_rows_ * width_out_ * channels_ * kFloatBytes);
  }
  [[nodiscard]] int64_t scratch_bytes() const {
    return aligned_bytes(std::max(expand_pixels_, finish_pixels_) * group_ * kFloatBytes);
  }
  [[nodiscard]] int64_t ring_bytes() const {
    return expands_ ? aligned_bytes(slots_ * width_in_ * group_ * kFloatBytes) * (one_band() ? 1 : groups_) : 0;
  }

  Work work_of(int thread, void* workspace) const {
    auto* at = static_cast<std::byte*>(workspace);
    float* middle = reinterpret_cast<float*>(at + (by_groups_ ? 0 : thread) * middle_bytes());
    at += (by_groups_ ? 1 : threads_) * middle_bytes() + thread * (ring_bytes() + scratch_bytes());
    return {reinterpret_cast<float*>(at + scratch_bytes()), reinterpret_cast<float*>(at), middle};
  }

  void run_all(int threads, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
               void* workspace, Capture* capture) const {
    const Call call{inputs, outputs[0].as<float>(), capture};
    if (by_groups_) {
      try_parallel_for_threads(threads, groups_, [&](int64_t first, int64_t last, int thread) {
        const Work work = work_of(thread, workspace);
        for (int64_t group = first; group < last; ++group) make_rows(call, work, {0, 0, rows_.out, 0}, group);
      });
      parallel_for(threads, rows_.out * width_out_, [&](int64_t first, int64_t last) {
        project(call, work_of(0, workspace), rows_.out * width_out_, first, last, 0);
      });
      return;
    }
    try_parallel_for_threads(threads, images_ * rows_.out, [&](int64_t first, int64_t last, int thread) {
      const Work work = work_of(thread, workspace);
      for (int64_t row = first; row < last;) {
        const int64_t image = row / rows_.out;
        Band band{image, row - image * rows_.out, 0, 0};
        band.expanded = std::max<int64_t>(rows_.start(band.first), 0);
        for (const int64_t end = std::min(last - image * rows_.out, rows_.out); band.first < end;
             band.first = band.last) {
          band.last = std::min(band.first + band_rows_, end);
          for (int64_t group = 0; group < groups_; ++group) make_rows(call, work, band, group);
          band.expanded = rows_in(band);
          const int64_t pixels = (band.last - band.first) * width_out_;
          project(call, work, pixels, 0, pixels, (image * rows_.out + band.first) * width_out_);
        }
        row = (image * rows_.out) + band.first;
      }
    });
  }

  /// The end of the rows that the band reads.
  [[nodiscard]] int64_t rows_in(const Band& band) const { return std::min(rows_.start(band.last - 1) + 3, rows_.in); }

  /// Expanded and depthwise rows of a group of channels.
  void make_rows(const Call& call, const Work& work, const Band& band, int64_t group) const {
    const int64_t row_elements = width_in_ * group_;
    const float* image = expands_ ? nullptr : call.inputs[0].as<float>() + band.image * rows_.in * row_elements;
    float* ring = work.ring + (one_band() ? 0 : group * (ring_bytes() / groups_ / kFloatBytes));
    if (expands_) expand(call, work.scratch, band, group, ring);

    DepthwiseTask task = task_;
    task.weights = weights_.view().as<float>() + group * 9 * group_;
    if (depthwise_.bias_input >= 0) task.bias = bias_of(call, depthwise_) + group * group_;
    const int64_t pixels = (band.last - band.first) * width_out_;
    float* to = work.middle + group * pixels * group_;
    const bool in_place = depthwise_.in_place();
    const int64_t ring_begin = std::max<int64_t>(rows_.start(band.first), 0) / slots_ * slots_;
    int64_t row = band.first;
    for (int64_t pixel = 0; pixel < pixels; pixel += finish_pixels_) {
      const int64_t end = std::min(pixel + finish_pixels_, pixels);
      float* made = in_place ? to : work.scratch;
      task.y = made;
      for (int64_t at = pixel; at < end; at += task.count) {
        task.count = std::min(width_out_ - task.first, end - at);
        for (int64_t i = 0; i < 3; ++i) {
          const int64_t in = rows_.start(row) + i;
          const int64_t in_ring = in - ring_begin < slots_ ? in - ring_begin : in - ring_begin - slots_;
          task.rows[i] = in < 0 || in >= rows_.in ? nullptr
                         : expands_               ? ring + in_ring * row_elements
                                                  : image + in * row_elements;
        }
        simd_.depthwise(task);
        task.y += task.count * group_;
        task.first += task.count;
        if (task.first < width_out_) continue;
        task.first = 0;
        ++row;
      }
      finish(call, depthwise_, (end - pixel) * group_, made, to);
      to += (end - pixel) * group_;
    }
  }

  void expand(const Call& call, float* scratch, const Band& band, int64_t group, float* ring) const {
    GemmTask task = expand_.task;
    const float* x = call.inputs[0].as<float>() + band.image * rows_.in * width_in_ * task.k;
    task.b += group * group_ * task.k;
    if (expand_.bias_input >= 0) task.bias = bias_of(call, expand_) + group * group_;
    task.n = group_;
    task.ldc = group_;
    const bool in_place = expand_.in_place();
    const int64_t end = rows_in(band) * width_in_, ring_end = slots_ * width_in_;
    int64_t in_ring = band.expanded % slots_ * width_in_;
    for (int64_t pixel = band.expanded * width_in_; pixel < end; pixel += task.m) {
      task.m = std::min({expand_pixels_, end - pixel, ring_end - in_ring});
      task.a = x + pixel * task.k;
      float* to = ring + in_ring * group_;
      task.c = in_place ? to : scratch;
      simd_.gemm(task, 0, 1);
      finish(call, expand_, task.m * group_, task.c, to);
      in_ring = in_ring + task.m == ring_end ? 0 : in_ring + task.m;
    }
  }

  /// The pixels [first, last) of the `pixels` that are in the middle, of which the first one is `offset` in the output.
  void project(const Call& call, const Work& work, int64_t pixels, int64_t first, int64_t last, int64_t offset) const {
    GemmTask task = project_.task;
    task.a = work.middle + first * group_;
    task.a_step = pixels * group_;
    task.m = last - first;
    const int64_t begin = (offset + first) * task.n;
    task.c = call.y + begin;
    if (project_.bias_input >= 0) task.bias = bias_of(call, project_);
    const int64_t panel = int64_t{task.panel_vectors} * simd_.width;
    simd_.gemm(task, 0, divided_up(task.n, panel));
    project_.epilogue.finish(simd_, begin, task.m * task.n, task.c, call.inputs.subspan(project_.first_input));
  }

  static const float* bias_of(const Call& call, const Stage& stage) {
    return call.inputs[static_cast<size_t>(stage.bias_input)].as<float>();
  }

  /// What follows a stage, from `made` to `to`, which are the same without a layer.
  void finish(const Call& call, const Stage& stage, int64_t count, float* made, float* to) const {
    stage.epilogue.finish(simd_, 0, count, made, {});
    if (stage.layer == nullptr) return;
    if (call.capture != nullptr && (call.capture->stage == &stage || !stage.ready())) {
      if (call.capture->stage == &stage) call.capture->next = std::copy_n(made, count, call.capture->next);
      if (made != to) std::copy_n(made, count, to);
      return;
    }
    stage.stretches->run_elements(made, to, count);
  }

  /// Runs a layer as a whole, as it is watched then, on what the block makes for it.
  void watch(const Stage& stage, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
             void* workspace) const {
    Tensor given = Tensor::zeros(DType::kFloat32, stage.layer_dims);
    Tensor result = Tensor::empty(DType::kFloat32, stage.layer_dims);
    Capture capture{&stage, given.mutable_values<float>().data()};
    run_all(1, inputs, outputs, workspace, &capture);
    const TensorView input = given.view();
    const MutableTensorView output = result.mutable_view();
    stage.layer->run({&input, 1}, {&output, 1}, nullptr);
  }

  const Simd& simd_ = simd();
  Product expand_, project_;
  Stage depthwise_;
  bool expands_ = false;
  DepthwiseTask task_;
  Tensor weights_;  // Of the depthwise convolution.
  int64_t images_ = 1, width_in_ = 0, width_out_ = 0, channels_ = 0;
  WindowAxis rows_;
  int64_t group_ = 0, groups_ = 1;  // Channels that are made together, and how many times.
  int threads_ = 1;
  bool by_groups_ = false;                         // How threads share the work: else by rows.
  int64_t band_rows_ = 1;                          // Rows of results at a time.
  int64_t slots_ = 3;                              // Rows in the ring.
  int64_t expand_pixels_ = 1, finish_pixels_ = 1;  // That are made before a layer goes over them.
};

}  // namespace

bool begins_conv_block(const Node& node) { return is_conv(node); }

SequenceKernel conv_block(std::span<const Problem> nodes, const MakeKernel& make) {
  constexpr std::string_view kName = "conv_block_f32";
  const auto no = [&](const std::string& reason) {
    return SequenceKernel{.reason = reason.empty() ? "" : fmt::format("cpu.{}: {}", kName, reason)};
  };
  const Block block = find_block(nodes);
  if (block.nodes == 0) return no(block.reason);
  const int64_t channels = block.depthwise->inputs[0].dims[3];
  if (block.expand != nullptr && vectors_of(channels, simd().width) == 0)
    return no(fmt::format("{} channels are no multiple of {}", channels, simd().width));
  // What the block gains is that its inner tensors stay in the cache; oneDNN's products of many channels are quicker
  // than ours, and with narrower vectors as much as that gains.
  const int64_t around = std::max(block.project->outputs[0].dims[3], block.expand ? nodes[0].inputs[0].dims[3] : 0);
  if (channels < 2 * around) return no(fmt::format("{} channels are not twice the {} around them", channels, around));
  const bool has_layer = block.expand_layer + block.depthwise_layer > 0;
  if (simd().width < 16 && !has_layer) return no(fmt::format("single kernels are as quick with {}", simd().isa));
  const auto layer_of = [&](size_t node) { return node == 0 ? nullptr : &make(node); };
  const Kernel *expand_layer = layer_of(block.expand_layer), *depthwise_layer = layer_of(block.depthwise_layer);
  for (const Kernel* layer : {expand_layer, depthwise_layer}) {
    if (layer != nullptr && (layer->stretches() == nullptr || !layer->stretches()->anywhere()))
      return no("a layer within the block does not work on some elements at a time");
  }
  return {.kernel = std::make_unique<ConvBlock>(nodes, block, expand_layer, depthwise_layer),
          .name = std::string(kName),
          .nodes = block.nodes};
}

}  // namespace tenon::cpu
