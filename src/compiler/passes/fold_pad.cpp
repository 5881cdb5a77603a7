// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/passes.h"
#include "compiler/rewrite.h"
#include "layers/infer.h"
#include "ops/op.h"

#include <algorithm>

// fold_pad: a Pad with zeros in front of a Conv, or of a MaxPool of what is never negative, becomes its own padding.
//
// Before:  constants are folded, clamps are Clip, layouts are assigned.
// After:   no such node with explicit padding reads a Pad that pads spatial axes only, with zeros, and is read by it
//          alone.
// Order:   after assign_layout, which brings a TensorFlow model's Pad next to its reader; before fuse_epilogue, which
//          hides the clamps.
namespace tenon {
namespace {

// The Pad's amounts along the Conv's spatial axes, [begins..., ends...]; nullopt when it does anything else.
std::optional<std::vector<int64_t>> spatial_pads(const Node& pad, int64_t rank, bool channels_last) {
  const AttributeReader attributes(pad, op_of(pad));
  const auto amounts = integers_of(pad.input(1));
  if (attributes.string("mode") != "constant" || !amounts || pad.input(3) != nullptr) return std::nullopt;
  if (pad.input(2) != nullptr && scalar_of(pad.input(2)) != 0.0) return std::nullopt;
  if (static_cast<int64_t>(amounts->size()) != 2 * rank) return std::nullopt;
  const int64_t first = channels_last ? 1 : 2, last = channels_last ? rank - 1 : rank;
  std::vector<int64_t> pads;
  for (const int64_t side : {int64_t{0}, rank}) {
    for (int64_t axis = 0; axis < rank; ++axis) {
      const int64_t amount = (*amounts)[static_cast<size_t>(side + axis)];
      const bool spatial = axis >= first && axis < last;
      if (amount < 0 || (!spatial && amount != 0)) return std::nullopt;
      if (spatial) pads.push_back(amount);
    }
  }
  return pads;
}

// A maximum over zeros and numbers that are not below zero is the maximum over the latter, provided that each window
// has one of them: the padding, which a MaxPool ignores, must be narrower than its window.
bool may_ignore_zeros(const Node& pool, const Value* padded, const std::vector<int64_t>& pads) {
  const Node* clamp = padded->producer();
  const bool never_negative =
      is_op(clamp, "Relu") || is_op(clamp, "Sigmoid") || (is_op(clamp, "Clip") && scalar_of(clamp->input(1)) >= 0.0);
  const AttributeReader attributes(pool, op_of(pool));
  const std::vector<int64_t>& dilations = attributes.integers("dilations");
  const std::vector<int64_t>& window = attributes.integers("kernel_shape");
  if (!never_negative || pool.outputs().size() != 1 || attributes.flag("ceil_mode")) return false;
  if (std::any_of(dilations.begin(), dilations.end(), [](int64_t dilation) { return dilation != 1; })) return false;
  for (size_t i = 0; i < pads.size(); ++i)
    if (pads[i] >= window[i % window.size()]) return false;
  return true;
}

bool fold(const Graph& graph, Node* node) {
  Node* pad = produced_by(node->input(0), "Pad");
  const auto rank = rank_of(node->input(0));
  if (pad == nullptr || !rank || only_reader(graph, pad->output()) != node) return false;
  const AttributeReader attributes(*node, op_of(*node));
  const std::string& auto_pad = attributes.string("auto_pad");
  if (auto_pad != "NOTSET" && auto_pad != "VALID") return false;
  auto pads = spatial_pads(*pad, *rank, attributes.flag("channels_last"));
  if (!pads) return false;
  const std::vector<int64_t>& own = attributes.integers("pads");
  if (auto_pad == "NOTSET" && own.size() == pads->size()) {
    for (size_t i = 0; i < own.size(); ++i) (*pads)[i] += own[i];
  }
  if (is_op(node, "MaxPool") && !may_ignore_zeros(*node, pad->input(0), *pads)) return false;
  node->attributes().erase("auto_pad");
  node->attributes()["pads"] = *pads;
  node->set_input(0, pad->input(0));
  infer_outputs(*node);
  return true;
}

}  // namespace

void fold_pad(Graph& graph) {
  for (Node* node : graph.topological_order()) {
    while ((is_op(node, "Conv") || is_op(node, "MaxPool")) && fold(graph, node)) {
    }
  }
  graph.remove_unreachable();
}

}  // namespace tenon
