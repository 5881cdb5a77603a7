// SPDX-License-Identifier: Apache-2.0
#include "base/near_names.h"
#include "formats/protobuf/wire.h"
#include "formats/tensorflow/attr_value.h"
#include "formats/tensorflow/graphdef.h"
#include "formats/tensorflow/output_count.h"

#include <fmt/core.h>

#include <charconv>
#include <unordered_set>

namespace tenon::tensorflow {
namespace {

using protobuf::corrupt_wire;
using protobuf::keep_field;
using protobuf::WireReader;

[[noreturn]] void corrupt(std::string message) { throw Error(ErrorCode::kCorrupt, std::move(message)); }

std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// A reference to an output of a node, as NodeDef.input spells it: "name", "name:k", "^name".
struct InputRef {
  std::string_view node;
  int64_t output = 0;
  bool control = false;
};

InputRef parse_input(std::string_view text) {
  InputRef ref;
  ref.control = text.substr(0, 1) == "^";
  ref.node = ref.control ? text.substr(1) : text;
  if (const size_t colon = ref.node.rfind(':'); colon != std::string_view::npos && !ref.control) {
    const char* const end = ref.node.data() + ref.node.size();
    const auto [rest, error] = std::from_chars(ref.node.data() + colon + 1, end, ref.output);
    if (error != std::errc() || rest != end || ref.output < 0)
      corrupt(fmt::format("the input '{}' is not of the form 'node:number'", text));
    ref.node = ref.node.substr(0, colon);
  }
  if (ref.node.empty()) corrupt(fmt::format("the input '{}' names no node", text));
  return ref;
}

class Reader {
 public:
  explicit Reader(const std::shared_ptr<const MappedFile>& file)
      : context_(file),
        begin_(as_text(file->bytes()).data()),
        spare_outputs_(static_cast<int64_t>(file->bytes().size())),
        graph_("tf") {}

  Graph read() {
    graph_.set_name(context_.file->path());
    read_fields();
    for (const Pending& pending : pending_) {
      with_context([&] { connect(pending); },
                   [&] { return describe(*pending.node, static_cast<int64_t>(pending.bytes.data() - begin_)); });
    }
    find_outputs();
    return std::move(graph_);
  }

 private:
  // A node whose inputs are to be connected once all nodes are known. Its inputs are read again from its bytes.
  struct Pending {
    Node* node;
    std::string_view bytes;
  };

  static std::string describe(const Node& node, int64_t offset) {
    return fmt::format("while reading {} '{}' at byte {}", node.op(), node.name(), offset);
  }

  void read_fields() {
    const char* field = begin_;
    try {
      for (WireReader reader(as_text(context_.file->bytes()), "GraphDef"); reader.next(); field = reader.position()) {
        read_field(reader);
      }
    } catch (const protozero::exception& cause) {
      Error error = corrupt_wire(cause);
      error.add_context(fmt::format("while reading the field at byte {}", field - begin_));
      throw error;
    }
  }

  void read_field(WireReader& reader) {
    switch (reader.field()) {
      case 1:
        return read_node(reader.bytes());
      case 2:
        return read_library(reader.bytes());
      case 3:
        graph_.properties().insert_or_assign("version", reader.integer());
        return;
      case 4:
        return read_versions(reader.bytes());
      case 5:
        graph_.properties().insert_or_assign("debug_info", reader.text());
        return;
      default:
        keep_field(reader, graph_.properties(), "unknown");
    }
  }

  void read_versions(std::string_view bytes) {
    std::vector<int64_t> bad_consumers;
    for (WireReader reader(bytes, "VersionDef"); reader.next();) {
      if (reader.field() == 1)
        graph_.properties().insert_or_assign("producer", reader.integer());
      else if (reader.field() == 2)
        graph_.properties().insert_or_assign("min_consumer", reader.integer());
      else if (reader.field() == 3)
        reader.integers([&](int64_t value) { bad_consumers.push_back(value); });
      else
        reader.skip();
    }
    if (!bad_consumers.empty()) graph_.properties().insert_or_assign("bad_consumers", std::move(bad_consumers));
  }

