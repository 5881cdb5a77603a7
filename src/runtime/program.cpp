// SPDX-License-Identifier: Apache-2.0
#include "runtime/program.h"

#include <fmt/core.h>

#include <unordered_map>

namespace tenon {
namespace {

using Ids = std::unordered_map<const Value*, ValueId>;

ValueId id_of(const Value* value, Program& program, Ids& ids) {
  if (!value) return kNoValue;
  const auto [found, is_new] = ids.emplace(value, static_cast<ValueId>(program.values.size()));
  if (is_new) program.values.push_back({value, -1});
  return found->second;
}

void bind_layer(ProgramNode& entry) {
  const LayerInfo& info = layer_of(*entry.node).type->info();
  entry.layer = instance_of(*entry.node);
  entry.elementwise = info.elementwise;
  entry.data_dependent = info.data_dependent;
  entry.callback = info.kind == LayerKind::kCallback;
}

}  // namespace

Program make_program(const Graph& graph) {
  if (graph.dialect() != "standard") {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the graph is in the dialect '{}' but only standard operators run; compile it first",
                            graph.dialect()));
  }
  Program program;
  Ids ids;
  for (const Value* value : graph.inputs()) program.inputs.push_back(id_of(value, program, ids));
  for (const Node* node : graph.topological_order()) {
    const int index = static_cast<int>(program.nodes.size());
    ProgramNode entry;
    entry.node = node;
    if (node->domain().empty()) {
      entry.op = &op_of(*node);
    } else {
      bind_layer(entry);
    }
    for (const Value* value : node->inputs()) {
      const ValueId id = id_of(value, program, ids);
      entry.inputs.push_back(id);
      if (id != kNoValue) program.values[static_cast<size_t>(id)].last_use = index;
    }
    for (const Value* value : node->outputs()) entry.outputs.push_back(id_of(value, program, ids));
    program.nodes.push_back(std::move(entry));
  }
  for (const Value* value : graph.outputs()) {
    const ValueId id = id_of(value, program, ids);
    program.outputs.push_back(id);
    program.values[static_cast<size_t>(id)].last_use = kReadByCaller;
  }
  return program;
}

}  // namespace tenon
