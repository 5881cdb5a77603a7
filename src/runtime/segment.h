// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/tensor.h>

#include "runtime/program.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

// What a Context makes of a Program for concrete shapes. A segment is a stretch of nodes whose shapes are all known
// before it runs: for most models there is one. It ends at a node whose output shape needs a value that only a run
// gives, or that decides its output's shape itself; what follows is planned once those are known, as a child of the
// segment, and kept for the next run that sees the same ones.
namespace tenon {

/// Where a value lies.
struct Place {
  enum class Kind {
    kNone,      ///< Not produced yet.
    kConstant,  ///< At `data`, for as long as the segment lives.
    kExternal,  ///< Given anew for each run: a graph input, an output of a node that decides its shape, or a result.
    kArena,     ///< At `offset` in the arena of segment depth `depth`.
  };
  Kind kind = Kind::kNone;
  int depth = 0;
  int64_t offset = 0;
  const void* data = nullptr;
  ValueId external = kNoValue;
};

/// A value as far as the planner knows it.
struct ValueState {
  DType dtype = DType::kUndefined;
  Dims dims;
  Tensor value;  ///< Defined when known before the run: constants, and what follows from shapes.
  Place place;

  [[nodiscard]] bool typed() const noexcept { return dtype != DType::kUndefined; }
};

/// A kernel with the views it runs on, which lie in the segment's vectors.
struct Step {
  const Kernel* kernel = nullptr;
  size_t first_input = 0, input_count = 0;
  size_t first_output = 0, output_count = 0;
  size_t report = 0;     ///< Of Segment::reports.
  bool chained = false;  ///< The next step is done on this one's stretches while they are in the cache.
};

/// What became of one node; for explain() and the profiler.
struct NodeReport {
  std::string node, op, shape;
  std::string kernel = {};  ///< Empty when nothing runs for the node.
  std::string note = {};    ///< "view of 'x'", "in place of 'x'", "known from the shapes"
  std::vector<std::string> rejections = {};
};

struct StepTimes {
  int64_t runs = 0;
  double total_us = 0, min_us = 0;
  double last_start_us = 0, last_us = 0;  ///< Of the latest run; the start counts from the run's start.

  void add(double start_us, double us) {
    min_us = runs == 0 || us < min_us ? us : min_us;
    total_us += us;
    ++runs;
    last_start_us = start_us;
    last_us = us;
  }
};

struct Segment;

/// A segment that was planned for what its parent's run gave.
struct Child {
  std::vector<Tensor> values;  ///< For Segment::End::kNeedsValues: the wanted values.
  std::vector<Dims> dims;      ///< For Segment::End::kDataDependent: the outputs' shapes.
  std::unique_ptr<Segment> segment;
  uint64_t last_used = 0;
};

struct Segment {
  enum class End { kGraphEnd, kNeedsValues, kDataDependent };

  int depth = 0;
  End end = End::kGraphEnd;
  int end_node = 0;                   ///< The node it stops before; with kDataDependent, that node runs last.
  std::vector<ValueId> wanted;        ///< kNeedsValues: what end_node must know.
  std::vector<ValueState> values;     ///< All of the program's, as known at the end.
  std::unique_ptr<LayerState> state;  ///< kDataDependent, a layer: what it prepared.
  std::vector<Child> children;

  std::vector<Step> steps;
  std::vector<std::unique_ptr<Kernel>> kernels;
  std::vector<TensorView> inputs;
  std::vector<MutableTensorView> outputs;
  [[nodiscard]] std::span<const TensorView> inputs_of(const Step& step) const {
    return std::span(inputs).subspan(step.first_input, step.input_count);
  }
  [[nodiscard]] std::span<const MutableTensorView> outputs_of(const Step& step) const {
    return std::span(outputs).subspan(step.first_output, step.output_count);
  }
  std::vector<Place> input_places, output_places;
  std::vector<TensorView> results;  ///< kGraphEnd: the graph's outputs.
  std::vector<Place> result_places;
  std::vector<std::pair<TensorView*, ValueId>> externals;  ///< Views to be pointed at what the run was given.
  std::vector<std::pair<MutableTensorView*, ValueId>> external_outputs;
  /// kGraphEnd: results that steps write right where the caller wants them.
  struct DirectResult {
    size_t index;        ///< Of the graph's output.
    ValueId value;       ///< The external that stands for its memory.
    bool any_alignment;  ///< No user's layer writes it, which may count on kTensorAlignment.
  };
  std::vector<DirectResult> direct_results;
  uint64_t bound = 0;  ///< The generation of arenas that the views point into; 0: none yet.

  std::vector<NodeReport> reports;
  std::vector<StepTimes> times;
  int64_t arena_bytes = 0, lower_bound_bytes = 0, workspace_bytes = 0, constant_bytes = 0;
};

/// How a segment is planned.
struct PlanRequest {
  const Program& program;
  const Backend& backend;
  PackedWeights& packed;
  codegen::CodeSource& code;
  int threads = 1;
  int depth = 0;
  int first_node = 0;
};

/// The values before anything ran: constants, and inputs of these shapes (in the order of Program::inputs).
[[nodiscard]] std::vector<ValueState> initial_values(const Program& program, std::span<const Dims> inputs);

/// Plans from `request.first_node` on, given what `values` holds. Errors carry the node's name.
[[nodiscard]] std::unique_ptr<Segment> plan_segment(const PlanRequest& request, std::vector<ValueState> values);

}  // namespace tenon
