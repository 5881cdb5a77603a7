// SPDX-License-Identifier: Apache-2.0
#include "expr/verify.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

namespace tenon::expr {
namespace {

constexpr auto kWords = std::to_array<std::string_view>(
    {"bits", "clamp", "inf", "layer", "let", "nan", "reflect", "require", "true", "false", "where", "wrap"});

// sum[…] would be taken for a reduction.
bool is_reduction_name(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(Reduction::kAll); ++i)
    if (reduction_name(static_cast<Reduction>(i)) == text) return true;
  return false;
}

class Verifier {
 public:
  explicit Verifier(const Function& function) : function_(function), nodes_(function.nodes) {}

  void run() {
    names();
    inputs();
    fields();
    limit(static_cast<size_t>(nodes_.size()), kMaxNodes, "nodes");
    for (NodeId id = 0; id < nodes_.size(); ++id) node(id);
    limit(static_cast<size_t>(reductions_), kMaxReductions, "reductions");
    for (const Requirement& requirement : function_.requirements) {
      extent(requirement.left, "a requirement");
      extent(requirement.right, "a requirement");
    }
    outputs();
  }

 private:
  struct Facts {
    bool constant = true;          // No index and no element is in it.
    int written = 1;               // Nodes, written out; as many as matter.
    int next_bound = kFirstBound;  // The lowest variable that no reduction within has.
    std::map<int, NodeId> free;    // The variables that it reads and does not bind, and their extents.
  };

  [[noreturn]] void fail(const std::string& what, ErrorCode code = ErrorCode::kInvalidArgument) const {
    throw Error(code, fmt::format("layer '{}': {}", function_.name, what));
  }

  void limit(size_t count, size_t most, const char* what) const {
    if (count > most) fail(fmt::format("it has {} {}; Tenon stops at {}", count, what, most), ErrorCode::kUnsupported);
  }

  void name(const std::string& text, const char* what) {
    if (!is_name(text)) {
      fail(
          fmt::format("{} is called '{}' but a name is letters, digits and _, does not begin with a digit, and is not "
                      "a word of formulas",
                      what, text));
    }
    if (!names_.insert(text).second) fail(fmt::format("the name '{}' is used twice; rename {}", text, what));
  }

  void names() {
    limit(function_.inputs.size(), kMaxInputs, "inputs");
    limit(function_.outputs.size(), kMaxOutputs, "outputs");
    limit(function_.fields.size(), kMaxFields, "fields");
    if (!is_name(function_.name)) {
      fail(
          fmt::format("a layer is called '{}' but a name is letters, digits and _, does not begin with a digit, and is "
                      "not a word of formulas",
                      function_.name));
    }
    for (const Input& input : function_.inputs) {
      name(input.name, "an input");
      if (is_reduction_name(input.name))
        fail(fmt::format("an input is called '{}', as a reduction is; rename it", input.name));
    }
    for (const Field& field : function_.fields) name(field.name, "a field");
    for (const Output& output : function_.outputs) name(output.name, "an output");
    for (const std::string& symbol : function_.symbols) name(symbol, "a dimension");
    for (const std::string& variable : function_.dtype_variables) name(variable, "a dtype variable");
  }

  void type(ScalarType type, const std::string& what) const {
    if (type.is_variable() && static_cast<size_t>(type.variable_number()) >= function_.dtype_variables.size()) {
      fail(fmt::format("{} has a dtype variable that is not declared", what));
    }
    if (class_of(type) == 0) {
      fail(fmt::format("{} has dtype {} but bool, i8 to u64, f16, bf16, f32 or f64 is required", what, to_string(type)),
           ErrorCode::kUnsupported);
    }
  }

  void inputs() const {
    for (const Input& input : function_.inputs) {
      type(input.type, fmt::format("input '{}'", input.name));
      if (input.dims.size() > kMaxRank) {
        fail(fmt::format("input '{}' has {} dimensions; Tenon stops at {}", input.name, input.dims.size(), kMaxRank),
             ErrorCode::kUnsupported);
      }
      for (const Dim& dim : input.dims) {
        if (dim.is_unknown() || (dim.is_symbol() && !function_.find_symbol(dim.symbol()))) {
          fail(fmt::format("input '{}' is {} but every dimension must be a constant or a known name", input.name,
                           to_string(input.dims)));
        }
      }
    }
  }

