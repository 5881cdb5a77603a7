// SPDX-License-Identifier: Apache-2.0
#include "lowering/uff/inputs.h"

#include "layers/layer_type.h"
#include "lowering/images.h"
#include "lowering/lower.h"
#include "lowering/uff/images.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>

namespace tenon::lowering::uff {
namespace {

constexpr std::array<std::string_view, 4> kImageOps = {"BatchNorm", "Conv", "ConvTranspose", "Pool"};
// Operations that pass the layout of their inputs on. What LRN and Softmax say of orders does not tell images apart.
constexpr std::array<std::string_view, 9> kPassOn = {"Activation", "Binary", "Concat",  "Identity", "LRN",
                                                     "LeakyRelu",  "Pad",    "Softmax", "Unary"};

bool is_one_of(std::span<const std::string_view> ops, const Node& node) {
  return node.domain().empty() && std::find(ops.begin(), ops.end(), node.op()) != ops.end();
}

bool passes_layout_on(const Node& node) {
  if (node.domain().empty()) return is_one_of(kPassOn, node);
  const auto layer = LayerRegistry::global().find(node.domain(), node.op());
  return layer != nullptr && layer->info().elementwise;
}

// The layout that an operation on images states.
std::optional<bool> stated_layout(const Node& node) {
  const Attribute* field = node.attribute("inputs_orders");
  const auto orders = field == nullptr ? std::nullopt : tenon::uff::orders_of(*field);
  return orders && !orders->empty() ? channels_last(orders->front(), 4) : std::nullopt;
}

// What the first operation on images, in the file's order, of those that the value reaches states.
std::optional<bool> wanted_layout(const Graph& graph, const Value* value) {
  std::unordered_set<const Node*> seen, image_ops;
  for (std::vector<const Value*> open = {value}; !open.empty();) {
    const Value* next = open.back();
    open.pop_back();
    for (const Use& use : next->uses()) {
      if (is_one_of(kImageOps, *use.node) && use.index == 0) image_ops.insert(use.node);
      if (passes_layout_on(*use.node) && seen.insert(use.node).second)
        open.insert(open.end(), use.node->outputs().begin(), use.node->outputs().end());
    }
  }
  for (const Node* node : graph.nodes()) {
    if (!image_ops.contains(node)) continue;
    if (const auto layout = stated_layout(*node)) return layout;
  }
  return std::nullopt;
}

// The layouts of all images: of the inputs, of what operations on images give, and of what passes these on.
std::unordered_map<const Value*, bool> image_layouts(const Graph& graph, const InputLayouts& inputs) {
  std::unordered_map<const Value*, bool> layouts = inputs.channels_last;
  for (const Node* node : graph.nodes()) {
    const auto layout = is_one_of(kImageOps, *node) ? stated_layout(*node) : std::nullopt;
    if (layout) layouts.emplace(node->output(), *layout);
  }
  std::vector<const Value*> open;
  for (const Node* node : graph.nodes())
    for (const Value* output : node->outputs())
      if (layouts.contains(output)) open.push_back(output);
  while (!open.empty()) {
    const Value* value = open.back();
    open.pop_back();
    for (const Use& use : value->uses()) {
      if (!passes_layout_on(*use.node)) continue;
      for (const Value* output : use.node->outputs())
        if (layouts.emplace(output, layouts.at(value)).second) open.push_back(output);
    }
  }
  return layouts;
}

Shape permuted(const Shape& shape, std::span<const int64_t> permutation) {
  Shape result;
  for (const int64_t axis : permutation) result.push_back(shape[static_cast<size_t>(axis)]);
  return result;
}

std::vector<int64_t> turn(size_t rank, bool to_last) {
  return to_last ? to_channels_last(rank) : to_channels_first(rank);
}

// The shape of a placeholder without one is empty in the file.
Shape file_shape(const Node& node) {
  const Attribute* field = node.attribute("shape");
  const auto* extents = field == nullptr ? nullptr : std::get_if<std::vector<int64_t>>(field);
  return extents == nullptr ? Shape() : Shape(extents->begin(), extents->end());
}

// Whether the shapes may be the same, whatever the batch.
bool fits(const Shape& a, const Shape& b) {
  if (a.size() != b.size()) return false;
  for (size_t axis = 1; axis < a.size(); ++axis)
    if (a[axis].is_constant() && b[axis].is_constant() && a[axis] != b[axis]) return false;
  return true;
}

// The given shape with a batch in front where it has none.
Shape with_batch(const Shape& given, const Shape& file, InputOrder order) {
  const size_t whole_rank = !file.empty() ? file.size() : order == InputOrder::kNC ? 2 : 4;
  if (given.empty() || !given.front().is_constant() || given.size() == whole_rank) return given;
  Shape whole = {Dim("N")};
  whole.insert(whole.end(), given.begin(), given.end());
  return whole;
}

// The layout that the graph wants the input in, of which the buffer's shape is known.
std::optional<bool> graph_layout(const Graph& graph, const Node& node, const Shape& buffer, bool buffer_last) {
  const Shape file = file_shape(node);
  const bool as_it_is = fits(file, buffer), turned = fits(file, permuted(buffer, turn(buffer.size(), !buffer_last)));
  if (as_it_is != turned) return as_it_is ? buffer_last : !buffer_last;
  return wanted_layout(graph, node.output());
}

void register_input(Graph& graph, Node* node, CompileOptions& options, InputLayouts& layouts) {
  const auto given = options.input_shapes.find(node->name());
  const auto given_order = options.input_orders.find(node->name());
  const bool has_shape = given != options.input_shapes.end(), has_order = given_order != options.input_orders.end();
  const InputOrder order = has_order ? given_order->second : InputOrder::kNCHW;
  const Shape file = file_shape(*node);
  if (!has_shape && (!has_order || file.empty())) return;
  Shape buffer = has_shape ? with_batch(given->second, file, order) : file;
  const bool is_image = order != InputOrder::kNC && buffer.size() >= 3, buffer_last = order == InputOrder::kNHWC;
  std::optional<bool> wanted;
  if (is_image)
    wanted = has_shape ? graph_layout(graph, *node, buffer, buffer_last) : wanted_layout(graph, node->output());
  if (wanted && *wanted != buffer_last) {
    if (!has_shape) buffer = permuted(file, turn(file.size(), buffer_last));
    Value* input = node->output();
    const std::vector<Use> uses(input->uses().begin(), input->uses().end());
    const Node* turned = graph.add_node("Transpose", graph.fresh_name(node->name() + "/Transpose"), {input},
                                        {{"permutation", turn(buffer.size(), *wanted)}});
    for (const Use& use : uses)
      if (use.node->op() != tenon::uff::kMarkOutput)
        use.node->set_input(static_cast<size_t>(use.index), turned->output());
    layouts.channels_last.emplace(turned->output(), *wanted);
    layouts.turned_to_last = wanted;
  } else if (wanted) {
    layouts.channels_last.emplace(node->output(), *wanted);
  }
  options.input_shapes.insert_or_assign(node->name(), std::move(buffer));
}

}  // namespace

InputLayouts register_inputs(Graph& graph, CompileOptions& options) {
  std::vector<Node*> inputs;
  std::vector<std::string> names;
  for (Node* node : graph.nodes()) {
    if (node->op() != "Input" || !node->domain().empty()) continue;
    inputs.push_back(node);
    names.push_back(node->name());
  }
  check_input_names(options, names);
  InputLayouts layouts;
  for (Node* node : inputs) register_input(graph, node, options, layouts);
  options.input_orders.clear();
  return layouts;
}

std::vector<size_t> images_to_turn(const Graph& graph, const InputLayouts& inputs) {
  std::vector<size_t> places;
  if (!inputs.turned_to_last) return places;
  const auto layouts = image_layouts(graph, inputs);
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    const Value* output = graph.outputs()[i];
    const bool is_buffer = output->producer() != nullptr && output->producer()->op() == "Input";
    const auto layout = layouts.find(output);
    if (!is_buffer && layout != layouts.end() && layout->second == *inputs.turned_to_last) places.push_back(i);
  }
  return places;
}

void turn_outputs(Graph& graph, std::span<const size_t> images, const InputLayouts& layouts) {
  std::vector<Value*> outputs(graph.outputs().begin(), graph.outputs().end());
  for (const size_t place : images) {
    Value* image = outputs[place];
    const TensorType type = image->type();
    if (!type.shape || type.shape->size() < 3) continue;
    const std::string name = image->name();
    graph.rename(image, graph.fresh_name(name + "/inner"));
    std::vector<int64_t> permutation = turn(type.shape->size(), !*layouts.turned_to_last);
    TensorType turned{type.dtype, permuted(*type.shape, permutation)};
    outputs[place] =
        graph
            .add_node("Transpose", graph.fresh_name(name + "/Transpose"), std::span<Value* const>(&image, 1),
                      std::span(&name, 1), {{"perm", std::move(permutation)}})
            ->output();
    outputs[place]->set_type(std::move(turned));
  }
  graph.set_outputs(std::move(outputs));
}

}  // namespace tenon::lowering::uff
