// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/compile.h>
#include <tenon/convert.h>
#include <tenon/graph.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

// The state of converting one graph to UFF, and what it has to know of the dialect that it converts from.
namespace tenon::conversion {

class Step;

/// An operand of a node that is written: a value of the source graph, or a node that was written before.
using Operand = std::variant<const Value*, Node*>;

/// A row of a table of conversions.
struct Rule {
  std::string_view op;           ///< The source dialect's operator.
  void (*apply)(Step&);          ///< Must emit() a node.
  std::string_view target = "";  ///< For functions that serve several operators.
};

/// The rows of several tables by operator.
class RuleTable {
 public:
  RuleTable(std::initializer_list<std::span<const Rule>> families);
  /// Null if there is none.
  [[nodiscard]] const Rule* find(std::string_view op) const;

 private:
  std::unordered_map<std::string_view, const Rule*> rules_;
};

/// How the nodes of a dialect are read.
struct Source {
  /// The rule for an operator, or null.
  const Rule* (*find_rule)(std::string_view op);
  /// The value that `value` is the same as, because its node hands that on for inference; null if it does not.
  const Value* (*forwarded)(const Value& value);
  /// The tensor of a value that is constant, or null.
  const Tensor* (*constant)(const Value& value);
  /// Why a node that no rule covers cannot be converted, and what to do about it.
  UnsupportedNode (*explain)(const Node& node, const Graph& graph);
  /// True when 64-bit integers are mostly shapes and the like, as the standard operators demand; they become 32 bits
  /// wide, as UFF's shapes are.
  bool narrows_integers = false;
};

/// Walks from the outputs to the inputs, depth first and the last operand first, applies a rule to each node that is
/// met, and puts the UFF graph together: this is the order in which NVIDIA's converter wrote nodes, consumers before
/// producers and MarkOutputs last.
///
/// A node that no rule covers is noted, and the walk goes on behind it, so that all such nodes are reported together.
class Conversion {
 public:
  Conversion(const Graph& source, const Source& dialect, const ConvertOptions& options);
  Graph run();

  // --- for Step
  /// The value behind those that only hand it on.
  [[nodiscard]] const Value* origin(const Value* value);
  [[nodiscard]] const Tensor* constant(const Value& value) const;
  [[nodiscard]] bool is_wanted(const Value& value) const { return wanted_.contains(&value); }
  /// Writes a node that stands for `value`, under its name.
  Node* write(const Value& value, std::string op, std::vector<Operand> operands, Attributes fields);
  /// Writes a node in front of the one for `value`, named after it.
  Node* write_helper(const Value& value, std::string op, std::vector<Operand> operands, Attributes fields);
  /// The node of a constant value, in the given shape: written under the value's name, but under another one if that is
  /// taken.
  Node* write_constant(const Value& value, const Tensor& tensor);
  /// A constant in front of the node for `value`.
  Node* write_helper_constant(const Value& value, const Tensor& tensor);
  /// Makes the node for `value` an input of the network.
  void write_input(const Value& value, const TensorType& type);
  /// How UFF holds elements of that type; throws NotLowered for what is no real number.
  [[nodiscard]] DType held_as(DType dtype) const;
  /// Tells the user one line: "<kind>  <name>  <text>".
  void note(std::string_view kind, const Value& value, std::string_view text);

 private:
  struct Pending {
    Node* node;
    std::vector<Operand> operands;
  };

  void convert(const Value& value);
  void convert_by_rule(const Value& value);
  void write_source(const Value& value);
  void report(const Value& value, const std::string& reason);
  void write_layer(const Value& value);
  void mark_outputs();
  void set_properties();
  void connect();
  Node* add(std::string op, std::string name, std::vector<Operand> operands, Attributes fields);
  void note_type(const Value& value, DType from, DType to);
  [[nodiscard]] Tensor as_held(const Value& reason, const Tensor& tensor);
  Node* add_constant(std::string name, const Value& reason, const Tensor& tensor);
  [[nodiscard]] std::vector<Operand> named_once(std::vector<Operand> operands) const;
  [[nodiscard]] std::vector<std::string> lines() const;
  [[nodiscard]] bool is_taken(std::string_view name) const;
  /// `stem`, or `stem_1`, …: free in the UFF graph and, but for the stem, no name of the source.
  [[nodiscard]] std::string fresh_name(const std::string& stem) const;
  /// "<value>/<what>", free likewise.
  [[nodiscard]] std::string helper_name(const Value& value, std::string_view what) const;

  const Graph& source_;
  const Source& dialect_;
  const ConvertOptions& options_;
  Graph graph_{"uff"};
  std::vector<const Value*> outputs_;        // Of the source.
  std::unordered_set<const Value*> wanted_;  // The same, to look up.
  std::vector<const Value*> open_;           // Values that are still to be converted; the last one is next.
  std::unordered_map<const Value*, const Value*> origins_;  // Of values that are only handed on.
  std::unordered_map<const Value*, Node*> written_;         // Null for a value whose node no rule covers.
  std::map<std::pair<const Value*, std::vector<int64_t>>, Node*> constants_;  // By shape, too.
  std::vector<Pending> pending_;  // Nodes whose operands are connected once all are written.
  std::vector<UnsupportedNode> unsupported_;
  std::unordered_set<const Node*> reported_;
  std::vector<const Value*> inputs_;  // Of the UFF graph, the last one first.
  std::vector<std::string> notes_;
  bool has_custom_ = false;
};

}  // namespace tenon::conversion
