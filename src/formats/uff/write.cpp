// SPDX-License-Identifier: Apache-2.0
#include "formats/uff/write.h"

#include "formats/uff/data.h"
#include "formats/uff/dialect.h"
#include "formats/uff/fields.h"

#include <fmt/core.h>
#include <protozero/pbf_writer.hpp>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace tenon::uff {
namespace {

// A property or attribute of the kind T, null when it is absent.
template <typename T>
const T* find(const Attributes& attributes, std::string_view name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? nullptr : std::get_if<T>(&found->second);
}

bool is_mark(const Node& node) { return node.domain().empty() && node.op() == kMarkOutput; }

class Writer {
 public:
  using Emit = std::function<void(std::string_view)>;

  Writer(const Graph& graph, const Emit& emit) : graph_(graph), emit_(emit) {
    if (const auto* data = find<Function>(graph.properties(), "data"); data != nullptr && *data != nullptr)
      pool_ = (*data)->attributes;
  }

  void write() {
    write_versions();
    encode_graph();
    write_message(field::kGraph, encoded_graph_);
    if (const auto* graphs = find<std::vector<std::string>>(graph_.properties(), "more_graphs"))
      for (const std::string& encoded : *graphs) write_message(field::kGraph, encoded);
    std::vector<std::string> extra = encode_map(graph_.properties(), "extra");  // May refer to data.
    for (const auto& entry : pool_) {
      with_context(
          [&] {
            const std::string data = encode_data(entry.second);
            write_message(field::kReferencedData, entry_head(entry.first, data.size()), data);
          },
          [&] { return fmt::format("while writing the data '{}'", entry.first); });
    }
    for (const std::string& entry : extra) write_message(field::kExtraFields, entry);
    if (const auto* unknown = find<std::string>(graph_.properties(), "unknown")) emit_(*unknown);
  }

 private:
  void write_versions() {
    const Attributes& properties = graph_.properties();
    std::string head;
    protozero::pbf_writer writer(head);
    const auto version = [&](uint32_t field, std::string_view name) {
      const auto* number = find<int64_t>(properties, name);
      if (number == nullptr || *number != 0) writer.add_int64(field, number == nullptr ? 1 : *number);
    };
    version(field::kVersion, "version");
    version(field::kCoreVersion, "descriptor_core_version");
    bool has_custom = false;
    const auto* descriptors = find<std::vector<Function>>(properties, "descriptors");
    if (descriptors == nullptr) writer.add_message(field::kDescriptor, encode_descriptor("tensorflow_extension", {}));
    for (const Function& descriptor : descriptors == nullptr ? std::vector<Function>() : *descriptors) {
      if (descriptor == nullptr) continue;
      has_custom = has_custom || descriptor->name == "custom";
      writer.add_message(field::kDescriptor, encode_descriptor(descriptor->name, descriptor->attributes));
    }
    // A file that uses custom operations without saying so stays as it is.
    const auto nodes = graph_.nodes();
    const bool needs_custom = std::any_of(nodes.begin(), nodes.end(), [&](const Node* node) {
      return !node->domain().empty() || (descriptors == nullptr && node->op().starts_with('_'));
    });
    if (needs_custom && !has_custom) writer.add_message(field::kDescriptor, encode_descriptor("custom", {}));
    emit_(head);
  }

  // A version that is not given is 1.
  static std::string encode_descriptor(const std::string& id, const Attributes& attributes) {
    std::string bytes;
    protozero::pbf_writer writer(bytes);
    if (!id.empty()) writer.add_string(field::kDescriptorId, id);
    const auto* version = find<int64_t>(attributes, "version");
    if (version == nullptr || *version != 0)
      writer.add_int64(field::kDescriptorVersion, version == nullptr ? 1 : *version);
    if (const auto* optional = find<bool>(attributes, "optional"); optional != nullptr && *optional)
      writer.add_bool(field::kOptional, true);
    if (const auto* unknown = find<std::string>(attributes, "unknown")) bytes += *unknown;
    return bytes;
  }

