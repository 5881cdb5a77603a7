// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "codegen/nest.h"
#include "compiler/passes/passes.h"
#include "compiler/rewrite.h"
#include "expr/trace.h"
#include "layers/infer.h"
#include "ops/define.h"
#include "ops/expression.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

// fuse_expressions: what neighbouring nodes compute by formulas, the operators' and users', is one pass over memory.
//
// Before:  epilogues have taken what they can; Expression nodes are users' layers.
// After:   a group of nodes with formulas is one Expression, whose formulas are the nodes' put into one another: so
//          views cost nothing but index arithmetic, and what a reduction reads is computed where it is read. The
//          graph property "fusion" says what was fused, and why a neighbour was not.
// Order:   after fuse_epilogue, whose kernels have the results in registers. A single operator that has kernels of its
//          own stays as it is: they are as fast.
namespace tenon {
namespace {

using expr::Function;
using expr::NodeId;
using expr::NodeKind;

// Storing an element and loading it again is worth so many operations on it.
constexpr double kMemoryCost = 4;
// A dimension that is not known when the graph is compiled counts as this long.
constexpr double kUnknownExtent = 64;
// Above these, kernels spill registers and take long to compile.
constexpr int kMostNodes = 600;
constexpr size_t kMostInputs = 16;

// Operators that stay alone though they are formulas: their own kernels know more.
constexpr std::array<std::string_view, 2> kAlone = {"LRN", "Range"};

// Operators that stay as they are when they are alone, because the backends have kernels of their own for them: for any
// dtype, and for f32.
constexpr std::array<std::string_view, 14> kWithKernels = {"Cast",     "Concat", "Expand",    "Flatten",  "Gather",
                                                           "Identity", "Pad",    "Reshape",   "Slice",    "Split",
                                                           "Squeeze",  "Tile",   "Transpose", "Unsqueeze"};
constexpr std::array<std::string_view, 37> kWithKernelsOfF32 = {"Abs",
                                                                "Add",
                                                                "BatchNormalization",
                                                                "Ceil",
                                                                "Clip",
                                                                "Div",
                                                                "Elu",
                                                                "Erf",
                                                                "Exp",
                                                                "Floor",
                                                                "Gelu",
                                                                "HardSigmoid",
                                                                "HardSwish",
                                                                "LeakyRelu",
                                                                "LogSoftmax",
                                                                "Max",
                                                                "Min",
                                                                "Mish",
                                                                "Mul",
                                                                "Neg",
                                                                "Reciprocal",
                                                                "ReduceL1",
                                                                "ReduceL2",
                                                                "ReduceMax",
                                                                "ReduceMean",
                                                                "ReduceMin",
                                                                "ReduceProd",
                                                                "ReduceSum",
                                                                "ReduceSumSquare",
                                                                "Relu",
                                                                "Sigmoid",
                                                                "Softmax",
                                                                "Softplus",
                                                                "Sqrt",
                                                                "Sub",
                                                                "Swish",
                                                                "Tanh"};
// So few elements, such as a shape's, are interpreted in less time than a kernel takes to start.
constexpr double kFewElements = 32;

// A node that is formulas.
struct Member {
  Node* node;
  Definition definition;
  double times = 1;               // How often its group computes each of its elements,
  const Node* because = nullptr;  // and which of the group makes it more than once.
};

// Members that become one node. The last one is the group's sink: its outputs are the group's.
struct Group {
  std::vector<const Member*> members;  // In topological order.
  std::string apart = {};              // Why what reads its outputs is not in it.
};

double extent_of(const Function& function, NodeId id) {
  const auto known = function.nodes.integer_value(id);
  return known ? static_cast<double>(*known) : kUnknownExtent;
}

double count_of(const Value& value) {
  double count = 1;
  if (!value.type().shape) return kUnknownExtent;
  for (const Dim& dim : *value.type().shape)
    count *= dim.is_constant() ? static_cast<double>(dim.value()) : kUnknownExtent;
  return count;
}

// How many operations an element of an output takes, without those of reductions, which are done once.
double cost_per_element(const Function& function) {
  double cost = 0;
  for (NodeId id = 0; id < function.nodes.size(); ++id) {
    const expr::Node& node = function.nodes[id];
    const bool computes = node.kind == NodeKind::kUnary || node.kind == NodeKind::kBinary ||
                          node.kind == NodeKind::kSelect || node.kind == NodeKind::kCast;
    if (computes && node.type != expr::kI64) cost += codegen::weight(node);
  }
  return cost;
}

bool has_reduction(const Function& function) {
  for (NodeId id = 0; id < function.nodes.size(); ++id)
    if (function.nodes[id].kind == NodeKind::kReduce) return true;
  return false;
}

// How often a function evaluates the elements of its inputs, when a node is computed in the innermost loop that it
// depends on.
class Evaluations {
 public:
  explicit Evaluations(const Function& function) : function_(function), of_(function.inputs.size()) {
    for (const expr::Output& output : function.outputs) {
      std::vector<double> loops;
      for (const NodeId extent : output.shape) loops.push_back(extent_of(function, extent));
      std::vector<int> variables(loops.size());
      for (size_t i = 0; i < variables.size(); ++i) variables[i] = static_cast<int>(i);
      visit(output.value, variables, loops);
    }
  }

