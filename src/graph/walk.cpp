// SPDX-License-Identifier: Apache-2.0
#include <tenon/graph.h>

#include <fmt/core.h>

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>

// Walking, checking, comparing and printing whole graphs.
namespace tenon {
namespace {

// Calls `visit` for every node that must come before `node`, once for each edge.
template <typename Visit>
void for_each_predecessor(const Node* node, Visit&& visit) {
  for (const Value* input : node->inputs())
    if (input != nullptr && input->producer() != nullptr) visit(input->producer());
  for (Node* before : node->control_inputs()) visit(before);
}

// Names the nodes of one cycle: from any node that was not ordered, predecessors that were not ordered lead into it.
std::string describe_cycle(const std::unordered_map<const Node*, size_t>& waiting, const std::vector<Node*>& nodes) {
  const Node* node = nullptr;
  for (const Node* candidate : nodes)
    if (waiting.at(candidate) > 0) {
      node = candidate;
      break;
    }
  std::vector<const Node*> path;
  std::unordered_set<const Node*> seen;
  while (seen.insert(node).second) {
    path.push_back(node);
    const Node* next = nullptr;
    for_each_predecessor(node, [&](const Node* before) {
      if (waiting.at(before) > 0) next = before;
    });
    node = next;
  }
  path.erase(path.begin(), std::find(path.begin(), path.end(), node));
  std::string text;
  constexpr size_t kMostNamed = 8;
  for (size_t i = 0; i < std::min(path.size(), kMostNamed); ++i) text += fmt::format("'{}' reads ", path[i]->name());
  return path.size() > kMostNamed ? text + "..." : text + fmt::format("'{}'", node->name());
}

[[noreturn]] void broken(std::string message) {
  throw Error(ErrorCode::kInternal, "this is a bug in Tenon: the graph is inconsistent: " + std::move(message));
}

}  // namespace

std::vector<Node*> Graph::topological_order() const {
  const std::vector<Node*> all = nodes();
  std::unordered_map<const Node*, size_t> position, waiting;
  std::unordered_map<const Node*, std::vector<Node*>> followers;
  for (size_t i = 0; i < all.size(); ++i) {
    position.emplace(all[i], i);
    waiting.emplace(all[i], 0);
  }
  for (Node* node : all) {
    for_each_predecessor(node, [&](const Node* before) {
      ++waiting.at(node);
      followers[before].push_back(node);
    });
  }
  // Among the nodes that are ready, the one that was added first goes first: a stable order, and the file's own if it
  // was already in order.
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t i = 0; i < all.size(); ++i)
    if (waiting.at(all[i]) == 0) ready.push(i);
  std::vector<Node*> order;
  order.reserve(all.size());
  while (!ready.empty()) {
    Node* node = all[ready.top()];
    ready.pop();
    order.push_back(node);
    for (Node* follower : followers[node])
      if (--waiting.at(follower) == 0) ready.push(position.at(follower));
  }
  if (order.size() != all.size()) {
    throw Error(ErrorCode::kCorrupt, fmt::format("the graph has a cycle, which no inference engine can order: {}",
                                                 describe_cycle(waiting, all)));
  }
  return order;
}

void Graph::validate() const {
  std::unordered_set<const Value*> known;
  for (const auto& value : values_) {
    known.insert(value.get());
    if (find_value(value->name()) != value.get())
      broken(fmt::format("value '{}' is not found by its name", value->name()));
  }
  std::unordered_map<const Value*, size_t> reads;
  for (const auto& node : nodes_) {
    if (find_node(node->name()) != node.get()) broken(fmt::format("node '{}' is not found by its name", node->name()));
    for (size_t i = 0; i < node->inputs().size(); ++i) {
      const Value* input = node->inputs()[i];
      if (input == nullptr) continue;
      if (!known.contains(input)) broken(fmt::format("node '{}' reads a value of another graph", node->name()));
      ++reads[input];
      const auto uses = input->uses();
      if (std::none_of(uses.begin(), uses.end(),
                       [&](const Use& use) { return use.node == node.get() && use.index == static_cast<int>(i); })) {
        broken(fmt::format("'{}' does not list its reader '{}'", input->name(), node->name()));
      }
    }
    for (size_t i = 0; i < node->outputs().size(); ++i) {
      const Value* output = node->outputs()[i];
      if (!known.contains(output) || output->producer() != node.get() ||
          output->output_index() != static_cast<int>(i)) {
        broken(fmt::format("output {} of node '{}' is not linked back to it", i, node->name()));
      }
    }
  }
  for (const auto& value : values_) {
    if (value->uses().size() != reads[value.get()])
      broken(fmt::format("'{}' lists readers that do not read it", value->name()));
    if (value->constant() != nullptr && value->producer() != nullptr)
      broken(fmt::format("the constant '{}' has a producer", value->name()));
  }
  for (const Value* value : inputs_) {
    if (!known.contains(value) || value->producer() != nullptr)
      broken("a graph input is produced by a node or is unknown");
  }
  for (const Value* value : outputs_)
    if (!known.contains(value)) broken("a graph output is unknown");
  (void)topological_order();
}