  void encode_graph() {
    const Attributes& properties = graph_.properties();
    protozero::pbf_writer writer(encoded_graph_);
    const auto* id = find<std::string>(properties, "graph");
    if (id == nullptr || !id->empty()) writer.add_string(field::kGraphId, id == nullptr ? "main" : *id);
    for (const Value* value : graph_.values())
      if (value->producer() == nullptr) encode_source(*value);
    const std::unordered_set<const Value*> outputs(graph_.outputs().begin(), graph_.outputs().end());
    std::unordered_set<const Value*> marked;
    for (const Node* node : graph_.nodes()) {
      if (is_mark(*node)) {
        // One whose values are outputs no more would make them outputs again.
        const auto is_output = [&](const Value* value) { return outputs.contains(value); };
        if (!node->outputs().empty() && std::none_of(node->outputs().begin(), node->outputs().end(), is_output))
          continue;
        marked.insert(node->outputs().begin(), node->outputs().end());
        marked.insert(node->inputs().begin(), node->inputs().end());
      }
      with_context([&] { encode_node(*node); },
                   [&] { return fmt::format("while writing {} '{}'", node->op(), node->name()); });
    }
    add_marks(marked);
    for (const std::string& entry : encode_map(properties, "graph_extra"))
      writer.add_message(field::kExtraFields, entry);
    if (const auto* unknown = find<std::string>(properties, "graph_unknown")) encoded_graph_ += *unknown;
  }