  // The most of all places where the input is read: those that read the same elements are one loop, or are kept.
  [[nodiscard]] double of(size_t input) const { return of_[input]; }

 private:
  [[nodiscard]] bool depends(NodeId id, int variable) const {
    return (function_.nodes.variables(id) >> variable & 1) != 0;
  }

  void visit(NodeId root, const std::vector<int>& variables, const std::vector<double>& loops) {
    if (!seen_.emplace(root, variables).second) return;
    std::vector<NodeId> pending = {root};
    std::set<NodeId> done;
    while (!pending.empty()) {
      const NodeId id = pending.back();
      pending.pop_back();
      if (!done.insert(id).second) continue;
      const expr::Node& node = function_.nodes[id];
      if (node.kind == NodeKind::kReduce) {
        enter(id, variables, loops);
        continue;
      }
      if (node.kind == NodeKind::kLoad) {
        double& most = of_[static_cast<size_t>(node.number)];
        most = std::max(most, times(id, variables, loops));
      }
      pending.insert(pending.end(), node.operands.begin(), node.operands.end());
    }
  }

  // The loops around a node's place: all that surround the innermost one that it depends on.
  [[nodiscard]] size_t depth(NodeId id, const std::vector<int>& variables) const {
    size_t depth = variables.size();
    while (depth > 0 && !depends(id, variables[depth - 1])) --depth;
    return depth;
  }
  [[nodiscard]] double times(NodeId id, const std::vector<int>& variables, const std::vector<double>& loops) const {
    double product = 1;
    for (size_t i = 0; i < depth(id, variables); ++i) product *= loops[i];
    return product;
  }

  void enter(NodeId id, std::vector<int> variables, std::vector<double> loops) {
    const expr::Node& node = function_.nodes[id];
    const size_t around = depth(id, variables);
    variables.resize(around);
    loops.resize(around);
    for (size_t i = 0; i < node.extents().size(); ++i) {
      variables.push_back(node.number + static_cast<int>(i));
      loops.push_back(extent_of(function_, node.extents()[i]));
    }
    visit(node.body(), variables, loops);
  }

  const Function& function_;
  std::vector<double> of_;
  std::set<std::pair<NodeId, std::vector<int>>> seen_;
};

bool has_cast(DType from, DType to) {
  const auto is_index = [](DType dtype) { return dtype == DType::kInt32 || dtype == DType::kInt64; };
  if (to == DType::kFloat32) {
    return is_index(from) || from == DType::kUInt8 || from == DType::kInt8 || from == DType::kBool ||
           from == DType::kFloat64;
  }
  return (is_index(from) && is_index(to)) || (from == DType::kFloat32 && to == DType::kFloat64);
}

// Whether the kernels of an operator of the lists above take the node.
bool is_taken(const Node& node) {
  if (node.op() == "Cast") return has_cast(node.input(0)->type().dtype, node.output()->type().dtype);
  if (node.op() == "Max" || node.op() == "Min") return node.inputs().size() == 2;
  if (node.op() == "Pad") return AttributeReader(node, op_of(node)).string("mode") == "constant";
  const Tensor* axes = node.op().starts_with("Reduce") && node.inputs().size() > 1 && node.input(1) != nullptr
                           ? node.input(1)->constant()
                           : nullptr;
  if (axes == nullptr) return true;
  // Reductions are over neighbouring axes.
  std::set<int64_t> reduced;
  const auto rank = static_cast<int64_t>(node.input(0)->type().shape->size());
  for (int64_t i = 0; i < axes->count(); ++i) {
    const int64_t axis = load_i64(axes->data(), axes->dtype(), i);
    reduced.insert(axis < 0 ? axis + rank : axis);
  }
  return reduced.empty() || *reduced.rbegin() - *reduced.begin() + 1 == static_cast<int64_t>(reduced.size());
}

// Whether a node that is alone is as quick as it is.
bool runs_alone(const Node& node) {
  const auto is_in = [&](const auto& names) { return std::find(names.begin(), names.end(), node.op()) != names.end(); };
  if (node.op() == kExpressionOp) return true;
  const bool is_f32 = node.input(0) != nullptr && node.input(0)->type().dtype == DType::kFloat32;
  if ((is_in(kWithKernels) || (is_f32 && is_in(kWithKernelsOfF32))) && is_taken(node)) return true;
  double most = 0;
  for (const Value* input : node.inputs())
    if (input != nullptr) most = std::max(most, count_of(*input));
  for (const Value* output : node.outputs()) most = std::max(most, count_of(*output));
  return most <= kFewElements;
}

class Fusion {
 public:
  explicit Fusion(Graph& graph) : graph_(graph) {}