  void fields() const {
    for (const Field& field : function_.fields) {
      if (field.kind != kF64 && field.kind != kI64 && field.kind != kBool) {
        fail(fmt::format("field '{}' is of kind {} but f64, i64 or bool is required", field.name,
                         to_string(field.kind)));
      }
    }
  }

  [[nodiscard]] std::string text(NodeId id) const { return fmt::format("node {}", id); }

  // Kinds with a fixed number of operands; -1 for the others.
  [[nodiscard]] static int arity(NodeKind kind) {
    switch (kind) {
      case NodeKind::kConst:
      case NodeKind::kField:
      case NodeKind::kExtent:
        return 0;
      case NodeKind::kIndex:
      case NodeKind::kUnary:
      case NodeKind::kCast:
        return 1;
      case NodeKind::kBinary:
        return 2;
      case NodeKind::kSelect:
        return 3;
      default:
        return -1;
    }
  }

  [[nodiscard]] static int op_count(NodeKind kind) {
    switch (kind) {
      case NodeKind::kUnary:
        return kUnaryOps;
      case NodeKind::kBinary:
        return kBinaryOps;
      case NodeKind::kCast:
        return 2;
      case NodeKind::kReduce:
        return static_cast<int>(Reduction::kAll) + 1;
      case NodeKind::kLoad:
        return static_cast<int>(Outside::kReflect) + 1;
      default:
        return 1;
    }
  }

  void number(NodeId id, int number, size_t count, const char* what) const {
    if (number < 0 || static_cast<size_t>(number) >= count)
      fail(fmt::format("{}: it has no {} {}", text(id), what, number));
  }

  void node(NodeId id) {
    const Node& node = nodes_[id];
    if (static_cast<int>(node.kind) > static_cast<int>(NodeKind::kReduce)) fail(text(id) + " is of no known kind");
    const int count = arity(node.kind);
    if (node.op >= op_count(node.kind) || (count >= 0 && node.operands.size() != static_cast<size_t>(count))) {
      fail(fmt::format("{} has op {} and {} operands, which its kind does not have", text(id), node.op,
                       node.operands.size()));
    }
    for (const NodeId operand : node.operands) {
      if (operand < 0 || operand >= id) fail(fmt::format("{}: operand {} does not come before it", text(id), operand));
    }
    type(node.type, text(id));
    if (node.kind == NodeKind::kField) number(id, node.number, function_.fields.size(), "field");
    if (node.kind == NodeKind::kExtent) number(id, node.number, function_.symbols.size(), "dimension");
    if (node.kind == NodeKind::kIndex) index(id);
    if (node.kind == NodeKind::kLoad) load(id);
    Facts facts = facts_of(id);
    if (node.kind == NodeKind::kReduce) reduce(id, facts);
    facts_.push_back(std::move(facts));
    if (type_of(nodes_, node) != node.type) {
      fail(fmt::format("{} has dtype {} but its operands give {}", text(id), to_string(node.type),
                       to_string(type_of(nodes_, node))));
    }
  }

  void extent(NodeId id, const std::string& what) const {
    if (id < 0 || id >= nodes_.size() || nodes_[id].type != kI64) fail(what + " has an extent that is not i64");
    if (facts_[static_cast<size_t>(id)].written > kMaxExtentNodes) {
      fail(fmt::format("the extent of {} is made of more than {} numbers; pass it in as a dimension", what,
                       kMaxExtentNodes),
           ErrorCode::kUnsupported);
    }
    if (facts_[static_cast<size_t>(id)].constant) return;
    fail(fmt::format("the extent of {} depends on an index or element; only dimensions and fields may be in it", what));
  }

  void index(NodeId id) const {
    const Node& node = nodes_[id];
    if (node.number < 0 || node.number >= kMaxVariables) {
      fail("an index is used outside of the compute() or reduction that it belongs to");
    }
    extent(node.operands[0], "an index");
  }

  void load(NodeId id) const {
    const Node& node = nodes_[id];
    number(id, node.number, function_.inputs.size(), "input");
    const Input& input = function_.inputs[static_cast<size_t>(node.number)];
    const size_t extra = node.outside() == Outside::kValue ? 1 : 0;
    if (node.operands.size() != input.dims.size() + extra) {
      fail(fmt::format("input '{}' is read at {} indices but has {} dimensions", input.name,
                       static_cast<int64_t>(node.operands.size()) - static_cast<int64_t>(extra), input.dims.size()));
    }
    if (node.type != input.type) {
      fail(fmt::format("input '{}' is read as {} but is {}", input.name, function_.type_name(node.type),
                       function_.type_name(input.type)));
    }
  }

