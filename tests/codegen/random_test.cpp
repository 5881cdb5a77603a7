// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "codegen/run.h"
#include "dice.h"
#include "expr/interpret.h"
#include "expr/print.h"
#include "expr/random_expr.h"

#include <tenon/error.h>

#include <gtest/gtest.h>

#include <cmath>
#include <optional>

// Random layers: all instruction sets give the same bits, close to what the interpreter gives.
namespace tenon {
namespace {

using test::RandomLayer;

struct Expected {
  std::vector<Tensor> outputs;
  bool fault = false;  // An element outside of a tensor is read.
};

// What the interpreter says; nothing where the inputs do not fit or the work is too much.
std::optional<Expected> interpreted(const expr::Function& function, std::span<const Tensor> inputs) {
  std::vector<TensorView> views;
  for (const Tensor& input : inputs) views.push_back(input.view());
  try {
    return Expected{expr::interpret(function, views, {.max_steps = 1 << 20}), false};
  } catch (const Error& error) {
    if (error.message().find("say what is outside") != std::string::npos) return Expected{{}, true};
    if (error.code() != ErrorCode::kInvalidArgument && error.code() != ErrorCode::kUnsupported) throw;
    return std::nullopt;
  }
}

// The floats a little larger: where that changes a result much, rounding may, too.
std::vector<Tensor> nudged(std::span<const Tensor> inputs, double factor) {
  std::vector<Tensor> result;
  for (const Tensor& input : inputs) {
    Tensor copy = Tensor::copy_of(input.view());
    for (int64_t i = 0; is_float(input.dtype()) && i < input.count(); ++i) {
      store_f64(copy.mutable_data(), input.dtype(), i, load_f64(input.data(), input.dtype(), i) * factor);
    }
    result.push_back(std::move(copy));
  }
  return result;
}

double element(const Tensor& tensor, int64_t i) { return load_f64(tensor.data(), tensor.dtype(), i); }

bool is_close(double a, double e, double tolerance) {
  if (std::isnan(a) || std::isnan(e)) return std::isnan(a) && std::isnan(e);
  return a == e || std::fabs(a - e) <= tolerance * std::max(std::fabs(e), 1.0);
}

bool same_bits_but_for_nan(const Tensor& a, const Tensor& b) {
  for (int64_t i = 0; i < a.count(); ++i) {
    if (!is_float(a.dtype()) ? load_u64(a.data(), a.dtype(), i) != load_u64(b.data(), b.dtype(), i)
                             : !is_close(element(a, i), element(b, i), 0))
      return false;
  }
  return a.dtype() == b.dtype() && a.dims() == b.dims();
}

struct Count {
  int64_t elements = 0, doubtful = 0, wrong = 0;
};

void compare(const expr::Function& function, std::span<const Tensor> inputs, const Expected& expected,
             const test::Run& run, Count& count) {
  constexpr double kTolerance = 1e-3, kNudge = 1e-5;
  std::optional<Expected> more, less;
  for (size_t o = 0; o < expected.outputs.size(); ++o) {
    const Tensor& e = expected.outputs[o];
    const Tensor& a = run.outputs[o];
    ASSERT_EQ(a.dims(), e.dims());
    count.elements += e.count();
    for (int64_t i = 0; i < e.count(); ++i) {
      const double value = element(e, i);
      if (is_close(element(a, i), value, kTolerance)) continue;
      if (!more) {
        more = interpreted(function, nudged(inputs, 1 + kNudge));
        less = interpreted(function, nudged(inputs, 1 - kNudge));
      }
      const auto moves = [&](const std::optional<Expected>& other) {
        return !other || other->fault || !is_close(element(other->outputs[o], i), value, kTolerance / 10);
      };
      ++(moves(more) || moves(less) ? count.doubtful : count.wrong);
      if (moves(more) || moves(less) || count.wrong > 20) continue;
      ADD_FAILURE() << "output " << o << ", element " << i << " is " << element(a, i) << " but " << value
                    << " is expected";
    }
  }
}

void try_layers(const std::vector<DType>& dtypes, uint32_t first) {
  const uint32_t cases = test::is_exhaustive() ? 4000 : 120;
  Count count;
  for (uint32_t seed = first; seed < first + cases; ++seed) {
    RandomLayer layer(seed, dtypes);
    const std::vector<Tensor> inputs = layer.inputs();
    const auto expected = interpreted(layer.function(), inputs);
    if (!expected) continue;
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + expr::print(layer.function()));
    const std::vector<Isa> isas = test::available_isas();
    const test::Run run = test::run_compiled(layer.function(), inputs, isas.back());
    // Simplification may take away what fails and is not needed, never the other way round.
    EXPECT_LE(run.fault, expected->fault);
    if (!expected->fault) compare(layer.function(), inputs, *expected, run, count);
    const Isa other = isas[seed % isas.size()];
    const test::Run again = test::run_compiled(layer.function(), inputs, other, 2);
    for (size_t o = 0; o < run.outputs.size(); ++o) {
      EXPECT_TRUE(same_bits_but_for_nan(run.outputs[o], again.outputs[o]))
          << "on " << isa_name(other) << " in two parts";
    }
  }
  EXPECT_GT(count.elements, cases);
  EXPECT_LT(count.doubtful * 20, count.elements);
}

TEST(RandomLayers, OfIntegersAreAsInterpreted) {
  try_layers({DType::kInt32, DType::kInt64, DType::kUInt8, DType::kBool}, 0);
}

TEST(RandomLayers, OfFloatsAreAsInterpreted) {
  try_layers({DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16, DType::kInt64}, 5000);
}

}  // namespace
}  // namespace tenon
