// SPDX-License-Identifier: Apache-2.0
#include "formats/tensorflow/attr_value.h"
#include "formats/tensorflow/graphdef.h"
#include "formats/tensorflow/output_count.h"

#include <fmt/core.h>
#include <protozero/pbf_writer.hpp>

namespace tenon::tensorflow {
namespace {

// Field numbers of GraphDef and NodeDef.
enum GraphField : uint32_t { kNode = 1, kLibrary = 2, kVersion = 3, kVersions = 4, kGraphDebugInfo = 5 };
enum NodeField : uint32_t {
  kName = 1,
  kOp = 2,
  kInput = 3,
  kNodeDevice = 4,
  kAttribute = 5,
  kNodeDebugInfo = 6,
  kNodeType = 7
};

// The string of an internal attribute or property, null when it is absent.
const std::string* text_of(const Attributes& attributes, std::string_view name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? nullptr : std::get_if<std::string>(&found->second);
}

bool is_internal(std::string_view name) {
  return name == kDevice || name == kDebugInfo || name == kFullType || name == kUnknownFields;
}

// How another node names the value in its inputs. Graph inputs and constants are written as nodes of their own name.
std::string reference(const Value& value) {
  const std::string& node = value.producer() == nullptr ? value.name() : value.producer()->name();
  return value.output_index() == 0 ? node : fmt::format("{}:{}", node, value.output_index());
}

class Writer {
 public:
  Writer(const Graph& graph, FileSink& sink) : graph_(graph), sink_(sink) {}

  void write() {
    for (const Value* value : graph_.values())
      if (value->producer() == nullptr) write_source(*value);
    for (const Node* node : graph_.nodes()) {
      with_context([&] { write_node(*node); },
                   [&] { return fmt::format("while writing {} '{}'", node->op(), node->name()); });
    }
    write_properties();
  }

 private:
  // A graph input becomes a Placeholder, a constant a Const.
  void write_source(const Value& value) {
    if (graph_.find_node(value.name()) != nullptr) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("the input or constant '{}' and a node have the same name; rename one", value.name()));
    }
    const Tensor* tensor = value.constant();
    Attributes attributes{{"dtype", value.type().dtype}};
    if (tensor != nullptr)
      attributes.emplace("value", *tensor);
    else
      attributes.emplace("shape", TensorType{DType::kUndefined, value.type().shape});
    begin_node(value.name(), tensor != nullptr ? "Const" : "Placeholder");
    end_node(attributes);
  }

  void write_node(const Node& node) {
    begin_node(node.name(), node.op());
    protozero::pbf_writer writer(bytes_);
    for (const Value* input : node.inputs()) {
      if (input == nullptr) {
        throw Error(ErrorCode::kUnsupported, "an input is left out, which a GraphDef cannot express; give it a value");
      }
      writer.add_string(kInput, reference(*input));
    }
    for (const Node* before : node.control_inputs()) writer.add_string(kInput, "^" + before->name());
    if (node.domain().empty()) return end_node(node.attributes());
    Attributes attributes = node.attributes();
    attributes.insert_or_assign(std::string(kDomain), node.domain());
    attributes.insert_or_assign(std::string(kOutputs), static_cast<int64_t>(node.outputs().size()));
    end_node(attributes);
  }

  void begin_node(const std::string& name, const std::string& op) {
    bytes_.clear();
    protozero::pbf_writer writer(bytes_);
    writer.add_string(kName, name);
    writer.add_string(kOp, op);
  }

  void end_node(const Attributes& attributes) {
    protozero::pbf_writer writer(bytes_);
    if (const std::string* device = text_of(attributes, kDevice)) writer.add_string(kNodeDevice, *device);
    for (const auto& [name, value] : attributes)
      if (!is_internal(name)) writer.add_message(kAttribute, encode_attribute_entry(name, value));
    if (const std::string* info = text_of(attributes, kDebugInfo)) writer.add_message(kNodeDebugInfo, *info);
    if (const std::string* type = text_of(attributes, kFullType)) writer.add_message(kNodeType, *type);
    if (const std::string* unknown = text_of(attributes, kUnknownFields)) bytes_ += *unknown;
    write_message(kNode, bytes_);
  }

  void write_properties() {
    const Attributes& properties = graph_.properties();
    const auto integer = [&](std::string_view name) {
      const auto found = properties.find(name);
      const auto* value = found == properties.end() ? nullptr : std::get_if<int64_t>(&found->second);
      return value == nullptr ? int64_t{0} : *value;
    };
    if (const std::string* library = text_of(properties, "library")) write_message(kLibrary, *library);
    std::string rest;
    protozero::pbf_writer writer(rest);
    if (properties.contains("version")) writer.add_int64(kVersion, integer("version"));
    std::string versions;
    protozero::pbf_writer version_writer(versions);
    if (properties.contains("producer")) version_writer.add_int64(1, integer("producer"));
    if (properties.contains("min_consumer")) version_writer.add_int64(2, integer("min_consumer"));
    if (const auto bad = properties.find("bad_consumers"); bad != properties.end()) {
      if (const auto* values = std::get_if<std::vector<int64_t>>(&bad->second)) {
        version_writer.add_packed_int64(3, values->begin(), values->end());
      }
    }
    if (!versions.empty()) writer.add_message(kVersions, versions);
    if (const std::string* info = text_of(properties, "debug_info")) writer.add_message(kGraphDebugInfo, *info);
    if (const std::string* unknown = text_of(properties, "unknown")) rest += *unknown;
    sink_.write(rest);
  }

  void write_message(uint32_t field, const std::string& message) {
    std::string head;
    protozero::add_varint_to_buffer(&head, (uint64_t{field} << 3) | 2);
    protozero::add_varint_to_buffer(&head, message.size());
    sink_.write(head);
    sink_.write(message);
  }

  const Graph& graph_;
  FileSink& sink_;
  std::string bytes_;  // The NodeDef under construction.
};

}  // namespace

void write_graphdef(const Graph& graph, FileSink& sink) { Writer(graph, sink).write(); }

}  // namespace tenon::tensorflow
