// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"
#include "plan/plan.h"
#include "plan/plan_generated.h"
#include "plan/sections.h"
#include "plan/xxh3.h"

#include <fmt/core.h>

#include <cstring>
#include <map>
#include <unordered_map>
#include <utility>

namespace tenon {
namespace {

using namespace plan_format;  // NOLINT(google-build-using-namespace): this file writes that format

template <typename T>
using Offset = flatbuffers::Offset<T>;
template <typename T>
using VectorOffset = Offset<flatbuffers::Vector<T>>;

// The tensors' bytes, in the order in which the tables first refer to them. Tensors that share memory are stored once.
class ConstantPool {
 public:
  uint64_t place(const Tensor& tensor) {
    const auto bytes = static_cast<uint64_t>(tensor.size_bytes());
    if (bytes == 0) return 0;
    const auto [entry, is_new] = places_.try_emplace({tensor.data(), bytes}, aligned(size_));
    if (is_new) {
      size_ = entry->second + bytes;
      tensors_.push_back(tensor);
    }
    return entry->second;
  }

  [[nodiscard]] uint64_t size() const { return size_; }

  // Hands the section's bytes to `sink(data, size)`, padding included.
  template <typename Sink>
  void write(Sink&& sink) const {
    static constexpr char kZeros[kAlignment] = {};
    uint64_t position = 0;
    for (const Tensor& tensor : tensors_) {
      sink(kZeros, static_cast<size_t>(aligned(position) - position));
      sink(tensor.data(), static_cast<size_t>(tensor.size_bytes()));
      position = aligned(position) + static_cast<uint64_t>(tensor.size_bytes());
    }
  }

 private:
  std::map<std::pair<const void*, uint64_t>, uint64_t> places_;
  std::vector<Tensor> tensors_;
  uint64_t size_ = 0;
};

// Turns a plan into the tables of plan.fbs.
class TableWriter {
 public:
  explicit TableWriter(ConstantPool& constants) : constants_(constants) {}

  flatbuffers::DetachedBuffer write(const Plan& plan) {
    const auto producer = builder_.CreateString(plan.producer);
    const auto source = builder_.CreateString(plan.source);
    const auto graph = write_graph(plan.graph);
    builder_.Finish(fb::CreatePlan(builder_, producer, source, graph));
    return builder_.Release();
  }

 private:
  Offset<flatbuffers::String> write_string(const std::string& text) { return builder_.CreateString(text); }

  VectorOffset<Offset<flatbuffers::String>> write_strings(const std::vector<std::string>& texts) {
    std::vector<Offset<flatbuffers::String>> offsets;
    offsets.reserve(texts.size());
    for (const std::string& text : texts) offsets.push_back(write_string(text));
    return builder_.CreateVector(offsets);
  }

  Offset<fb::Type> write_type(const TensorType& type) {
    std::vector<Offset<fb::Dim>> dims;
    if (type.shape) {
      for (const Dim& dim : *type.shape) {
        dims.push_back(dim.is_symbol() ? fb::CreateDim(builder_, -1, write_string(dim.symbol()))
                                       : fb::CreateDim(builder_, dim.value()));
      }
    }
    const auto dims_offset = dims.empty() ? VectorOffset<Offset<fb::Dim>>() : builder_.CreateVector(dims);
    return fb::CreateType(builder_, static_cast<int32_t>(type.dtype), type.shape.has_value(), dims_offset);
  }

  Offset<fb::Tensor> write_tensor(const Tensor& tensor) {
    if (!tensor.defined()) {
      throw Error(ErrorCode::kInvalidArgument, "a plan cannot hold an undefined tensor; give it a dtype and a shape");
    }
    const auto dims = builder_.CreateVector(tensor.dims().data(), tensor.dims().size());
    const auto dtype = static_cast<int32_t>(tensor.dtype());
    if (tensor.dtype() == DType::kString) {
      return fb::CreateTensor(builder_, dtype, dims, 0, 0, write_strings(tensor.strings()));
    }
    return fb::CreateTensor(builder_, dtype, dims, constants_.place(tensor),
                            static_cast<uint64_t>(tensor.size_bytes()));
  }

  template <typename T>
  VectorOffset<int64_t> write_ints(const std::vector<T>& values) {
    std::vector<int64_t> ints;
    ints.reserve(values.size());
    for (const T value : values) ints.push_back(static_cast<int64_t>(value));
    return builder_.CreateVector(ints);
  }

  Offset<fb::Function> write_function(const std::shared_ptr<const FunctionRef>& function) {
    if (!function) throw Error(ErrorCode::kInvalidArgument, "a plan cannot hold a null function attribute");
    const auto nested = nest();
    const auto name = write_string(function->name);
    return fb::CreateFunction(builder_, name, write_attributes(function->attributes));
  }

