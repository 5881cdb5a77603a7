// SPDX-License-Identifier: Apache-2.0
#include "layers/expression_layer.h"

#include "expr/verify.h"
#include "layers/infer.h"
#include "ops/op.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace tenon {
namespace {

class ExpressionInstance final : public LayerInstance {
 public:
  ExpressionInstance(const ExpressionLayer& layer, Attributes fields)
      : layer_(std::make_shared<const ExpressionLayer>(layer)), fields_(std::move(fields)) {}

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    Graph graph = *layer_->trace(inputs, fields_);
    for (size_t i = 0; i < inputs.size(); ++i) graph.inputs()[i]->set_type(inputs[i]);
    for (Node* node : graph.topological_order()) infer_outputs(*node);
    std::vector<TensorType> types;
    for (const Value* output : graph.outputs()) types.push_back(output->type());
    return types;
  }
  std::unique_ptr<LayerState> prepare(std::span<const TensorView>, std::span<const TensorView>) const override {
    return nullptr;
  }
  void run(LayerState*, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
           const Allocate& allocate) const override {
    std::vector<TensorType> types;
    types.reserve(inputs.size());
    for (const TensorView& input : inputs) types.push_back({input.dtype, to_shape(input.dims)});
    const Graph graph = *layer_->trace(types, fields_);
    std::unordered_map<const Value*, Tensor> tensors;
    for (size_t i = 0; i < inputs.size(); ++i) {
      tensors[graph.inputs()[i]] = Tensor::shared(nullptr, inputs[i].data, inputs[i].dtype, inputs[i].dims);
    }
    const auto tensor_of = [&](const Value* input) -> const Tensor* {
      if (input == nullptr) return nullptr;
      return input->constant() != nullptr ? input->constant() : &tensors.at(input);
    };
    for (const Node* node : graph.topological_order()) {
      std::vector<const Tensor*> operands;
      for (const Value* input : node->inputs()) operands.push_back(tensor_of(input));
      std::vector<Tensor> results = evaluate(*node, operands);
      for (size_t i = 0; i < results.size(); ++i) tensors[node->output(i)] = std::move(results[i]);
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Tensor& result = *tensor_of(graph.outputs()[i]);  // It may be a constant.
      MutableTensorView output = outputs[i];
      if (output.data == nullptr && output.dims != result.dims()) output = allocate(i, result.dims());
      if (output.dims != result.dims() || output.dtype != result.dtype()) {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("its output {} is {}{} when it runs but {}{} when it is asked before; let its function "
                                "depend on the inputs' types and the fields only",
                                i, dtype_name(result.dtype()), to_string(result.dims()), dtype_name(output.dtype),
                                to_string(output.dims)));
      }
      if (const int64_t bytes = result.size_bytes(); bytes > 0)
        std::memcpy(output.data, result.data(), static_cast<size_t>(bytes));
    }
  }

 private:
  std::shared_ptr<const ExpressionLayer> layer_;  // Shared with nobody: the registry's may be replaced.
  Attributes fields_;
};

// Names of dimensions beside those that the layer's author chose.
class FreeNames {
 public:
  explicit FreeNames(std::set<std::string> taken) : taken_(std::move(taken)) {}

  std::string fresh(const std::string& stem) {
    std::string name = stem;
    for (int i = 0; !taken_.insert(name).second; ++i) name = fmt::format("{}{}", stem, i);
    return name;
  }
  // The graph's names of dimensions need not be names in a layer.
  Shape rename(const Shape& shape) {
    Shape renamed;
    for (const Dim& dim : shape) renamed.push_back(dim.is_symbol() ? Dim(name_of(dim.symbol())) : dim);
    for (Dim& dim : renamed)
      if (dim.is_unknown()) dim = Dim(fresh("d"));
    return renamed;
  }

 private:
  const std::string& name_of(const std::string& symbol) {
    const auto found = names_.find(symbol);
    if (found != names_.end()) return found->second;
    return names_.emplace(symbol, fresh(expr::is_name(symbol) ? symbol : "d")).first->second;
  }

  std::set<std::string> taken_;
  std::map<std::string, std::string> names_;
};

void require_name(const std::string& name, const char* what) {
  if (expr::is_name(name)) return;
  throw Error(
      ErrorCode::kInvalidArgument,
      fmt::format("{} is called '{}'; a name is letters, digits and _, and does not begin with a digit", what, name));
}

}  // namespace

LayerInfo layer_info_of(const LayerDefinition& definition, LayerKind kind) {
  require_name(definition.name, "the layer");
  if (definition.outputs < 1 || definition.version < 1 || definition.domain.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("layer '{}': it has {} outputs, version {} and namespace '{}'; outputs and version must be "
                            "1 or more, and the namespace not empty",
                            definition.name, definition.outputs, definition.version, definition.domain));
  }
  LayerInfo info;
  info.name = definition.name;
  info.version = definition.version;
  info.domain = definition.domain;
  info.doc = definition.doc;
  info.kind = kind;
  info.origin = definition.origin;
  info.min_inputs = static_cast<int>(std::max<size_t>(1, definition.inputs.size()));
  info.max_inputs = definition.variadic ? -1 : info.min_inputs;
  info.outputs = definition.outputs;
  for (const auto& [name, fallback] : definition.fields) {
    require_name(name, "a field");
    const auto doc = definition.field_docs.find(name);
    info.fields.push_back({name, fallback, false, doc == definition.field_docs.end() ? "" : doc->second});
  }
  return info;
}

std::unique_ptr<LayerInstance> ExpressionLayer::create(const Attributes& fields) const {
  return std::make_unique<ExpressionInstance>(*this, fields);
}

std::optional<Graph> ExpressionLayer::trace(std::span<const TensorType> inputs, const Attributes& fields) const {
  LayerBuilder builder(info_.name, info_.doc);
  builder.set_fast(fast_);
  std::vector<std::string> names;
  for (size_t i = 0; i < inputs.size(); ++i) {
    // The last name of a variadic layer stands for the rest.
    const bool repeated = info_.max_inputs < 0 && i + 1 >= input_names_.size();
    names.push_back(repeated ? fmt::format("{}{}", input_names_.back(), i + 1 - input_names_.size()) : input_names_[i]);
  }
  FreeNames free_names({names.begin(), names.end()});
  std::vector<Expr> symbols;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].dtype == DType::kUndefined || !inputs[i].shape) {
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("the input '{}' is {}; a layer of formulas needs its dtype and its number of "
                      "dimensions, so give the model's inputs their shapes",
                      names[i],
                      inputs[i].dtype == DType::kUndefined ? "left out or of an unknown dtype" : to_string(inputs[i])));
    }
    symbols.push_back(builder.input(names[i], inputs[i].dtype, free_names.rename(*inputs[i].shape)));
  }
  const std::vector<Expr> outputs = formulas_(symbols, LayerFields(fields));
  if (outputs.size() != static_cast<size_t>(info_.outputs)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("its function returns {} tensors, but the layer is declared with {} outputs",
                            outputs.size(), info_.outputs));
  }
  return builder.build_graph(outputs);
}

}  // namespace tenon
