// SPDX-License-Identifier: Apache-2.0
#include "expr/print.h"

#include "expr/verify.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace tenon::expr {
namespace {

constexpr int kUnaryPrecedence = 8, kAtom = 9;

// A scalar's text, and how tightly its outermost operator binds.
struct Text {
  std::string text;
  int precedence = kAtom;
};

std::string real_text(ScalarType type, double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0";
  // The shortest text that reads as the same number.
  return type == kF64 || type.is_variable() ? fmt::format("{}", value) : fmt::format("{}", static_cast<float>(value));
}

std::string constant_text(ScalarType type, Scalar value) {
  if (type == kBool) return value.integer() != 0 ? "true" : "false";
  if (is_any(type, kFloats | kHalves)) return real_text(type, value.real());
  if (is_any(type, kUnsigneds)) return std::to_string(static_cast<uint64_t>(value.integer()));
  return std::to_string(value.integer());
}

// A field's default must tell its kind.
std::string fallback_text(const Field& field) {
  std::string text = constant_text(field.kind, field.fallback);
  if (field.kind == kF64 && text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n')
      result += "\\n";
    else
      result += c;
  }
  return result + '"';
}

// Writes nodes as text, operands first. Names of variables and of shared nodes come from outside.
class Writer {
 public:
  explicit Writer(const Function& function) : function_(function), nodes_(function.nodes) {}

  /// In headers a dimension is its name; in formulas, where that may be an index, "#n".
  bool plain_extents = false;
  std::map<NodeId, std::string> names;                      ///< Of nodes that are written by name.
  std::map<std::pair<int, NodeId>, std::string> variables;  ///< By number and extent.

  [[nodiscard]] std::string variable(int number, NodeId extent) const {
    const auto found = variables.find({number, extent});
    return found == variables.end() ? fmt::format("i{}", number) : found->second;
  }

  /// The node's text from those of its operands.
  template <typename TextOf>
  Text write(const Node& node, TextOf&& text_of) const {
    const auto operand = [&](size_t i) { return text_of(node.operands[i]); };
    switch (node.kind) {
      case NodeKind::kConst:
        return {constant_text(node.type, node.value)};
      case NodeKind::kField:
        return {function_.fields[static_cast<size_t>(node.number)].name};
      case NodeKind::kIndex:
        return {variable(node.number, node.operands[0])};
      case NodeKind::kExtent:
        return {(plain_extents ? "" : "#") + function_.symbols[static_cast<size_t>(node.number)]};
      case NodeKind::kLoad:
        return {load(node, text_of)};
      case NodeKind::kUnary: {
        const Text x = typed(node.operands[0], operand(0));
        if (node.unary() == UnaryOp::kNeg) return {"-" + within(x, kAtom), kUnaryPrecedence};
        return {fmt::format("{}({})", info(node.unary()).name, x.text)};
      }
      case NodeKind::kBinary:
        return binary(node, operand(0), operand(1));
      case NodeKind::kSelect: {
        const auto [yes, no] = siblings(node.operands[1], operand(1), node.operands[2], operand(2));
        return {fmt::format("where({}, {}, {})", operand(0).text, yes.text, no.text)};
      }
      case NodeKind::kCast:
        return {fmt::format("{}{}({})", node.cast_mode() == CastMode::kBits ? "bits." : "",
                            function_.type_name(node.type), typed(node.operands[0], operand(0)).text)};
      case NodeKind::kReduce: {
        std::string bounds;
        for (size_t i = 0; i + 1 < node.operands.size(); ++i) {
          bounds += bounds.empty() ? "" : ", ";
          bounds += bound(variable(node.number + static_cast<int>(i), node.operands[i]), node.operands[i], operand(i));
        }
        return {fmt::format("{}[{}]({})", reduction_name(node.reduction()), bounds,
                            typed(node.body(), text_of(node.body())).text)};
      }
    }
    return {};
  }

  /// A variable where it is bound: "k < #c"; alone when it has the name of its extent.
  [[nodiscard]] std::string bound(const std::string& name, NodeId extent, const Text& extent_text) const {
    const Node& node = nodes_[extent];
    if (node.kind == NodeKind::kExtent && function_.symbols[static_cast<size_t>(node.number)] == name) return name;
    return name + " < " + within(extent_text, info(BinaryOp::kAdd).precedence);
  }

  /// A literal or field where nothing else says its dtype.
  [[nodiscard]] Text typed(NodeId id, const Text& text) const {
    if (!is_weak(id)) return text;
    return {fmt::format("{}({})", function_.type_name(nodes_[id].type), text.text)};
  }

 private:
  [[nodiscard]] static std::string within(const Text& text, int precedence) {
    return text.precedence < precedence ? "(" + text.text + ")" : text.text;
  }

  // Literals and fields take the dtype of their surroundings; truth values are bool anyway.
  [[nodiscard]] bool is_weak(NodeId id) const {
    const Node& node = nodes_[id];
    if (names.contains(id)) return false;
    return node.kind == NodeKind::kField || (node.kind == NodeKind::kConst && node.type != kBool);
  }