  template <typename Item, typename Write>
  auto write_list(const std::vector<Item>& items, Write&& write) {
    std::vector<decltype(write(items.front()))> offsets;
    offsets.reserve(items.size());
    for (const Item& item : items) offsets.push_back(write(item));
    return builder_.CreateVector(offsets);
  }

  // The field that the attribute's kind uses. Single values are written as lists of one, because a FlatBuffers scalar
  // that equals its default (-0.0 equals 0.0) is not stored.
  struct Fields {
    VectorOffset<int64_t> ints;
    VectorOffset<double> floats;
    VectorOffset<Offset<flatbuffers::String>> strings;
    VectorOffset<Offset<fb::Type>> types;
    VectorOffset<Offset<fb::Tensor>> tensors;
    VectorOffset<Offset<fb::Graph>> graphs;
    VectorOffset<Offset<fb::Function>> functions;
  };

  void fill(Fields& /*fields*/, std::monostate /*none*/) {}
  void fill(Fields& fields, const std::vector<bool>& values) { fields.ints = write_ints(values); }
  void fill(Fields& fields, const std::vector<int64_t>& values) { fields.ints = write_ints(values); }
  void fill(Fields& fields, const std::vector<DType>& values) { fields.ints = write_ints(values); }
  void fill(Fields& fields, const std::vector<double>& values) { fields.floats = builder_.CreateVector(values); }
  void fill(Fields& fields, const std::vector<std::string>& values) { fields.strings = write_strings(values); }
  void fill(Fields& fields, const std::vector<TensorType>& values) {
    fields.types = write_list(values, [this](const TensorType& type) { return write_type(type); });
  }
  void fill(Fields& fields, const std::vector<Tensor>& values) {
    fields.tensors = write_list(values, [this](const Tensor& tensor) { return write_tensor(tensor); });
  }
  void fill(Fields& fields, const std::vector<std::shared_ptr<const Graph>>& values) {
    fields.graphs = write_list(values, [this](const std::shared_ptr<const Graph>& graph) {
      if (!graph) throw Error(ErrorCode::kInvalidArgument, "a plan cannot hold a null graph attribute");
      return write_graph(*graph);
    });
  }
  void fill(Fields& fields, const std::vector<std::shared_ptr<const FunctionRef>>& values) {
    fields.functions = write_list(values, [this](const auto& function) { return write_function(function); });
  }
  template <typename T>
  void fill(Fields& fields, const T& single) {
    fill(fields, std::vector<T>{single});
  }

  Offset<fb::Attribute> write_attribute(const std::string& name, const Attribute& attribute) {
    const auto name_offset = write_string(name);
    Fields fields;
    std::visit([&](const auto& value) { fill(fields, value); }, attribute);
    return fb::CreateAttribute(builder_, name_offset, static_cast<fb::AttributeKind>(attribute.index()), fields.ints,
                               fields.floats, fields.strings, fields.types, fields.tensors, fields.graphs,
                               fields.functions);
  }

  VectorOffset<Offset<fb::Attribute>> write_attributes(const Attributes& attributes) {
    if (attributes.empty()) return {};
    std::vector<Offset<fb::Attribute>> offsets;
    for (const auto& [name, attribute] : attributes) offsets.push_back(write_attribute(name, attribute));
    return builder_.CreateVector(offsets);
  }

  Offset<fb::Value> write_value(const Value& value) {
    const auto name = write_string(value.name());
    return fb::CreateValue(builder_, name, write_type(value.type()));
  }

  Offset<fb::Graph> write_graph(const Graph& graph) {
    const auto nested = nest();
    std::unordered_map<const Value*, int32_t> numbers;
    std::unordered_map<const Node*, int32_t> node_numbers;
    const auto number = [&](const Value* value) { numbers.emplace(value, static_cast<int32_t>(numbers.size())); };

    std::vector<Offset<fb::Value>> inputs;
    for (const Value* value : graph.inputs()) {
      number(value);
      inputs.push_back(write_value(*value));
    }
    std::vector<Offset<fb::Constant>> constants;
    for (const Value* value : graph.values()) {
      if (value->constant() == nullptr) continue;
      number(value);
      const auto name = write_string(value->name());
      constants.push_back(fb::CreateConstant(builder_, name, write_tensor(*value->constant())));
    }
    const auto number_of = [&](const Value* value) {
      const auto found = numbers.find(value);
      if (found == numbers.end()) {
        throw Error(
            ErrorCode::kInvalidArgument,
            fmt::format(
                "'{}' cannot be written to a plan: no node produces it, and it is neither an input nor a constant "
                "of the graph",
                value->name()));
      }
      return found->second;
    };
    std::vector<Offset<fb::Node>> nodes;
    for (const Node* node : graph.topological_order()) {
      std::vector<int32_t> node_inputs, control_inputs;
      for (const Value* input : node->inputs()) node_inputs.push_back(input == nullptr ? -1 : number_of(input));
      for (const Node* before : node->control_inputs()) control_inputs.push_back(node_numbers.at(before));
      std::vector<Offset<fb::Value>> outputs;
      for (const Value* output : node->outputs()) {
        number(output);
        outputs.push_back(write_value(*output));
      }
      node_numbers.emplace(node, static_cast<int32_t>(node_numbers.size()));
      const auto name = write_string(node->name());
      const auto op = write_string(node->op());
      const auto domain = node->domain().empty() ? Offset<flatbuffers::String>() : write_string(node->domain());
      const auto inputs_offset = builder_.CreateVector(node_inputs);
      const auto outputs_offset = builder_.CreateVector(outputs);
      const auto attributes = write_attributes(node->attributes());
      const auto controls = control_inputs.empty() ? VectorOffset<int32_t>() : builder_.CreateVector(control_inputs);
      nodes.push_back(fb::CreateNode(builder_, name, op, domain, inputs_offset, outputs_offset, attributes, controls));
    }
    std::vector<int32_t> outputs;
    for (const Value* value : graph.outputs()) outputs.push_back(number_of(value));

    const auto dialect = write_string(graph.dialect());
    const auto name = write_string(graph.name());
    const auto properties = write_attributes(graph.properties());
    const auto inputs_offset = builder_.CreateVector(inputs);
    const auto constants_offset = builder_.CreateVector(constants);
    const auto nodes_offset = builder_.CreateVector(nodes);
    return fb::CreateGraph(builder_, dialect, name, properties, inputs_offset, constants_offset, nodes_offset,
                           builder_.CreateVector(outputs));
  }

