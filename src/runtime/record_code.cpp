// SPDX-License-Identifier: Apache-2.0
#include "runtime/record_code.h"

#include "ops/expression.h"
#include "runtime/segment.h"

#include <array>
#include <memory>

namespace tenon {
namespace {

// Extents whose code serves all others: an axis of 1 is none, one of 2 is too short for vectors along it, and the rest
// is like 67.
constexpr std::array<int64_t, 3> kExtents = {1, 2, 67};

// Stands for a step of a plan that will not be run.
class NoKernel final : public Kernel {
 public:
  void run(std::span<const TensorView>, std::span<const MutableTensorView>, void*) const override {}
};

std::unique_ptr<Kernel> record(const Problem& problem) {
  if (problem.node.op() == kExpressionOp) (void)problem.code->get(program_of(problem));
  return std::make_unique<NoKernel>();
}

std::span<const KernelEntry> recording_kernels(std::string_view) {
  static constexpr KernelEntry kEntries[] = {{"record", [](const Problem&) { return Verdict::yes(); }, record}};
  return kEntries;
}

}  // namespace

std::optional<std::vector<Dims>> input_dims(const Engine::Impl& engine, int64_t extent) {
  std::vector<Dims> dims;
  for (const Port& port : engine.inputs) {
    if (!port.type.shape) return std::nullopt;
    Dims& extents = dims.emplace_back();
    for (const Dim& dim : *port.type.shape) extents.push_back(dim.is_constant() ? dim.value() : extent);
  }
  return dims;
}

std::vector<KernelCode> code_of(const Engine::Impl& engine) {
  static constexpr Backend kRecording{"record", recording_kernels};
  codegen::CodeRecorder recorder;
  PackedWeights unused;
  for (const int64_t extent : kExtents) {
    const auto dims = input_dims(engine, extent);
    if (!dims) break;
    try {
      const PlanRequest request{
          .program = engine.program, .backend = kRecording, .packed = unused, .code = recorder, .threads = 1};
      (void)plan_segment(request, initial_values(engine.program, *dims));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kOutOfMemory) throw;  // Else the model does not take such extents.
    }
  }
  try {
    return recorder.compile();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw;
    return engine.code.trusted();
  }
}

}  // namespace tenon
