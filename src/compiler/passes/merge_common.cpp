// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/passes.h"
#include "compiler/rewrite.h"
#include "ops/op.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

// merge_common: computes and stores once what occurs several times.
//
// Before:  types are inferred, constants are folded.
// After:   no two constants have the same type and bits, and no two standard nodes the same operator, attributes and
//          inputs. Users' layers are left alone: what they compute may depend on more than their inputs.
// Order:   after fold_constants, which makes equal constants of different subgraphs; before the rewrites that look for
//          values with a single reader, whose answers it changes.
namespace tenon {
namespace {

bool same_attributes(const Attributes& a, const Attributes& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.first == y.first && identical(x.second, y.second); });
}

void merge_constants(Graph& graph) {
  std::map<std::pair<std::string, size_t>, std::vector<Value*>> seen;  // By type and hash.
  for (Value* value : graph.values()) {
    const Tensor* tensor = value->constant();
    if (tensor == nullptr || tensor->dtype() == DType::kString) continue;
    const std::string_view bytes(static_cast<const char*>(tensor->data()), static_cast<size_t>(tensor->size_bytes()));
    auto& candidates = seen[{to_string(value->type()), std::hash<std::string_view>{}(bytes)}];
    const auto same = std::find_if(candidates.begin(), candidates.end(),
                                   [&](const Value* other) { return identical(*other->constant(), *tensor); });
    if (same == candidates.end())
      candidates.push_back(value);
    else
      graph.replace_uses(value, *same);
  }
}

void merge_nodes(Graph& graph) {
  std::map<std::pair<std::string, std::vector<Value*>>, std::vector<Node*>> seen;
  for (Node* node : graph.topological_order()) {
    if (!node->domain().empty()) continue;
    const std::vector<Value*> inputs(node->inputs().begin(), node->inputs().end());
    auto& candidates = seen[{node->op(), inputs}];
    const auto same = std::find_if(candidates.begin(), candidates.end(), [&](const Node* other) {
      return other->outputs().size() == node->outputs().size() &&
             same_attributes(other->attributes(), node->attributes());
    });
    if (same == candidates.end()) {
      candidates.push_back(node);
    } else {
      for (size_t i = 0; i < node->outputs().size(); ++i) graph.replace_uses(node->output(i), (*same)->output(i));
    }
  }
}

}  // namespace

void merge_common(Graph& graph) {
  merge_constants(graph);
  merge_nodes(graph);
  graph.remove_unreachable();
}

}  // namespace tenon
