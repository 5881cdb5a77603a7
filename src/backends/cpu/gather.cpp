// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/kernels.h"
#include "ops/axes.h"
#include "ops/op.h"

#include <fmt/core.h>

#include <cstring>

namespace tenon::cpu {
namespace {

class GatherKernel final : public Kernel {
 public:
  explicit GatherKernel(const Problem& problem)
      : node_(&problem.node),
        split_(problem.inputs[0].dims,
               normalized_axis(AttributeReader(problem.node, op_of(problem.node)).integer("axis"),
                               problem.inputs[0].dims.rank())),
        count_(problem.inputs[1].dims.count()),
        wide_(problem.inputs[1].dtype == DType::kInt64),
        run_bytes_(static_cast<size_t>(split_.inner * (dtype_bits(problem.inputs[0].dtype) / 8))) {}

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    const auto* from = inputs[0].as<char>();
    auto* to = outputs[0].as<char>();
    for (int64_t outer = 0; outer < split_.outer; ++outer) {
      for (int64_t i = 0; i < count_; ++i, to += run_bytes_) {
        int64_t index = wide_ ? inputs[1].as<int64_t>()[i] : inputs[1].as<int32_t>()[i];
        if (index < 0) index += split_.extent;
        if (index < 0 || index >= split_.extent) {
          throw Error(ErrorCode::kInvalidArgument,
                      fmt::format("Gather '{}': index {} at position {} is outside [-{}, {}]", node_->name(),
                                  wide_ ? inputs[1].as<int64_t>()[i] : inputs[1].as<int32_t>()[i], i, split_.extent,
                                  split_.extent - 1));
        }
        std::memcpy(to, from + static_cast<size_t>(outer * split_.extent + index) * run_bytes_, run_bytes_);
      }
    }
  }

 private:
  const Node* node_;
  AxisSplit split_;
  int64_t count_;
  bool wide_;
  size_t run_bytes_;
};

Verdict accepts(const Problem& problem) {
  if (dtype_bits(problem.inputs[0].dtype) < 8) return Verdict::no("the elements are no whole bytes");
  return Verdict::yes();
}

std::unique_ptr<Kernel> create(const Problem& problem) { return std::make_unique<GatherKernel>(problem); }

}  // namespace

const KernelEntry kGather{"gather", accepts, create};

}  // namespace tenon::cpu
