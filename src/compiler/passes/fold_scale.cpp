// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "compiler/passes/passes.h"
#include "compiler/rewrite.h"
#include "layers/infer.h"
#include "ops/op.h"

#include <fmt/core.h>

#include <cmath>

// fold_scale: moves per-channel scales and shifts behind a product into its weights and bias.
//
// Conv, ConvTranspose, Gemm and MatMul are linear in their weights, so s * (W x + b) + t = (s W) x + (s b + t): a
// BatchNormalization, or a Mul, Div, Add or Sub by a constant that varies along the channels only, costs nothing at run
// time. The products are formed in double and rounded once.
//
// Before:  constants are folded, layouts are assigned (so that the channels of both lie along the same axis).
// After:   no such node reads a product whose weights are constant, whose result nobody else reads, and which has no
// epilogue. Order:   after assign_layout, which removes the transposes that TensorFlow's models have in between; before
//          fuse_epilogue, which would take the scale as a step of its own.
namespace tenon {
namespace {

/// y = scale * x + shift, one pair for each channel.
struct Affine {
  std::vector<double> scale, shift;
};

struct Anchor {
  Node* node;
  int64_t channels;
  int64_t axis;  ///< Of the channels in the result.
  int64_t rank;
};

std::optional<Anchor> anchor_of(const Graph& graph, const Value* value, const Node* reader) {
  Node* node = value->producer();
  const bool product =
      is_op(node, "Conv") || is_op(node, "ConvTranspose") || is_op(node, "Gemm") || is_op(node, "MatMul");
  if (!product || node->attribute("epilogue") != nullptr || only_reader(graph, value) != reader) return std::nullopt;
  const auto rank = rank_of(value);
  if (!rank || node->input(1)->constant() == nullptr || !is_float(value->type().dtype)) return std::nullopt;
  if (node->input(2) != nullptr && node->input(2)->constant() == nullptr) return std::nullopt;
  int64_t axis = *rank - 1;
  if (is_op(node, "Conv") || is_op(node, "ConvTranspose")) {
    if (integer_attribute(*node, "channels_last") == 0) axis = 1;
  } else if (is_op(node, "Gemm")) {
    if (number_attribute(*node, "alpha") != 1 || number_attribute(*node, "beta") != 1) return std::nullopt;
  } else if (rank_of(node->input(1)) != 2) {
    return std::nullopt;
  }
  const int64_t channels = (*value->type().shape)[static_cast<size_t>(axis)].value();
  if (channels <= 0) return std::nullopt;
  return Anchor{node, channels, axis, *rank};
}

std::optional<std::vector<double>> per_channel(const Value* constant, const Anchor& anchor) {
  auto values = values_along(constant, anchor.rank, anchor.axis, anchor.channels);
  if (values && values->size() == 1) values->resize(static_cast<size_t>(anchor.channels), values->front());
  return values;
}

std::optional<Affine> affine_of_binary(const Node& node, size_t constant_index, const Anchor& anchor) {
  const auto values = per_channel(node.input(constant_index), anchor);
  if (!values) return std::nullopt;
  const bool constant_first = constant_index == 0;
  Affine affine{std::vector<double>(values->size(), 1), std::vector<double>(values->size(), 0)};
  for (size_t i = 0; i < values->size(); ++i) {
    const double c = (*values)[i];
    if (node.op() == "Mul") {
      affine.scale[i] = c;
    } else if (node.op() == "Div") {
      if (constant_first) return std::nullopt;
      affine.scale[i] = 1 / c;
    } else if (node.op() == "Add") {
      affine.shift[i] = c;
    } else {  // Sub
      affine.scale[i] = constant_first ? -1 : 1;
      affine.shift[i] = constant_first ? c : -c;
    }
  }
  return affine;
}

std::optional<Affine> affine_of_normalization(const Node& node, const Anchor& anchor) {
  const int64_t axis = integer_attribute(node, "channels_last") != 0 ? anchor.rank - 1 : 1;
  if (axis != anchor.axis || integer_attribute(node, "training_mode") != 0) return std::nullopt;
  std::vector<double> parameters[4];  // scale, bias, mean, variance
  for (size_t i = 0; i < 4; ++i) {
    const auto values = values_along(node.input(i + 1), 1, 0, anchor.channels);
    if (!values || static_cast<int64_t>(values->size()) != anchor.channels) return std::nullopt;
    parameters[i] = *values;
  }
  const double epsilon = number_attribute(node, "epsilon");
  Affine affine;
  for (size_t c = 0; c < parameters[0].size(); ++c) {
    affine.scale.push_back(parameters[0][c] / std::sqrt(parameters[3][c] + epsilon));
    affine.shift.push_back(parameters[1][c] - parameters[2][c] * affine.scale[c]);
  }
  return affine;
}

// Which output channel element `index` of the weights belongs to.
class WeightChannels {
 public:
  explicit WeightChannels(const Anchor& anchor) {
    const Dims& w = anchor.node->input(1)->constant()->dims();
    if (is_op(anchor.node, "Conv")) {  // [M, C/group, k...]
      inner_ = w.count(1, w.rank());
      count_ = w[0];
    } else if (is_op(anchor.node, "ConvTranspose")) {  // [C, M/group, k...]
      inner_ = w.count(2, w.rank());
      count_ = w[1];
      inputs_per_group_ = w[0] / integer_attribute(*anchor.node, "group");
      outer_ = w.count(1, w.rank());
    } else if (is_op(anchor.node, "Gemm") && integer_attribute(*anchor.node, "transB") != 0) {  // [N, K]
      inner_ = w[1];
      count_ = w[0];
    } else {  // [K, N]
      count_ = w[1];
    }
  }
  [[nodiscard]] size_t operator()(int64_t index) const {
    const int64_t group = inputs_per_group_ == 0 ? 0 : index / outer_ / inputs_per_group_;
    return static_cast<size_t>(group * count_ + index / inner_ % count_);
  }

