// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/scalar.h"

#include <tenon/expr.h>

#include <cstdint>
#include <vector>

// What the interpreter keeps of a node, and how it reduces many of them to one.
namespace tenon::expr {

/// What a reduction of the type begins with: its result over nothing, or for argmin and argmax the worst value.
[[nodiscard]] Scalar start_of(Reduction op, ScalarType type);
/// What two values become one by; argmin and argmax compare by it.
[[nodiscard]] BinaryOp combining(Reduction op);

/// What a node is at present: a value for each lane, or one for all.
struct Value {
  std::vector<Scalar> lanes;
  /// The lanes that have no value, because they are made of an element outside of its tensor: none if empty, else one
  /// for each lane, or one for all. A Select may not choose them, so that they are an error only where they are stored.
  std::vector<uint8_t> missing = {};
  bool known = false;

  [[nodiscard]] bool is_missing(size_t lane) const {
    return !missing.empty() && missing[missing.size() == 1 ? 0 : lane] != 0;
  }
};

/// Reductions on their way, one in each lane.
class Accumulator {
 public:
  Accumulator(Reduction op, ScalarType type, size_t lanes);

  /// The next element of each lane.
  void add(const Value& x);
  /// The next `count` elements of the only lane.
  void add_all(const Value& x, size_t count);
  /// Sets the result of each lane.
  void finish(Value& result) const;

 private:
  [[nodiscard]] bool is_arg() const { return op_ == Reduction::kArgMin || op_ == Reduction::kArgMax; }
  [[nodiscard]] bool is_better(Scalar x, Scalar best) const;
  void consider(size_t lane, Scalar x, int64_t place);
  void note_missing(size_t lane, bool missing);

  Reduction op_;
  ScalarType type_;
  std::vector<Scalar> best_;     // What each lane has seen so far.
  std::vector<Scalar> next_;     // Scratch.
  std::vector<int64_t> places_;  // Where the best one was.
  std::vector<uint8_t> missing_;
  int64_t count_ = 0;
};

}  // namespace tenon::expr