  void run() {
    const std::vector<Node*> order = graph_.topological_order();
    for (Node* node : order) define(node);
    // From the outputs up: a node joins the group that reads it.
    for (auto it = order.rbegin(); it != order.rend(); ++it) {
      const auto found = members_.find(*it);
      if (found != members_.end()) join(*found->second);
    }
    for (auto& group : groups_) finish(*group);
    graph_.remove_unreachable();
    if (!report_.empty()) graph_.properties().insert_or_assign("fusion", report_);
  }

 private:
  void define(Node* node) {
    if (!node->domain().empty() || std::find(kAlone.begin(), kAlone.end(), node->op()) != kAlone.end()) return;
    std::vector<TensorType> types;
    std::vector<const Tensor*> values;
    for (const Value* input : node->inputs()) {
      types.push_back(input == nullptr ? TensorType() : input->type());
      values.push_back(input == nullptr ? nullptr : input->constant());
    }
    std::optional<Definition> definition;
    if (node->op() == kExpressionOp) {
      definition = Definition{formulas_of(*node), {}};
      for (size_t i = 0; i < types.size(); ++i) definition->inputs.push_back(i);
    } else {
      definition = definition_of(*node, types, values);
    }
    if (!definition || definition->layer.output_count() != node->outputs().size()) return;
    members_.emplace(node, std::make_unique<Member>(Member{node, std::move(*definition)}));
  }

  [[nodiscard]] static const Function& function_of(const Member& member) {
    return member.definition.layer.impl().function;
  }

  // The group that reads all of the node's results, if there is one; else why not.
  Group* reader_of(const Member& member, std::string& reason) {
    Group* group = nullptr;
    for (const Value* output : member.node->outputs()) {
      const auto& outputs = graph_.outputs();
      if (std::find(outputs.begin(), outputs.end(), output) != outputs.end()) {
        reason = "it is an output of the model";
        return nullptr;
      }
      for (const Use& use : output->uses()) {
        const auto found = group_of_.find(use.node);
        if (found == group_of_.end()) {
          reason = fmt::format("'{}' reads it, which is {} and no formula", use.node->name(), display_name(*use.node));
          return nullptr;
        }
        if (group != nullptr && found->second != group) {
          reason = "several read it, which are not computed together";
          return nullptr;
        }
        group = found->second;
      }
    }
    return group;
  }

  // Finds how often the group would compute each of the member's elements. What lies between counts, too: a view costs
  // nothing, but what reads it again and again reads through it.
  static void count_times(Member& member, const Group& group) {
    member.times = 0;
    for (const Member* reader : group.members) {
      for (size_t i = 0; i < reader->definition.inputs.size(); ++i) {
        const Value* input = reader->node->input(reader->definition.inputs[i]);
        if (input == nullptr || input->producer() != member.node) continue;
        const double reads = Evaluations(function_of(*reader)).of(i) / std::max(1.0, count_of(*input));
        if (reads * reader->times <= member.times) continue;
        member.times = reads * reader->times;
        member.because = reads > 1 || reader->because == nullptr ? reader->node : reader->because;
      }
    }
  }

  // Whether computing the member where its readers need it costs no more than storing it.
  static bool pays(const Member& member, std::string& reason) {
    if (cost_per_element(function_of(member)) * (member.times - 1) > kMemoryCost) {
      reason =
          fmt::format("'{}' would compute each of its elements {:.0f} times", member.because->name(), member.times);
      return false;
    }
    if (member.times > 2 && has_reduction(function_of(member))) {
      reason = fmt::format("'{}' reads each of its sums {:.0f} times", member.because->name(), member.times);
      return false;
    }
    return true;
  }

  // Inputs of all members that no member produces.
  static std::vector<Value*> inputs_of(const Group& group) {
    std::set<const Node*> inside;
    for (const Member* member : group.members) inside.insert(member->node);
    std::vector<Value*> inputs;
    for (const Member* member : group.members) {
      for (const size_t index : member->definition.inputs) {
        Value* input = member->node->input(index);
        const bool is_new = std::find(inputs.begin(), inputs.end(), input) == inputs.end();
        if (!inside.contains(input->producer()) && is_new) inputs.push_back(input);
      }
    }
    return inputs;
  }

