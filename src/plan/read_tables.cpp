// SPDX-License-Identifier: Apache-2.0
#include "plan/read_tables.h"

#include "ops/op.h"
#include "plan/format.h"
#include "plan/plan_generated.h"

#include <fmt/core.h>

#include <cstring>
#include <optional>
#include <utility>

// From the tables of plan.fbs to a Graph. FlatBuffers' verifier has made sure that tables, vectors and strings lie
// inside the section; everything that they mean is checked here.
namespace tenon {
namespace {

using plan_format::kAlignment;
using plan_format::kMaxNesting;

template <typename T>
using Vector = flatbuffers::Vector<T>;
template <typename T>
using TableVector = Vector<flatbuffers::Offset<T>>;

class TableReader {
 public:
  TableReader(const std::shared_ptr<const MappedFile>& file, Bytes tables, Bytes constants)
      : file_(file), constants_(constants), budget_(tables.size()) {}

  Plan read(const fb::Plan& table) {
    Plan plan;
    plan.producer = text(table.producer());
    producer_ = plan.producer;
    if (table.source() != nullptr) plan.source = text(table.source());
    plan.graph = read_graph(*table.graph());
    return plan;
  }

 private:
  // --- where we are, for messages: "graph, node 3 'conv1', attribute 0 'pads'"

  struct Place {
    const char* what;
    size_t index;
    const flatbuffers::String* name;
  };
  class At {
   public:
    At(TableReader& reader, const char* what, size_t index, const flatbuffers::String* name = nullptr)
        : reader_(reader) {
      reader_.places_.push_back({what, index, name});
    }
    At(const At&) = delete;
    At& operator=(const At&) = delete;
    ~At() { reader_.places_.pop_back(); }

   private:
    TableReader& reader_;
  };

  [[nodiscard]] std::string where() const {
    constexpr size_t kMostOfAName = 60;
    std::string result = "the graph section";
    for (const Place& place : places_) {
      result += fmt::format(", {} {}", place.what, place.index);
      if (place.name != nullptr) result += fmt::format(" '{}'", place.name->str().substr(0, kMostOfAName));
    }
    return result;
  }

  [[noreturn]] void corrupt(const std::string& message) const {
    throw Error(ErrorCode::kCorrupt, fmt::format("'{}' is damaged: {}: {}", file_->path(), where(), message));
  }

  // Runs a check of another part, which does not know that its input came from a file.
  template <typename Check>
  void checked(Check&& check) const {
    try {
      check();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kOutOfMemory) throw;
      corrupt(error.message());
    }
  }

  // --- reading, at a cost. What is read in all cannot be more than there is, unless tables refer to the same bytes
  // again and again, which a writer never does and which would let a small file fill the memory.

  void spend(uint64_t bytes) {
    if (bytes > budget_) corrupt("its tables refer to the same bytes more than once");
    budget_ -= bytes;
  }

  template <typename T>
  static size_t count_of(const Vector<T>* vector) {
    return vector == nullptr ? 0 : vector->size();
  }

  std::string text(const flatbuffers::String* string) {
    spend(string->size());
    return string->str();
  }

  template <typename T>
  std::vector<T> numbers(const Vector<T>* vector) {
    const size_t count = count_of(vector);
    spend(count * sizeof(T));
    std::vector<T> result(count);
    // Copied, not read in place: the verifier does not see to the alignment of elements longer than their count.
    if (count > 0) std::memcpy(result.data(), vector->Data(), count * sizeof(T));
    for (T& number : result) number = flatbuffers::EndianScalar(number);
    return result;
  }

  // Calls `visit(index, table)` for each table of the vector.
  template <typename T, typename Visit>
  void each(const TableVector<T>* vector, Visit&& visit) {
    const size_t count = count_of(vector);
    spend(count * sizeof(flatbuffers::uoffset_t));
    for (size_t i = 0; i < count; ++i) visit(i, *vector->Get(static_cast<uint32_t>(i)));
  }

  // --- types and tensors

  [[nodiscard]] DType dtype(int64_t number) const {
    if (!is_valid_dtype(number)) corrupt(fmt::format("dtype {} is not one of 0 to {}", number, kDTypeCount - 1));
    return static_cast<DType>(number);
  }

