// SPDX-License-Identifier: Apache-2.0
#include "formats/uff/read.h"

#include "base/near_names.h"
#include "formats/protobuf/wire.h"
#include "formats/uff/data.h"
#include "formats/uff/dialect.h"
#include "formats/uff/fields.h"

#include <fmt/core.h>

#include <map>

namespace tenon::uff {
namespace {

using protobuf::corrupt_wire;
using protobuf::keep_field;
using protobuf::WireReader;

[[noreturn]] void corrupt(std::string message) { throw Error(ErrorCode::kCorrupt, std::move(message)); }

// A map of extra_fields or unreferenced data, as the graph holds it.
void keep_map(Attributes& attributes, std::string_view name, Attributes map) {
  if (!map.empty()) attributes.insert_or_assign(std::string(name), make_function(name, std::move(map)));
}

std::optional<Shape> shape_of(const Node& node) {
  const Attribute* attribute = node.attribute("shape");
  const Attribute* data = attribute == nullptr ? nullptr : resolve(*attribute);
  const auto* sizes = data == nullptr ? nullptr : std::get_if<std::vector<int64_t>>(data);
  if (sizes == nullptr || sizes->size() > static_cast<size_t>(kMaxRank)) return std::nullopt;
  return Shape(sizes->begin(), sizes->end());
}

class Reader {
 public:
  Reader(const std::shared_ptr<const MappedFile>& file, const Locator& where)
      : file_(file),
        where_(where),
        bytes_(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()),
        spare_name_bytes_(kSpareNameBytes + bytes_.size()),
        graph_("uff") {}

  Graph read() {
    read_fields();
    if (!main_graph_) corrupt("it holds no graph");
    read_graph(*main_graph_);
    for (const Pending& pending : pending_) {
      with_context([&] { connect(pending); },
                   [&] {
                     return fmt::format("while reading {} '{}' {}", pending.node->op(), pending.node->name(),
                                        place(pending.bytes.data()));
                   });
    }
    keep_rest();
    find_outputs();
    return std::move(graph_);
  }

 private:
  // How many bytes the names of a MarkOutput's further outputs may take beside one for each byte of the file: each
  // repeats the node's name, which may be long, for an input of a few bytes.
  static constexpr size_t kSpareNameBytes = size_t{1} << 20;

  // A node whose inputs are to be connected once all nodes are known. Its inputs are read again from its bytes.
  struct Pending {
    Node* node;
    std::string_view bytes;
  };
  // An entry of the MetaGraph's data. The reference to it is made when a node needs it, and shared by all that do.
  struct Pooled {
    std::string_view data;
    Function ref;
  };

  [[nodiscard]] std::string place(const char* at) const { return where_(static_cast<size_t>(at - bytes_.data())); }

  void read_fields() {
    WireReader reader(bytes_, "MetaGraph");
    const char* field = reader.position();
    Attributes& properties = graph_.properties();
    properties = {{"version", int64_t{0}}, {"descriptor_core_version", int64_t{0}}};
    try {
      for (; reader.next(); field = reader.position()) read_field(reader, properties);
    } catch (const protozero::exception& cause) {
      Error error = corrupt_wire(cause);
      error.add_context(fmt::format("while reading the field {}", place(field)));
      throw error;
    }
    properties.emplace("descriptors", std::move(descriptors_));
    if (!more_graphs_.empty()) properties.emplace("more_graphs", std::move(more_graphs_));
  }

  void read_field(WireReader& reader, Attributes& properties) {
    switch (reader.field()) {
      case field::kVersion:
        properties["version"] = reader.integer();
        return;
      case field::kCoreVersion:
        properties["descriptor_core_version"] = reader.integer();
        return;
      case field::kDescriptor:
        return read_descriptor(reader.bytes());
      case field::kGraph:
        if (main_graph_)
          more_graphs_.push_back(reader.text());
        else
          main_graph_ = reader.bytes();
        return;
      case field::kReferencedData: {
        const Entry entry = read_entry(reader.bytes());
        pool_.insert_or_assign(entry.key, Pooled{entry.data, nullptr});
        return;
      }
      case field::kExtraFields:
        extra_.push_back(reader.bytes());
        return;
      default:
        keep_field(reader, properties, "unknown");
    }
  }