 private:
  int64_t inner_ = 1, count_ = 1, inputs_per_group_ = 0, outer_ = 1;
};

void fold(const Rewriter& rewriter, const Anchor& anchor, const Affine& affine) {
  Node& node = *anchor.node;
  const Tensor& old = *node.input(1)->constant();
  Tensor weights = Tensor::empty(old.dtype(), old.dims());
  const WeightChannels channel(anchor);
  for (int64_t i = 0; i < old.count(); ++i) {
    store_f64(weights.mutable_data(), old.dtype(), i, load_f64(old.data(), old.dtype(), i) * affine.scale[channel(i)]);
  }
  std::vector<double> bias = affine.shift;
  if (node.input(2) != nullptr) {
    const auto given = per_channel(node.input(2), {anchor.node, anchor.channels, 0, 1});
    const auto row = given ? given : per_channel(node.input(2), anchor);  // Gemm's C may be [1, N].
    for (size_t c = 0; c < bias.size(); ++c) bias[c] += (*row)[c] * affine.scale[c];
  }
  Tensor packed = Tensor::empty(old.dtype(), {anchor.channels});
  for (size_t c = 0; c < bias.size(); ++c)
    store_f64(packed.mutable_data(), old.dtype(), static_cast<int64_t>(c), bias[c]);
  node.set_input(1, rewriter.constant(node.input(1)->name(), std::move(weights)));
  Value* new_bias = rewriter.constant(node.name() + "/bias", std::move(packed));
  if (is_op(&node, "MatMul")) node.set_op("Gemm");
  if (node.inputs().size() > 2)
    node.set_input(2, new_bias);
  else
    node.append_input(new_bias);
}

// True when the anchor, once it has a bias, stays what its operator takes: MatMul becomes Gemm, which takes matrices.
bool can_have_bias(const Anchor& anchor) {
  if (is_op(anchor.node, "MatMul")) return rank_of(anchor.node->input(0)) == 2;
  if (!is_op(anchor.node, "Gemm") || anchor.node->input(2) == nullptr) return true;
  return per_channel(anchor.node->input(2), anchor).has_value();
}

bool fold_into_producer(const Rewriter& rewriter, Node* node) {
  const bool binary = is_op(node, "Mul") || is_op(node, "Div") || is_op(node, "Add") || is_op(node, "Sub");
  if (!binary && !is_op(node, "BatchNormalization")) return false;
  for (size_t x = 0; x < (binary ? 2U : 1U); ++x) {
    const auto anchor = anchor_of(rewriter.graph(), node->input(x), node);
    if (!anchor || !can_have_bias(*anchor) || !same_type(node->input(x), node->output())) continue;
    const auto affine = binary ? affine_of_binary(*node, 1 - x, *anchor) : affine_of_normalization(*node, *anchor);
    if (!affine) continue;
    fold(rewriter, *anchor, *affine);
    rewriter.graph().replace_uses(node->output(), node->input(x));
    return true;
  }
  return false;
}

}  // namespace

void fold_scale(Graph& graph) {
  const Rewriter rewriter(graph);
  for (Node* node : graph.topological_order()) {
    if (fold_into_producer(rewriter, node)) graph.remove(node);
  }
  graph.remove_unreachable();
}

}  // namespace tenon