  TensorType read_type(const fb::Type& table) {
    TensorType type{dtype(table.dtype()), std::nullopt};
    if (!table.has_shape()) {
      if (count_of(table.dims()) != 0) corrupt("a type without a shape has dimensions");
      return type;
    }
    check_rank(count_of(table.dims()));
    type.shape.emplace();
    each(table.dims(), [&](size_t /*index*/, const fb::Dim& dim) {
      if (dim.value() < -1) corrupt(fmt::format("the extent {} is negative", dim.value()));
      if (dim.symbol() == nullptr) {
        type.shape->emplace_back(dim.value());
        return;
      }
      if (dim.value() != -1) corrupt(fmt::format("a dimension has both a name and the extent {}", dim.value()));
      std::string symbol = text(dim.symbol());
      if (symbol.empty()) corrupt("a dimension's name is empty");
      type.shape->push_back(Dim(std::move(symbol)));
    });
    return type;
  }

  void check_rank(size_t rank) const {
    if (rank > static_cast<size_t>(kMaxRank))
      corrupt(fmt::format("the rank is {}, but may be {} at most", rank, kMaxRank));
  }

  Tensor read_tensor(const fb::Tensor& table) {
    const DType type = dtype(table.dtype());
    if (type == DType::kUndefined) corrupt("a tensor's dtype is undefined");
    check_rank(count_of(table.dims()));
    Dims dims;
    int64_t count = 1;
    for (const int64_t extent : numbers(table.dims())) {
      if (extent < 0) corrupt(fmt::format("the extent {} is negative", extent));
      dims.push_back(extent);
    }
    checked([&] { count = dims.count(); });
    if (type == DType::kString) return read_strings(table, dims, count);
    if (count_of(table.strings()) != 0) corrupt(fmt::format("a tensor of {} has strings", dtype_name(type)));
    uint64_t bytes = 0;
    checked([&] { bytes = static_cast<uint64_t>(bytes_for(type, count)); });
    const uint64_t offset = table.offset();
    if (table.length() != bytes) {
      corrupt(fmt::format("{}{} takes {} bytes, but {} are given", dtype_name(type), to_string(dims), bytes,
                          table.length()));
    }
    if (offset % kAlignment != 0)
      corrupt(fmt::format("offset {} of a tensor is not a multiple of {}", offset, kAlignment));
    if (offset > constants_.size() || bytes > constants_.size() - offset) {
      corrupt(fmt::format("a tensor's {} bytes at offset {} pass the end of the constants section, which has {}", bytes,
                          offset, constants_.size()));
    }
    return Tensor::shared(file_, constants_.data() + offset, type, dims);
  }

  Tensor read_strings(const fb::Tensor& table, const Dims& dims, int64_t count) {
    if (table.offset() != 0 || table.length() != 0) corrupt("a tensor of strings has bytes in the constants section");
    if (count_of(table.strings()) != static_cast<uint64_t>(count)) {
      corrupt(fmt::format("a string tensor of shape {} has {} strings", to_string(dims), count_of(table.strings())));
    }
    return Tensor::of_strings(strings(table.strings()), dims);
  }

  std::vector<std::string> strings(const TableVector<flatbuffers::String>* vector) {
    std::vector<std::string> result;
    each(vector, [&](size_t /*index*/, const flatbuffers::String& string) { result.push_back(text(&string)); });
    return result;
  }

  // --- attributes

  // The only item of a list that stands for a single value.
  template <typename T>
  T single(std::vector<T> items) {
    if (items.size() != 1) corrupt(fmt::format("a single value is stored as {} values", items.size()));
    return std::move(items.front());
  }

  bool boolean(int64_t number) const {
    if (number != 0 && number != 1) corrupt(fmt::format("a bool is {}", number));
    return number == 1;
  }

  std::vector<bool> read_bools(const fb::Attribute& table) {
    std::vector<bool> result;
    for (const int64_t number : numbers(table.ints())) result.push_back(boolean(number));
    return result;
  }

  std::vector<DType> read_dtypes(const fb::Attribute& table) {
    std::vector<DType> result;
    for (const int64_t number : numbers(table.ints())) result.push_back(dtype(number));
    return result;
  }

  std::vector<TensorType> read_types(const fb::Attribute& table) {
    std::vector<TensorType> result;
    each(table.types(), [&](size_t /*index*/, const fb::Type& type) { result.push_back(read_type(type)); });
    return result;
  }

  std::vector<Tensor> read_tensors(const fb::Attribute& table) {
    std::vector<Tensor> result;
    each(table.tensors(), [&](size_t /*index*/, const fb::Tensor& tensor) { result.push_back(read_tensor(tensor)); });
    return result;
  }

