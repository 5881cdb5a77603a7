// SPDX-License-Identifier: Apache-2.0
#include "codegen/run.h"

#include "base/elements.h"
#include "codegen/compile.h"
#include "codegen/executable.h"
#include "codegen/layers.h"
#include "expr/simplify.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>

namespace tenon::test {
namespace {

std::vector<TensorView> views_of(std::span<const Tensor> tensors) {
  std::vector<TensorView> views;
  for (const Tensor& tensor : tensors) views.push_back(tensor.view());
  return views;
}

// The rounding unit of a result.
double unit_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return 0x1p-53;
    case DType::kFloat16:
      return 0x1p-11;
    case DType::kBFloat16:
      return 0x1p-8;
    default:
      return 0x1p-24;
  }
}

}  // namespace

std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : codegen::native_isas())
    if (codegen::supports(isa)) isas.push_back(isa);
  return isas;
}

Run run_compiled(const expr::Function& function, std::span<const Tensor> inputs, Isa isa, int parts) {
  const expr::Function concrete = bound(function, views_of(inputs));
  const expr::Function simple = expr::simplify(concrete);  // Its extents are numbers.
  const codegen::Program program = codegen::loops_of(concrete);
  const auto executable =
      codegen::Executable::load(codegen::compile(codegen::jobs_of(program, {&isa, 1}), {.cache = "", .threads = 1}));
  Run run;
  std::vector<Tensor> temporaries;
  std::vector<void*> addresses;
  for (size_t i = 0; i < program.buffers.size(); ++i) {
    const codegen::Buffer& tensor = program.buffers[i];
    if (tensor.role == codegen::Buffer::Role::kInput) {
      addresses.push_back(
          const_cast<void*>(inputs[i].data()));  // NOLINT(cppcoreguidelines-pro-type-const-cast): read only
      continue;
    }
    Dims dims = {tensor.count};
    if (tensor.role == codegen::Buffer::Role::kOutput) {
      dims = {};
      for (const expr::NodeId extent : simple.outputs[i - inputs.size()].shape) {
        dims.push_back(simple.nodes.integer_value(extent).value());
      }
    }
    auto& group = tensor.role == codegen::Buffer::Role::kOutput ? run.outputs : temporaries;
    group.push_back(Tensor::zeros(tensor.type.dtype(), dims));
    addresses.push_back(group.back().mutable_data());
  }
  int64_t fault = 0;
  const KernelArgs args{addresses.data(), &fault};
  for (size_t k = 0; k < program.kernels.size(); ++k) {
    const int64_t extent = program.kernels[k].extent;
    for (int64_t part = 0; part < parts; ++part) {
      executable->kernel(k)(&args, extent * part / parts, extent * (part + 1) / parts);
    }
  }
  run.fault = fault != 0;
  return run;
}

void expect_close(const Tensor& actual, const Tensor& expected, int64_t terms, const std::string& what) {
  ASSERT_EQ(actual.dtype(), expected.dtype()) << what;
  ASSERT_EQ(actual.dims(), expected.dims()) << what;
  if (!is_float(actual.dtype())) {
    for (int64_t i = 0; i < actual.count(); ++i) {
      ASSERT_EQ(load_i64(actual.data(), actual.dtype(), i), load_i64(expected.data(), expected.dtype(), i))
          << what << ", element " << i;
    }
    return;
  }
  double largest = 1;
  for (int64_t i = 0; i < expected.count(); ++i) {
    const double value = std::fabs(load_f64(expected.data(), expected.dtype(), i));
    if (std::isfinite(value)) largest = std::max(largest, value);
  }
  // A few operations of the arithmetic's unit, each of a reduction's additions one more; relative to the largest
  // element or input, because differences of rounded values lose what their operands have.
  const double arithmetic = std::min(unit_of(actual.dtype()), 0x1p-24);
  const double bound = (16 + static_cast<double>(terms)) * arithmetic * largest;
  for (int64_t i = 0; i < actual.count(); ++i) {
    const double a = load_f64(actual.data(), actual.dtype(), i), e = load_f64(expected.data(), expected.dtype(), i);
    if (std::isnan(e) || std::isinf(e)) {
      ASSERT_TRUE(std::isnan(e) ? std::isnan(a) : a == e) << what << ", element " << i << ": " << a << " for " << e;
      continue;
    }
    ASSERT_LE(std::fabs(a - e), bound + 2 * unit_of(actual.dtype()) * std::fabs(e))
        << what << ", element " << i << ": " << a << " for " << e;
  }
}

Tensor random_tensor(DType dtype, const Dims& dims, uint32_t seed) {
  Tensor tensor = Tensor::empty(dtype, dims);
  std::mt19937 engine(seed);
  std::uniform_real_distribution<double> real(-4, 4);
  std::uniform_int_distribution<int> small(dtype_kind(dtype) == DTypeKind::kSigned ? -5 : 0, 5);
  for (int64_t i = 0; i < tensor.count(); ++i) {
    if (is_float(dtype))
      store_f64(tensor.mutable_data(), dtype, i, real(engine));
    else
      store_i64(tensor.mutable_data(), dtype, i, small(engine) % (dtype == DType::kBool ? 2 : 6));
  }
  return tensor;
}

}  // namespace tenon::test
