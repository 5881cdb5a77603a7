// SPDX-License-Identifier: Apache-2.0
#include <tenon/surgery.h>

#include "surgery/dialect.h"
#include "surgery/names.h"

#include <fmt/core.h>

#include <algorithm>
#include <list>
#include <unordered_map>
#include <unordered_set>

// Putting one node in place of whole namespaces.
namespace tenon {
namespace {

struct Target;

// Something that a new node will read: a value as it is now, in `target` if that node goes with one; without a value,
// the first output of `target`.
struct Source {
  Value* value;
  Target* target;
};

// A node to be made, and what it is made of.
struct Target {
  std::string name;
  const NodeSpec* spec;
  Attributes attributes;
  std::vector<std::string> keys = {};
  std::vector<Node*> members = {};   // In graph order.
  std::vector<Source> reads = {};    // From outside, in the order in which the members read them.
  std::vector<Node*> before = {};    // Control inputs from outside.
  std::vector<Value*> outputs = {};  // What is read outside.
  Node* node = nullptr;
};

bool same(const NodeSpec& a, const NodeSpec& b) {
  return a.layer.name == b.layer.name && a.layer.domain == b.layer.domain && a.inputs == b.inputs &&
         std::equal(a.layer.fields.begin(), a.layer.fields.end(), b.layer.fields.begin(), b.layer.fields.end(),
                    [](const auto& x, const auto& y) { return x.first == y.first && identical(x.second, y.second); });
}

template <typename T>
void append_new(std::vector<T*>& list, T* item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

class Collapse {
 public:
  Collapse(Graph& graph, const NamespaceMap& map, const CollapseOptions& options)
      : graph_(graph), options_(options), excluded_(options.exclude.begin(), options.exclude.end()) {
    kept_.insert(graph.outputs().begin(), graph.outputs().end());
    read_map(map);
  }

  std::vector<Node*> run() {
    find_members();
    find_reads();
    find_outputs();
    for (const Target* target : found_) check(*target);
    // From here on nothing throws, so that the graph is changed as a whole or not at all.
    make_nodes();
    connect();
    remove_members();
    std::vector<Node*> made;
    for (const Target* target : found_) made.push_back(target->node);
    return made;
  }

 private:
  // Keys whose specs have the same name are one target.
  void read_map(const NamespaceMap& map) {
    for (const auto& [key, spec] : map) {
      const std::string path(surgery::without_trailing_slash(key));
      const std::string& name = spec.name.empty() ? path : spec.name;
      Target*& target = by_name_[name];
      if (target == nullptr) {
        target = &targets_.emplace_back(
            Target{.name = name, .spec = &spec, .attributes = surgery::attributes_of(graph_, spec.layer)});
      } else if (!same(spec, *target->spec)) {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("the namespaces '{}' and '{}' are to become one node '{}', but with different layers, "
                                "fields or inputs; give one of them another name",
                                target->keys.front(), path, name));
      }
      target->keys.push_back(path);
      if (!by_key_.emplace(path, target).second)
        throw Error(ErrorCode::kInvalidArgument, fmt::format("the namespace '{}' is given twice", path));
    }
  }

  // The target of the longest key that is the name or the beginning of its path; null if there is none.
  Target* target_named(std::string_view name) const {
    for (;;) {
      if (const auto found = by_key_.find(name); found != by_key_.end()) return found->second;
      const size_t slash = name.rfind('/');
      if (slash == name.npos) return nullptr;
      name = name.substr(0, slash);
    }
  }

  Target* target_of(const Node* node) const {
    const auto found = target_by_node_.find(node);
    return found == target_by_node_.end() ? nullptr : found->second;
  }

  Target* target_of(const Value* value) const {
    return value->producer() == nullptr ? nullptr : target_of(value->producer());
  }

  void find_members() {
    for (Node* node : graph_.nodes()) {
      Target* target = excluded_.contains(node) ? nullptr : target_named(node->name());
      if (target == nullptr) continue;
      if (target->members.empty()) found_.push_back(target);
      target->members.push_back(node);
      target_by_node_.emplace(node, target);
    }
  }

  void find_reads() {
    for (Target* target : found_) {
      // What stands for an input of the graph reads nothing, whatever its namespace did.
      if (surgery::is_input(graph_, target->spec->layer)) continue;
      for (const std::string& name : target->spec->inputs) {
        const auto made = by_name_.find(name);
        if (made != by_name_.end() && !made->second->members.empty()) {
          target->reads.push_back({nullptr, made->second});
        } else {
          Value* value = require_value(graph_, name);
          kept_.insert(value);
          target->reads.push_back({value, target_of(value)});
        }
      }
      for (const Node* node : target->members) {
        for (Value* input : node->inputs()) {
          if (input == nullptr || target_of(input) == target) continue;
          if (input->constant() != nullptr && target_named(input->name()) == target) continue;  // Goes with it.
          target->reads.push_back({input, target_of(input)});
        }
        for (Node* before : node->control_inputs())
          if (target_of(before) != target) append_new(target->before, before);
      }
    }
  }

  void find_outputs() {
    for (Target* target : found_) {
      for (const Node* node : target->members) {
        for (Value* output : node->outputs()) {
          const auto uses = output->uses();
          if (kept_.contains(output) ||
              std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return target_of(use.node) != target; })) {
            target->outputs.push_back(output);
          }
        }
      }
    }
  }

