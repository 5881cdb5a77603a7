// SPDX-License-Identifier: Apache-2.0
#include "compiler/recognise.h"

#include "base/elements.h"
#include "expr/simplify.h"
#include "expr/trace.h"
#include "ops/define.h"
#include "ops/epilogue.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace tenon {
namespace {

using expr::Function;
using expr::Node;
using expr::NodeId;
using expr::NodeKind;

// How an operator takes its parameters.
struct Candidate {
  std::string_view op;
  std::vector<std::string_view> attributes = {};  // Floats.
  int scalars = 0;                                // Inputs behind the first one; see BuiltIn.
};

const std::vector<Candidate>& unary_candidates() {
  static const std::vector<Candidate> candidates = [] {
    const std::map<std::string_view, Candidate> special = {{"Clip", {"Clip", {}, 2}},
                                                           {"Elu", {"Elu", {"alpha"}}},
                                                           {"HardSigmoid", {"HardSigmoid", {"alpha", "beta"}}},
                                                           {"LeakyRelu", {"LeakyRelu", {"alpha"}}},
                                                           {"Swish", {"Swish", {"alpha"}}}};
    std::vector<Candidate> result;
    for (const std::string_view op : epilogue_unary_ops()) {
      const auto found = special.find(op);
      result.push_back(found == special.end() ? Candidate{op} : found->second);
    }
    return result;
  }();
  return candidates;
}

// How many nodes of each kind and operation a formula has, without what depends on shapes and parameters.
using Skeleton = std::multiset<std::pair<NodeKind, uint8_t>>;

Skeleton skeleton_of(const Function& function) {
  Skeleton skeleton;
  for (NodeId id = 0; id < function.nodes.size(); ++id) {
    const Node& node = function.nodes[id];
    const bool counts = node.kind == NodeKind::kUnary || node.kind == NodeKind::kBinary ||
                        node.kind == NodeKind::kSelect || node.kind == NodeKind::kCast ||
                        node.kind == NodeKind::kReduce || node.kind == NodeKind::kLoad;
    if (counts) skeleton.emplace(node.kind, node.op);
  }
  return skeleton;
}

// With names that depend on places only.
Function renamed(Function function) {
  function.name = "f";
  for (expr::Input& input : function.inputs) {
    for (Dim& dim : input.dims)
      if (dim.is_symbol()) dim = Dim("d" + std::to_string(*function.find_symbol(dim.symbol())));
  }
  for (size_t i = 0; i < function.symbols.size(); ++i) function.symbols[i] = "d" + std::to_string(i);
  for (size_t i = 0; i < function.inputs.size(); ++i) function.inputs[i].name = "x" + std::to_string(i);
  for (size_t i = 0; i < function.outputs.size(); ++i) function.outputs[i].name = "y" + std::to_string(i);
  return function;
}

bool same_formulas(const Function& a, const Function& b) { return identical(renamed(a), renamed(b)); }

// A node of an operator in a graph of its own, and its definition.
std::optional<Definition> definition(const BuiltIn& builtin, std::span<const TensorType> inputs) {
  Graph graph;
  std::vector<Value*> values;
  std::vector<TensorType> types(inputs.begin(), inputs.end());
  std::vector<const Tensor*> constants(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) values.push_back(graph.add_input("input" + std::to_string(i), inputs[i]));
  for (const double scalar : builtin.scalars) {
    const Tensor tensor = scalar_tensor(scalar, inputs[0].dtype);
    values.push_back(graph.add_constant("scalar" + std::to_string(values.size()), tensor));
    types.push_back({tensor.dtype(), Shape{}});
    constants.push_back(values.back()->constant());
  }
  const std::string output = "output";
  const ::tenon::Node* node = graph.add_node(builtin.op, "node", values, std::span(&output, 1), builtin.attributes);
  try {
    return definition_of(*node, types, constants);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal || error.code() == ErrorCode::kOutOfMemory) throw;
    return std::nullopt;  // The operator does not take such inputs.
  }
}

class Recogniser {
 public:
  Recogniser(const LayerExpr& formulas, std::span<const TensorType> inputs)
      : function_(expr::uncontracted(formulas.impl().function)), inputs_(inputs), skeleton_(skeleton_of(function_)) {
    std::set<double> constants = {1};
    for (NodeId id = 0; id < function_.nodes.size(); ++id) {
      const Node& node = function_.nodes[id];
      if (node.kind != NodeKind::kConst || !expr::is_any(node.type, expr::kFloats | expr::kHalves)) continue;
      constants.insert(node.value.real());
    }
    constants_.assign(constants.begin(), constants.end());
  }

  std::optional<BuiltIn> run() {
    constexpr size_t kMostConstants = 6;
    if (function_.outputs.size() != 1 || constants_.size() > kMostConstants) return std::nullopt;
    if (inputs_.size() == 1) {
      for (const Candidate& candidate : unary_candidates()) {
        const size_t parameters = candidate.attributes.size() + static_cast<size_t>(candidate.scalars);
        if (auto found = try_parameters(candidate, parameters, {})) return found;
      }
    } else if (inputs_.size() == 2) {
      for (const std::string_view op : epilogue_binary_ops())
        if (matches({std::string(op)})) return BuiltIn{std::string(op)};
    }
    return std::nullopt;
  }

 private:
  // All assignments of the constants to what is left of the parameters.
  std::optional<BuiltIn> try_parameters(const Candidate& candidate, size_t left, std::vector<double> values) {
    if (left == 0) {
      BuiltIn builtin{std::string(candidate.op)};
      const size_t attributes = candidate.attributes.size();
      for (size_t i = 0; i < attributes; ++i) builtin.attributes.emplace(candidate.attributes[i], values[i]);
      builtin.scalars.assign(values.begin() + static_cast<std::ptrdiff_t>(attributes), values.end());
      return matches(builtin) ? std::optional(builtin) : std::nullopt;
    }
    for (const double constant : constants_) {
      values.push_back(constant);
      if (auto found = try_parameters(candidate, left - 1, values)) return found;
      values.pop_back();
    }
    return std::nullopt;
  }

  [[nodiscard]] bool matches(const BuiltIn& builtin) const {
    const auto defined = definition(builtin, inputs_);
    if (!defined) return false;
    const Function& other = defined->layer.impl().function;
    return skeleton_of(other) == skeleton_ && same_formulas(function_, other);
  }

  const Function function_;  // With one kind of products.
  std::span<const TensorType> inputs_;
  Skeleton skeleton_;
  std::vector<double> constants_;
};

}  // namespace

Tensor scalar_tensor(double value, DType dtype) {
  Tensor tensor = Tensor::zeros(dtype, {});
  store_f64(tensor.mutable_data(), dtype, 0, value);
  return tensor;
}

std::optional<BuiltIn> recognise(const LayerExpr& formulas, std::span<const TensorType> inputs) {
  const DType dtype = inputs.empty() ? DType::kUndefined : inputs[0].dtype;
  if (!is_float(dtype)) return std::nullopt;
  return Recogniser(formulas, inputs).run();
}

}  // namespace tenon