  // Two operands of one dtype: one of them says it for both.
  [[nodiscard]] std::pair<Text, Text> siblings(NodeId a, Text a_text, NodeId b, Text b_text) const {
    if (!is_weak(a) || !is_weak(b)) return {std::move(a_text), std::move(b_text)};
    return {typed(a, a_text), typed(b, b_text)};
  }

  [[nodiscard]] Text binary(const Node& node, Text a, Text b) const {
    const BinaryInfo& op = info(node.binary());
    std::tie(a, b) = siblings(node.operands[0], std::move(a), node.operands[1], std::move(b));
    if (op.precedence == 0) return {fmt::format("{}({}, {})", op.name, a.text, b.text)};
    return {fmt::format("{} {} {}", within(a, op.precedence), op.name, within(b, op.precedence + 1)), op.precedence};
  }

  template <typename TextOf>
  std::string load(const Node& node, TextOf&& text_of) const {
    std::string text = function_.inputs[static_cast<size_t>(node.number)].name + "[";
    const std::span<const NodeId> indices = node.indices();
    for (size_t i = 0; i < indices.size(); ++i) text += (i == 0 ? "" : ", ") + text_of(indices[i]).text;
    switch (node.outside()) {
      case Outside::kError:
        break;
      case Outside::kValue:
        text += "; " + text_of(node.operands.back()).text;
        break;
      case Outside::kClamp:
        text += "; clamp";
        break;
      case Outside::kWrap:
        text += "; wrap";
        break;
      case Outside::kReflect:
        text += "; reflect";
        break;
    }
    return text + "]";
  }

  const Function& function_;
  const Nodes& nodes_;
};

// The text of one node without any names for its parts, to a depth.
Text write_tree(const Writer& writer, const Nodes& nodes, NodeId id, int depth) {
  if (depth == 0) return {"…"};
  return writer.write(nodes[id], [&](NodeId operand) { return write_tree(writer, nodes, operand, depth - 1); });
}

class Printer {
 public:
  explicit Printer(const Function& function) : function_(function), nodes_(function.nodes), writer_(function) {}

  std::string run() {
    header();
    if (!function_.doc.empty()) text_ += "  " + quoted(function_.doc) + "\n";
    for (const Requirement& requirement : function_.requirements) {
      text_ += fmt::format("  require {} == {}\n", dimension(requirement.left), dimension(requirement.right));
    }
    name_variables();
    formulas();
    return std::move(text_);
  }

 private:
  // verify() bounds the trees of dimensions.
  std::string dimension(NodeId id) {
    constexpr int kDeep = 1 << 10;
    writer_.plain_extents = true;
    std::string text = write_tree(writer_, nodes_, id, kDeep).text;
    writer_.plain_extents = false;
    return text;
  }

  void header() {
    text_ = fmt::format("layer {}(", function_.name);
    std::string separator;
    for (const Input& input : function_.inputs) {
      std::string dims;
      for (const Dim& dim : input.dims) {
        dims += (dims.empty() ? "" : ", ") + (dim.is_constant() ? std::to_string(dim.value()) : dim.symbol());
      }
      text_ += fmt::format("{}{}: {}[{}]", separator, input.name, function_.type_name(input.type), dims);
      separator = ", ";
    }
    separator = function_.inputs.empty() ? ";" : "; ";
    for (const Field& field : function_.fields) {
      text_ += fmt::format("{}{} = {}", std::exchange(separator, ", "), field.name, fallback_text(field));
    }
    text_ += ") -> ";
    separator = "";
    for (const Output& output : function_.outputs) {
      std::string dims;
      for (const NodeId extent : output.shape) dims += (dims.empty() ? "" : ", ") + dimension(extent);
      text_ += fmt::format("{}{}[{}]", std::exchange(separator, ", "), function_.type_name(output.type), dims);
    }
    text_ += '\n';
  }

  // A name that nothing has yet.
  std::string fresh(const std::string& stem) {
    std::string name = stem;
    for (int i = 1; !is_name(name) || !taken_.insert(name).second; ++i) name = stem + std::to_string(i);
    return name;
  }

  // An axis is called like the dimension that it runs along, where no other has that name.
  void name_variable(int number, NodeId extent) {
    std::string& name = writer_.variables[{number, extent}];
    if (!name.empty()) return;
    const Node& node = nodes_[extent];
    const std::string symbol =
        node.kind == NodeKind::kExtent ? function_.symbols[static_cast<size_t>(node.number)] : std::string();
    if (number < kFirstBound && !symbol.empty() && taken_.insert(symbol).second)
      name = symbol;
    else
      name = fresh(number < kFirstBound ? "i" : "k");
  }

