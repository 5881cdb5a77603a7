// SPDX-License-Identifier: Apache-2.0
#include "conversion/conversion.h"

#include "base/elements.h"
#include "conversion/step.h"
#include "formats/uff/dialect.h"
#include "layers/layer_type.h"
#include "lowering/lower.h"
#include "lowering/rewrite.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace tenon::conversion {
namespace {

using lowering::NotLowered;

// Why a user's layer has no UFF form: its fields go into the file, and only these kinds do.
[[noreturn]] void decline_field(std::string_view name, const Attribute& value) {
  throw NotLowered{
      fmt::format("its field '{}' is of kind {}, but a UFF custom operation holds numbers, bools, strings and lists of "
                  "numbers",
                  name, attribute_kind(value))};
}

// The fields of a layer as a custom operation has them: suffixed by their types. A layer that is loaded says which
// integers are meant as floats; those who read the file insist on it.
Attributes custom_fields(const Node& node) {
  Attributes given = node.attributes();
  std::erase_if(given,
                [](const auto& field) { return field.first.starts_with("node.") || !is_field_name(field.first); });
  Attributes declared = given;
  if (const auto type = LayerRegistry::global().find(node.domain(), node.op()))
    declared = check_fields(type->info(), given, node.name());
  Attributes fields;
  for (const auto& [name, original] : given) {
    const Attribute& value = declared.at(name);
    const std::string_view suffix = uff::field_suffix(value);
    if (std::holds_alternative<std::monostate>(value)) continue;
    if (suffix.empty() && !std::holds_alternative<DType>(value)) decline_field(name, value);
    fields.emplace(name + std::string(suffix), value);
  }
  return fields;
}

// A node's id is the name of the tensor that it makes. A ':' would cut it.
std::string id_of(const Value& value) {
  std::string id = value.name();
  std::replace(id.begin(), id.end(), ':', '_');
  return id;
}

// The bytes of a tensor, sharing its memory.
Tensor blob_of(const Tensor& tensor) {
  auto owner = std::make_shared<const Tensor>(tensor);
  const void* data = owner->data();
  return Tensor::shared(std::move(owner), data, DType::kUInt8, Dims{tensor.size_bytes()});
}

std::shared_ptr<const FunctionRef> descriptor(std::string id) {
  return std::make_shared<const FunctionRef>(FunctionRef{std::move(id), {{"version", int64_t{1}}}});
}

}  // namespace

RuleTable::RuleTable(std::initializer_list<std::span<const Rule>> families) {
  for (const auto family : families)
    for (const Rule& rule : family) rules_.emplace(rule.op, &rule);
}

const Rule* RuleTable::find(std::string_view op) const {
  const auto found = rules_.find(op);
  return found == rules_.end() ? nullptr : found->second;
}

Conversion::Conversion(const Graph& source, const Source& dialect, const ConvertOptions& options)
    : source_(source), dialect_(dialect), options_(options) {
  for (const Value* output : find_outputs(source, options.outputs)) outputs_.push_back(output);
  wanted_.insert(outputs_.begin(), outputs_.end());
  graph_.set_name(source.name());
}

Graph Conversion::run() {
  open_ = outputs_;
  while (!open_.empty()) {
    const Value* value = open_.back();
    open_.pop_back();
    if (!written_.contains(value)) convert(*value);
  }
  mark_outputs();
  if (!unsupported_.empty()) throw UnsupportedError(std::move(unsupported_), "converted");
  connect();
  set_properties();
  if (options_.note)
    for (const std::string& line : lines()) options_.note(line);
  return std::move(graph_);
}

const Value* Conversion::origin(const Value* value) {
  std::vector<const Value*> passed;
  while (const Value* behind = dialect_.forwarded(*value)) {
    if (const auto known = origins_.find(value); known != origins_.end()) {
      value = known->second;
      break;
    }
    if (passed.size() > source_.node_count()) {
      throw Error(ErrorCode::kCorrupt,
                  fmt::format("{} '{}': its input is computed from its own result; a graph without cycles is required",
                              value->producer()->op(), value->producer()->name()));
    }
    passed.push_back(value);
    value = behind;
  }
  for (const Value* before : passed) origins_.emplace(before, value);
  return value;
}

const Tensor* Conversion::constant(const Value& value) const { return dialect_.constant(value); }

void Conversion::convert(const Value& value) {
  const Node* node = value.producer();
  try {
    if (node == nullptr)
      write_source(value);
    else if (dialect_.forwarded(value) != nullptr)
      write(value, "Identity", {origin(&value)}, {});
    else if (!node->domain().empty())
      write_layer(value);
    else
      convert_by_rule(value);
  } catch (const NotLowered& problem) {
    report(value, problem.reason);
  }
  // What was not written is not asked for again, but what is behind it may have more to report.
  if (!written_.try_emplace(&value, nullptr).second || node == nullptr) return;
  for (const Value* input : node->inputs())
    if (input != nullptr) open_.push_back(origin(input));
}

