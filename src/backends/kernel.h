// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/graph.h>
#include <tenon/tensor.h>

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// How a backend offers kernels: ordered lists per operator, the first that accepts a problem wins, the reference is
// last.
namespace tenon {

namespace codegen {
class CodeSource;
struct Program;
}  // namespace codegen

/// A kernel's answer to "can you?": yes, or the reason why not.
struct Verdict {
  bool ok = true;
  std::string reason;

  static Verdict yes() { return {}; }
  static Verdict no(std::string why) { return {false, std::move(why)}; }
};

/// Constants that were packed for a kernel, once per engine, shared by all its contexts and shapes. Thread-safe.
class PackedWeights {
 public:
  /// The tensor packed from `source` in `format` (any text that names the result's layout exactly); `pack` makes it the
  /// first time. Both tensors live as long as this object.
  Tensor get(const Tensor& source, std::string_view format, const std::function<Tensor()>& pack);
  [[nodiscard]] int64_t bytes() const;

 private:
  struct Entry {
    Tensor source;  // Held, so that its address, which is in the key, is not used again.
    Tensor packed;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

/// A node with concrete types: what a kernel is chosen and made for.
struct Problem {
  const Node& node;
  std::span<const TensorView> inputs;  ///< data is null unless the value is known; left-out ones have dtype kUndefined.
  std::span<const TensorView> outputs;       ///< data is null. Data-dependent outputs have dtype kUndefined.
  std::span<const Tensor* const> constants;  ///< Per input: its tensor when the value is known, else null.
  int threads = 1;
  PackedWeights* packed = nullptr;
  codegen::CodeSource* code = nullptr;
  bool followed = false;  ///< What reads output 0, and nothing else does, works element by element.
};

/// The loops of an Expression node for the problem's shapes.
[[nodiscard]] codegen::Program program_of(const Problem& problem);

/// Takes stretches of output 0 that are finished, and not where the output lies: elements [begin, end) of its memory
/// are at `data`, until the call returns.
class Finished {
 public:
  virtual void take(int64_t begin, int64_t end, const void* data) = 0;

 protected:
  ~Finished() = default;
};

/// A kernel's work in parts: so what follows element by element can be done on stretches of the result while they are
/// in the cache. Views and workspace are as for Kernel::run().
class Parts {
 public:
  virtual ~Parts() = default;
  [[nodiscard]] virtual int64_t count() const = 0;
  /// How many threads they are worth, at most Problem::threads.
  [[nodiscard]] virtual int threads() const = 0;
  /// Stretches begin and end at multiples of it.
  [[nodiscard]] virtual int64_t granularity() const = 0;
  /// Gives the stretches of the parts [first, last) to `finished`; all parts together give each element once. On any of
  /// threads() threads, whose number `thread` is; each has its own call at a time.
  virtual void run(int64_t first, int64_t last, int thread, std::span<const TensorView> inputs, Finished& finished,
                   void* workspace) const = 0;
};

/// Work that can be done for any stretch of the elements.
class Stretches {
 public:
  virtual ~Stretches() = default;
  /// Stretches begin and end at multiples of it.
  [[nodiscard]] virtual int64_t granularity() const { return 1; }
  /// False while whole runs are wanted: a user's layer is watched at first.
  [[nodiscard]] virtual bool ready() const { return true; }
  /// Elements [begin, end), on any thread; several at a time. `first` has those of input 0, whose view is not read; it
  /// shares no memory with the outputs.
  virtual void run(int64_t begin, int64_t end, const void* first, std::span<const TensorView> inputs,
                   std::span<const MutableTensorView> outputs) const = 0;

