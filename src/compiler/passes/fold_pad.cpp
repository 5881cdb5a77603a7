// SPDX-License-Identifier: Apache-2.0
#include "compiler/infer.h"
#include "compiler/passes/passes.h"
#include "compiler/rewrite.h"
#include "ops/op.h"

// fold_pad: a Pad with zeros in front of a Conv becomes the Conv's own padding.
//
// Before:  constants are folded, layouts are assigned.
// After:   no Conv with explicit padding reads a Pad that pads spatial axes only, with zeros, and is read by it alone.
// Order:   after assign_layout, which brings a TensorFlow model's Pad next to the Conv.
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

bool fold(const Graph& graph, Node* conv) {
  Node* pad = produced_by(conv->input(0), "Pad");
  const auto rank = rank_of(conv->input(0));
  if (pad == nullptr || !rank || only_reader(graph, pad->output()) != conv) return false;
  const AttributeReader attributes(*conv, op_of(*conv));
  const std::string& auto_pad = attributes.string("auto_pad");
  if (auto_pad != "NOTSET" && auto_pad != "VALID") return false;
  auto pads = spatial_pads(*pad, *rank, attributes.flag("channels_last"));
  if (!pads) return false;
  const std::vector<int64_t>& own = attributes.integers("pads");
  if (auto_pad == "NOTSET" && own.size() == pads->size()) {
    for (size_t i = 0; i < own.size(); ++i) (*pads)[i] += own[i];
  }
  conv->attributes().erase("auto_pad");
  conv->attributes()["pads"] = *pads;
  conv->set_input(0, pad->input(0));
  infer_outputs(*conv);
  return true;
}

}  // namespace

void fold_pad(Graph& graph) {
  for (Node* node : graph.topological_order()) {
    while (is_op(node, "Conv") && fold(graph, node)) {
    }
  }
  graph.remove_unreachable();
}

}  // namespace tenon