  void read_descriptor(std::string_view bytes) {
    std::string id;
    Attributes attributes{{"version", int64_t{0}}, {"optional", false}};
    for (WireReader reader(bytes, "Descriptor"); reader.next();) {
      if (reader.field() == field::kDescriptorId)
        id = reader.text();
      else if (reader.field() == field::kDescriptorVersion)
        attributes["version"] = reader.integer();
      else if (reader.field() == field::kOptional)
        attributes["optional"] = reader.flag();
      else
        keep_field(reader, attributes, "unknown");
    }
    descriptors_.push_back(make_function(id, std::move(attributes)));
  }

  void read_graph(std::string_view bytes) {
    Attributes& properties = graph_.properties();
    properties["graph"] = std::string();
    Attributes extra;
    try {
      for (WireReader reader(bytes, "Graph"); reader.next();) {
        if (reader.field() == field::kGraphId)
          properties["graph"] = reader.text();
        else if (reader.field() == field::kNode)
          read_node(reader.bytes());
        else if (reader.field() == field::kExtraFields)
          read_map_entry(reader.bytes(), extra);
        else
          keep_field(reader, properties, "graph_unknown");
      }
    } catch (const protozero::exception& cause) {
      Error error = corrupt_wire(cause);
      error.add_context(fmt::format("while reading the graph {}", place(bytes.data())));
      throw error;
    }
    keep_map(properties, "graph_extra", std::move(extra));
  }

  void read_node(std::string_view bytes) {
    std::string name, op;
    bool has_inputs = false;
    Attributes attributes;
    with_context(
        [&] {
          try {
            has_inputs = read_node_fields(bytes, name, op, attributes);
          } catch (const protozero::exception& cause) {
            throw corrupt_wire(cause);
          }
        },
        [&] { return fmt::format("while reading node {} ('{}') {}", graph_.node_count(), name, place(bytes.data())); });
    const auto fail = [&](std::string_view problem) {
      corrupt(fmt::format("node {} {} {}", graph_.node_count(), place(bytes.data()), problem));
    };
    if (name.empty()) fail("has no id");
    if (op.empty()) fail(fmt::format("('{}') has no operation", name));
    if (graph_.find_node(name) != nullptr) fail(fmt::format("is a second node named '{}'", name));
    // What marks nothing has no output; further outputs come with the inputs, when the names of all nodes are taken.
    const std::string outputs[] = {name};
    const bool has_output = op != kMarkOutput || has_inputs;
    Node* node = graph_.add_node(std::move(op), std::move(name), std::span<Value* const>(),
                                 std::span(outputs).first(has_output ? 1 : 0), std::move(attributes));
    set_known_type(*node);
    pending_.push_back({node, bytes});
  }

  // Returns whether the node has inputs, which are left for later.
  bool read_node_fields(std::string_view bytes, std::string& name, std::string& op, Attributes& attributes) {
    bool has_inputs = false;
    Attributes extra, unknown;
    for (WireReader reader(bytes, "Node"); reader.next();) {
      switch (reader.field()) {
        case field::kNodeId:
          name = reader.text();
          break;
        case field::kInput:
          (void)reader.bytes();
          has_inputs = true;
          break;
        case field::kOperation:
          op = reader.text();
          break;
        case field::kField:
          read_map_entry(reader.bytes(), attributes);
          break;
        case field::kExtraFields:
          read_map_entry(reader.bytes(), extra);
          break;
        default:
          keep_field(reader, unknown, kUnknownFields);
      }
    }
    for (const std::string_view internal : {kExtra, kUnknownFields})
      if (attributes.contains(internal))
        corrupt(fmt::format("it has a field '{}', a name that Tenon uses itself", internal));
    keep_map(attributes, kExtra, std::move(extra));
    attributes.merge(unknown);
    return has_inputs;
  }

  // Decodes an entry of a map and puts it into `map`, in place of an earlier one of the same key.
  void read_map_entry(std::string_view bytes, Attributes& map) {
    const Entry entry = read_entry(bytes);
    with_context(
        [&] {
          Attribute value = read_data(entry.data, file_);
          if (const FunctionRef* ref = function_named(value, kRef)) value = referenced(ref_key(*ref), std::move(value));
          map.insert_or_assign(std::string(entry.key), std::move(value));
        },
        [&] { return fmt::format("while reading field '{}'", entry.key); });
  }

  // The reference with the data it leads to, or, when there is none, `missing`, the bare reference.
  Attribute referenced(const std::string& key, Attribute missing) {
    const auto found = pool_.find(key);
    if (found == pool_.end()) return missing;
    Pooled& pooled = found->second;
    if (pooled.ref == nullptr) {
      pooled.ref = make_function(kRef, {{"key", key}, {"value", read_pooled(key, pooled)}});
    }
    return pooled.ref;
  }

