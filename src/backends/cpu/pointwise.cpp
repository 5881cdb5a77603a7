// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/kernels.h"
#include "backends/cpu/onednn.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/strides.h"
#include "backends/cpu/unary_step.h"
#include "base/elements.h"
#include "ops/op.h"

#include <fmt/core.h>

#include <limits>

namespace tenon::cpu {
namespace {

struct UnaryRow {
  std::string_view op;
  UnaryOp function;
};
constexpr UnaryRow kUnary[] = {
    {"Abs", UnaryOp::kAbs},
    {"Ceil", UnaryOp::kCeil},
    {"Clip", UnaryOp::kClip},
    {"Elu", UnaryOp::kElu},
    {"Erf", UnaryOp::kErf},
    {"Exp", UnaryOp::kExp},
    {"Floor", UnaryOp::kFloor},
    {"Gelu", UnaryOp::kGelu},
    {"HardSigmoid", UnaryOp::kHardSigmoid},
    {"HardSwish", UnaryOp::kHardSwish},
    {"LeakyRelu", UnaryOp::kLeakyRelu},
    {"Mish", UnaryOp::kMish},
    {"Neg", UnaryOp::kNeg},
    {"Reciprocal", UnaryOp::kReciprocal},
    {"Relu", UnaryOp::kRelu},
    {"Sigmoid", UnaryOp::kSigmoid},
    {"Softplus", UnaryOp::kSoftplus},
    {"Sqrt", UnaryOp::kSqrt},
    {"Swish", UnaryOp::kSwish},
    {"Tanh", UnaryOp::kTanh},
};

struct BinaryRow {
  std::string_view op;
  BinaryOp function;
};
constexpr BinaryRow kBinary[] = {
    {"Add", BinaryOp::kAdd}, {"Div", BinaryOp::kDiv}, {"Max", BinaryOp::kMax},
    {"Min", BinaryOp::kMin}, {"Mul", BinaryOp::kMul}, {"Sub", BinaryOp::kSub},
};

/// Time per element of a function that costs more than its memory traffic.
constexpr double kUsPerElement = 0.5e-3;

// --- one input

struct Parameters {
  float alpha = 0, beta = 0;
};

Parameters parameters_of(const Problem& problem) {
  const Node& node = problem.node;
  Parameters p;
  if (node.op() == "Clip") {
    const auto bound = [&](size_t input, float fallback) {
      const bool given = input < problem.inputs.size() && problem.inputs[input].dtype != DType::kUndefined;
      return given ? *problem.inputs[input].as<float>() : fallback;
    };
    return {bound(1, -std::numeric_limits<float>::infinity()), bound(2, std::numeric_limits<float>::infinity())};
  }
  const AttributeReader attributes(node, op_of(node));
  for (const AttributeSpec& spec : op_of(node).attributes) {
    if (!std::holds_alternative<double>(spec.fallback)) continue;
    (spec.name == "beta" ? p.beta : p.alpha) = static_cast<float>(attributes.number(spec.name));
  }
  return p;
}

UnaryOp function_of(const Node& node) {
  const bool tanh_form = node.op() == "Gelu" && AttributeReader(node, op_of(node)).string("approximate") == "tanh";
  return *find_unary(node.op(), tanh_form ? 1 : 0);
}

Verdict accepts_unary(const Problem& problem) {
  if (Verdict verdict = onednn::all_f32(problem); !verdict.ok) return verdict;
  for (size_t i = 1; i < problem.inputs.size(); ++i) {
    if (problem.inputs[i].dtype != DType::kUndefined && !problem.inputs[i].data)
      return Verdict::no("a bound is known only in the run");
  }
  return Verdict::yes();
}

class UnaryKernel final : public Kernel {
 public:
  explicit UnaryKernel(const Problem& problem)
      : op_(function_of(problem.node)),
        parameters_(parameters_of(problem)),
        count_(problem.outputs[0].dims.count()),
        threads_(useful_threads(problem.threads, kUsPerElement * static_cast<double>(count_))) {}

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    const auto* x = inputs[0].as<float>();
    auto* y = outputs[0].as<float>();
    parallel_for(threads_, count_, [&](int64_t first, int64_t last) {
      simd_.unary(op_, parameters_.alpha, parameters_.beta, x + first, y + first, last - first);
    });
  }
  [[nodiscard]] bool in_place(size_t index) const override { return index == 0; }
  [[nodiscard]] std::string detail() const override { return std::string(simd_.isa); }

