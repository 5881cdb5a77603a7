// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "array.h"

#include <tenon/engine.h>

#include <memory>
#include <utility>
#include <vector>

// What tenon.Engine and tenon.Context hold.
namespace tenon::python {

/// The arrays of one run, and views of them.
struct RunArrays {
  std::vector<ArrayInput> inputs;
  std::vector<ArrayOutput> outputs;
  std::vector<TensorView> input_views;
  std::vector<MutableTensorView> output_views;
};

/// A context is used by one thread at a time. While it runs, the GIL is free, so Python code can break that rule; it
/// gets an error then.
struct ContextHandle {
  ContextHandle(const Engine& shared, const ContextOptions& options)
      : engine(shared), context(shared.context(options)) {}

  Engine engine;
  Context context;
  bool busy = false;  // Read and written with the GIL held.
  RunArrays arrays;   // Empty between runs; kept, so that the next one need not allocate.
};

struct EngineHandle {
  explicit EngineHandle(Engine loaded) : engine(std::move(loaded)) {}
  EngineHandle(EngineHandle&&) = default;
  EngineHandle(const EngineHandle&) = delete;

  Engine engine;
  // Contexts of earlier calls of run(), for the next ones; taken and returned with the GIL held.
  std::vector<std::unique_ptr<ContextHandle>> idle;
};

}  // namespace tenon::python