  std::vector<std::shared_ptr<const Graph>> read_graphs(const fb::Attribute& table) {
    std::vector<std::shared_ptr<const Graph>> result;
    each(table.graphs(), [&](size_t index, const fb::Graph& graph) {
      const At at(*this, "graph", index);
      result.push_back(std::make_shared<const Graph>(read_graph(graph)));
    });
    return result;
  }

  std::vector<std::shared_ptr<const FunctionRef>> read_functions(const fb::Attribute& table) {
    std::vector<std::shared_ptr<const FunctionRef>> result;
    each(table.functions(), [&](size_t index, const fb::Function& function) {
      const At at(*this, "function", index, function.name());
      const Nested nested(*this);
      std::string name = text(function.name());
      result.push_back(
          std::make_shared<const FunctionRef>(FunctionRef{std::move(name), read_attributes(function.attributes())}));
    });
    return result;
  }

  Attribute read_attribute(const fb::Attribute& table) {
    switch (table.kind()) {
      case fb::AttributeKind::None:
        return std::monostate();
      case fb::AttributeKind::Bool:
        return boolean(single(numbers(table.ints())));
      case fb::AttributeKind::Int:
        return single(numbers(table.ints()));
      case fb::AttributeKind::Float:
        return single(numbers(table.floats()));
      case fb::AttributeKind::String:
        return single(strings(table.strings()));
      case fb::AttributeKind::DType:
        return single(read_dtypes(table));
      case fb::AttributeKind::Type:
        return single(read_types(table));
      case fb::AttributeKind::Tensor:
        return single(read_tensors(table));
      case fb::AttributeKind::Graph:
        return single(read_graphs(table));
      case fb::AttributeKind::Function:
        return single(read_functions(table));
      case fb::AttributeKind::Bools:
        return read_bools(table);
      case fb::AttributeKind::Ints:
        return numbers(table.ints());
      case fb::AttributeKind::Floats:
        return numbers(table.floats());
      case fb::AttributeKind::Strings:
        return strings(table.strings());
      case fb::AttributeKind::DTypes:
        return read_dtypes(table);
      case fb::AttributeKind::Types:
        return read_types(table);
      case fb::AttributeKind::Tensors:
        return read_tensors(table);
      case fb::AttributeKind::Graphs:
        return read_graphs(table);
      case fb::AttributeKind::Functions:
        return read_functions(table);
    }
    corrupt(fmt::format("attribute kind {} is not one of 0 to {}", static_cast<int>(table.kind()),
                        static_cast<int>(fb::AttributeKind::MAX)));
  }

  Attributes read_attributes(const TableVector<fb::Attribute>* vector) {
    Attributes attributes;
    each(vector, [&](size_t index, const fb::Attribute& table) {
      const At at(*this, "attribute", index, table.name());
      std::string name = text(table.name());
      if (!attributes.empty() && attributes.rbegin()->first >= name)
        corrupt("the names of attributes are not in ascending order");
      attributes.emplace_hint(attributes.end(), std::move(name), read_attribute(table));
    });
    return attributes;
  }

  // --- graphs

  std::string value_name(const Graph& graph, const flatbuffers::String* string) {
    std::string name = text(string);
    if (name.empty()) corrupt("a value's name is empty");
    if (graph.find_value(name) != nullptr) corrupt(fmt::format("two values are named '{}'", name));
    return name;
  }

  Value* value_at(const std::vector<Value*>& values, int32_t number) const {
    if (number < 0 || static_cast<size_t>(number) >= values.size()) {
      corrupt(fmt::format("value {} is referred to, but only values 0 to {} exist here", number,
                          static_cast<int64_t>(values.size()) - 1));
    }
    return values[static_cast<size_t>(number)];
  }