  bool fits(const Member& member, const Group& group, std::string& reason) const {
    int nodes = function_of(member).nodes.size();
    for (const Member* other : group.members) nodes += function_of(*other).nodes.size();
    Group larger = group;
    larger.members.push_back(&member);
    if (nodes <= kMostNodes && inputs_of(larger).size() <= kMostInputs) return true;
    reason = "the group is as large as one kernel should be";
    return false;
  }

  void join(Member& member) {
    std::string reason;
    Group* group = reader_of(member, reason);
    if (group != nullptr) count_times(member, *group);
    if (group == nullptr || !pays(member, reason) || !fits(member, *group, reason)) {
      group = groups_.emplace_back(std::make_unique<Group>()).get();
      group->apart = std::move(reason);
      member.times = 1;
      member.because = nullptr;
    }
    group->members.insert(group->members.begin(), &member);
    group_of_[member.node] = group;
  }

  // The members' formulas put into one another.
  static LayerExpr composed(const Group& group, const std::vector<Value*>& inputs) {
    const Node* sink = group.members.back()->node;
    LayerBuilder builder("Fused");
    std::unordered_map<const Value*, Expr> symbols;
    int unknown = 0;
    std::map<std::string, std::string> names;
    for (size_t i = 0; i < inputs.size(); ++i) {
      Shape dims;
      for (const Dim& dim : *inputs[i]->type().shape) {
        if (dim.is_constant()) {
          dims.push_back(dim);
        } else if (dim.is_symbol()) {
          dims.push_back(Dim(names.emplace(dim.symbol(), fmt::format("d{}", names.size())).first->second));
        } else {
          dims.push_back(Dim(fmt::format("u{}", unknown++)));
        }
      }
      symbols.emplace(inputs[i], builder.input(fmt::format("x{}", i), inputs[i]->type().dtype, dims));
    }
    for (const Member* member : group.members) {
      std::vector<Expr> operands;
      for (const size_t index : member->definition.inputs) operands.push_back(symbols.at(member->node->input(index)));
      const std::vector<Expr> results = member->definition.layer(operands);
      for (size_t i = 0; i < member->node->outputs().size(); ++i) symbols.emplace(member->node->output(i), results[i]);
    }
    std::vector<Expr> outputs;
    for (const Value* output : sink->outputs()) outputs.push_back(symbols.at(output));
    return builder.build(outputs);
  }

  static std::string label_of(const Group& group) {
    std::string label;
    for (const Member* member : group.members) label += (label.empty() ? "" : "+") + display_name(*member->node);
    return label;
  }

  void finish(const Group& group) {
    const auto passes = std::count_if(group.members.begin(), group.members.end(), [](const Member* member) {
      return !op_of(*member->node).view;  // Views cost nothing as they are.
    });
    Node* sink = group.members.back()->node;
    const std::string label = label_of(group);
    const std::string apart = group.apart.empty() ? "" : "; it ends here, because " + group.apart;
    const std::vector<Value*> inputs = inputs_of(group);
    const bool as_it_is = passes < 2 && std::all_of(
                                            group.members.begin(), group.members.end(),
                                            [](const Member* member) { return runs_alone(*member->node); });
    if (as_it_is || inputs.empty()) {
      if (passes > 0) report_.push_back(fmt::format("'{}' is {} alone{}", sink->name(), label, apart));
      return;
    }
    try {
      const LayerExpr formulas = composed(group, inputs);
      std::string doc;
      for (const Member* member : group.members) {
        if (member->node->op() != kExpressionOp) continue;
        const Attribute* given = member->node->attribute("doc");
        const auto* text = given == nullptr ? nullptr : std::get_if<std::string>(given);
        if (text != nullptr) doc += (doc.empty() ? "" : "\n") + *text;
      }
      sink->attributes() = expression_attributes(formulas, label, doc);
      sink->set_op(std::string(kExpressionOp));
      sink->set_inputs(inputs);
      infer_outputs(*sink);
      report_.push_back(fmt::format("'{}' is {}{}", sink->name(), label, apart));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInternal || error.code() == ErrorCode::kOutOfMemory) throw;
      report_.push_back(fmt::format("{} of '{}' stay apart: {}", label, sink->name(), error.message()));
    }
  }

  Graph& graph_;
  std::unordered_map<const Node*, std::unique_ptr<Member>> members_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::unordered_map<const Node*, Group*> group_of_;
  std::vector<std::string> report_;
};

}  // namespace

void fuse_expressions(Graph& graph) { Fusion(graph).run(); }

}  // namespace tenon
