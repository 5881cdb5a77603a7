// SPDX-License-Identifier: Apache-2.0
#include "cli/draw.h"
#include "cli/support.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <optional>

namespace tenon::cli {
namespace {

struct Summary {
  std::map<std::string, int> operators, layers;
  int64_t weight_bytes = 0;
  int64_t weights = 0;
};

// The tensors in an attribute. UFF keeps weights behind references, which are functions of the data.
void count_weights(Summary& summary, const Attribute& attribute) {
  if (const auto* tensor = std::get_if<Tensor>(&attribute)) {
    summary.weight_bytes += tensor->size_bytes();
    ++summary.weights;
  } else if (const auto* function = std::get_if<std::shared_ptr<const FunctionRef>>(&attribute)) {
    for (const auto& [name, value] : (*function)->attributes) count_weights(summary, value);
  }
}

// Weights are constants in a plan; in the graph of a file they are the tensors that its nodes hold.
Summary summarise(const Graph& graph) {
  Summary summary;
  for (const Node* node : graph.nodes()) {
    const std::string layer = layer_name(graph, *node);
    ++(layer.empty() ? summary.operators[node->op()] : summary.layers[layer]);
    for (const auto& [name, value] : node->attributes()) count_weights(summary, value);
  }
  for (const Value* value : graph.values())
    if (const Tensor* tensor = value->constant()) count_weights(summary, *tensor);
  return summary;
}

// The value that an output of UFF's MarkOutput stands for; other values themselves.
const Value* marked(const Value* output) {
  const Node* mark = output->producer();
  if (mark == nullptr || mark->op() != "MarkOutput" || !mark->domain().empty()) return output;
  const Value* value = mark->input(static_cast<size_t>(output->output_index()));
  return value == nullptr ? output : value;
}

nlohmann::json node_json(const Node* node) {
  nlohmann::json inputs = nlohmann::json::array(), outputs = nlohmann::json::array(),
                 attributes = nlohmann::json::object();
  for (const Value* value : node->inputs())
    inputs.push_back(value == nullptr ? nlohmann::json(nullptr) : nlohmann::json(value->name()));
  for (const Value* value : node->outputs()) outputs.push_back(to_json(value->name(), value->type()));
  for (const auto& [name, value] : node->attributes()) attributes[name] = to_json(value);
  return {{"name", node->name()}, {"op", node->op()},   {"domain", node->domain()},
          {"inputs", inputs},     {"outputs", outputs}, {"attributes", attributes}};
}

void print_ports(const char* title, const nlohmann::json& ports, const std::vector<TensorType>& types) {
  fmt::print("{}\n", title);
  for (size_t i = 0; i < types.size(); ++i)
    fmt::print("  {}  {}\n", ports[i]["name"].get<std::string>(), to_string(types[i]));
}

void print_counts(const char* title, const std::map<std::string, int>& counts) {
  if (counts.empty()) return;
  fmt::print("{}\n", title);
  for (const auto& [name, count] : counts) fmt::print("  {:5}  {}\n", count, name);
}

}  // namespace

int inspect(const InspectArgs& args) {
  const bool plan = is_plan_file(args.model.path);
  const Graph graph = plan ? plan_graph(args.model.path) : load_graph(args.model);
  if (!args.picture.empty()) draw(graph, args.picture);
  const Summary summary = summarise(graph);
  nlohmann::json inputs = nlohmann::json::array(), outputs = nlohmann::json::array();
  std::vector<TensorType> input_types, output_types;
  for (const Value* value : graph_inputs(graph)) {
    inputs.push_back(to_json(value->name(), value->type()));
    input_types.push_back(value->type());
  }
  for (const Value* output : graph.outputs()) {
    const Value* value = marked(output);
    outputs.push_back(to_json(value->name(), value->type()));
    output_types.push_back(value->type());
  }
  const std::string format = plan ? "plan" : graph.dialect();
  const std::optional<std::string> signer = plan ? plan_signer(args.model.path) : std::nullopt;
  if (args.json) {
    nlohmann::json document{{"file", args.model.path},
                            {"format", format},
                            {"inputs", inputs},
                            {"outputs", outputs},
                            {"operators", summary.operators},
                            {"layers", summary.layers},
                            {"nodes", graph.node_count()},
                            {"weights", summary.weights},
                            {"weight_bytes", summary.weight_bytes}};
    if (plan) document["signer"] = signer ? nlohmann::json(*signer) : nlohmann::json(nullptr);
    if (args.nodes) {
      document["graph"] = nlohmann::json::array();
      for (const Node* node : graph.topological_order()) document["graph"].push_back(node_json(node));
    }
    print_json(document);
    return kOk;
  }
  fmt::print("{}: {}, {} nodes, {} constants of {:.1f} kB\n", args.model.path, format, graph.node_count(),
             summary.weights, static_cast<double>(summary.weight_bytes) / 1000);
  if (signer) fmt::print("signed by  {}  ('tenon check --trust-key' verifies it)\n", *signer);
  print_ports("inputs", inputs, input_types);
  print_ports("outputs", outputs, output_types);
  print_counts("operators", summary.operators);
  print_counts("layers of users", summary.layers);
  if (args.nodes) fmt::print("\n{}", graph.to_string());
  return kOk;
}

}  // namespace tenon::cli