 private:
  const Simd& simd_ = simd();
  UnaryOp op_;
  Parameters parameters_;
  int64_t count_;
  int threads_;
};

// --- two inputs

Verdict accepts_binary(const Problem& problem) {
  if (problem.inputs.size() != 2)
    return Verdict::no(fmt::format("it has {} inputs; it takes 2", problem.inputs.size()));
  return onednn::all_f32(problem);
}

class BinaryKernel final : public Kernel {
 public:
  explicit BinaryKernel(const Problem& problem) : op_(*find_binary(problem.node.op())) {
    const Dims& y = problem.outputs[0].dims;
    const auto a = broadcast_strides(problem.inputs[0].dims, y), b = broadcast_strides(problem.inputs[1].dims, y);
    const auto dense = dense_strides_of(y);
    for (size_t axis = 0; axis < y.size(); ++axis) nest_.add(y[axis], {a[axis], b[axis], dense[axis]});
    scalar_ = nest_.inner_stride(0) == 0 ? Scalar::kLeft : nest_.inner_stride(1) == 0 ? Scalar::kRight : Scalar::kNone;
    threads_ = useful_threads(problem.threads, copy_us(3 * 4 * y.count()));
    split_inner_ = nest_.outer_count() < threads_;
  }

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    const auto* a = inputs[0].as<float>();
    const auto* b = inputs[1].as<float>();
    auto* y = outputs[0].as<float>();
    const int64_t rows = nest_.outer_count(), extent = nest_.inner_extent();
    parallel_for(threads_, split_inner_ ? extent : rows, [&](int64_t first, int64_t last) {
      const int64_t skip = split_inner_ ? first : 0, count = split_inner_ ? last - first : extent;
      NestWalk walk(nest_, nest_.rank - 1, split_inner_ ? 0 : first);
      for (int64_t row = split_inner_ ? rows : last - first; row > 0; --row, walk.next()) {
        simd_.binary(op_, scalar_, a + walk.offset(0) + (scalar_ == Scalar::kLeft ? 0 : skip),
                     b + walk.offset(1) + (scalar_ == Scalar::kRight ? 0 : skip), y + walk.offset(2) + skip, count);
      }
    });
  }
  [[nodiscard]] bool in_place(size_t) const override { return true; }
  [[nodiscard]] std::string detail() const override { return std::string(simd_.isa); }

 private:
  const Simd& simd_ = simd();
  BinaryOp op_;
  LoopNest nest_;
  Scalar scalar_;
  int threads_;
  bool split_inner_;
};

// --- conversion

template <typename From, typename To>
void cast_run(const void* from, void* to, int64_t count) {
  const auto* x = static_cast<const From*>(from);
  auto* y = static_cast<To*>(to);
  for (int64_t i = 0; i < count; ++i) y[i] = static_cast<To>(x[i]);
}

using CastLoop = void (*)(const void*, void*, int64_t);

/// Conversions that C++ defines for every value, which those from floats to integers are not.
CastLoop find_cast(DType from, DType to) {
  if (to == DType::kFloat32) {
    if (from == DType::kUInt8 || from == DType::kBool) return cast_run<uint8_t, float>;
    if (from == DType::kInt8) return cast_run<int8_t, float>;
    if (from == DType::kInt32) return cast_run<int32_t, float>;
    if (from == DType::kInt64) return cast_run<int64_t, float>;
    if (from == DType::kFloat64) return cast_run<double, float>;
  }
  if (from == DType::kFloat32 && to == DType::kFloat64) return cast_run<float, double>;
  if (from == DType::kInt32 && to == DType::kInt64) return cast_run<int32_t, int64_t>;
  if (from == DType::kInt64 && to == DType::kInt32) return cast_run<int64_t, int32_t>;
  return nullptr;
}

Verdict accepts_cast(const Problem& problem) {
  const DType from = problem.inputs[0].dtype, to = problem.outputs[0].dtype;
  if (find_cast(from, to)) return Verdict::yes();
  return Verdict::no(fmt::format("it has no loop from {} to {}", dtype_name(from), dtype_name(to)));
}

class CastKernel final : public Kernel {
 public:
  explicit CastKernel(const Problem& problem)
      : loop_(find_cast(problem.inputs[0].dtype, problem.outputs[0].dtype)), count_(problem.outputs[0].dims.count()) {}

  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, void*) const override {
    loop_(inputs[0].data, outputs[0].data, count_);
  }

 private:
  CastLoop loop_;
  int64_t count_;
};

template <typename K>
std::unique_ptr<Kernel> make(const Problem& problem) {
  return std::make_unique<K>(problem);
}

}  // namespace

std::optional<UnaryOp> find_unary(std::string_view op, double alpha) {
  if (op == "Gelu" && alpha != 0) return UnaryOp::kGeluTanh;
  for (const UnaryRow& row : kUnary)
    if (row.op == op) return row.function;
  return std::nullopt;
}

std::optional<BinaryOp> find_binary(std::string_view op) {
  for (const BinaryRow& row : kBinary)
    if (row.op == op) return row.function;
  return std::nullopt;
}

const KernelEntry kUnaryF32{"unary_f32", accepts_unary, make<UnaryKernel>};
const KernelEntry kBinaryF32{"binary_f32", accepts_binary, make<BinaryKernel>};
const KernelEntry kCast{"cast", accepts_cast, make<CastKernel>};

}  // namespace tenon::cpu
