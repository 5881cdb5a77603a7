// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lowering/rewrite.h"

#include <tenon/compile.h>

#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

// The state of lowering one graph of a format's dialect.
namespace tenon::lowering {

/// Walks the nodes that the outputs need, applies a rule to each, and puts the standard graph together.
///
/// A node that no rule covers becomes a stand-in, so that the walk goes on and all such nodes are found. What is
/// computed from a stand-in is of unknown type. In the end the stand-ins that an output still needs are reported
/// together.
class Lowering {
 public:
  Lowering(const Graph& source, const Dialect& dialect, const CompileOptions& options);
  Graph run();

  // --- for Rewrite
  [[nodiscard]] const Graph& source() const { return source_; }
  [[nodiscard]] Graph& graph() { return graph_; }
  /// The lowered value; null when its producer has not been lowered yet (a cycle).
  [[nodiscard]] Value* lowered(const Value* value) const;
  void set_lowered(const Value* value, Value* lowered) { lowered_.insert_or_assign(value, lowered); }
  /// Adds a node, infers its types, follows shape arithmetic, and computes it at once when it is small and constant:
  /// then the outputs are constants and the node is left unread.
  std::vector<Value*> add(std::string op, std::string name, std::span<Value* const> inputs,
                          std::span<const std::string> output_names, Attributes attributes);
  /// `stem`, or `stem_1`, …: free in the standard graph, and not a name of the source.
  [[nodiscard]] std::string fresh_name(const std::string& stem) const;
  Value* add_constant(const std::string& stem, Tensor tensor);
  [[nodiscard]] const Extents* extents(const Value* value);
  /// True when the value is computed from a node that is not lowered.
  [[nodiscard]] bool is_doubtful(const Value* value) const { return doubtful_.contains(value); }
  /// Constants that were permuted already: weights may be shared.
  std::map<std::pair<const Value*, std::vector<int64_t>>, Value*>& permuted() { return permuted_; }
  [[nodiscard]] bool is_wanted(const Value* value) const { return wanted_.contains(value); }
  /// The shape of a placeholder with a name for every unknown dimension.
  void add_input(const Node& node, DType dtype, const std::optional<Shape>& shape);

 private:
  [[nodiscard]] std::vector<const Node*> needed_nodes();
  [[nodiscard]] bool is_input(const Node& node) const {
    return node.op() == dialect_.input_op && node.domain().empty();
  }
  [[nodiscard]] TensorType with_given_shape(const std::string& name, TensorType type) const;
  void lower_node(const Node& node);
  void lower_layer(const Node& node);
  void stand_in(const Node& node, UnsupportedNode report);
  void follow(const Node& node);
  void fold(const Node& node, std::vector<Value*>& outputs);
  void set_outputs();
  void report();

  const Graph& source_;
  const Dialect& dialect_;
  const CompileOptions& options_;
  Graph graph_{"standard"};
  std::vector<Value*> outputs_;              // Of the source.
  std::unordered_set<const Value*> wanted_;  // The same, to look up.
  std::unordered_map<const Value*, Value*> lowered_;
  std::unordered_map<const Value*, Extents> extents_;
  std::unordered_set<const Value*> doubtful_;
  std::unordered_map<std::string, UnsupportedNode> stand_ins_;  // By the stand-in's name.
  std::map<std::pair<const Value*, std::vector<int64_t>>, Value*> permuted_;
  const Node* cycle_ = nullptr;  // A node that reads itself, through others.
};

}  // namespace tenon::lowering
