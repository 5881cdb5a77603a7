// SPDX-License-Identifier: Apache-2.0
#include "lowering/images.h"
#include "conversion/standard/rules.h"
#include "conversion/step.h"
#include "ops/window.h"

#include <fmt/core.h>

#include <algorithm>

// Operators on images: convolutions, pooling, normalisation.
namespace tenon::conversion::standard {
namespace {

std::span<const WindowAxis> axes_of(const Window& window) {
  return {window.axes.data(), static_cast<size_t>(window.rank)};
}

template <typename Get>
std::vector<int64_t> each(const Window& window, Get get) {
  std::vector<int64_t> list;
  for (const WindowAxis& axis : axes_of(window)) list.push_back(get(axis));
  return list;
}

// How windows overlap the edges.
enum class Edges { kNone, kAlike, kSame, kOther };

// True when the axis is padded by TensorFlow's rule for SAME, by which windows slide over `extent` places. At every
// place (a stride of 1) the rule is the same for all extents.
bool is_same(const WindowAxis& axis, int64_t extent) {
  if (extent < 0 && axis.stride != 1) return false;
  const lowering::Padding same =
      lowering::same_padding(std::max<int64_t>(extent, 1), axis.kernel, axis.stride, axis.dilation);
  return same.begin == axis.pad_begin && same.end == axis.pad_end;
}

// `extent` is the member of an axis that windows slide over.
Edges edges_of(const Step& step, const Window& window, int64_t WindowAxis::* extent) {
  if (step.text("auto_pad", "NOTSET") == "SAME_UPPER") return Edges::kSame;
  bool none = true, alike = true, same = true;
  for (const WindowAxis& axis : axes_of(window)) {
    if (axis.pad_begin < 0 || axis.pad_end < 0)
      Step::decline("its padding depends on the size of its image, which is not known");
    none = none && axis.pad_begin == 0 && axis.pad_end == 0;
    alike = alike && axis.pad_begin == axis.pad_end;
    same = same && is_same(axis, axis.*extent);
  }
  return none ? Edges::kNone : alike ? Edges::kAlike : same ? Edges::kSame : Edges::kOther;
}

// Zeros around the image, as a node in front of the result.
Operand padded(Step& step, const Window& window) {
  std::vector<int64_t> amounts(4, 0);
  for (const WindowAxis& axis : axes_of(window)) amounts.insert(amounts.end(), {axis.pad_begin, axis.pad_end});
  return step.helper("Pad", {step.input(0), step.integers_constant(amounts, {window.rank + 2, 2})});
}

// The fields that say what `edges` is; `window` pads where they are kAlike.
void add_edges(Attributes& fields, const Window& window, Edges edges) {
  if (edges == Edges::kSame) fields.emplace("implicit_padding", "same");
  if (edges == Edges::kAlike) fields.emplace("padding", each(window, [](const auto& axis) { return axis.pad_begin; }));
}

Attributes window_fields(const Window& window, std::initializer_list<std::string_view> operand_orders) {
  return {{"inputs_orders", orders(operand_orders)},
          {"strides", each(window, [](const auto& axis) { return axis.stride; })}};
}

bool is_dilated(const Window& window) {
  const auto axes = axes_of(window);
  return std::any_of(axes.begin(), axes.end(), [](const auto& axis) { return axis.dilation != 1; });
}

// The convolution, and, in a node of its own, the bias of input 2 along the channels.
void emit_with_bias(Step& step, std::string_view op, std::vector<Operand> operands, Attributes fields, int spatial) {
  if (!step.has_input(2)) {
    step.emit(std::string(op), std::move(operands), std::move(fields));
    return;
  }
  const Tensor& bias = step.required_constant(2, "the bias");
  Dims dims{bias.count()};
  for (int axis = 0; axis < spatial; ++axis) dims.push_back(1);
  Node* along_channels = step.constant_input(2, bias.reshaped(dims));
  Node* product = step.helper(std::string(op), std::move(operands), std::move(fields));
  step.emit("Binary", {product, along_channels}, {{"func", "add"}});
}

void conv(Step& step) {
  const Shape &image = step.required_shape(0), &filter = step.required_shape(1);
  const Window window = conv_window(step.node(), image, &filter);
  Attributes fields = window_fields(window, {"NC+", "KC+"});
  if (is_dilated(window)) fields.emplace("dilation", each(window, [](const auto& axis) { return axis.dilation; }));
  if (const int64_t groups = step.integer("group", 1); groups != 1) {
    // Readers tell a depthwise filter (one channel for each group) from others by the number of channels.
    if (!image[1].is_constant() && filter[1] == Dim(groups))
      Step::decline("it is in groups, but the number of channels of its image is not known");
    fields.emplace("number_groups", groups);
  }
  Edges edges = edges_of(step, window, &WindowAxis::in);
  Operand x = step.input(0);
  if (edges == Edges::kOther) {
    x = padded(step, window);
    edges = Edges::kNone;
  }
  add_edges(fields, window, edges);
  emit_with_bias(step, "Conv", {x, step.input(1)}, std::move(fields), window.rank);
}

// UFF has the result's shape as an operand, of which height and width count.
void conv_transpose(Step& step) {
  const Shape &image = step.required_shape(0), &filter = step.required_shape(1);
  const Window window = conv_transpose_window(step.node(), image, &filter);
  if (step.integer("group", 1) != 1) Step::decline("it is in groups, which UFF's ConvTranspose is not");
  Attributes fields = window_fields(window, {"NC+", "CK+"});
  if (is_dilated(window)) fields.emplace("dilation", each(window, [](const auto& axis) { return axis.dilation; }));
  std::vector<int64_t> sizes = {image[0].value(), filter[1].value()};
  for (const WindowAxis& axis : axes_of(window)) {
    if (axis.out < 0) Step::decline("the size of its result is not known; give the graph's input a fixed size");
    sizes.push_back(axis.out);
  }
  // The windows of the convolution that it reverses slide over the result.
  const Edges edges = edges_of(step, window, &WindowAxis::out);
  if (edges == Edges::kOther) Step::decline("it pads the two ends of an axis differently, for which UFF has no form");
  add_edges(fields, window, edges);
  const auto rank = static_cast<int64_t>(sizes.size());
  emit_with_bias(step, "ConvTranspose", {step.input(0), step.input(1), step.integers_constant(sizes, {rank})},
                 std::move(fields), window.rank);
}

// In a mean, the zeros of "padding" count, and what SAME pads does not.
void pool(Step& step) {
  const Window window = pool_window(step.node(), step.required_shape(0));
  const bool is_mean = step.target() == "avg", counts_zeros = step.integer("count_include_pad", 0) != 0;
  if (is_dilated(window)) Step::decline("it is dilated, which UFF's Pool is not");
  for (const WindowAxis& axis : axes_of(window)) {
    const bool is_floor =
        axis.in >= 0 && axis.out == (axis.in + axis.pad_begin + axis.pad_end - axis.kernel) / axis.stride + 1;
    if (step.integer("ceil_mode", 0) != 0 && !is_floor)
      Step::decline("its last windows reach beyond the padded image (ceil_mode), which UFF's do not");
  }
  Edges edges = edges_of(step, window, &WindowAxis::in);
  Operand x = step.input(0);
  if (is_mean && !counts_zeros && edges == Edges::kAlike) {
    const auto axes = axes_of(window);
    const bool all_same =
        std::all_of(axes.begin(), axes.end(), [](const auto& axis) { return is_same(axis, axis.in); });
    edges = all_same ? Edges::kSame : Edges::kOther;
  }
  if (edges == Edges::kSame && is_mean && counts_zeros) edges = Edges::kOther;
  if (edges == Edges::kOther) {
    if (!is_mean || !counts_zeros)
      Step::decline(
          "UFF's Pool pads both ends of an axis alike, counting zeros in a mean, or by TensorFlow's rule SAME");
    x = padded(step, window);
    edges = Edges::kNone;
  }
  Attributes fields = window_fields(window, {"NC+"});
  fields.emplace("func", step.target());
  fields.emplace("kernel", each(window, [](const auto& axis) { return axis.kernel; }));
  add_edges(fields, window, edges);
  step.emit("Pool", {x}, std::move(fields));
}

void global_pool(Step& step) {
  std::vector<int64_t> axes;
  for (int64_t axis = 2; axis < step.rank(0); ++axis) axes.push_back(axis);
  step.emit("Reduce", {step.input(0)}, {{"axes", axes}, {"func", step.target()}, {"keepdims", true}});
}

void batch_normalization(Step& step) {
  if (step.integer("training_mode", 0) != 0) Step::decline("it is in training mode");
  step.emit("BatchNorm", {step.input(0), step.input(1), step.input(2), step.input(3), step.input(4)},
            {{"epsilon", step.number("epsilon", 1e-5)}, {"inputs_orders", orders({"NC+"})}});
}

// UFF's LRN is TensorFlow's: over the last axis, and alpha times the sum of the squares, not their mean.
void lrn(Step& step) {
  const int64_t size = step.integer("size", 1), rank = step.rank(0);
  if (size % 2 != 1) Step::decline("its size is even, but UFF's LRN counts a half width on each side");
  std::vector<int64_t> to_last = {0}, to_first = {0, rank - 1};
  for (int64_t axis = 2; axis < rank; ++axis) to_last.push_back(axis);
  to_last.push_back(1);
  for (int64_t axis = 1; axis + 1 < rank; ++axis) to_first.push_back(axis);
  Node* turned = step.helper("Transpose", {step.input(0)}, {{"permutation", to_last}});
  Node* normal = step.helper("LRN", {turned},
                             {{"alpha", step.number("alpha", 1e-4) / static_cast<double>(size)},
                              {"beta", step.number("beta", 0.75)},
                              {"inputs_orders", orders({"N+C"})},
                              {"k", step.number("bias", 1)},
                              {"window_size", (size - 1) / 2}});
  step.emit("Transpose", {normal}, {{"permutation", to_first}});
}

// The last axis is that of the channels in the order N+C; another one counts without the batch in the order NC+.
void softmax(Step& step) {
  const int64_t axis = step.integer("axis", -1);
  const bool is_last = axis == -1 || (step.shape(0) && axis == step.rank(0) - 1);
  if (is_last) {
    step.emit("Softmax", {step.input(0)}, {{"axis", int64_t{0}}, {"inputs_orders", orders({"N+C"})}});
    return;
  }
  const int64_t counted = axis < 0 ? axis + step.rank(0) : axis;
  if (counted < 1) Step::decline("it is over the batch, which UFF's Softmax does not count");
  step.emit("Softmax", {step.input(0)}, {{"axis", counted - 1}, {"inputs_orders", orders({"NC+"})}});
}

constexpr Rule kRules[] = {
    {"AveragePool", pool, "avg"},
    {"BatchNormalization", batch_normalization},
    {"Conv", conv},
    {"ConvTranspose", conv_transpose},
    {"GlobalAveragePool", global_pool, "mean"},
    {"GlobalMaxPool", global_pool, "max"},
    {"LRN", lrn},
    {"MaxPool", pool, "max"},
    {"Softmax", softmax},
};

}  // namespace

std::span<const Rule> image_rules() { return kRules; }

}  // namespace tenon::conversion::standard
