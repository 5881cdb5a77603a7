// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/engine.h>

#include "runtime/segment.h"

#include <memory>
#include <string>
#include <vector>

namespace tenon {

/// How many sets of input shapes a context keeps ready, and how many continuations of a segment that ends at a value.
/// Above it the one that was used longest ago is dropped and planned again when it comes back. A set costs its kernels
/// and some kilobytes, no activations: all share the arena.
inline constexpr size_t kKeptPlans = 64;

/// The plan for one set of input shapes.
struct Specialisation {
  std::vector<Dims> dims;
  std::unique_ptr<Segment> segment;
  uint64_t last_used = 0;
};

struct Context::Impl {
  Impl(std::shared_ptr<const Engine::Impl> from, ContextOptions with);

  std::span<const TensorView> run(std::span<const TensorView> given, std::span<const MutableTensorView> wanted);
  /// Of all shapes, not only the latest.
  void reset_profile();

  /// The segments of the latest run, in order.
  std::vector<const Segment*> chain;
  std::shared_ptr<const Engine::Impl> engine;  // Shared with the Engine handles and other contexts.
  ContextOptions options;

 private:
  Segment& specialise(std::span<const TensorView> given);
  Segment* find(std::span<const TensorView> given);
  void check(std::span<const TensorView> given) const;
  void set_inputs(std::span<const TensorView> given);
  void make_room(const Segment& segment);
  void place_results(const Segment& segment, std::span<const TensorView> given,
                     std::span<const MutableTensorView> wanted);
  void bind(Segment& segment);
  const void* pointer(const Place& place) const;
  template <bool kProfile>
  void run_steps(Segment& segment);
  Segment& advance(Segment& segment);
  TensorView view_of(const Segment& segment, ValueId id) const;
  void run_data_dependent(Segment& segment);

  const Backend* backend_;
  int threads_;
  std::vector<Specialisation> specialisations_;
  std::vector<Tensor> arenas_;          // By segment depth.
  std::vector<const void*> externals_;  // By value: graph inputs, results, outputs of nodes that decide their shapes.
  std::vector<Tensor> dynamic_;         // By value: what such nodes allocated.
  std::vector<Tensor> staged_;          // Copies of inputs that are not aligned to their element.
  std::vector<Tensor> results_;         // By output: where it lies when the caller has no place for it.
  Tensor workspace_;
  uint64_t generation_ = 1;  // Counts changes of the arenas' addresses.
  uint64_t clock_ = 0;       // Counts runs.
  double run_start_us_ = 0;
};

}  // namespace tenon