  // The functions stay bytes; their names are for people.
  void read_library(std::string_view bytes) {
    std::vector<std::string> names;
    for (WireReader library(bytes, "FunctionDefLibrary"); library.next();) {
      if (library.field() != 1) {
        library.skip();
        continue;
      }
      for (WireReader function(library.bytes(), "FunctionDef"); function.next();) {
        if (function.field() != 1) {
          function.skip();
          continue;
        }
        for (WireReader signature(function.bytes(), "OpDef"); signature.next();) {
          if (signature.field() == 1)
            names.push_back(signature.text());
          else
            signature.skip();
        }
      }
    }
    graph_.properties().insert_or_assign("library", std::string(bytes));
    if (!names.empty()) graph_.properties().insert_or_assign("functions", std::move(names));
  }

  void read_node(std::string_view bytes) {
    const auto offset = static_cast<int64_t>(bytes.data() - begin_);
    std::string name, op;
    Attributes attributes;
    with_context(
        [&] {
          try {
            read_node_fields(bytes, name, op, attributes);
          } catch (const protozero::exception& cause) {
            throw corrupt_wire(cause);
          }
        },
        [&] { return fmt::format("while reading node {} ('{}') at byte {}", graph_.node_count(), name, offset); });
    const auto fail = [&](std::string_view problem) {
      corrupt(fmt::format("node {} at byte {} {}", graph_.node_count(), offset, problem));
    };
    if (name.empty()) fail("has no name");
    if (name.front() == '^' || name.find(':') != std::string::npos)
      fail(fmt::format("is named '{}'; names have no '^' or ':'", name));
    if (op.empty()) fail(fmt::format("('{}') has no operator", name));
    if (graph_.find_node(name) != nullptr) fail(fmt::format("is a second node named '{}'", name));
    add_node(bytes, std::move(name), std::move(op), std::move(attributes));
  }

  void read_node_fields(std::string_view bytes, std::string& name, std::string& op, Attributes& attributes) {
    for (WireReader reader(bytes, "NodeDef"); reader.next();) {
      switch (reader.field()) {
        case 1:
          name = reader.text();
          break;
        case 2:
          op = reader.text();
          break;
        case 3:
          (void)reader.bytes();
          break;
        case 4:
          set_internal(attributes, kDevice, reader.bytes());
          break;
        case 5:
          read_attribute_entry(reader.bytes(), attributes, context_);
          break;
        case 6:
          set_internal(attributes, kDebugInfo, reader.bytes());
          break;
        case 7:
          set_internal(attributes, kFullType, reader.bytes());
          break;
        default:
          keep_field(reader, attributes, kUnknownFields);
      }
    }
    for (const std::string_view internal : {kDevice, kDebugInfo, kFullType, kUnknownFields}) {
      const auto found = attributes.find(internal);
      if (found != attributes.end() && !std::holds_alternative<std::string>(found->second)) {
        corrupt(fmt::format("it has an attribute '{}', a name that Tenon uses itself", internal));
      }
    }
  }

  static void set_internal(Attributes& attributes, std::string_view name, std::string_view bytes) {
    if (!bytes.empty()) attributes.insert_or_assign(std::string(name), std::string(bytes));
  }

  void add_node(std::string_view bytes, std::string name, std::string op, Attributes attributes) {
    int64_t outputs = output_count(op, attributes);
    std::string domain;
    if (const auto found = attributes.find(kDomain);
        found != attributes.end() && std::holds_alternative<std::string>(found->second)) {
      domain = std::get<std::string>(found->second);
      attributes.erase(found);
    }
    if (const auto found = attributes.find(kOutputs);
        found != attributes.end() && std::holds_alternative<int64_t>(found->second)) {
      outputs = std::get<int64_t>(found->second);
      attributes.erase(found);
    }
    Node* node = graph_.add_node(std::move(op), std::move(name), std::span<Value* const>(),
                                 std::span<const std::string>(), std::move(attributes), std::move(domain));
    with_context([&] { require_outputs(node, outputs); },
                 [&] { return describe(*node, static_cast<int64_t>(bytes.data() - begin_)); });
    set_known_type(*node);
    pending_.push_back({node, bytes});
  }