  Node* read_node(Graph& graph, const fb::Node& table, const std::vector<Node*>& nodes, std::vector<Value*>& values) {
    std::string name = text(table.name()), op = text(table.op());
    std::string domain = table.domain() == nullptr ? std::string() : text(table.domain());
    if (name.empty()) corrupt("the node's name is empty");
    if (op.empty()) corrupt("the node's operator is empty");
    if (graph.find_node(name) != nullptr) corrupt(fmt::format("two nodes are named '{}'", name));
    std::vector<Value*> inputs;
    for (const int32_t number : numbers(table.inputs()))
      inputs.push_back(number == -1 ? nullptr : value_at(values, number));
    Node* node = graph.add_node(std::move(op), std::move(name), inputs, std::span<const std::string>(),
                                read_attributes(table.attributes()), std::move(domain));
    std::vector<Node*> before;
    for (const int32_t number : numbers(table.control_inputs())) {
      if (number < 0 || static_cast<size_t>(number) >= nodes.size()) {
        corrupt(fmt::format("control input {} is not one of the {} nodes before it", number, nodes.size()));
      }
      before.push_back(nodes[static_cast<size_t>(number)]);
    }
    node->set_control_inputs(std::move(before));
    each(table.outputs(), [&](size_t index, const fb::Value& value) {
      const At at(*this, "output", index, value.name());
      std::string output = value_name(graph, value.name());
      values.push_back(graph.add_output_value(node, std::move(output), read_type(*value.type())));
    });
    check_operator(*node);
    return node;
  }

  void check_operator(const Node& node) const {
    if (!node.domain().empty()) return;  // A user's layer: the registry checks its fields when it is bound.
    const OpDef* op = find_op(node.op());
    if (op == nullptr) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("'{}': {}: this Tenon has no operator '{}'; the plan was made by {}", file_->path(),
                              where(), node.op(), producer_));
    }
    checked([&] { check_node(node, *op); });
  }

  Graph read_graph(const fb::Graph& table) {
    const Nested nested(*this);
    Graph graph(text(table.dialect()));
    if (graph.dialect() != "standard")
      corrupt(fmt::format("the graph's dialect is '{}', but must be 'standard'", graph.dialect()));
    if (table.name() != nullptr) graph.set_name(text(table.name()));
    graph.properties() = read_attributes(table.properties());
    std::vector<Value*> values;
    each(table.inputs(), [&](size_t index, const fb::Value& value) {
      const At at(*this, "input", index, value.name());
      std::string name = value_name(graph, value.name());
      values.push_back(graph.add_input(std::move(name), read_type(*value.type())));
    });
    each(table.constants(), [&](size_t index, const fb::Constant& constant) {
      const At at(*this, "constant", index, constant.name());
      std::string name = value_name(graph, constant.name());
      values.push_back(graph.add_constant(std::move(name), read_tensor(*constant.tensor())));
    });
    std::vector<Node*> nodes;
    each(table.nodes(), [&](size_t index, const fb::Node& node) {
      const At at(*this, "node", index, node.name());
      nodes.push_back(read_node(graph, node, nodes, values));
    });
    std::vector<Value*> outputs;
    for (const int32_t number : numbers(table.outputs())) outputs.push_back(value_at(values, number));
    graph.set_outputs(std::move(outputs));
    return graph;
  }

  struct Nested {
    explicit Nested(TableReader& reader) : depth(reader.depth_) {
      if (depth == kMaxNesting)
        reader.corrupt(fmt::format("graphs and functions nest deeper than {} levels", kMaxNesting));
      ++depth;
    }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    ~Nested() { --depth; }
    int& depth;
  };

  std::shared_ptr<const MappedFile> file_;
  Bytes constants_;
  uint64_t budget_;
  std::string producer_;
  std::vector<Place> places_;
  int depth_ = 0;
};

}  // namespace

Plan read_plan_tables(const std::shared_ptr<const MappedFile>& file, Bytes tables, Bytes constants) {
  const auto corrupt = [&](const std::string& message) {
    throw Error(ErrorCode::kCorrupt, fmt::format("'{}' is damaged: the graph section {}", file->path(), message));
  };
  if (tables.size() >= FLATBUFFERS_MAX_BUFFER_SIZE)
    corrupt(fmt::format("has {} bytes, more than its format allows", tables.size()));
  // A level of nesting is four tables deep (graph, node, attribute, and function or the types at the end). A table
  // takes eight bytes at least, with the reference to it; so more of them means that some are referred to repeatedly.
  constexpr int kTablesPerLevel = 4;
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(tables.data()), tables.size(),
                                 kTablesPerLevel * (kMaxNesting + 2),
                                 static_cast<flatbuffers::uoffset_t>(tables.size() / 8 + 1));
  if (!fb::VerifyPlanBuffer(verifier)) corrupt("does not hold the tables that a plan consists of");
  return TableReader(file, tables, constants).read(*fb::GetPlan(tables.data()));
}

}  // namespace tenon
