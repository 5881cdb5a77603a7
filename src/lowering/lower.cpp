// SPDX-License-Identifier: Apache-2.0
#include "lowering/lower.h"
#include "base/near_names.h"

#include <fmt/core.h>

namespace tenon {

std::vector<Value*> find_outputs(const Graph& graph, std::span<const std::string> names) {
  if (names.empty()) {
    if (graph.outputs().empty()) {
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("the graph '{}' has no outputs: it has no node whose result nobody reads; name the outputs",
                      graph.name()));
    }
    return {graph.outputs().begin(), graph.outputs().end()};
  }
  std::vector<Value*> outputs;
  for (std::string_view name : names) {
    Value* value = graph.find_value(name);
    // TensorFlow writes "name:0" for what a graph calls "name".
    if (value == nullptr && name.size() > 2 && name.substr(name.size() - 2) == ":0")
      value = graph.find_value(name.substr(0, name.size() - 2));
    if (value == nullptr) {
      std::vector<std::string> known;
      for (const Value* candidate : graph.values()) known.push_back(candidate->name());
      throw Error(ErrorCode::kNotFound,
                  fmt::format("the graph has no value '{}' to be an output{}", name, did_you_mean(name, known)));
    }
    outputs.push_back(value);
  }
  return outputs;
}

void set_input_shapes(Graph& graph, const std::map<std::string, Shape>& shapes) {
  for (const auto& [name, shape] : shapes) {
    std::vector<std::string> known;
    Value* input = nullptr;
    for (Value* candidate : graph.inputs()) {
      known.push_back(candidate->name());
      if (candidate->name() == name) input = candidate;
    }
    if (input == nullptr) {
      throw Error(ErrorCode::kNotFound, fmt::format("there is no input '{}' to give the shape {}{}", name,
                                                    to_string(shape), did_you_mean(name, known)));
    }
    input->set_type({input->type().dtype, shape});
  }
}

Graph lower(const Graph& graph, const CompileOptions& options) {
  if (graph.dialect() == "tf") return lowering::tensorflow::lower(graph, options);
  if (graph.dialect() != "standard") {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("graphs of dialect '{}' cannot be compiled yet; 'tf' and 'standard' can", graph.dialect()));
  }
  Graph result = graph.clone();
  if (!options.outputs.empty()) {
    result.set_outputs(find_outputs(result, options.outputs));
    result.remove_unreachable();
  }
  set_input_shapes(result, options.input_shapes);
  return result;
}

}  // namespace tenon