  void name_variables() {
    for (const Input& input : function_.inputs) taken_.insert(input.name);
    for (const Field& field : function_.fields) taken_.insert(field.name);
    for (const Output& output : function_.outputs) taken_.insert(output.name);
    taken_.insert(function_.dtype_variables.begin(), function_.dtype_variables.end());
    for (const Output& output : function_.outputs) {
      for (size_t axis = 0; axis < output.shape.size(); ++axis)
        name_variable(static_cast<int>(axis), output.shape[axis]);
    }
    // Dimensions are looked up by these names, too, when a variable has no extent of its own.
    taken_.insert(function_.symbols.begin(), function_.symbols.end());
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      const Node& node = nodes_[id];
      if (node.kind == NodeKind::kIndex) name_variable(node.number, node.operands[0]);
      if (node.kind != NodeKind::kReduce) continue;
      for (size_t i = 0; i + 1 < node.operands.size(); ++i)
        name_variable(node.number + static_cast<int>(i), node.operands[i]);
    }
  }

  // How often each node is written; an index is written without its extent.
  std::vector<int> count_uses() const {
    std::vector<int> uses(static_cast<size_t>(nodes_.size()));
    for (const Output& output : function_.outputs) ++uses[static_cast<size_t>(output.value)];
    for (NodeId id = nodes_.size() - 1; id >= 0; --id) {
      if (uses[static_cast<size_t>(id)] == 0 || nodes_[id].kind == NodeKind::kIndex) continue;
      for (const NodeId operand : nodes_[id].operands) ++uses[static_cast<size_t>(operand)];
    }
    return uses;
  }

  [[nodiscard]] static bool is_leaf(const Node& node) {
    return node.kind == NodeKind::kConst || node.kind == NodeKind::kField || node.kind == NodeKind::kIndex ||
           node.kind == NodeKind::kExtent;
  }

  void formulas() {
    constexpr size_t kShort = 24;  // What is no longer than this is written again instead of named, but for reductions.
    constexpr int kDeep = 24;      // The parser's depth is limited.
    const std::vector<int> uses = count_uses();
    const auto count = static_cast<size_t>(nodes_.size());
    std::vector<Text> texts(count);
    std::vector<int> depths(count);
    std::vector<std::set<NodeId>> free(count);  // Index nodes.
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      const auto at = static_cast<size_t>(id);
      if (uses[at] == 0) continue;
      const Node& node = nodes_[id];
      texts[at] = writer_.write(node, [&](NodeId operand) { return texts[static_cast<size_t>(operand)]; });
      if (node.kind == NodeKind::kIndex) free[at].insert(id);
      if (is_leaf(node)) continue;
      for (const NodeId operand : node.operands) {
        const auto its = static_cast<size_t>(operand);
        depths[at] = std::max(depths[at], depths[its] + 1);
        free[at].insert(free[its].begin(), free[its].end());
        if (uses[its] == 1) texts[its] = {};
      }
      if (node.kind == NodeKind::kReduce) {
        const int end = node.number + static_cast<int>(node.operands.size()) - 1;
        std::erase_if(free[at],
                      [&](NodeId index) { return nodes_[index].number >= node.number && nodes_[index].number < end; });
      }
      const bool is_short = texts[at].text.size() <= kShort && node.kind != NodeKind::kReduce;
      if (depths[at] < kDeep && (uses[at] == 1 || is_short)) continue;
      name(id, texts[at], free[at]);
      depths[at] = 0;
    }
    for (const Output& output : function_.outputs) {
      std::string index;
      for (size_t axis = 0; axis < output.shape.size(); ++axis) {
        index += (axis == 0 ? "" : ", ") + writer_.variable(static_cast<int>(axis), output.shape[axis]);
      }
      text_ += fmt::format("  {}[{}] = {}\n", output.name, index, texts[static_cast<size_t>(output.value)].text);
    }
  }

  // "let t[n, k < #c] = …", and t[n, k] from then on.
  void name(NodeId id, Text& text, const std::set<NodeId>& free) {
    std::string bounds, index;
    for (const NodeId variable : free) {
      const Node& node = nodes_[variable];
      const std::string variable_name = writer_.variable(node.number, node.operands[0]);
      constexpr int kWhole = 1 << 10;
      const Text extent = write_tree(writer_, nodes_, node.operands[0], kWhole);
      bounds += (bounds.empty() ? "" : ", ") + writer_.bound(variable_name, node.operands[0], extent);
      index += (index.empty() ? "" : ", ") + variable_name;
    }
    const std::string name = fresh("t");
    text_ +=
        fmt::format("  let {}{} = {}\n", name, free.empty() ? "" : "[" + bounds + "]", writer_.typed(id, text).text);
    writer_.names[id] = name;
    text = {free.empty() ? name : name + "[" + index + "]"};
  }

  const Function& function_;
  const Nodes& nodes_;
  Writer writer_;
  std::string text_;
  std::set<std::string> taken_;
};

}  // namespace

std::string print(const Function& function) { return Printer(function).run(); }

std::string print_node(const Function& function, NodeId id) {
  constexpr int kDeep = 6;
  Writer writer(function);
  writer.plain_extents = true;
  return write_tree(writer, function.nodes, id, kDeep).text;
}

}  // namespace tenon::expr
