// SPDX-License-Identifier: Apache-2.0
#include "lowering/lower.h"
#include "base/near_names.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon {

std::optional<InputOrder> input_order_named(std::string_view name) noexcept {
  if (name == "NCHW") return InputOrder::kNCHW;
  if (name == "NHWC") return InputOrder::kNHWC;
  if (name == "NC") return InputOrder::kNC;
  return std::nullopt;
}

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

void check_input_names(const CompileOptions& options, std::span<const std::string> inputs) {
  const auto require = [&](const std::string& name, const std::string& what) {
    if (std::find(inputs.begin(), inputs.end(), name) != inputs.end()) return;
    throw Error(ErrorCode::kNotFound,
                fmt::format("there is no input '{}' to give {}{}", name, what, did_you_mean(name, inputs)));
  };
  for (const auto& [name, shape] : options.input_shapes) require(name, "the shape " + to_string(shape));
  for (const auto& [name, order] : options.input_orders) require(name, "an order");
}

Graph lower(const Graph& graph, const CompileOptions& options) {
  if (graph.dialect() == "uff") return lowering::uff::lower(graph, options);
  if (!options.input_orders.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("an order is given for the input '{}', but only the inputs of UFF models have one; give it "
                            "the shape that its data has",
                            options.input_orders.begin()->first));
  }
  if (graph.dialect() == "tf") return lowering::tensorflow::lower(graph, options);
  if (graph.dialect() != "standard") {
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format("graphs of dialect '{}' cannot be compiled yet; 'tf', 'uff' and 'standard' can", graph.dialect()));
  }
  Graph result = graph.clone();
  if (!options.outputs.empty()) {
    result.set_outputs(find_outputs(result, options.outputs));
    result.remove_unreachable();
  }
  std::vector<std::string> names;
  for (const Value* input : result.inputs()) names.push_back(input->name());
  check_input_names(options, names);
  for (Value* input : result.inputs()) {
    if (const auto given = options.input_shapes.find(input->name()); given != options.input_shapes.end())
      input->set_type({input->type().dtype, given->second});
  }
  return result;
}

}  // namespace tenon