std::string Graph::to_string() const {
  std::string text = fmt::format("graph \"{}\" ({}, {} nodes)\n", name_, dialect_, nodes_.size());
  for (const Value* value : inputs_)
    text += fmt::format("  input  {}: {}\n", value->name(), tenon::to_string(value->type()));
  for (const auto& value : values_) {
    if (const Tensor* constant = value->constant())
      text += fmt::format("  const  {} = {}\n", value->name(), tenon::to_string(*constant));
  }
  for (const Node* node : topological_order()) {
    std::string outputs, inputs, attributes;
    for (const Value* value : node->outputs()) {
      outputs += fmt::format("{}{}: {}", outputs.empty() ? "" : ", ", value->name(), tenon::to_string(value->type()));
    }
    for (const Value* value : node->inputs())
      inputs += fmt::format("{}{}", inputs.empty() ? "" : ", ", value ? value->name() : "_");
    for (const Node* before : node->control_inputs())
      inputs += fmt::format("{}^{}", inputs.empty() ? "" : ", ", before->name());
    for (const auto& [name, value] : node->attributes()) {
      attributes += fmt::format("{}{}={}", attributes.empty() ? " {" : ", ", name, tenon::to_string(value));
    }
    text += fmt::format("  {} = {}{}({}){}", outputs.empty() ? "()" : outputs,
                        node->domain().empty() ? "" : node->domain() + "::", node->op(), inputs,
                        attributes.empty() ? "" : attributes + "}");
    if (node->outputs().size() != 1 || node->outputs()[0]->name() != node->name())
      text += fmt::format("  # {}", node->name());
    text += '\n';
  }
  for (const Value* value : outputs_)
    text += fmt::format("  output {}: {}\n", value->name(), tenon::to_string(value->type()));
  return text;
}

bool identical(const Graph& a, const Graph& b) {
  const auto same_name = [](const auto* x, const auto* y) {
    return (x == nullptr) == (y == nullptr) && (x == nullptr || x->name() == y->name());
  };
  const auto same_names = [&](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), same_name);
  };
  const auto same_attributes = [](const Attributes& x, const Attributes& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [](const auto& p, const auto& q) { return p.first == q.first && identical(p.second, q.second); });
  };
  if (a.dialect() != b.dialect() || !same_attributes(a.properties(), b.properties()) ||
      !same_names(a.inputs(), b.inputs()) || !same_names(a.outputs(), b.outputs())) {
    return false;
  }
  const auto a_nodes = a.nodes(), b_nodes = b.nodes();
  if (!std::equal(a_nodes.begin(), a_nodes.end(), b_nodes.begin(), b_nodes.end(), [&](const Node* x, const Node* y) {
        return x->name() == y->name() && x->op() == y->op() && x->domain() == y->domain() &&
               same_names(x->inputs(), y->inputs()) && same_names(x->outputs(), y->outputs()) &&
               same_names(x->control_inputs(), y->control_inputs()) &&
               same_attributes(x->attributes(), y->attributes());
      })) {
    return false;
  }
  const auto a_values = a.values(), b_values = b.values();
  return a_values.size() == b_values.size() && std::all_of(a_values.begin(), a_values.end(), [&](const Value* x) {
           const Value* y = b.find_value(x->name());
           return y != nullptr && x->type() == y->type() && (x->constant() == nullptr) == (y->constant() == nullptr) &&
                  (x->constant() == nullptr || identical(*x->constant(), *y->constant()));
         });
}

}  // namespace tenon