  /// Whether there are one input and one output, and elements are the same at any place: then run_elements() may be
  /// called.
  [[nodiscard]] virtual bool anywhere() const = 0;
  /// Whether that is as quick in place.
  [[nodiscard]] virtual bool quick_in_place() const { return true; }
  /// `count` elements from `from` to `to`, which share no memory or, with dtypes of one width, are the same.
  virtual void run_elements(const void* from, void* to, int64_t count) const = 0;
};

/// `bytes` rounded up, so that what follows them in a workspace is aligned to kTensorAlignment.
[[nodiscard]] inline int64_t aligned_bytes(int64_t bytes) {
  constexpr auto kUnit = static_cast<int64_t>(kTensorAlignment);
  return (bytes + kUnit - 1) / kUnit * kUnit;
}

/// A kernel made for one problem. It belongs to one context, so run() is never called twice at a time.
class Kernel {
 public:
  virtual ~Kernel() = default;
  /// `inputs` and `outputs` as in the problem, with data. `workspace` has workspace_bytes(), aligned to
  /// kTensorAlignment. Must not allocate. May use up to Problem::threads OpenMP threads.
  virtual void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                   void* workspace) const = 0;
  [[nodiscard]] virtual int64_t workspace_bytes() const { return 0; }
  /// True when output 0 may lie in the memory of input `index` (same bytes).
  [[nodiscard]] virtual bool in_place(size_t index) const {
    (void)index;
    return false;
  }
  /// The same work in parts, or null. Asked for only when Problem::followed was set.
  [[nodiscard]] virtual const Parts* parts() const { return nullptr; }
  /// The same work by stretches, or null.
  [[nodiscard]] virtual const Stretches* stretches() const { return nullptr; }
  /// What the library below calls it ("brgconv:avx2"), for --explain; "" if nothing.
  [[nodiscard]] virtual std::string detail() const { return {}; }
};

/// One row of a kernel list.
struct KernelEntry {
  std::string_view name;  ///< "onednn_conv"
  Verdict (*accepts)(const Problem&);
  /// For a problem that it accepts. Null when the library below has no implementation after all; then the next row is
  /// asked.
  std::unique_ptr<Kernel> (*create)(const Problem&);
};

/// One kernel for several nodes in a row, or the reason why there is none ("" where nobody would look for one).
struct SequenceKernel {
  std::unique_ptr<Kernel> kernel = {};
  std::string name = {};
  size_t nodes = 0;  ///< The first so many.
  std::string reason = {};
};
/// Makes the kernel of one of a sequence's nodes alone; it lives as long as the sequence's. Once for each node.
using MakeKernel = std::function<const Kernel&(size_t node)>;

/// A set of kernel lists.
struct Backend {
  std::string_view name;                                         ///< "cpu", "reference"
  std::span<const KernelEntry> (*kernels)(std::string_view op);  ///< Fastest first; empty when it has none for `op`.
  /// Whether a sequence may begin with the node; null where there are none.
  bool (*begins_sequence)(const Node& node) = nullptr;
  /// For nodes that run one after another, where what each gives is read by the next alone, as its input 0. The
  /// kernel's inputs are those of its nodes in turn, with nothing for what goes from node to node; its outputs are
  /// those of the last one.
  SequenceKernel (*sequence)(std::span<const Problem> nodes, const MakeKernel& make) = nullptr;
};

/// Makes a backend known by its name; again with the same name replaces it. Thread-safe. `backend` must live for ever.
void register_backend(const Backend& backend);
/// The backend of that name; throws kNotFound listing those there are.
[[nodiscard]] const Backend& find_backend(std::string_view name);

/// The kernel for a standard node: the first that accepts in `backend`'s list, then those of the backend "reference".
/// Throws kUnsupported with all reasons when nothing accepts; errors carry the node's name.
struct ChosenKernel {
  std::unique_ptr<Kernel> kernel;
  std::string name;                          ///< "cpu.onednn_conv"
  std::vector<std::string> rejections = {};  ///< "cpu.gemv_f32: batch is 64; it takes 1", in list order.
};
[[nodiscard]] ChosenKernel choose_kernel(const Backend& backend, const Problem& problem);

}  // namespace tenon
