// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/kernels.h"
#include "backends/cpu/parallel.h"
#include "codegen/code_store.h"
#include "ops/expression.h"

#include <tenon/error.h>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

// Formulas as generated code.
namespace tenon::cpu {
namespace {

using codegen::Buffer;

// That stretches are run with.
constexpr size_t kMostBuffers = 16;

// About what a core takes for an operation on an element, when vectors do 16 at a time.
constexpr double kUsPerOperation = 1e-4;

class GeneratedKernel final : public Kernel, private Stretches {
 public:
  GeneratedKernel(const Problem& problem, codegen::Program program,
                  std::shared_ptr<const codegen::Executable> executable)
      : node_(&problem.node), program_(std::move(program)), executable_(std::move(executable)) {
    for (const Buffer& buffer : program_.buffers) {
      if (buffer.role != Buffer::Role::kTemporary) continue;
      offsets_.push_back(workspace_);
      workspace_ += aligned_bytes(bytes_for(buffer.type.dtype(), buffer.count));
    }
    for (const codegen::Kernel& kernel : program_.kernels) {
      double us = kernel.cost * static_cast<double>(kernel.extent) * kUsPerOperation;
      us = std::max(us, copy_us(bytes_of(kernel)));
      threads_.push_back(useful_threads(problem.threads, us));
    }
    addresses_.resize(program_.buffers.size());
  }

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
           void* workspace) const override {
    int64_t fault = 0;
    fill(addresses_, inputs, outputs);
    for (size_t i = 0; i < offsets_.size(); ++i)
      addresses_[inputs.size() + outputs.size() + i] = static_cast<std::byte*>(workspace) + offsets_[i];
    const KernelArgs args{addresses_.data(), &fault};
    for (size_t k = 0; k < program_.kernels.size(); ++k) {
      KernelFunction* function = executable_->kernel(k);
      parallel_for(threads_[k], program_.kernels[k].extent,
                   [&](int64_t begin, int64_t end) { function(&args, begin, end); });
    }
    if (fault != 0) report_fault();
  }
  [[nodiscard]] const Stretches* stretches() const override {
    const bool elementwise = program_.kernels.size() == 1 && offsets_.empty() && codegen::in_place(program_, 0) &&
                             program_.buffers.size() <= kMostBuffers && granularity() > 0;
    return elementwise ? this : nullptr;
  }
  [[nodiscard]] int64_t workspace_bytes() const override { return workspace_; }
  [[nodiscard]] bool in_place(size_t index) const override { return codegen::in_place(program_, index); }
  [[nodiscard]] std::string detail() const override { return std::string(isa_name(executable_->isa())); }

 private:
  // Of the kernel's iterations, each of which stores so many elements in a row; 0 when there are none.
  [[nodiscard]] int64_t granularity() const override {
    const int64_t extent = program_.kernels[0].extent;
    const auto output = std::find_if(program_.buffers.begin(), program_.buffers.end(),
                                     [](const Buffer& buffer) { return buffer.role == Buffer::Role::kOutput; });
    return extent == 0 || output->count % extent != 0 ? 0 : output->count / extent;
  }
  void run(int64_t begin, int64_t end, const void* first, std::span<const TensorView> inputs,
           std::span<const MutableTensorView> outputs) const override {
    std::array<void*, kMostBuffers> addresses{};
    int64_t fault = 0;
    fill(addresses, inputs, outputs);
    // Where input 0 would begin if all of it were there.
    const auto offset = static_cast<uintptr_t>(begin * (dtype_bits(inputs[0].dtype) / 8));
    // NOLINTNEXTLINE(performance-no-int-to-ptr): nothing is read before the stretch
    addresses[0] = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(first) - offset);
    const KernelArgs args{addresses.data(), &fault};
    executable_->kernel(0)(&args, begin / granularity(), end / granularity());
    if (fault != 0) report_fault();
  }

  [[nodiscard]] bool anywhere() const override { return codegen::is_map(program_); }
  void run_elements(const void* from, void* to, int64_t count) const override {
    std::array<void*, 2> addresses{const_cast<void*>(from), to};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    int64_t fault = 0;
    const KernelArgs args{addresses.data(), &fault};
    executable_->kernel(0)(&args, 0, count);
    if (fault != 0) report_fault();
  }

  template <typename Addresses>
  static void fill(Addresses& addresses, std::span<const TensorView> inputs,
                   std::span<const MutableTensorView> outputs) {
    size_t at = 0;
    // Kernels only read their inputs.
    for (const TensorView& input : inputs)
      addresses[at++] = const_cast<void*>(input.data);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    for (const MutableTensorView& output : outputs) addresses[at++] = output.data;
  }
  [[noreturn]] void report_fault() const {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} '{}': a formula reads outside of its tensor; say what is there, or check the indices",
                            display_name(*node_), node_->name()));
  }

  // What the kernel moves, when it reads and writes each tensor once.
  [[nodiscard]] int64_t bytes_of(const codegen::Kernel& kernel) const {
    int64_t bytes = 0;
    std::vector<bool> seen(program_.buffers.size());
    for (const codegen::Access& access : kernel.accesses) {
      const auto number = static_cast<size_t>(access.buffer);
      if (seen[number]) continue;
      seen[number] = true;
      bytes += bytes_for(program_.buffers[number].type.dtype(), program_.buffers[number].count);
    }
    return bytes;
  }

  const Node* node_;
  codegen::Program program_;
  std::shared_ptr<const codegen::Executable> executable_;  // Shared by the kernels that have the same code.
  std::vector<int64_t> offsets_;                           // Of the temporaries, in the workspace.
  int64_t workspace_ = 0;
  std::vector<int> threads_;              // By kernel.
  mutable std::vector<void*> addresses_;  // By buffer; filled anew for each run.
};

Verdict accepts(const Problem& problem) {
  return problem.code == nullptr ? Verdict::no("there is no place for generated code") : Verdict::yes();
}

std::unique_ptr<Kernel> create(const Problem& problem) {
  codegen::Program program = program_of(problem);
  auto executable = problem.code->get(program);
  if (executable == nullptr) return nullptr;
  return std::make_unique<GeneratedKernel>(problem, std::move(program), std::move(executable));
}

}  // namespace

const KernelEntry kGenerated = {"generated", accepts, create};

}  // namespace tenon::cpu
