// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expr/function.h"

#include <cstdint>
#include <string>
#include <vector>

// The loop IR: what a layer does on concrete shapes, as loops over tensors that lie flat in memory. Code is generated
// from it, and people read it (print()).
//
// A variable is the level of its loop: 0 is the outermost one, and loops side by side share a level. So equal formulas
// in loops side by side are equal nodes, which is how a value of one loop is found again in the next.
namespace tenon::codegen {

using expr::NodeId;
using expr::ScalarType;

/// A dense tensor that kernels read or write; kernels get the addresses of all of a program's in this order.
struct Buffer {
  enum class Role : uint8_t { kInput, kOutput, kTemporary };
  std::string name;
  ScalarType type;
  int64_t count;  ///< Elements.
  Role role;
};

/// Elements of a buffer: the one at offset + Σ steps[level] * variable + rest.
struct Access {
  int buffer = -1;
  int64_t offset = 0;
  std::vector<int64_t> steps = {};  ///< By level; 0 from its end on.
  NodeId rest = -1;                 ///< Another summand (i64), or -1.
  NodeId guard = -1;                ///< A bool: where it is false nothing is read, and 0 taken. -1: always true.

  [[nodiscard]] int64_t step(int level) const {
    return static_cast<size_t>(level) < steps.size() ? steps[static_cast<size_t>(level)] : 0;
  }
  friend bool operator==(const Access&, const Access&) = default;
};

/// A value that loops accumulate.
struct Reduced {
  Reduction op;
  ScalarType type;  ///< Of what is accumulated; the result of kArgMin and kArgMax is i64.
  NodeId value;
  int level;  ///< Of its outermost loop; the result is there once that has run.
  std::vector<int64_t> extents;
};

/// A row that one loop keeps for those after it: an element for each iteration.
struct Scratch {
  ScalarType type;
  int64_t count;
};

enum class StatementKind : uint8_t {
  kLet,         ///< Computes `node`.
  kFor,         ///< Runs `body` with the variable of level `number` from 0 to below `extent`.
  kAccumulate,  ///< Adds `node` to reduction `number`.
  kStore,       ///< Stores `node` at access `number`.
  kCheck,       ///< Reports a fault where `node` (bool) is true.
  kKeep,        ///< Stores `node` in scratch row `number`, at the variable of the loop around it.
  kRecall,      ///< Loads `node` from there.
};

struct Statement {
  StatementKind kind;
  NodeId node = -1;
  int number = -1;
  int64_t extent = 0;
  bool parallel = false;  ///< Its iterations are shared between threads: the kernel runs those that it is told to.
  bool vector = false;    ///< Several iterations run at a time, in the lanes of a vector.
  std::vector<Statement> body = {};
};

/// Loops that threads run a part of: one of them runs the iterations [begin, end) of the outermost loop.
///
/// In its nodes an Index is a level, a Load reads access `number` and has no operands, and a Field is the result of
/// reduction `number`.
struct Kernel {
  int64_t extent = 1;  ///< Iterations of the outermost loop.
  double cost = 0;     ///< Of one of them, in operations on one element.
  expr::Nodes nodes;
  std::vector<Access> accesses;
  std::vector<Reduced> reductions;
  std::vector<Scratch> scratch;
  std::vector<Statement> body;

  /// The nodes that a node is made of, those of its access included.
  [[nodiscard]] std::vector<NodeId> operands(NodeId id) const;
};

/// Kernels that run one after the other.
struct Program {
  std::string name;
  std::vector<Buffer> buffers;  ///< Inputs, outputs, temporaries.
  std::vector<Kernel> kernels;
};

/// The loops of a function whose dtypes, fields and extents are bound. Throws kInvalidArgument when extents do not fit
/// (a reshape's requirement, a negative dimension), kUnsupported above a limit: what would take long to compile.
[[nodiscard]] Program loops_of(const expr::Function& function);

/// Whether output 0 may lie in the memory of that input: elements are as wide, and each is read by the iterations that
/// store there only, before they do.
[[nodiscard]] bool in_place(const Program& program, size_t input);

/// Whether it is one loop over its elements that makes each of the one at the same place of its only input, as it would
/// at any other place.
[[nodiscard]] bool is_map(const Program& program);

/// The loops as text.
[[nodiscard]] std::string print(const Program& program, const Kernel& kernel);
/// All that the kernel's code depends on, as text: not the names, and not the extent of the outermost loop, so that one
/// piece of code may serve many shapes.
[[nodiscard]] std::string code_text(const Program& program, const Kernel& kernel);
/// All kernels and the buffers.
[[nodiscard]] std::string print(const Program& program);

}  // namespace tenon::codegen