  // The variables that the body reads have the extents of the reduction, and nothing inside binds them again.
  void reduce(NodeId id, Facts& facts) {
    const Node& node = nodes_[id];
    const auto count = static_cast<int>(node.operands.size()) - 1;
    if (count < 1 || node.number < kFirstBound || node.number > kMaxVariables - count) {
      fail(fmt::format("{} binds {} variables from number {}, which a reduction cannot", text(id), count, node.number));
    }
    if (facts.next_bound > node.number) {
      fail(fmt::format("{} binds a variable that a reduction within it binds again", text(id)));
    }
    facts.next_bound = node.number + count;
    ++reductions_;
    for (int i = 0; i < count; ++i) {
      const NodeId bound = node.operands[static_cast<size_t>(i)];
      extent(bound, "a reduction");
      const auto found = facts.free.find(node.number + i);
      if (found == facts.free.end()) continue;
      if (found->second != bound) fail(fmt::format("{} reads a variable of another extent than it binds", text(id)));
      facts.free.erase(found);
    }
  }

  Facts facts_of(NodeId id) const {
    const Node& node = nodes_[id];
    Facts facts;
    facts.constant = node.kind != NodeKind::kLoad && node.kind != NodeKind::kIndex && node.kind != NodeKind::kReduce;
    if (node.kind == NodeKind::kIndex) facts.free.emplace(node.number, node.operands[0]);
    for (const NodeId operand : node.operands) {
      const Facts& its = facts_[static_cast<size_t>(operand)];
      facts.constant = facts.constant && its.constant;
      facts.written = std::min(facts.written + its.written, kMaxExtentNodes + 1);
      facts.next_bound = std::max(facts.next_bound, its.next_bound);
      for (const auto& [variable, its_extent] : its.free) {
        if (facts.free.emplace(variable, its_extent).first->second == its_extent) continue;
        fail(fmt::format("{} reads one index with two extents", text(id)));
      }
    }
    return facts;
  }

  void outputs() const {
    if (function_.outputs.empty()) fail("it has no output");
    for (const Output& output : function_.outputs) {
      const std::string what = fmt::format("output '{}'", output.name);
      if (output.shape.size() > kMaxRank) {
        fail(fmt::format("{} has {} dimensions; Tenon stops at {}", what, output.shape.size(), kMaxRank),
             ErrorCode::kUnsupported);
      }
      for (const NodeId dim : output.shape) extent(dim, what);
      if (output.value < 0 || output.value >= nodes_.size()) fail(what + " has no formula");
      if (nodes_[output.value].type != output.type) {
        fail(fmt::format("{} is {} but its formula gives {}", what, function_.type_name(output.type),
                         function_.type_name(nodes_[output.value].type)));
      }
      axes(output, what);
    }
  }

  void axes(const Output& output, const std::string& what) const {
    for (const auto& [variable, its_extent] : facts_[static_cast<size_t>(output.value)].free) {
      if (static_cast<size_t>(variable) >= output.shape.size()) {
        fail(
            fmt::format("{} reads an index that is no axis of its shape; an index is used outside of the compute() or "
                        "reduction that it belongs to",
                        what));
      }
      if (its_extent != output.shape[static_cast<size_t>(variable)]) {
        fail(fmt::format("{} reads an index of another extent than its axis {} has", what, variable));
      }
    }
  }

  const Function& function_;
  const Nodes& nodes_;
  std::set<std::string> names_;
  int reductions_ = 0;
  std::vector<Facts> facts_;  // Of the nodes that are accepted.
};

}  // namespace

bool is_name(std::string_view text) noexcept {
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  const auto is_part = [&](char c) { return is_letter(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; };
  if (text.empty() || text.size() > 100 || !is_letter(text[0])) return false;
  if (!std::all_of(text.begin(), text.end(), is_part)) return false;
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return false;
  const std::optional<DType> dtype = dtype_from_name(text);
  return !dtype || dtype_name(*dtype) != text;
}

void verify(const Function& function) { Verifier(function).run(); }

}  // namespace tenon::expr
