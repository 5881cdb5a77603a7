// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/engine.h>

#include <memory>
#include <utility>
#include <vector>

// What tenon.Engine and tenon.Context hold.
namespace tenon::python {

/// A context is used by one thread at a time. While it runs, the GIL is free, so Python code can break that rule; it
/// gets an error then.
struct ContextHandle {
  ContextHandle(const Engine& shared, const ContextOptions& options)
      : engine(shared), context(shared.context(options)) {}

  Engine engine;
  Context context;
  bool busy = false;  // Read and written with the GIL held.
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
