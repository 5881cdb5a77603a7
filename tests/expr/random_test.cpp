// SPDX-License-Identifier: Apache-2.0
#include "expr/interpret.h"
#include "expr/parse.h"
#include "expr/print.h"
#include "expr/random_expr.h"
#include "expr/simplify.h"
#include "expr/verify.h"

#include "base/elements.h"

#include <gtest/gtest.h>

#include <cmath>

// Thousands of random layers: all are accepted, their text means the same, and so does what is left of them after
// simplification.
namespace tenon::expr {
namespace {

using test::RandomLayer;

const std::vector<DType> kAllDTypes = {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kFloat64,
                                       DType::kInt32,   DType::kInt64,   DType::kUInt8,    DType::kBool};

TEST(RandomLayers, AreAcceptedAndTheirTextReadsAsTheSame) {
  constexpr uint32_t kCases = 3000;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const Function function = compact(RandomLayer(seed, kAllDTypes).function());
    const std::string text = print(function);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
    ASSERT_NO_THROW(verify(function));
    ASSERT_NO_THROW(ASSERT_TRUE(identical(parse(text), function)) << print(parse(text)));
  }
}

// The outputs, or nothing when an element outside is read or the work is too much.
std::optional<std::vector<Tensor>> run(const Function& function, std::span<const Tensor> inputs) {
  std::vector<TensorView> views;
  for (const Tensor& input : inputs) views.push_back(input.view());
  try {
    return interpret(function, views, {.max_steps = 1 << 18});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidArgument && error.code() != ErrorCode::kUnsupported) throw;
    return std::nullopt;
  }
}

// NaNs of any bits are equal; 0 and -0 are not.
bool are_equal(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.dims() != b.dims()) return false;
  for (int64_t i = 0; i < a.count(); ++i) {
    if (!is_float(a.dtype())) {
      if (load_u64(a.data(), a.dtype(), i) != load_u64(b.data(), b.dtype(), i)) return false;
      continue;
    }
    const double x = load_f64(a.data(), a.dtype(), i), y = load_f64(b.data(), b.dtype(), i);
    if (std::isnan(x) ? !std::isnan(y) : x != y || std::signbit(x) != std::signbit(y)) return false;
  }
  return true;
}

TEST(RandomLayers, MeanTheSameAfterSimplification) {
  // f64 only: constant folding rounds to f32 where the interpreter does not.
  constexpr uint32_t kCases = 3000;
  int compared = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    RandomLayer layer(seed, {DType::kFloat64, DType::kInt64, DType::kInt32, DType::kUInt8, DType::kBool});
    const Function plain = compact(layer.function());
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + print(plain));
    Function simple;
    ASSERT_NO_THROW(simple = simplify(plain));
    SCOPED_TRACE("simplified:\n" + print(simple));
    ASSERT_NO_THROW(verify(simple));
    const std::vector<Tensor> inputs = layer.inputs();
    const auto expected = run(plain, inputs);
    if (!expected) continue;
    ++compared;
    const auto actual = run(simple, inputs);
    ASSERT_TRUE(actual.has_value());
    for (size_t i = 0; i < expected->size(); ++i)
      ASSERT_TRUE(are_equal((*expected)[i], (*actual)[i])) << "output " << i;
  }
  EXPECT_GT(compared, 2000);
}

}  // namespace
}  // namespace tenon::expr