  // Counts nesting while it is alive.
  struct Nested {
    explicit Nested(int& level) : depth(level) {
      if (++depth > kMaxNesting) {
        --depth;
        throw Error(ErrorCode::kUnsupported,
                    fmt::format("graphs and functions nest deeper than a plan's {} levels", kMaxNesting));
      }
    }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    ~Nested() { --depth; }
    int& depth;
  };
  Nested nest() { return Nested(depth_); }

  ConstantPool& constants_;
  flatbuffers::FlatBufferBuilder builder_;
  int depth_ = 0;
};

static_assert(std::variant_size_v<Attribute> == static_cast<size_t>(fb::AttributeKind::MAX) + 1,
              "every attribute kind has its number in plan.fbs");

// Hands the whole file to `sink(data, size)` in order.
template <typename Sink>
void write_file_bytes(const Plan& plan, std::span<const KernelCode> kernels, Sink&& sink) {
  ConstantPool constants;
  const flatbuffers::DetachedBuffer tables = TableWriter(constants).write(plan);
  if (tables.size() >= FLATBUFFERS_MAX_BUFFER_SIZE) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("the graph's tables take {} bytes, but a plan's graph section holds up to {}",
                            tables.size(), FLATBUFFERS_MAX_BUFFER_SIZE));
  }
  Xxh3 constants_hash;
  constants.write([&](const void* data, size_t size) { constants_hash.add(data, size); });

  const std::vector<std::byte> code = kernels.empty() ? std::vector<std::byte>() : write_code(kernels);
  std::vector<PlanSection> sections = {
      {.kind = static_cast<uint32_t>(SectionKind::kGraph),
       .length = tables.size(),
       .hash = xxh3(tables.data(), tables.size())},
      {.kind = static_cast<uint32_t>(SectionKind::kConstants),
       .length = constants.size(),
       .hash = constants_hash.value()},
  };
  if (!code.empty()) {
    sections.push_back({.kind = static_cast<uint32_t>(SectionKind::kCode),
                        .length = code.size(),
                        .hash = xxh3(code.data(), code.size())});
  }
  place_sections(sections);

  static constexpr char kZeros[kAlignment] = {};
  const std::vector<std::byte> head = plan_head(sections);
  uint64_t position = head.size();
  const auto pad_to = [&](const PlanSection& section) {
    sink(kZeros, static_cast<size_t>(section.offset - position));
    position = section.offset + section.length;
  };
  sink(head.data(), head.size());
  pad_to(sections[0]);
  sink(tables.data(), tables.size());
  pad_to(sections[1]);
  constants.write(sink);
  if (code.empty()) return;
  pad_to(sections[2]);
  sink(code.data(), code.size());
}

}  // namespace

void write_plan(const Plan& plan, const std::string& path) { write_plan(plan, path, plan.code); }

void write_plan(const Plan& plan, const std::string& path, std::span<const KernelCode> code) {
  with_context(
      [&] {
        write_file(path, [&](FileSink& file) {
          write_file_bytes(plan, code, [&](const void* data, size_t size) { file.write(data, size); });
        });
      },
      [&] { return fmt::format("while writing the plan '{}'", path); });
}

std::vector<std::byte> plan_bytes(const Plan& plan) {
  std::vector<std::byte> bytes;
  write_file_bytes(plan, plan.code, [&](const void* data, size_t size) {
    const auto* from = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), from, from + size);
  });
  return bytes;
}

}  // namespace tenon
