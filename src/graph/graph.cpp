// SPDX-License-Identifier: Apache-2.0
#include <tenon/graph.h>

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>

namespace tenon {
namespace {

[[noreturn]] void invalid(std::string message) { throw Error(ErrorCode::kInvalidArgument, std::move(message)); }

}  // namespace

Graph::Graph(std::string dialect) : dialect_(std::move(dialect)) {}
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(Graph&&) noexcept = default;
Graph::~Graph() = default;

std::string Graph::fresh_name(std::string_view stem) const {
  const auto taken = [&](const std::string& name) {
    return node_by_name_.contains(name) || value_by_name_.contains(name);
  };
  std::string name(stem.empty() ? "unnamed" : stem);
  if (!taken(name)) return name;
  for (int64_t number = 1;; ++number) {
    std::string candidate = fmt::format("{}_{}", name, number);
    if (!taken(candidate)) return candidate;
  }
}

Value* Graph::new_value(std::string name, TensorType type) {
  if (name.empty()) name = fresh_name("value");
  if (value_by_name_.contains(name)) invalid(fmt::format("the graph already has a value named '{}'", name));
  values_.push_back(std::unique_ptr<Value>(new Value(std::move(name), std::move(type))));
  Value* value = values_.back().get();
  value_by_name_.emplace(value->name_, value);
  return value;
}

Value* Graph::add_input(std::string name, TensorType type) {
  inputs_.push_back(new_value(std::move(name), std::move(type)));
  return inputs_.back();
}

Value* Graph::add_constant(std::string name, Tensor tensor) {
  if (!tensor.defined()) invalid(fmt::format("the constant '{}' is an undefined tensor", name));
  Value* value = new_value(std::move(name), {tensor.dtype(), to_shape(tensor.dims())});
  value->constant_ = std::move(tensor);
  return value;
}

Node* Graph::add_node(std::string op, std::string name, std::span<Value* const> inputs,
                      std::span<const std::string> output_names, Attributes attributes, std::string domain) {
  if (name.empty()) name = fresh_name(op);
  if (node_by_name_.contains(name)) invalid(fmt::format("the graph already has a node named '{}'", name));
  nodes_.push_back(std::unique_ptr<Node>(new Node(std::move(op), std::move(name), std::move(domain))));
  Node* node = nodes_.back().get();
  node_by_name_.emplace(node->name_, node);
  node->attributes_ = std::move(attributes);
  node->set_inputs(inputs);
  for (const std::string& output : output_names) add_output_value(node, output);
  return node;
}

Node* Graph::add_node(std::string op, std::string name, std::initializer_list<Value*> inputs, Attributes attributes,
                      std::string domain) {
  if (name.empty()) name = fresh_name(op);
  const std::string output = value_by_name_.contains(name) ? fresh_name(name) : name;
  return add_node(std::move(op), std::move(name), std::span<Value* const>(inputs.begin(), inputs.size()),
                  std::span(&output, 1), std::move(attributes), std::move(domain));
}

Value* Graph::add_output_value(Node* node, std::string name, TensorType type) {
  Value* value = new_value(std::move(name), std::move(type));
  value->producer_ = node;
  value->output_index_ = static_cast<int>(node->outputs_.size());
  node->outputs_.push_back(value);
  return value;
}

void Graph::set_outputs(std::vector<Value*> outputs) { outputs_ = std::move(outputs); }

void Graph::set_inputs(std::vector<Value*> inputs) { inputs_ = std::move(inputs); }

std::vector<Node*> Graph::nodes() const {
  std::vector<Node*> result;
  result.reserve(nodes_.size());
  for (const auto& node : nodes_) result.push_back(node.get());
  return result;
}

std::vector<Value*> Graph::values() const {
  std::vector<Value*> result;
  result.reserve(values_.size());
  for (const auto& value : values_) result.push_back(value.get());
  return result;
}

Node* Graph::find_node(std::string_view name) const noexcept {
  const auto found = node_by_name_.find(name);
  return found == node_by_name_.end() ? nullptr : found->second;
}

Value* Graph::find_value(std::string_view name) const noexcept {
  const auto found = value_by_name_.find(name);
  return found == value_by_name_.end() ? nullptr : found->second;
}

bool Graph::is_output(const Value* value) const noexcept {
  return std::find(outputs_.begin(), outputs_.end(), value) != outputs_.end();
}

void Graph::replace_uses(Value* from, Value* to) {
  if (from == to) return;
  const std::vector<Use> uses(from->uses_.begin(), from->uses_.end());
  for (const Use& use : uses) use.node->set_input(static_cast<size_t>(use.index), to);
  std::replace(outputs_.begin(), outputs_.end(), from, to);
}

void Graph::erase_value(Value* value) {
  value_by_name_.erase(value->name_);
  std::erase(inputs_, value);
  std::erase_if(values_, [&](const auto& owned) { return owned.get() == value; });
}

// All at once, since erasing one by one would cost a pass over the graph each.
void Graph::erase(const std::unordered_set<const Node*>& nodes, std::unordered_set<const Value*> values) {
  for (const auto& node : nodes_) {
    if (!nodes.contains(node.get())) {
      std::erase_if(node->control_inputs_, [&](const Node* before) { return nodes.contains(before); });
      continue;
    }
    node->set_inputs({});
    values.insert(node->outputs_.begin(), node->outputs_.end());
    node_by_name_.erase(node->name_);
  }
  std::erase_if(nodes_, [&](const auto& node) { return nodes.contains(node.get()); });
  std::erase_if(values_, [&](const auto& value) {
    if (!values.contains(value.get())) return false;
    value_by_name_.erase(value->name_);
    return true;
  });
}

void Graph::remove(Node* node) { remove(std::span<Node* const>(&node, 1)); }

void Graph::remove(std::span<Node* const> nodes) {
  const std::unordered_set<const Node*> gone(nodes.begin(), nodes.end());
  const std::unordered_set<const Value*> results(outputs_.begin(), outputs_.end());
  for (const Node* node : nodes) {
    for (const Value* output : node->outputs_) {
      if (results.contains(output) || std::any_of(output->uses_.begin(), output->uses_.end(),
                                                  [&](const Use& use) { return !gone.contains(use.node); })) {
        invalid(fmt::format("{} '{}' cannot be removed: its output '{}' is still read", node->op_, node->name_,
                            output->name_));
      }
    }
  }
  erase(gone, {});
}

void Graph::remove(Value* value) {
  if (value->producer_ != nullptr || !value->uses_.empty() || is_output(value)) {
    invalid(fmt::format("the value '{}' cannot be removed: it is still produced or read", value->name_));
  }
  erase_value(value);
}

void Graph::truncate_outputs(Node* node, size_t count) {
  while (node->outputs_.size() > count) {
    Value* last = node->outputs_.back();
    if (!last->uses_.empty() || is_output(last)) {
      invalid(fmt::format("the output '{}' of '{}' cannot be removed: it is still read", last->name_, node->name_));
    }
    node->outputs_.pop_back();
    erase_value(last);
  }
}

size_t Graph::remove_unreachable() {
  std::unordered_set<const Node*> live;
  std::vector<const Node*> pending;
  const auto reach = [&](const Node* node) {
    if (node != nullptr && live.insert(node).second) pending.push_back(node);
  };
  for (const Value* output : outputs_) reach(output->producer_);
  while (!pending.empty()) {
    const Node* node = pending.back();
    pending.pop_back();
    for (const Value* input : node->inputs_)
      if (input != nullptr) reach(input->producer_);
    for (const Node* before : node->control_inputs_) reach(before);
  }
  std::unordered_set<const Node*> dead;
  for (const auto& node : nodes_)
    if (!live.contains(node.get())) dead.insert(node.get());
  erase(dead, {});
  std::unordered_set<const Value*> unused;
  for (const auto& value : values_)
    if (value->constant() != nullptr && value->uses_.empty() && !is_output(value.get())) unused.insert(value.get());
  erase({}, std::move(unused));
  return dead.size();
}

void Graph::rename(Node* node, std::string name) {
  if (name == node->name_) return;
  if (name.empty() || node_by_name_.contains(name))
    invalid(fmt::format("a node cannot be named '{}': the name is empty or taken", name));
  node_by_name_.erase(node->name_);
  node->name_ = std::move(name);
  node_by_name_.emplace(node->name_, node);
}

void Graph::rename(Value* value, std::string name) {
  if (name == value->name_) return;
  if (name.empty() || value_by_name_.contains(name))
    invalid(fmt::format("a value cannot be named '{}': the name is empty or taken", name));
  value_by_name_.erase(value->name_);
  value->name_ = std::move(name);
  value_by_name_.emplace(value->name_, value);
}

Graph Graph::clone() const {
  Graph copy(dialect_);
  copy.name_ = name_;
  copy.properties_ = properties_;
  std::unordered_map<const Value*, Value*> copies;
  for (const auto& value : values_) {
    Value* made = copy.new_value(value->name_, value->type_);
    made->constant_ = value->constant_;
    copies.emplace(value.get(), made);
  }
  const auto copied = [&](const Value* value) { return value == nullptr ? nullptr : copies.at(value); };
  for (const auto& node : nodes_) {
    Node* made = copy.add_node(node->op_, node->name_, std::span<Value* const>(), std::span<const std::string>(),
                               node->attributes_, node->domain_);
    for (const Value* input : node->inputs_) made->append_input(copied(input));
    for (const Value* output : node->outputs_) {
      Value* value = copied(output);
      value->producer_ = made;
      value->output_index_ = output->output_index_;
      made->outputs_.push_back(value);
    }
  }
  for (const auto& node : nodes_) {
    std::vector<Node*> before;
    for (const Node* other : node->control_inputs_) before.push_back(copy.find_node(other->name_));
    copy.find_node(node->name_)->set_control_inputs(std::move(before));
  }
  for (const Value* value : inputs_) copy.inputs_.push_back(copied(value));
  for (const Value* value : outputs_) copy.outputs_.push_back(copied(value));
  return copy;
}

}  // namespace tenon
