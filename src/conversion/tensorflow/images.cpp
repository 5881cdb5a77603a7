// SPDX-License-Identifier: Apache-2.0
#include "conversion/step.h"
#include "conversion/tensorflow/patterns.h"
#include "conversion/tensorflow/rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

// Operators on images: convolutions, pooling, normalisation. UFF leaves images and filters as TensorFlow has them, and
// says in which order their axes are.
namespace tenon::conversion::tensorflow {
namespace {

struct Layout {
  bool channels_last = true;

  [[nodiscard]] std::string_view order() const { return channels_last ? "N+C" : "NC+"; }
  [[nodiscard]] size_t height_axis() const { return channels_last ? 1 : 2; }
  [[nodiscard]] size_t channel_axis() const { return channels_last ? 3 : 1; }
};

Layout layout_of(const Step& step) {
  const std::string format = step.text("data_format", "NHWC");
  if (format != "NHWC" && format != "NCHW")
    Step::decline(fmt::format("its data_format is '{}', but NHWC or NCHW is required", format));
  return {format == "NHWC"};
}

// Height and width of a list with one element for each axis.
std::vector<int64_t> spatial_part(const Step& step, const Layout& layout, std::string_view name) {
  const std::vector<int64_t> list = step.required_list(name);
  if (list.size() != 4) step.fail(fmt::format("its {} has {} elements, but 4 are required", name, list.size()));
  if (list[0] != 1 || list[layout.channel_axis()] != 1)
    Step::decline(fmt::format("its {} reaches over the batch or the channels", name));
  return {list[layout.height_axis()], list[layout.height_axis() + 1]};
}

// True when the paddings leave batch and channels alone.
bool is_spatial(const Paddings& paddings, const Layout& layout) {
  if (paddings.size() != 4) return false;
  for (const size_t axis : {size_t{0}, layout.channel_axis()})
    if (paddings[axis].begin != 0 || paddings[axis].end != 0) return false;
  return true;
}

// The amounts of height and width as the field "padding" has them, if both ends are padded alike.
std::optional<std::vector<int64_t>> symmetric(const AxisPadding& height, const AxisPadding& width) {
  if (height.begin != height.end || width.begin != width.end || height.begin < 0 || width.begin < 0)
    return std::nullopt;
  return std::vector<int64_t>{height.begin, width.begin};
}

// The operand with zeros around it, as a node in front of the result.
Operand padded(Step& step, Operand x, const Paddings& paddings) {
  std::vector<int64_t> rows;
  for (const AxisPadding& axis : paddings) rows.insert(rows.end(), {axis.begin, axis.end});
  Node* amounts = step.integers_constant(rows, {static_cast<int64_t>(paddings.size()), 2});
  return step.helper("Pad", {x, amounts});
}

// True for what computes no negative number, where zeros around an image change nothing for a MaxPool.
bool is_never_negative(const Value* value) {
  constexpr std::array<std::string_view, 7> kOps = {"Abs", "Exp", "Relu", "Relu6", "Sigmoid", "Softplus", "Square"};
  return std::any_of(kOps.begin(), kOps.end(), [&](std::string_view op) { return made_by(value, op) != nullptr; });
}

// The attribute explicit_paddings: a pair for each axis.
Paddings explicit_paddings(const Step& step) {
  const std::vector<int64_t> pairs = step.required_list("explicit_paddings");
  if (pairs.size() != 8)
    step.fail(fmt::format("its attribute 'explicit_paddings' has {} elements, but 8 are required", pairs.size()));
  Paddings paddings;
  for (size_t i = 0; i < pairs.size(); i += 2) paddings.push_back({pairs[i], pairs[i + 1]});
  return paddings;
}

// Says how the windows of a convolution or pooling overlap the edges, and returns what they slide over: a Pad with
// equal amounts at both ends becomes the field "padding". `zeros_count` says that the padding means zeros; a MaxPool's
// means nothing at all.
Operand with_padding(Step& step, const Layout& layout, Attributes& fields, bool zeros_count) {
  const std::string mode = step.text("padding", "VALID");
  const Value* x = step.input(0);
  const size_t height = layout.height_axis(), width = height + 1;
  if (mode == "SAME") {
    fields.emplace("implicit_padding", "same");
    return x;
  }
  if (mode == "EXPLICIT") {
    const Paddings paddings = explicit_paddings(step);
    if (!is_spatial(paddings, layout)) Step::decline("it pads the batch or the channels");
    if (auto amounts = symmetric(paddings[height], paddings[width])) {
      fields.emplace("padding", *std::move(amounts));
      return x;
    }
    if (!zeros_count) Step::decline("it pads the two ends of an axis differently, for which UFF's Pool has no form");
    return padded(step, x, paddings);
  }
  if (mode != "VALID") Step::decline(fmt::format("its padding is '{}', but SAME, VALID or EXPLICIT is required", mode));
  const Node* pad = made_by(x, "Pad");
  const auto paddings = pad == nullptr ? std::nullopt : paddings_of(pad->input(1));
  if (paddings && pad->input(0) != nullptr && is_spatial(*paddings, layout) &&
      (zeros_count || is_never_negative(pad->input(0)))) {
    if (auto amounts = symmetric((*paddings)[height], (*paddings)[width])) {
      fields.emplace("padding", *std::move(amounts));
      return behind(pad->input(0));
    }
  }
  return x;
}

// The filters stay where they are, [height, width, in, out]; for a depthwise convolution `groups` is set.
void emit_conv(Step& step, std::optional<int64_t> groups) {
  const Layout layout = layout_of(step);
  Attributes fields{{"inputs_orders", orders({layout.order(), "+CK"})},
                    {"strides", spatial_part(step, layout, "strides")}};
  if (groups) fields.emplace("number_groups", *groups);
  const auto dilated = dilated_convolution(step.node());
  if (!dilated) {
    if (step.node().attribute("dilations") != nullptr)
      fields.emplace("dilation", spatial_part(step, layout, "dilations"));
    const Operand x = with_padding(step, layout, fields, true);
    step.emit("Conv", {x, step.input(1)}, std::move(fields));
    return;
  }
  if (step.is_wanted())
    Step::decline(
        "it is an output, but only the middle of a dilated convolution (it stands between SpaceToBatchND and "
        "BatchToSpaceND)");
  fields.emplace("dilation", std::vector<int64_t>{dilated->dilation_height, dilated->dilation_width});
  Operand x = dilated->image;
  if (auto amounts = symmetric(dilated->height, dilated->width))
    fields.emplace("padding", *std::move(amounts));
  else
    x = padded(step, x, {{}, dilated->height, dilated->width, {}});
  step.emit("Conv", {x, step.input(1)}, std::move(fields));
}

void conv(Step& step) { emit_conv(step, std::nullopt); }

void depthwise_conv(Step& step) {
  const Dims& filter = step.required_constant(1, "the filter").dims();
  if (filter.rank() != 4)
    step.fail(fmt::format("its filter has the shape {}, but 4 dimensions are required", to_string(filter)));
  emit_conv(step, filter[2]);
}

// TensorFlow has the result's shape, the filter and the image; UFF the other way round.
void conv_backprop_input(Step& step) {
  const Layout layout = layout_of(step);
  Attributes fields{{"inputs_orders", orders({layout.order(), "+KC"})},
                    {"strides", spatial_part(step, layout, "strides")}};
  if (step.list("dilations", std::vector<int64_t>(4, 1)) != std::vector<int64_t>(4, 1))
    Step::decline("it is dilated, which UFF's ConvTranspose is not");
  const std::string mode = step.text("padding", "VALID");
  if (mode == "SAME")
    fields.emplace("implicit_padding", "same");
  else if (mode != "VALID")
    Step::decline(fmt::format("its padding is '{}', but SAME or VALID is required", mode));
  step.emit("ConvTranspose", {step.input(2), step.input(1), step.input(0)}, std::move(fields));
}

void pool(Step& step) {
  const Layout layout = layout_of(step);
  Attributes fields{{"func", step.target()},
                    {"inputs_orders", orders({layout.order()})},
                    {"kernel", spatial_part(step, layout, "ksize")},
                    {"strides", spatial_part(step, layout, "strides")}};
  const Operand x = with_padding(step, layout, fields, step.target() == "avg");
  step.emit("Pool", {x}, std::move(fields));
}

void batch_norm(Step& step) {
  if (step.flag("is_training", true))
    Step::decline(
        "it is in training mode (is_training is true), so it would normalise by the batch's own statistics; "
        "freeze the model for inference");
  step.emit("BatchNorm", {step.input(0), step.input(1), step.input(2), step.input(3), step.input(4)},
            {{"epsilon", step.number("epsilon", 1e-4)}, {"inputs_orders", orders({layout_of(step).order()})}});
}

// The order NC+ is what NVIDIA's converter wrote, though TensorFlow's channels come last.
void lrn(Step& step) {
  step.emit("LRN", {step.input(0)},
            {{"alpha", step.number("alpha", 1)},
             {"beta", step.number("beta", 0.5)},
             {"inputs_orders", orders({"NC+"})},
             {"k", step.number("bias", 1)},
             {"window_size", step.integer("depth_radius", 5)}});
}

// TensorFlow's Softmax is over the last axis: the channels (axis 0 of a sample) in the order N+C.
void softmax(Step& step) {
  const Value* x = flattened_softmax_input(step.node());
  if (x != nullptr && step.is_wanted())
    Step::decline(
        "it is an output, but only the middle of a softmax over more than two dimensions (it stands between "
        "two Reshapes)");
  step.emit("Softmax", {x == nullptr ? step.input(0) : x}, {{"axis", int64_t{0}}, {"inputs_orders", orders({"N+C"})}});
}

constexpr Rule kRules[] = {
    {"AvgPool", pool, "avg"},
    {"Conv2D", conv},
    {"Conv2DBackpropInput", conv_backprop_input},
    {"DepthwiseConv2dNative", depthwise_conv},
    {"FusedBatchNorm", batch_norm},
    {"FusedBatchNormV2", batch_norm},
    {"FusedBatchNormV3", batch_norm},
    {"LRN", lrn},
    {"MaxPool", pool, "max"},
    {"Softmax", softmax},
};

}  // namespace

std::span<const Rule> image_rules() { return kRules; }

}  // namespace tenon::conversion::tensorflow
