// SPDX-License-Identifier: Apache-2.0
#include "lowering/lowering.h"

#include "base/elements.h"
#include "base/near_names.h"
#include "lowering/infer.h"
#include "lowering/lower.h"
#include "ops/op.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

namespace tenon::lowering {
namespace {

// Constants up to this many elements are computed while lowering: shapes, axes and the like. Weights are the compiler's
// matter.
constexpr int64_t kMostFolded = 4096;

bool is_small_number(const TensorType& type) {
  if (dtype_bits(type.dtype) == 0 || dtype_kind(type.dtype) == DTypeKind::kComplex || !type.shape) return false;
  int64_t count = 1;
  for (const Dim& dim : *type.shape) {
    if (!dim.is_constant() || (dim.value() > 0 && count > kMostFolded / dim.value())) return false;
    count *= dim.value();
  }
  return count <= kMostFolded;
}

Tensor tensor_of(const Extents& extents, const TensorType& type) {
  Tensor tensor = Tensor::empty(type.dtype, *to_dims(*type.shape));
  for (size_t i = 0; i < extents.size(); ++i)
    store_i64(tensor.mutable_data(), type.dtype, static_cast<int64_t>(i), *extents[i].value);
  return tensor;
}

}  // namespace

std::string map_option(const Node& node) {
  return fmt::format("map it to a layer of yours: --map '{0}=My{0}()'", node.op());
}

Lowering::Lowering(const Graph& source, const Dialect& dialect, const CompileOptions& options)
    : source_(source),
      dialect_(dialect),
      options_(options),
      outputs_(find_outputs(source, options.outputs)),
      wanted_(outputs_.begin(), outputs_.end()) {
  graph_.set_name(source.name());
}

Graph Lowering::run() {
  std::vector<std::string> inputs;
  for (const Value* input : source_.inputs()) inputs.push_back(input->name());
  for (const Node* node : source_.nodes())
    if (is_input(*node)) inputs.push_back(node->name());
  check_input_names(options_, inputs);
  const std::vector<const Node*> nodes = needed_nodes();
  // Inputs in the file's order, not in the order in which the outputs lead to them.
  const std::unordered_set<const Node*> needed(nodes.begin(), nodes.end());
  for (const Node* node : source_.nodes())
    if (is_input(*node) && needed.contains(node)) lower_node(*node);
  for (const Node* node : nodes)
    if (node->outputs().empty() || lowered(node->output()) == nullptr) lower_node(*node);
  set_outputs();
  graph_.remove_unreachable();
  report();
  return std::move(graph_);
}

// The nodes that the outputs need, producers first. Control inputs order side effects, of which inference has none.
std::vector<const Node*> Lowering::needed_nodes() {
  enum class State { kOpen, kDone };
  std::unordered_map<const Node*, State> states;
  std::vector<const Node*> order;
  struct Visit {
    const Node* node;
    size_t next_input;
  };
  std::vector<Visit> stack;
  std::unordered_set<const Value*> sources;
  const auto reach = [&](const Value* value) {
    if (value == nullptr) return;
    if (value->producer() == nullptr) {
      sources.insert(value);
    } else if (const auto [state, is_new] = states.emplace(value->producer(), State::kOpen); is_new) {
      stack.push_back({value->producer(), 0});
    } else if (state->second == State::kOpen && cycle_ == nullptr) {
      cycle_ = value->producer();
    }
  };
  for (const Value* output : outputs_) {
    reach(output);
    while (!stack.empty()) {
      Visit& visit = stack.back();
      if (visit.next_input < visit.node->inputs().size()) {
        reach(visit.node->inputs()[visit.next_input++]);
      } else {
        states[visit.node] = State::kDone;
        order.push_back(visit.node);
        stack.pop_back();
      }
    }
  }
  for (const Value* value : source_.values()) {
    if (!sources.contains(value)) continue;
    set_lowered(value, value->constant() != nullptr
                           ? graph_.add_constant(value->name(), *value->constant())
                           : graph_.add_input(value->name(), with_given_shape(value->name(), value->type())));
  }
  return order;
}

Value* Lowering::lowered(const Value* value) const {
  const auto found = lowered_.find(value);
  return found == lowered_.end() ? nullptr : found->second;
}

void Lowering::lower_node(const Node& node) {
  if (!node.domain().empty()) return lower_layer(node);
  const Rule* rule = dialect_.find_rule(node);
  if (rule == nullptr) return stand_in(node, dialect_.explain(node, source_));
  try {
    Rewrite rewrite(*this, node, rule->target);
    rule->apply(rewrite);
    for (size_t i = 0; i < node.outputs().size(); ++i) {
      if (rewrite.is_used(i) && lowered(node.outputs()[i]) == nullptr) {
        Rewrite::decline(fmt::format("its output {} exists for training only", i));
      }
    }
  } catch (const NotLowered& problem) {
    stand_in(node, {node.name(), node.op(), problem.consequence ? "" : problem.reason, map_option(node)});
  } catch (const Error& error) {  // A type rule knows the operator, but not for these types.
    if (error.code() != ErrorCode::kUnsupported) throw;
    stand_in(node, {node.name(), node.op(), error.message(), map_option(node)});
  }
}

// A user's layer: the same node, its attributes being the fields.
void Lowering::lower_layer(const Node& node) {
  std::vector<Value*> inputs;
  for (const Value* input : node.inputs()) inputs.push_back(input == nullptr ? nullptr : lowered(input));
  std::vector<std::string> names;
  for (const Value* output : node.outputs()) names.push_back(output->name());
  Attributes fields = node.attributes();
  std::erase_if(fields, [](const auto& field) { return field.first.rfind("node.", 0) == 0; });
  const Node* made =
      graph_.add_node(node.op(), fresh_name(node.name()), inputs, names, std::move(fields), node.domain());
  for (size_t i = 0; i < names.size(); ++i) set_lowered(node.outputs()[i], made->output(i));
  if (std::any_of(inputs.begin(), inputs.end(), [&](const Value* input) { return is_doubtful(input); })) {
    doubtful_.insert(made->outputs().begin(), made->outputs().end());
  } else {
    infer_if_known(*made);
  }
}

void Lowering::stand_in(const Node& node, UnsupportedNode report) {
  std::vector<Value*> inputs;
  for (const Value* input : node.inputs()) {
    Value* value = input == nullptr ? nullptr : lowered(input);
    if (value != nullptr) inputs.push_back(value);
  }
  std::vector<std::string> names;
  for (const Value* output : node.outputs()) names.push_back(fresh_name(output->name() + "/unsupported"));
  const Node* made = graph_.add_node(node.op(), fresh_name(node.name() + "/unsupported"), inputs, names);
  for (size_t i = 0; i < names.size(); ++i) set_lowered(node.outputs()[i], made->output(i));
  doubtful_.insert(made->outputs().begin(), made->outputs().end());
  stand_ins_.emplace(made->name(), std::move(report));
}

std::string Lowering::fresh_name(const std::string& stem) const {
  const auto taken = [&](const std::string& name) {
    return graph_.find_node(name) != nullptr || graph_.find_value(name) != nullptr;
  };
  const auto reserved = [&](const std::string& name) {
    return source_.find_node(name) != nullptr || source_.find_value(name) != nullptr;
  };
  if (!taken(stem)) return stem;
  for (int64_t number = 1;; ++number) {
    std::string candidate = fmt::format("{}_{}", stem, number);
    if (!taken(candidate) && !reserved(candidate)) return candidate;
  }
}

Value* Lowering::add_constant(const std::string& stem, Tensor tensor) {
  return graph_.add_constant(fresh_name(stem), std::move(tensor));
}

std::vector<Value*> Lowering::add(std::string op, std::string name, std::span<Value* const> inputs,
                                  std::span<const std::string> output_names, Attributes attributes) {
  const Node* node = graph_.add_node(std::move(op), std::move(name), inputs, output_names, std::move(attributes));
  std::vector<Value*> outputs(node->outputs().begin(), node->outputs().end());
  if (std::any_of(inputs.begin(), inputs.end(), [&](const Value* input) { return is_doubtful(input); })) {
    doubtful_.insert(outputs.begin(), outputs.end());
    return outputs;
  }
  infer_if_known(*node);
  fold(*node, outputs);
  if (outputs[0]->constant() == nullptr) {
    follow(*node);
    if (const Extents* known = extents(outputs[0]);
        known != nullptr &&
        std::all_of(known->begin(), known->end(), [](const Extent& extent) { return extent.value.has_value(); })) {
      outputs[0] = add_constant(node->name() + "/value", tensor_of(*known, outputs[0]->type()));
    }
  }
  return outputs;
}

void Lowering::fold(const Node& node, std::vector<Value*>& outputs) {
  if (find_op(node.op()) == nullptr) return;
  std::vector<const Tensor*> tensors;
  for (const Value* input : node.inputs()) {
    if (input != nullptr && (input->constant() == nullptr || !is_small_number(input->type()))) return;
    tensors.push_back(input == nullptr ? nullptr : input->constant());
  }
  for (const Value* output : outputs)
    if (!is_small_number(output->type())) return;
  std::vector<Tensor> results = evaluate(node, tensors);
  for (size_t i = 0; i < outputs.size(); ++i)
    outputs[i] = add_constant(outputs[i]->name() + "/value", std::move(results[i]));
}

const Extents* Lowering::extents(const Value* value) {
  if (value == nullptr) return nullptr;
  if (const auto found = extents_.find(value); found != extents_.end()) return &found->second;
  if (value->constant() == nullptr) return nullptr;
  std::optional<Extents> constant = extents_of(*value->constant());
  return constant ? &extents_.emplace(value, *std::move(constant)).first->second : nullptr;
}

void Lowering::follow(const Node& node) {
  const Value* output = node.output();
  if (!is_integer(output->type().dtype) || !is_small_number(output->type()) || output->type().shape->size() > 1) return;
  std::vector<const Extents*> inputs;
  for (const Value* input : node.inputs()) inputs.push_back(extents(input));
  std::optional<Extents> result = follow_extents(node, inputs);
  const Shape& shape = *output->type().shape;
  if (result && result->size() == (shape.empty() ? size_t{1} : static_cast<size_t>(shape[0].value()))) {
    extents_.insert_or_assign(output, *std::move(result));
  }
}

TensorType Lowering::with_given_shape(const std::string& name, TensorType type) const {
  if (const auto given = options_.input_shapes.find(name); given != options_.input_shapes.end())
    type.shape = given->second;
  return type;
}

void Lowering::add_input(const Node& node, DType dtype, const std::optional<Shape>& shape) {
  std::string stem = node.name();
  for (char& c : stem)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  TensorType type = with_given_shape(node.name(), {dtype, shape});
  if (type.shape) {
    for (size_t axis = 0; axis < type.shape->size(); ++axis) {
      Dim& dim = (*type.shape)[axis];
      // The first dimension is the batch by convention, the same one for all inputs.
      if (dim.is_unknown()) dim = Dim(axis == 0 ? std::string("N") : fmt::format("{}_{}", stem, axis));
    }
  }
  set_lowered(node.output(), graph_.add_input(node.name(), std::move(type)));
}

// The outputs under the source's names. A name is given to the value that is meant; an Identity is needed only where
// one value has to go by two names, or is an input or a constant.
void Lowering::set_outputs() {
  std::vector<Value*> outputs;
  for (const Value* output : outputs_) outputs.push_back(lowered(output));
  graph_.set_outputs(outputs);
  graph_.remove_unreachable();  // Frees the names of what was computed at once.
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string& name = outputs_[i]->name();
    const bool is_stand_in = is_doubtful(outputs[i]);
    const bool renamed = std::find(outputs.begin(), outputs.begin() + static_cast<std::ptrdiff_t>(i), outputs[i]) !=
                         outputs.begin() + static_cast<std::ptrdiff_t>(i);
    if (outputs[i]->name() == name || is_stand_in) continue;
    if (Value* other = graph_.find_value(name)) graph_.rename(other, fresh_name(name + "/inner"));
    if (outputs[i]->producer() != nullptr && !renamed) {
      graph_.rename(outputs[i], name);
    } else {
      const TensorType type = outputs[i]->type();
      outputs[i] =
          graph_.add_node("Identity", fresh_name(name), std::span<Value* const>(&outputs[i], 1), std::span(&name, 1))
              ->output();
      outputs[i]->set_type(type);
    }
  }
  graph_.set_outputs(std::move(outputs));
}

void Lowering::report() {
  std::vector<UnsupportedNode> unsupported;
  bool incomplete = false;
  for (const Node* node : graph_.nodes()) {
    const auto found = stand_ins_.find(node->name());
    if (found == stand_ins_.end()) continue;
    incomplete = true;
    if (!found->second.reason.empty()) unsupported.push_back(found->second);
  }
  if (!unsupported.empty()) throw UnsupportedError(std::move(unsupported));
  if (cycle_ != nullptr) {
    throw Error(ErrorCode::kCorrupt,
                fmt::format("{} '{}': its inputs are computed from its own result; a graph without cycles is required",
                            cycle_->op(), cycle_->name()));
  }
  if (incomplete)
    throw Error(ErrorCode::kInternal, "this is a bug in Tenon: a node was not lowered, and no reason was recorded");
}

}  // namespace tenon::lowering