  // A graph input becomes an Input, a constant a Const with its bytes in the MetaGraph's data.
  void encode_source(const Value& value) {
    if (graph_.find_node(value.name()) != nullptr) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("the input or constant '{}' and a node have the same name; rename one", value.name()));
    }
    std::vector<int64_t> sizes;
    for (const Dim& dim : value.type().shape.value_or(Shape())) sizes.push_back(dim.value());
    Attributes fields{{"dtype", value.type().dtype}, {"shape", std::move(sizes)}};
    if (const Tensor* tensor = value.constant()) {
      const Tensor bytes = Tensor::shared(std::make_shared<const Tensor>(*tensor), tensor->data(), DType::kUInt8,
                                          {tensor->size_bytes()});
      fields.emplace("values", make_ref("weights_" + value.name(), bytes));
    }
    with_context(
        [&] {
          begin_node(value.name());
          end_node(value.constant() == nullptr ? "Input" : "Const", fields);
        },
        [&] { return fmt::format("while writing the input or constant '{}'", value.name()); });
  }

  void encode_node(const Node& node) {
    if (!node.control_inputs().empty()) {
      throw Error(ErrorCode::kUnsupported, fmt::format("it waits for '{}', but UFF has no control inputs; remove it",
                                                       node.control_inputs().front()->name()));
    }
    begin_node(node.name());
    for (const std::string& input : references(node.inputs())) add_input(input);
    if (node.domain().empty()) return end_node(node.op(), node.attributes());
    Attributes fields;
    for (const auto& [name, value] : node.attributes()) {
      const std::string_view suffix = field_suffix(value);
      const bool is_plain = name == kExtra || name == kUnknownFields || name.ends_with(suffix);
      fields.insert_or_assign(is_plain ? name : name + std::string(suffix), value);
    }
    end_node("_" + node.op(), fields);
  }

  // How other nodes name these values: by the nodes that produce them. A node with several outputs is named once, and
  // gives all of them.
  static std::vector<std::string> references(std::span<Value* const> values) {
    std::vector<std::string> names;
    while (!values.empty()) {
      const Value* value = values.front();
      if (value == nullptr) {
        throw Error(ErrorCode::kUnsupported, "an input is left out, which UFF cannot express; give it a value");
      }
      const Node* producer = value->producer();
      const size_t count = producer == nullptr ? 1 : producer->outputs().size();
      if (count > 1 && (values.size() < count ||
                        !std::equal(producer->outputs().begin(), producer->outputs().end(), values.begin()))) {
        throw Error(ErrorCode::kUnsupported,
                    fmt::format("the value '{}' is used alone, but UFF hands on all {} outputs of '{}' together, in "
                                "order; use all of them",
                                value->name(), count, producer->name()));
      }
      names.push_back(producer == nullptr ? value->name() : producer->name());
      values = values.subspan(count);
    }
    return names;
  }

  // Adds a MarkOutput for each graph output that none stands for yet.
  void add_marks(const std::unordered_set<const Value*>& marked) {
    std::vector<Value*> unmarked;
    for (Value* output : graph_.outputs())
      if (!marked.contains(output)) unmarked.push_back(output);
    size_t counter = 0;
    for (const std::string& output : references(unmarked)) {
      std::string name;
      do name = fmt::format("{}_{}", kMarkOutput, counter++);
      while (graph_.find_node(name) != nullptr || graph_.find_value(name) != nullptr);
      begin_node(name);
      add_input(output);
      end_node(std::string(kMarkOutput), {});
    }
  }

  void begin_node(const std::string& name) {
    node_.clear();
    protozero::pbf_writer(node_).add_string(field::kNodeId, name);
  }

  void add_input(const std::string& name) { protozero::pbf_writer(node_).add_string(field::kInput, name); }

  void end_node(const std::string& op, const Attributes& attributes) {
    protozero::pbf_writer writer(node_);
    writer.add_string(field::kOperation, op);
    for (const auto& [name, value] : attributes)
      if (name != kExtra && name != kUnknownFields) writer.add_message(field::kField, encode_map_entry(name, value));
    for (const std::string& entry : encode_map(attributes, kExtra)) writer.add_message(field::kExtraFields, entry);
    if (const auto* unknown = find<std::string>(attributes, kUnknownFields)) node_ += *unknown;
    protozero::pbf_writer(encoded_graph_).add_message(field::kNode, node_);
  }

  // The entries of a map that the graph holds as a function's attributes.
  std::vector<std::string> encode_map(const Attributes& attributes, std::string_view name) {
    std::vector<std::string> entries;
    const auto* map = find<Function>(attributes, name);
    if (map == nullptr || *map == nullptr) return entries;
    for (const auto& [key, value] : (*map)->attributes) entries.push_back(encode_map_entry(key, value));
    return entries;
  }

  std::string encode_map_entry(std::string_view name, const Attribute& value) {
    return with_context(
        [&] {
          const bool is_ref = function_named(value, kRef) != nullptr;
          const std::string data = encode_data(is_ref ? Attribute(pooled(std::get<Function>(value))) : value);
          return entry_head(name, data.size()) + data;
        },
        [&] { return fmt::format("while writing field '{}'", name); });
  }

  // The reference by the key under which its data is written: its own, or another if that one has other data.
  Function pooled(const Function& ref) {
    const auto [known, is_new] = pooled_.try_emplace(ref);
    if (!is_new) return known->second;
    std::string key = ref_key(*ref);
    if (const auto data = ref->attributes.find("value"); data != ref->attributes.end()) {
      for (int counter = 0;; ++counter) {
        const auto [entry, added] = pool_.try_emplace(key, data->second);
        if (added || identical(entry->second, data->second)) break;
        key = fmt::format("{}_{}", ref_key(*ref), counter);
      }
    }
    return known->second = make_function(kRef, {{"key", std::move(key)}});
  }

  // Writes a message of two parts, which spares putting a large blob into one string with what stands before it.
  void write_message(uint32_t field, std::string_view head, std::string_view body = {}) {
    const uint64_t size = head.size() + body.size();
    if (size > kLargestMessage) {
      throw Error(ErrorCode::kUnsupported, fmt::format("the message has {} bytes, but protobuf ends at 2 GiB", size));
    }
    std::string tag;
    protozero::add_varint_to_buffer(&tag, (uint64_t{field} << 3) | 2);
    protozero::add_varint_to_buffer(&tag, size);
    emit_(tag);
    emit_(head);
    emit_(body);
  }

  const Graph& graph_;
  const Emit& emit_;
  Attributes pool_;  // The MetaGraph's data.
  std::unordered_map<Function, Function> pooled_;
  std::string encoded_graph_;
  std::string node_;  // The Node under construction.
};

}  // namespace

void encode_meta_graph(const Graph& graph, const std::function<void(std::string_view)>& emit) {
  Writer(graph, emit).write();
}

void write_uff(const Graph& graph, FileSink& sink) {
  encode_meta_graph(graph, [&](std::string_view piece) { sink.write(piece); });
}

}  // namespace tenon::uff
