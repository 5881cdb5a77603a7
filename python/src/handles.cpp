// SPDX-License-Identifier: Apache-2.0
#include "handles.h"

#include <fmt/core.h>
#include <tenon/surgery.h>

#include <unordered_set>

namespace tenon::python {
namespace {

void* require_alive(const Slot& slot, const char* what) {
  if (slot.object == nullptr) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("the {} '{}' was removed from its graph", what, slot.name));
  }
  return slot.object;
}

void require_same_graph(const GraphState* ours, const GraphState* theirs, const char* what, const std::string& name) {
  if (ours != theirs) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the {} '{}' belongs to another graph; find it in this one by its name", what, name));
  }
}

}  // namespace

std::shared_ptr<Slot> GraphState::slot(void* object, const std::string& name) {
  std::shared_ptr<Slot>& slot = slots_[object];
  if (slot == nullptr)
    slot = std::make_shared<Slot>(Slot{object, name});
  else
    slot->name = name;
  return slot;
}

void GraphState::forget(const void* object) {
  const auto found = slots_.find(object);
  if (found == slots_.end()) return;
  found->second->object = nullptr;
  slots_.erase(found);
}

void GraphState::sweep() {
  std::unordered_set<const void*> alive;
  for (const Node* node : graph.nodes()) alive.insert(node);
  for (const Value* value : graph.values()) alive.insert(value);
  std::erase_if(slots_, [&](const auto& entry) {
    if (alive.contains(entry.first)) return entry.second.use_count() == 1;  // Python has let go of it.
    entry.second->object = nullptr;
    return true;
  });
}

Node& NodeHandle::get() const { return *static_cast<Node*>(require_alive(*slot_, "node")); }

Value& ValueHandle::get() const { return *static_cast<Value*>(require_alive(*slot_, "value")); }

Node* GraphHandle::node(const NodeLike& node) const {
  if (const auto* handle = std::get_if<NodeHandle>(&node)) {
    Node& found = handle->get();
    require_same_graph(state_.get(), handle->state().get(), "node", found.name());
    return &found;
  }
  return require_node(graph(), std::get<std::string>(node));
}

Value* GraphHandle::value(const ValueLike& value) const {
  if (const auto* handle = std::get_if<ValueHandle>(&value)) {
    Value& found = handle->get();
    require_same_graph(state_.get(), handle->state().get(), "value", found.name());
    return &found;
  }
  return require_value(graph(), std::get<std::string>(value));
}

}  // namespace tenon::python