void Conversion::report(const Value& value, const std::string& reason) {
  const Node* node = value.producer();
  if (node == nullptr)
    unsupported_.push_back({value.name(), "value", reason, "give it another element type"});
  else if (reported_.insert(node).second)
    unsupported_.push_back({node->name(), node->op(), reason, lowering::map_option(*node)});
}

// A value that no node makes.
void Conversion::write_source(const Value& value) {
  if (const Tensor* tensor = value.constant())
    write_constant(value, *tensor);
  else
    write_input(value, value.type());
}

void Conversion::convert_by_rule(const Value& value) {
  const Node& node = *value.producer();
  const Rule* rule = dialect_.find_rule(node.op());
  if (rule == nullptr) {
    if (reported_.insert(&node).second) unsupported_.push_back(dialect_.explain(node, source_));
    return;
  }
  if (value.output_index() != 0)
    throw NotLowered{fmt::format("its output {} is used, but UFF's form of it has only one", value.output_index())};
  Step step(*this, value, rule->target);
  rule->apply(step);
}

void Conversion::write_layer(const Value& value) {
  const Node& node = *value.producer();
  std::vector<Operand> operands;
  for (const Value* input : node.inputs()) {
    if (input == nullptr) throw NotLowered{"an input in its middle is left out, which UFF cannot say"};
    operands.emplace_back(origin(input));
  }
  const bool is_single = node.outputs().size() == 1;
  Node* layer = add("_" + node.op(), fresh_name(is_single ? id_of(value) : node.name()),
                    named_once(std::move(operands)), custom_fields(node));
  for (const Value* output : node.outputs()) written_.insert_or_assign(output, layer);
  has_custom_ = true;
  note("custom", value, fmt::format("{}: whoever loads the file needs a plugin of that name", layer->op()));
}

Node* Conversion::write(const Value& value, std::string op, std::vector<Operand> operands, Attributes fields) {
  Node* node = add(std::move(op), fresh_name(id_of(value)), named_once(std::move(operands)), std::move(fields));
  written_.insert_or_assign(&value, node);
  return node;
}

Node* Conversion::write_helper(const Value& value, std::string op, std::vector<Operand> operands, Attributes fields) {
  std::string name = helper_name(value, op);
  return add(std::move(op), std::move(name), named_once(std::move(operands)), std::move(fields));
}

Node* Conversion::write_constant(const Value& value, const Tensor& tensor) {
  Node*& node = constants_[{&value, {tensor.dims().begin(), tensor.dims().end()}}];
  if (node == nullptr) node = add_constant(fresh_name(id_of(value)), value, tensor);
  if (tensor.dims() == constant(value)->dims()) written_.insert_or_assign(&value, node);
  return node;
}

Node* Conversion::write_helper_constant(const Value& value, const Tensor& tensor) {
  return add_constant(helper_name(value, "Const"), value, tensor);
}

Node* Conversion::add_constant(std::string name, const Value& reason, const Tensor& tensor) {
  const Tensor held = as_held(reason, tensor);
  Attributes fields{{"dtype", held.dtype()},
                    {"shape", std::vector<int64_t>(held.dims().begin(), held.dims().end())},
                    {"values", uff::make_ref("weights_" + name, blob_of(held))}};
  Node* node = add("Const", std::move(name), {}, std::move(fields));
  node->output()->set_type({held.dtype(), to_shape(held.dims())});
  return node;
}

// The tensor in an element type of UFF.
Tensor Conversion::as_held(const Value& reason, const Tensor& tensor) {
  const DType dtype = held_as(tensor.dtype());
  if (dtype == tensor.dtype()) return tensor;
  if (!is_integer(tensor.dtype())) note_type(reason, tensor.dtype(), dtype);
  Tensor held = cast(tensor, dtype);
  for (int64_t i = 0; is_integer(tensor.dtype()) && i < held.count(); ++i) {
    const int64_t number = load_i64(tensor.data(), tensor.dtype(), i);
    if (load_i64(held.data(), dtype, i) == number) continue;
    throw NotLowered{fmt::format("it holds the number {}, which does not fit in UFF's {}", number, dtype_name(dtype))};
  }
  return held;
}

void Conversion::note_type(const Value& value, DType from, DType to) {
  note("dtype", value, fmt::format("{} becomes {}, as UFF does not have it", dtype_name(from), dtype_name(to)));
}

DType Conversion::held_as(DType dtype) const {
  if (const auto known = uff_dtype(dtype, dialect_.narrows_integers)) return *known;
  throw NotLowered{fmt::format("it holds elements of type {}, which UFF does not have", dtype_name(dtype))};
}

