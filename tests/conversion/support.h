// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/uff/dialect.h"

#include <tenon/convert.h>
#include <tenon/graph.h>

#include <string>
#include <vector>

// What the tests of conversions share: TensorFlow graphs built by hand, and UFF graphs as lines to compare.
namespace tenon::test {

/// "Pool pool <- x {func=max, inputs_orders=@orders_N+C}": a reference is shown by its key.
inline std::string line_of(const Node& node) {
  std::string line = node.op() + " " + node.name();
  for (size_t i = 0; i < node.inputs().size(); ++i) line += (i == 0 ? " <- " : ", ") + node.input(i)->name();
  if (node.attributes().empty()) return line;
  std::string fields;
  for (const auto& [name, value] : node.attributes()) {
    const auto* function = std::get_if<std::shared_ptr<const FunctionRef>>(&value);
    const bool is_ref = function != nullptr && (*function)->name == uff::kRef;
    fields += (fields.empty() ? "" : ", ") + name + "=";
    const auto* text = std::get_if<std::string>(&value);
    fields += is_ref            ? "@" + std::get<std::string>((*function)->attributes.at("key"))
              : text != nullptr ? *text
                                : to_string(value);
  }
  return line + " {" + fields + "}";
}

inline std::vector<std::string> lines_of(const Graph& graph) {
  std::vector<std::string> lines;
  for (const Node* node : graph.nodes()) lines.push_back(line_of(*node));
  return lines;
}

/// The bytes that a Const's `values` refer to, as elements.
template <typename T>
std::vector<T> values_of(const Graph& graph, std::string_view name) {
  const Attribute* data = uff::resolve(*graph.find_node(name)->attribute("values"));
  const auto& blob = std::get<Tensor>(*data);
  const auto* begin = static_cast<const T*>(blob.data());
  return {begin, begin + blob.size_bytes() / static_cast<int64_t>(sizeof(T))};
}

/// A conversion and what it told the user.
struct Converted {
  Graph graph;
  std::vector<std::string> notes;
};

inline Converted to_uff(const Graph& graph, std::vector<std::string> outputs = {}) {
  std::vector<std::string> notes;
  ConvertOptions options;
  options.outputs = std::move(outputs);
  options.note = [&](std::string_view line) { notes.emplace_back(line); };
  Graph result = convert(graph, "uff", options);
  result.validate();
  return {std::move(result), std::move(notes)};
}

/// Builds a TensorFlow graph; nodes are named as they are told.
class TensorFlowGraph {
 public:
  Value* input(const std::string& name, std::string_view shape, DType dtype = DType::kFloat32) {
    return add("Placeholder", name, {},
               {{"dtype", dtype}, {"shape", TensorType{DType::kUndefined, parse_shape(shape)}}});
  }
  Value* constant(const std::string& name, Tensor tensor) {
    const DType dtype = tensor.dtype();
    return add("Const", name, {}, {{"dtype", dtype}, {"value", std::move(tensor)}});
  }
  Value* zeros(const std::string& name, Dims dims) { return constant(name, Tensor::zeros(DType::kFloat32, dims)); }
  Value* integers(const std::string& name, std::initializer_list<int32_t> values, Dims dims) {
    return constant(name, Tensor::from(values, dims));
  }
  Value* integers(const std::string& name, std::initializer_list<int32_t> values) {
    return integers(name, values, Dims{static_cast<int64_t>(values.size())});
  }
  Value* add(const std::string& op, const std::string& name, std::initializer_list<Value*> inputs,
             Attributes attributes = {}) {
    return graph.add_node(op, name, inputs, std::move(attributes))->output();
  }
  const Graph& with_outputs(std::vector<Value*> outputs) {
    graph.set_outputs(std::move(outputs));
    return graph;
  }

  Graph graph{"tf"};
};

}  // namespace tenon::test
