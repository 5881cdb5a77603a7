// SPDX-License-Identifier: Apache-2.0
#include "backends/reference/reference.h"

#include "ops/op.h"

namespace tenon {
namespace {

class ReferenceKernel final : public Kernel {
 public:
  explicit ReferenceKernel(const Node& node) : node_(&node), pointwise_(op_of(node).pointwise) {}

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    run_reference(*node_, inputs, outputs);
  }
  [[nodiscard]] bool in_place(size_t) const override { return pointwise_; }

 private:
  const Node* node_;
  bool pointwise_;
};

Verdict accepts(const Problem& problem) {
  return find_op(problem.node.op()) ? Verdict::yes() : Verdict::no("the operator has no reference kernel");
}

std::unique_ptr<Kernel> create(const Problem& problem) { return std::make_unique<ReferenceKernel>(problem.node); }

std::span<const KernelEntry> kernels(std::string_view) {
  static constexpr KernelEntry kEntries[] = {{"any", accepts, create}};
  return kEntries;
}

}  // namespace

const Backend& reference_backend() {
  static constexpr Backend kBackend{"reference", kernels};
  return kBackend;
}

}  // namespace tenon
