// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/trace.h"

#include <tenon/expr_functions.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

// Random layers: well typed, of all kinds of nodes, with odd shapes (0, 1, named ones) and views of views.
namespace tenon::test {

/// The same layer for the same seed. `dtypes` are those of its inputs.
class RandomLayer {
 public:
  RandomLayer(uint32_t seed, std::vector<DType> dtypes);

  /// Neither simplified nor verified.
  [[nodiscard]] const expr::Function& function() const noexcept { return function_; }
  /// Tensors that fit, with NaN, infinities, -0 and the smallest and largest integers among ordinary values.
  [[nodiscard]] std::vector<Tensor> inputs();

 private:
  int below(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }
  template <typename T>
  const T& one_of(const std::vector<T>& items) {
    return items[static_cast<size_t>(below(static_cast<int>(items.size())))];
  }
  /// One of the tensors so far, of a dtype that `classes` has; nothing when there is none.
  std::optional<Expr> any(int classes);
  Expr number(const Expr& beside);
  Expr index_near(const Expr& i);
  Outside outside() { return static_cast<Outside>(below(5)); }
  int axis(const Expr& x) { return below(x.rank()); }

  void declare(LayerBuilder& layer);
  /// Something made of the tensors so far; nothing when this throw of the dice does not fit.
  std::optional<Expr> step();
  std::optional<Expr> arithmetic();
  std::optional<Expr> function_of_one();
  std::optional<Expr> comparison();
  std::optional<Expr> reduction();
  std::optional<Expr> view();
  std::optional<Expr> by_index();

  std::mt19937 random_;
  std::vector<DType> dtypes_;
  std::vector<Expr> tensors_;
  expr::Function function_;
};

}  // namespace tenon::test