  Attribute read_pooled(std::string_view key, const Pooled& pooled) {
    return with_context([&] { return read_data(pooled.data, file_); },
                        [&] { return fmt::format("while reading the data '{}' {}", key, place(pooled.data.data())); });
  }

  // Types that the file states itself; they make listings readable. Nothing is derived. An Input of unknown rank has
  // the shape [].
  static void set_known_type(const Node& node) {
    if (node.op() != "Input" && node.op() != "Const") return;
    TensorType type;
    if (const Attribute* dtype = node.attribute("dtype"); dtype != nullptr && std::holds_alternative<DType>(*dtype)) {
      type.dtype = std::get<DType>(*dtype);
    }
    type.shape = shape_of(node);
    if (node.op() == "Input" && type.shape && type.shape->empty()) type.shape.reset();
    node.output()->set_type(std::move(type));
  }

  void connect(const Pending& pending) {
    for (WireReader reader(pending.bytes, "Node"); reader.next();) {
      if (reader.field() != field::kInput) {
        reader.skip();
        continue;
      }
      const std::string_view name = reader.bytes();
      const Node* producer = graph_.find_node(name);
      if (producer == nullptr) unknown_input(name);
      if (producer->op() == kMarkOutput) {
        corrupt(fmt::format("it reads '{}', a MarkOutput, which has no value; it must read what that one marks", name));
      }
      pending.node->append_input(producer->output());
    }
    if (pending.node->op() == kMarkOutput) add_marked(*pending.node);
  }

  // Gives a MarkOutput an output for each of its further inputs.
  void add_marked(Node& mark) {
    for (size_t k = 1; k < mark.inputs().size(); ++k) {
      if (mark.name().size() > spare_name_bytes_) {
        corrupt(fmt::format("it marks {} outputs, more than a file of {} bytes can mean with so long a name",
                            mark.inputs().size(), bytes_.size()));
      }
      spare_name_bytes_ -= mark.name().size();
      graph_.add_output_value(&mark, graph_.fresh_name(fmt::format("{}:{}", mark.name(), k)));
    }
  }

  [[noreturn]] void unknown_input(std::string_view name) const {
    std::vector<std::string> names;
    for (const Node* node : graph_.nodes()) names.push_back(node->name());
    corrupt(fmt::format("it reads '{}', but the graph has no node of that name{}", name, did_you_mean(name, names)));
  }

  // What the file has beside the graph and the data that its nodes refer to.
  void keep_rest() {
    Attributes extra, data;
    try {
      for (const std::string_view entry : extra_) read_map_entry(entry, extra);
      for (const auto& [key, pooled] : pool_)
        if (pooled.ref == nullptr) data.emplace(key, read_pooled(key, pooled));
    } catch (const protozero::exception& cause) {
      throw corrupt_wire(cause);
    }
    keep_map(graph_.properties(), "extra", std::move(extra));
    keep_map(graph_.properties(), "data", std::move(data));
  }

  void find_outputs() {
    std::vector<Value*> marked, unread;
    bool has_marks = false;
    for (const Node* node : graph_.nodes()) {
      const bool is_mark = node->op() == kMarkOutput;
      has_marks = has_marks || is_mark;
      if (is_mark)
        marked.insert(marked.end(), node->outputs().begin(), node->outputs().end());
      else if (node->output()->uses().empty() && node->op() != "Const" && node->op() != "Input")
        unread.push_back(node->output());
    }
    graph_.set_outputs(has_marks ? std::move(marked) : std::move(unread));
  }

  std::shared_ptr<const MappedFile> file_;
  const Locator& where_;
  std::string_view bytes_;
  size_t spare_name_bytes_;
  Graph graph_;
  std::optional<std::string_view> main_graph_;
  std::vector<std::string> more_graphs_;
  std::vector<Function> descriptors_;
  std::map<std::string_view, Pooled> pool_;
  std::vector<std::string_view> extra_;
  std::vector<Pending> pending_;
};

}  // namespace

Graph read_meta_graph(const std::shared_ptr<const MappedFile>& file, const Locator& where) {
  Graph graph = Reader(file, where).read();
  graph.set_name(file->path());
  return graph;
}

Graph read_uff(const std::shared_ptr<const MappedFile>& file) {
  return with_context(
      [&] { return read_meta_graph(file, [](size_t offset) { return fmt::format("at byte {}", offset); }); },
      [&] { return fmt::format("while reading the UFF model '{}'", file->path()); });
}

}  // namespace tenon::uff
