// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dice.h"

#include <tenon/graph.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Random graphs of the standard operators and of users' layers: well typed, of several dtypes, with chains and
// diamonds, dynamic and empty batches, one or more outputs. With them comes how far apart two ways of computing them
// may be.
namespace tenon::test {

/// What a random graph is made of, besides functions of single elements.
enum class GraphKind { kElements, kReductions, kViews, kLayers, kAll };
[[nodiscard]] std::string_view graph_kind_name(GraphKind kind);

/// Defines the users' layers that random graphs have; once before the first graph.
void define_random_layers();

/// The same graph for the same seed and kind.
class RandomGraph {
 public:
  RandomGraph(uint32_t seed, GraphKind kind);

  [[nodiscard]] const Graph& graph() const noexcept { return graph_; }
  [[nodiscard]] const std::vector<Tensor>& inputs() const noexcept { return inputs_; }
  /// How far an element of each output may be off in one way of computing it from another, because they round at other
  /// places; 0 where nothing is rounded.
  [[nodiscard]] const std::vector<double>& tolerances() const noexcept { return tolerances_; }

 private:
  // What has been computed so far: `most` bounds the elements' magnitude, `error` what rounding may do to them.
  struct Item {
    Value* value = nullptr;
    Value* still = nullptr;  // The same in still_.
    double most = 1;
    double error = 0;

    [[nodiscard]] DType dtype() const { return value->type().dtype; }
    [[nodiscard]] Dims dims() const;
    [[nodiscard]] int64_t rank() const { return dims().rank(); }
  };
  // What becomes of an operator's operands: a bound of the result, what their errors may become, and how many roundings
  // come on top.
  struct Bounds {
    double most = 1;
    double error = 0;
    double roundings = 1;
  };

  Item& any();
  /// Nullptr when there is none of these.
  const Item* any_of(uint32_t dtypes);
  /// One that broadcasts with `item`, of its dtype or of `dtype`; perhaps itself.
  const Item& beside(const Item& item, std::optional<DType> dtype = {});
  Item input(DType dtype, const Shape& shape);
  Item constant(Tensor tensor);
  Item ints(std::vector<int64_t> values);
  Item numbers(DType dtype, const Dims& dims);
  /// Adds the node unless its result is too large, or too uncertain for a comparison to say anything.
  void add(const std::string& op, const std::vector<Item>& operands, Attributes attributes, const Bounds& bounds,
           size_t outputs = 1, const std::string& domain = "");

  void declare();
  void step(GraphKind kind);
  void unary();
  void binary();
  void logic();
  void convert();
  void reduction();
  void normalisation();
  void move();
  void cut();
  void extend();
  void layer();
  void product();
  void finish();

  Dice dice_;
  int64_t batch_;
  Graph graph_;
  Graph still_;  // The same with a fixed batch, whose inference tells the extents.
  std::vector<Item> items_;
  std::vector<Tensor> inputs_;
  std::vector<double> tolerances_;
};

}  // namespace tenon::test