  void check(const Target& target) const {
    if (const Node* node = graph_.find_node(target.name); node != nullptr && target_of(node) == nullptr) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("the namespace '{}' cannot become the node '{}': the graph keeps a node of that name",
                              keys_of(target), target.name));
    }
    std::unordered_set<const void*> seen;
    const auto refuse = [&](const std::string& what) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("the namespace '{}' cannot become one layer: its input '{}' depends on one of its own "
                              "outputs; replace a smaller part",
                              keys_of(target), what));
    };
    for (const Source& source : target.reads) {
      if (reaches(place_of(source), target, seen))
        refuse(source.value == nullptr ? source.target->name : source.value->name());
    }
    for (const Node* before : target.before)
      if (reaches(place_of(before), target, seen)) refuse("^" + before->name());
  }

  static std::string keys_of(const Target& target) {
    std::string text;
    for (const std::string& key : target.keys) text += (text.empty() ? "" : "', '") + key;
    return text;
  }

  // A node that stays, or the target that it goes with; neither for graph inputs and constants.
  struct Place {
    const Node* node;
    const Target* target;
  };

  Place place_of(const Node* node) const {
    const Target* target = target_of(node);
    return {target == nullptr ? node : nullptr, target};
  }

  Place place_of(const Source& source) const {
    return source.value == nullptr ? Place{nullptr, source.target} : place_of(source.value->producer());
  }

  // True when following producers, in the graph as it will be, leads to `goal`.
  bool reaches(Place from, const Target& goal, std::unordered_set<const void*>& seen) const {
    std::vector<Place> pending{from};
    while (!pending.empty()) {
      const auto [node, target] = pending.back();
      pending.pop_back();
      if (target == &goal) return true;
      const void* place = target == nullptr ? static_cast<const void*>(node) : target;
      if (place == nullptr || !seen.insert(place).second) continue;
      if (target != nullptr) {
        for (const Source& source : target->reads) pending.push_back(place_of(source));
        for (const Node* before : target->before) pending.push_back(place_of(before));
      } else {
        for (const Value* input : node->inputs())
          if (input != nullptr) pending.push_back(place_of(input->producer()));
        for (const Node* before : node->control_inputs()) pending.push_back(place_of(before));
      }
    }
    return false;
  }

  // The new nodes take over the names of their outputs, so what has them steps aside first.
  void make_nodes() {
    std::vector<Names> output_names(found_.size());
    for (size_t i = 0; i < found_.size() && !options_.single_output; ++i) {
      for (Value* output : found_[i]->outputs) {
        output_names[i].push_back(output->name());
        step_aside(output);
      }
    }
    for (const Target* target : found_) {
      if (Node* node = graph_.find_node(target->name)) step_aside(node);
      if (Value* value = graph_.find_value(target->name); value != nullptr && target_of(value) != nullptr)
        step_aside(value);
    }
    for (size_t i = 0; i < found_.size(); ++i) {
      Target& target = *found_[i];
      const LayerSpec& layer = target.spec->layer;
      target.node = graph_.add_node(layer.name, target.name, std::span<Value* const>(), output_names[i],
                                    std::move(target.attributes), layer.domain);
      made_.insert(target.node);
    }
    for (const Target* target : found_) make_outputs(*target);
  }

  template <typename T>
  void step_aside(T* item) {
    graph_.rename(item, graph_.fresh_name(item->name() + "/replaced"));
  }

  void make_outputs(const Target& target) {
    Node* node = target.node;
    if (node->outputs().empty()) {
      const bool taken = graph_.find_value(target.name) != nullptr;
      graph_.add_output_value(node, taken ? graph_.fresh_name(target.name) : target.name);
    }
    for (size_t i = 0; i < target.outputs.size(); ++i) {
      Value* output = node->output(options_.single_output ? 0 : i);
      if (!options_.single_output || target.outputs.size() == 1) output->set_type(target.outputs[i]->type());
      renewed_.emplace(target.outputs[i], output);
    }
    surgery::set_declared_type(graph_, *node);
  }

  void connect() {
    for (const Target* target : found_) {
      std::vector<Value*> inputs;
      std::unordered_set<const Value*> present;
      for (const Source& source : target->reads) {
        Value* input = source.value == nullptr ? source.target->node->output() : renewed(source.value);
        if (present.insert(input).second || !options_.unique_inputs) inputs.push_back(input);
      }
      target->node->set_inputs(inputs);
      target->node->set_control_inputs(renewed(target->before));
    }
    for (Node* node : graph_.nodes()) {
      if (target_of(node) != nullptr || made_.contains(node)) continue;
      const std::vector<Value*> inputs = renewed(node->inputs());
      if (!std::equal(inputs.begin(), inputs.end(), node->inputs().begin(), node->inputs().end()))
        node->set_inputs(inputs);
      node->set_control_inputs(renewed(node->control_inputs()));
    }
    graph_.set_outputs(renewed(graph_.outputs()));
  }

  Value* renewed(Value* value) const {
    const auto found = renewed_.find(value);
    return found == renewed_.end() ? value : found->second;
  }

  // With single outputs, what was several values is one, and is read once.
  std::vector<Value*> renewed(std::span<Value* const> values) const {
    std::vector<Value*> result;
    for (Value* value : values) {
      Value* now = renewed(value);
      if (options_.single_output && now != value)
        append_new(result, now);
      else
        result.push_back(now);
    }
    return result;
  }

  std::vector<Node*> renewed(const std::vector<Node*>& nodes) const {
    std::vector<Node*> result;
    for (Node* node : nodes) {
      const Target* target = target_of(node);
      append_new(result, target == nullptr ? node : target->node);
    }
    return result;
  }

  void remove_members() {
    std::vector<Node*> members;
    for (const Target* target : found_) members.insert(members.end(), target->members.begin(), target->members.end());
    graph_.remove(members);
    for (Value* value : graph_.values()) {
      if (value->constant() == nullptr || !value->uses().empty() || graph_.is_output(value)) continue;
      const Target* target = target_named(value->name());
      if (target != nullptr && !target->members.empty()) graph_.remove(value);
    }
  }

  using Names = std::vector<std::string>;

  Graph& graph_;
  const CollapseOptions& options_;
  std::unordered_set<const Node*> excluded_;
  std::list<Target> targets_;
  std::map<std::string, Target*, std::less<>> by_name_, by_key_;
  std::unordered_map<const Node*, Target*> target_by_node_;
  std::vector<Target*> found_;             // Those with members, in the order of their first ones.
  std::unordered_set<const Value*> kept_;  // These need a counterpart, whether or not a node reads them.
  std::unordered_set<const Node*> made_;
  std::unordered_map<const Value*, Value*> renewed_;
};

}  // namespace

std::vector<Node*> collapse_namespaces(Graph& graph, const NamespaceMap& map, const CollapseOptions& options) {
  return Collapse(graph, map, options).run();
}

Node* replace_namespace(Graph& graph, std::string_view path, const LayerSpec& spec) {
  const std::string name(surgery::without_trailing_slash(path));
  (void)require_nodes(graph, {.path = name});
  return collapse_namespaces(graph, {{name, {.name = name, .layer = spec}}}).front();
}

}  // namespace tenon
