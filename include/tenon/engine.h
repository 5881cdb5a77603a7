// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/export.h>
#include <tenon/graph.h>
#include <tenon/shape.h>
#include <tenon/tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Running a plan: an Engine is loaded once and shared, a Context is one execution at a time.
namespace tenon {

struct Plan;

/// An input or output of an engine.
struct Port {
  std::string name;
  TensorType type;
};

/// How a plan file is loaded.
struct LoadOptions {
  /// Run the machine code in the file. Whoever wrote the file can then do whatever this program can, so this is for
  /// files of your own; otherwise code is generated again from the formulas in the file, or they are interpreted.
  bool trust_code = false;
  /// Files of public keys (signing.h): the machine code in a plan that is signed with one of them runs, too. To find
  /// out, the whole file is read.
  std::vector<std::string> trusted_keys = {};
};

/// How a context runs.
struct ContextOptions {
  int threads = 0;              ///< OpenMP threads for a run; 0: as many as the process may use.
  std::string backend = "cpu";  ///< "cpu", or "reference": every node by its reference kernel (slow, for comparison).
  bool profile = false;         ///< Time every step; costs two clock reads a step.
};

/// One step of a run as the profiler saw it.
struct StepProfile {
  std::string node;    ///< The node's name in the plan.
  std::string op;      ///< Its operator, with the epilogue: "Conv+Clip".
  std::string kernel;  ///< The kernel that ran, e.g. "cpu.onednn_conv (brgconv:avx2)".
  std::string shape;   ///< Of the first output.
  int64_t runs = 0;
  double total_us = 0, min_us = 0;
};

/// What a context planned for one set of input shapes.
struct MemoryReport {
  int64_t arena_bytes = 0;        ///< Activations, as placed; without the results.
  int64_t lower_bound_bytes = 0;  ///< The most that is alive at once: no placement can need less.
  int64_t workspace_bytes = 0;    ///< Scratch of kernels, shared by all steps.
  int64_t constant_bytes = 0;     ///< Constants that the steps read, packed ones included.
  int steps = 0;
};

class Context;

/// A loaded plan: immutable, and used by any number of threads. A cheap handle; Contexts keep it alive.
class TENON_API Engine {
 public:
  /// Loads a plan file; weights stay in the mapped file, except those that a kernel wants packed, which happens here
  /// once. Throws kNotFound, kIo, kCorrupt (the verifying reader's findings), kUnsupported (a newer format), and
  /// kNotFound naming layer, version and node when a native layer's plugin is not loaded. With trusted keys, also
  /// kCorrupt when a file was changed after it was signed with one of them, and what reading the keys gives.
  [[nodiscard]] static Engine load(const std::string& path, const LoadOptions& options = {});
  /// From a plan in memory.
  explicit Engine(Plan plan);

  [[nodiscard]] std::span<const Port> inputs() const noexcept;
  [[nodiscard]] std::span<const Port> outputs() const noexcept;
  /// Writes the plan to a file, through a temporary one, with code for all instruction sets of this kind of processor
  /// if it can be generated here, else with the code that it has and was trusted. It is not signed, even if the engine
  /// was loaded from a plan that is. The same engine gives the same bytes.
  void save(const std::string& path) const;
  [[nodiscard]] const Plan& plan() const noexcept;
  /// What the user should know of how formulas run (that they are interpreted, say), a sentence each; for what was
  /// planned so far.
  [[nodiscard]] std::vector<std::string> notices() const;

  [[nodiscard]] Context context(const ContextOptions& options = {}) const;
  /// Runs once with a context of its own; for many runs make a Context.
  [[nodiscard]] std::vector<Tensor> run(std::span<const Tensor> inputs) const;

  struct Impl;

 private:
  friend class Context;
  explicit Engine(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;  // Shared by the handles and the contexts.
};

/// One execution: specialises the engine to the input shapes it sees (each set of shapes once), and owns the memory of
/// a run. One thread at a time; as many contexts as threads.
class TENON_API Context {
 public:
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;
  ~Context();

  /// Runs on inputs in the order of Engine::inputs(), dense row-major, of the declared dtypes; a named dimension has
  /// one extent throughout. The results lie in memory of the context and stay valid until the next run begins or the
  /// context ends, so they cannot be that run's inputs. After the first run with a set of shapes, a run allocates no
  /// memory (unless a layer does, or its output's shape depends on data). Throws kInvalidArgument for a wrong count,
  /// dtype or shape, naming the input, what was given and what is required; errors from a layer carry its node's name.
  /// After an error the context can be used again.
  std::span<const TensorView> run(std::span<const TensorView> inputs);
  /// The same, with a place for each output, in the order of Engine::outputs(): a result is computed right there where
  /// dtype and shape are its own and the memory is aligned to its elements and overlaps no input or other output; data
  /// may be null. A result that is a constant, an input, or lies in the memory of another one is elsewhere: the views
  /// that are returned tell where each is. After an error what a place holds is
  /// undefined.
  std::span<const TensorView> run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs);
  /// The same, with results that are copies of their own.
  [[nodiscard]] std::vector<Tensor> run(std::span<const Tensor> inputs);

  /// For the shapes of the latest run. Empty before it.
  [[nodiscard]] MemoryReport memory() const;
  /// Per step of the latest shapes, when ContextOptions::profile was set: the sums since reset_profile().
  [[nodiscard]] std::vector<StepProfile> profile() const;
  void reset_profile();
  /// The profile as an aligned text table with shares in percent.
  [[nodiscard]] std::string profile_table() const;
  /// The latest run as a Chrome trace (JSON for chrome://tracing or Perfetto).
  [[nodiscard]] std::string chrome_trace() const;
  /// For each node: the kernel that was chosen for the latest shapes, and why earlier ones said no.
  [[nodiscard]] std::string explain() const;

 private:
  friend class Engine;
  struct Impl;
  explicit Context(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// True when the file begins like a plan. Throws kNotFound, kIo.
[[nodiscard]] TENON_API bool is_plan_file(const std::string& path);
/// The graph in a plan file, verified as Engine::load() does, but without looking for the layers it needs. For looking
/// at.
[[nodiscard]] TENON_API Graph plan_graph(const std::string& path);

}  // namespace tenon