void Conversion::write_input(const Value& value, const TensorType& type) {
  const DType dtype = held_as(type.dtype);
  std::vector<int64_t> shape;
  for (const Dim& dim : type.shape.value_or(Shape{})) shape.push_back(dim.value());
  Node* node = write(value, "Input", {}, {{"dtype", dtype}, {"shape", std::move(shape)}});
  node->output()->set_type({dtype, type.shape});
  inputs_.push_back(node->output());
  if (dtype != type.dtype) note_type(value, type.dtype, dtype);
}

void Conversion::note(std::string_view kind, const Value& value, std::string_view text) {
  notes_.push_back(fmt::format("{}  {}  {}", kind, value.name(), text));
}

// One MarkOutput for each output. A layer's outputs are marked together, by the layer's name.
void Conversion::mark_outputs() {
  std::vector<Operand> outputs(outputs_.begin(), outputs_.end());
  std::vector<Value*> marks;
  try {
    outputs = named_once(std::move(outputs));
  } catch (const NotLowered& problem) {
    unsupported_.push_back({source_.name(), "MarkOutput", problem.reason, "name all of them as outputs, or none"});
    return;
  }
  int64_t number = 0;
  for (const Operand& output : outputs) {
    std::string name;
    do name = fmt::format("MarkOutput_{}", number++);
    while (is_taken(name));
    marks.push_back(add("MarkOutput", std::move(name), {output}, {})->output());
  }
  graph_.set_outputs(std::move(marks));
}

void Conversion::connect() {
  for (const Pending& pending : pending_) {
    std::vector<Value*> inputs;
    for (const Operand& operand : pending.operands) {
      const auto* value = std::get_if<const Value*>(&operand);
      inputs.push_back((value == nullptr ? std::get<Node*>(operand) : written_.at(*value))->output());
    }
    pending.node->set_inputs(inputs);
  }
  (void)graph_.topological_order();  // Refuses cycles.
}

void Conversion::set_properties() {
  std::vector<std::shared_ptr<const FunctionRef>> descriptors = {descriptor("tensorflow_extension")};
  if (has_custom_) descriptors.push_back(descriptor("custom"));
  graph_.properties() = {{"version", int64_t{1}},
                         {"descriptor_core_version", int64_t{1}},
                         {"descriptors", std::move(descriptors)},
                         {"graph", "main"}};
}

bool Conversion::is_taken(std::string_view name) const { return graph_.find_node(name) != nullptr; }

Node* Conversion::add(std::string op, std::string name, std::vector<Operand> operands, Attributes fields) {
  for (const Operand& operand : operands)
    if (const auto* value = std::get_if<const Value*>(&operand)) open_.push_back(*value);
  Node* node = graph_.add_node(std::move(op), std::move(name), {}, std::move(fields));
  pending_.push_back({node, std::move(operands)});
  return node;
}

// UFF names nodes, not their outputs: whoever names a node with several outputs gets all of them, in order.
std::vector<Operand> Conversion::named_once(std::vector<Operand> operands) const {
  std::vector<Operand> result;
  for (size_t i = 0; i < operands.size();) {
    const auto* value = std::get_if<const Value*>(&operands[i]);
    const Node* node = value == nullptr ? nullptr : (*value)->producer();
    const bool is_layer = node != nullptr && !node->domain().empty();
    const size_t count = is_layer ? node->outputs().size() : 1;
    for (size_t k = 0; is_layer && k < count; ++k) {
      if (i + k < operands.size() && operands[i + k] == Operand(node->outputs()[k])) continue;
      throw NotLowered{fmt::format(
          "'{}' has {} outputs, which are not all used together here, but whoever names a UFF node gets all of its "
          "outputs, in order",
          node->name(), count)};
    }
    result.push_back(operands[i]);
    i += count;
  }
  return result;
}

// Inputs, outputs where nobody has named them, and what was noted on the way.
std::vector<std::string> Conversion::lines() const {
  std::vector<std::string> lines;
  for (auto input = inputs_.rbegin(); input != inputs_.rend(); ++input)  // The walk comes to the first input last.
    lines.push_back(fmt::format("input  {}  {}", (*input)->name(), to_string((*input)->type())));
  if (options_.outputs.empty())
    for (const Value* output : outputs_) lines.push_back(fmt::format("output  {}", output->name()));
  lines.insert(lines.end(), notes_.begin(), notes_.end());
  return lines;
}

std::string Conversion::fresh_name(const std::string& stem) const {
  if (!is_taken(stem)) return stem;
  for (int64_t number = 1;; ++number) {
    std::string candidate = fmt::format("{}_{}", stem, number);
    if (!is_taken(candidate) && source_.find_value(candidate) == nullptr) return candidate;
  }
}

std::string Conversion::helper_name(const Value& value, std::string_view what) const {
  const std::string stem = fmt::format("{}/{}", id_of(value), what);
  return source_.find_value(stem) == nullptr ? fresh_name(stem) : fresh_name(stem + "_0");
}

}  // namespace tenon::conversion
