// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/engine.h>

#include "backends/kernel.h"
#include "codegen/code_store.h"
#include "layers/layer_type.h"
#include "ops/op.h"
#include "plan/plan.h"

#include <limits>
#include <memory>
#include <vector>

// A plan's graph with names turned into numbers: what an Engine shares with its Contexts.
namespace tenon {

/// A value's number; kNoValue for an input that is left out.
using ValueId = int;
inline constexpr ValueId kNoValue = -1;
/// Where a value is last read when the caller reads it: after every node.
inline constexpr int kReadByCaller = std::numeric_limits<int>::max();

struct ProgramNode {
  const Node* node = nullptr;
  const OpDef* op = nullptr;                   ///< Null for a user's layer.
  std::shared_ptr<const LayerInstance> layer;  ///< Null for a standard operator. Shared by the contexts.
  bool elementwise = false;                    ///< The layer says so.
  bool data_dependent = false;                 ///< The layer allocates its outputs itself.
  bool callback = false;                       ///< The layer is a function of the host program.
  std::vector<ValueId> inputs, outputs;
};

struct ProgramValue {
  const Value* value = nullptr;
  int last_use = -1;  ///< The last node that reads it, kReadByCaller for graph outputs, -1 if nobody does.
};

struct Program {
  std::vector<ProgramNode> nodes;  ///< In the order of execution.
  std::vector<ProgramValue> values;
  std::vector<ValueId> inputs, outputs;
};

/// Numbers the graph's values and binds users' layers. Throws kNotFound naming layer, version and node when one is
/// missing, kUnsupported for an unknown operator, kInvalidArgument for a graph in another dialect.
[[nodiscard]] Program make_program(const Graph& graph);

struct Engine::Impl {
  /// `trust_code`: whether the plan's code may run.
  Impl(Plan from, bool trust_code);

  Plan plan;
  Program program;
  std::vector<Port> inputs, outputs;
  mutable PackedWeights packed;  // Caches, which have their own locks.
  mutable codegen::CodeStore code;
};

}  // namespace tenon