  // Types that the file states itself; they make listings readable. Nothing is derived.
  static void set_known_type(const Node& node) {
    if (node.outputs().empty()) return;
    TensorType type;
    if (const auto* dtype = node.attribute("dtype"); dtype != nullptr && std::holds_alternative<DType>(*dtype)) {
      type.dtype = std::get<DType>(*dtype);
    }
    if (node.op() == "Placeholder") {
      const auto* shape = node.attribute("shape");
      if (shape != nullptr && std::holds_alternative<TensorType>(*shape))
        type.shape = std::get<TensorType>(*shape).shape;
      node.output()->set_type(std::move(type));
    } else if (node.op() == "Const") {
      const auto* value = node.attribute("value");
      if (value == nullptr || !std::holds_alternative<Tensor>(*value)) return;
      const Tensor& tensor = std::get<Tensor>(*value);
      node.output()->set_type({tensor.dtype(), to_shape(tensor.dims())});
    }
  }

  // Makes sure that a node has `count` outputs. A few bytes can claim any number, so the sum beyond the first ones is
  // bounded by the file's size.
  void require_outputs(Node* node, int64_t count) {
    const auto present = static_cast<int64_t>(node->outputs().size());
    if (count <= present) return;
    if (count > 1 && count - present > spare_outputs_) {
      corrupt(fmt::format("it is said to have {} outputs, which is more than a file of {} bytes can mean", count,
                          context_.file->bytes().size()));
    }
    if (count > 1) spare_outputs_ -= count - present;
    for (int64_t k = present; k < count; ++k) {
      graph_.add_output_value(node, k == 0 ? node->name() : fmt::format("{}:{}", node->name(), k));
    }
  }

  void connect(const Pending& pending) {
    std::vector<Node*> control;
    for (WireReader reader(pending.bytes, "NodeDef"); reader.next();) {
      if (reader.field() != 3) {
        reader.skip();
        continue;
      }
      const InputRef ref = parse_input(reader.bytes());
      Node* producer = graph_.find_node(ref.node);
      if (producer == nullptr) unknown_input(ref.node);
      if (ref.control) {
        control.push_back(producer);
        controls_.insert(producer);
      } else {
        if (ref.output >= static_cast<int64_t>(producer->outputs().size())) require_outputs(producer, ref.output + 1);
        pending.node->append_input(producer->output(static_cast<size_t>(ref.output)));
      }
    }
    pending.node->set_control_inputs(std::move(control));
  }

  [[noreturn]] void unknown_input(std::string_view name) const {
    std::vector<std::string> names;
    for (const Node* node : graph_.nodes()) names.push_back(node->name());
    corrupt(fmt::format("it reads '{}', but the graph has no node of that name{}", name, did_you_mean(name, names)));
  }

  // The values of nodes that nobody reads or waits for.
  void find_outputs() {
    std::vector<Value*> outputs;
    for (const Node* node : graph_.nodes()) {
      if (controls_.contains(node) ||
          (node->domain().empty() && (node->op() == "Const" || node->op() == "Placeholder")))
        continue;
      bool read = false;
      for (const Value* output : node->outputs()) read = read || !output->uses().empty();
      if (read || node->outputs().empty()) continue;
      const size_t count = node->domain().empty() && has_training_outputs(node->op()) ? 1 : node->outputs().size();
      outputs.insert(outputs.end(), node->outputs().begin(),
                     node->outputs().begin() + static_cast<std::ptrdiff_t>(count));
    }
    graph_.set_outputs(std::move(outputs));
  }

  DecodeContext context_;
  const char* begin_;
  int64_t spare_outputs_;
  Graph graph_;
  std::vector<Pending> pending_;
  std::unordered_set<const Node*> controls_;
};

}  // namespace

Graph read_graphdef(const std::shared_ptr<const MappedFile>& file) {
  return with_context([&] { return Reader(file).read(); },
                      [&] { return fmt::format("while reading the TensorFlow graph '{}'", file->path()); });
}

}  // namespace tenon::tensorflow
