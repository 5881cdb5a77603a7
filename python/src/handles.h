// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>
#include <tenon/graph.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

// What tenon.Graph, tenon.Node and tenon.Value hold. A node or value may be removed from its graph while Python still
// has an object for it; such an object then says so instead of reaching for memory that is gone.
namespace tenon::python {

/// What the handles of one node or value share.
struct Slot {
  void* object;      // Null once it was removed.
  std::string name;  // As it was last known, for the message.
};

/// A graph, and the slots of those of its nodes and values that Python has seen.
class GraphState {
 public:
  explicit GraphState(Graph held) : graph(std::move(held)) {}

  [[nodiscard]] std::shared_ptr<Slot> slot(void* object, const std::string& name);
  /// Marks a node or value that is about to be removed.
  void forget(const void* object);
  /// Finds out what an edit has removed. Correct as long as no edit frees a node and then makes one, which might get
  /// the same address.
  void sweep();

  Graph graph;

 private:
  std::unordered_map<const void*, std::shared_ptr<Slot>> slots_;
};

class NodeHandle {
 public:
  NodeHandle(std::shared_ptr<GraphState> state, Node* node)
      : state_(std::move(state)), slot_(state_->slot(node, node->name())) {}
  /// Throws kInvalidArgument when the node was removed.
  [[nodiscard]] Node& get() const;
  [[nodiscard]] const std::shared_ptr<GraphState>& state() const noexcept { return state_; }
  [[nodiscard]] const Slot* identity() const noexcept { return slot_.get(); }

 private:
  std::shared_ptr<GraphState> state_;  // Shared by the graph's object and those of its nodes and values.
  std::shared_ptr<Slot> slot_;         // Shared by the objects of one node.
};

class ValueHandle {
 public:
  ValueHandle(std::shared_ptr<GraphState> state, Value* value)
      : state_(std::move(state)), slot_(state_->slot(value, value->name())) {}
  /// Throws kInvalidArgument when the value was removed.
  [[nodiscard]] Value& get() const;
  [[nodiscard]] const std::shared_ptr<GraphState>& state() const noexcept { return state_; }
  [[nodiscard]] const Slot* identity() const noexcept { return slot_.get(); }

 private:
  std::shared_ptr<GraphState> state_;
  std::shared_ptr<Slot> slot_;
};

/// Arguments that say which node or value is meant: itself, or its name.
using NodeLike = std::variant<NodeHandle, std::string>;
using ValueLike = std::variant<ValueHandle, std::string>;

class GraphHandle {
 public:
  explicit GraphHandle(Graph graph) : state_(std::make_shared<GraphState>(std::move(graph))) {}
  explicit GraphHandle(std::shared_ptr<GraphState> state) : state_(std::move(state)) {}

  [[nodiscard]] Graph& graph() const noexcept { return state_->graph; }
  void sweep() const { state_->sweep(); }
  void forget(const void* object) const { state_->forget(object); }

  [[nodiscard]] NodeHandle handle(Node* node) const { return {state_, node}; }
  [[nodiscard]] ValueHandle handle(Value* value) const { return {state_, value}; }
  template <typename Range>
  [[nodiscard]] auto handles(const Range& range) const {
    std::vector<decltype(handle(*range.begin()))> result;
    result.reserve(range.size());
    for (auto* item : range) result.push_back(handle(item));
    return result;
  }

  /// The node or value of this graph that is meant. Throws kNotFound with near names, kInvalidArgument for one that was
  /// removed or is another graph's.
  [[nodiscard]] Node* node(const NodeLike& node) const;
  [[nodiscard]] Value* value(const ValueLike& value) const;

 private:
  std::shared_ptr<GraphState> state_;
};

/// A node's attributes as a mapping that can be written.
struct AttributesHandle {
  NodeHandle node;
};

}  // namespace tenon::python
