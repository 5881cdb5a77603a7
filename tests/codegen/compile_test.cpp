// SPDX-License-Identifier: Apache-2.0
#include "base/elements.h"
#include "codegen/layers.h"
#include "codegen/run.h"
#include "expr/interpret.h"
#include "expr/parse.h"
#include "expr/simplify.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace tenon {
namespace {

std::vector<TensorView> views_of(const std::vector<Tensor>& tensors) {
  std::vector<TensorView> views;
  for (const Tensor& tensor : tensors) views.push_back(tensor.view());
  return views;
}

// Inputs of the layer with these extents.
std::vector<Tensor> inputs_of(const expr::Function& function, const std::map<std::string, int64_t>& extents) {
  std::vector<Tensor> inputs;
  for (const expr::Input& input : function.inputs) {
    Dims dims;
    for (const Dim& dim : input.dims) dims.push_back(dim.is_constant() ? dim.value() : extents.at(dim.symbol()));
    const DType dtype = input.type.is_variable() ? DType::kFloat32 : input.type.dtype();
    inputs.push_back(test::random_tensor(dtype, dims, static_cast<uint32_t>(inputs.size()) + 7));
    if (dtype != DType::kInt64) continue;
    for (int64_t& index : inputs.back().mutable_values<int64_t>()) index = std::abs(index);
  }
  return inputs;
}

// Every instruction set against the interpreter, and all of them, and any division of the range, to the bit. Products
// that are contracted are rounded where no instruction adds one unrounded: with SSE4.2.
void expect_right(const expr::Function& function, const std::vector<Tensor>& inputs, int64_t terms,
                  const std::string& what, bool contracted = false) {
  const std::vector<Tensor> expected = expr::interpret(function, views_of(inputs));
  std::map<bool, std::vector<Tensor>> first_of;  // By whether it has no such instruction, and needs one.
  for (const Isa isa : test::available_isas()) {
    const std::string where = fmt::format("{} on {}", what, isa_name(isa));
    const test::Run run = test::run_compiled(function, inputs, isa);
    EXPECT_FALSE(run.fault) << where;
    ASSERT_EQ(run.outputs.size(), expected.size()) << where;
    const test::Run parts = test::run_compiled(function, inputs, isa, 3);
    std::vector<Tensor>& first = first_of[contracted && isa == Isa::kX86V2];
    for (size_t i = 0; i < expected.size(); ++i) {
      test::expect_close(run.outputs[i], expected[i], terms, where);
      EXPECT_TRUE(identical(run.outputs[i], parts.outputs[i])) << where << ": in three parts";
      const Tensor& other = first.empty() ? run.outputs[i] : first[i];
      EXPECT_TRUE(identical(run.outputs[i], other)) << where << ": differs from the first instruction set";
    }
    if (first.empty()) first = run.outputs;
  }
}

class Layers : public testing::TestWithParam<test::ExampleLayer> {};

TEST_P(Layers, CodeAgreesWithTheInterpreter) {
  const test::ExampleLayer& layer = GetParam();
  const expr::Function function = expr::parse(layer.text);
  // As the layer stands, with other sizes, with extents of 1, and with nothing.
  for (const int64_t change : {0, 1, 14, -1, -2}) {
    std::map<std::string, int64_t> extents = layer.extents;
    int64_t terms = 1;
    for (auto& [name, extent] : extents) {
      extent = change >= 0 ? extent + change : change == -1 ? 1 : 0;
      terms = std::max(terms, extent);
    }
    if (layer.name == "gather" && change < 0) continue;  // Too little is there to be gathered from.
    if (layer.name == "total" && change > 0) continue;   // Its size is the point.
    const std::vector<Tensor> inputs = inputs_of(function, extents);
    const std::string what = fmt::format("{} ({})", layer.name, change);
    expect_right(function, inputs, terms * terms, what);
    expect_right(expr::contracted(function), inputs, terms * terms, what + ", contracted", true);
  }
}

INSTANTIATE_TEST_SUITE_P(Codegen, Layers, testing::ValuesIn(test::example_layers()),
                         [](const auto& layer) { return std::string(layer.param.name); });

TEST(Compiled, ReadsOutsideAreReported) {
  const expr::Function function =
      expr::parse("layer Gather(x: f32[n, c], at: i64[m]) -> f32[m, c]\n  y[m, c] = x[at[m], c]\n");
  const Tensor x = test::random_tensor(DType::kFloat32, {4, 3}, 1);
  for (const Isa isa : test::available_isas()) {
    const auto fault = [&](std::initializer_list<int64_t> at) {
      const std::vector<Tensor> inputs = {x, Tensor::from(at, {static_cast<int64_t>(at.size())})};
      return test::run_compiled(function, inputs, isa).fault;
    };
    EXPECT_FALSE(fault({0, 3, 1}));
    EXPECT_TRUE(fault({0, 4, 1}));
    EXPECT_TRUE(fault({0, 3, -1}));
    EXPECT_TRUE(fault({INT64_MIN, 3, INT64_MAX}));
  }
}

TEST(Compiled, WhatIsNotSelectedDoesNotFail) {
  const expr::Function function =
      expr::parse("layer Shift(x: f32[n]) -> f32[n]\n  y[n] = where(n < 1, f32(0), x[n - 1])\n");
  const std::vector<Tensor> inputs = {test::random_tensor(DType::kFloat32, {37}, 1)};
  for (const Isa isa : test::available_isas()) EXPECT_FALSE(test::run_compiled(function, inputs, isa).fault);
}

// 4097 * 4097 has a bit more than a float, which shows whether the product is rounded before it is added.
TEST(Compiled, ContractedProductsAreAddedUnrounded) {
  const std::string head = "layer L(x: f32[n], c: f32[n], z: f32[n]) -> f32[n], f32[n], f32[n], f32[n]\n";
  const expr::Function plain =
      expr::parse(head +
                  "  a[n] = x[n] * x[n] + z[n]\n  b[n] = x[n] * x[n] - c[n]\n  d[n] = c[n] - x[n] * x[n]\n"
                  "  e[n] = sum[k < 2](where(k == 0, z[n], x[n]) * where(k == 0, f32(1), x[n]))\n");
  const expr::Function fast = expr::contracted(plain);
  EXPECT_TRUE(identical(expr::uncontracted(fast), plain));
  const int64_t count = 37;
  std::vector<Tensor> inputs(3);
  for (Tensor& input : inputs) input = Tensor::zeros(DType::kFloat32, {count});
  for (float& x : inputs[0].mutable_values<float>()) x = 4097;
  for (float& c : inputs[1].mutable_values<float>()) c = 16785408;  // 4096 * 4098, one below the product.
  for (float& z : inputs[2].mutable_values<float>()) z = -16785408;
  for (const Isa isa : test::available_isas()) {
    const float rest = isa == Isa::kX86V2 ? 0 : 1;
    const std::vector<Tensor> exact = test::run_compiled(plain, inputs, isa).outputs;
    const std::vector<Tensor> outputs = test::run_compiled(fast, inputs, isa).outputs;
    for (size_t i = 0; i < outputs.size(); ++i) {
      for (const float x : exact[i].values<float>()) EXPECT_EQ(x, 0) << isa_name(isa) << ", output " << i;
      for (const float x : outputs[i].values<float>())
        EXPECT_EQ(x, i == 2 ? -rest : rest) << isa_name(isa) << ", output " << i;
    }
  }
}

// --- operators, one by one, on what they are likely to get wrong

class Operators : public testing::TestWithParam<DType> {};

// All pairs of interesting values.
std::vector<Tensor> operands(DType dtype) {
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> values = {0, 1, 2, 3, 5, 7, 31, 32, 63, 64, 100, 127};
  if (dtype_kind(dtype) != DTypeKind::kUnsigned) values.insert(values.end(), {-1, -2, -3, -7, -127, -128});
  if (is_float(dtype)) {
    values.insert(values.end(), {-0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 1e-30, 1e30, 8388609, infinity, -infinity,
                                 std::numeric_limits<double>::quiet_NaN()});
  }
  const auto count = static_cast<int64_t>(values.size());
  std::vector<Tensor> tensors(3);
  for (Tensor& tensor : tensors) tensor = Tensor::zeros(dtype, {count * count});
  for (int64_t i = 0; i < count * count; ++i) {
    store_f64(tensors[0].mutable_data(), dtype, i, values[static_cast<size_t>(i / count)]);
    store_f64(tensors[1].mutable_data(), dtype, i, values[static_cast<size_t>(i % count)]);
    store_f64(tensors[2].mutable_data(), dtype, i, 11);
  }
  if (is_integer(dtype)) {  // The smallest and the largest, as 64 bits have them.
    for (int64_t i = 0; i < count; ++i)
      store_i64(tensors[0].mutable_data(), dtype, i, INT64_MIN >> (64 - dtype_bits(dtype)));
    for (int64_t i = count; i < 2 * count; ++i) store_i64(tensors[0].mutable_data(), dtype, i, -1);
  }
  return tensors;
}

TEST_P(Operators, AgreeWithTheInterpreter) {
  const DType dtype = GetParam();
  std::vector<std::string> formulas = {"{0} + {1}",
                                       "{0} - {1}",
                                       "{0} * {1}",
                                       "fastmul({0}, {1})",
                                       "{0} / {1}",
                                       "{0} % {1}",
                                       "mod({0}, {1})",
                                       "min({0}, {1})",
                                       "max({0}, {1})",
                                       "-{0}",
                                       "abs({0})",
                                       "where({0} < {1}, {0}, {2})",
                                       "where({0} <= {1}, {0}, {2})",
                                       "where({0} == {1}, {0}, {2})",
                                       "where({0} != {1}, {0}, {2})",
                                       "min(max({0}, 1), 3)",
                                       "max({0}, 0)"};
  if (is_float(dtype)) {
    formulas.insert(formulas.end(), {"floor({0})", "ceil({0})", "round({0})", "sqrt({0})",
                                     "where(isnan({0}), {1}, {2})", "where(isinf({0}), {1}, {2})"});
  } else {
    formulas.insert(formulas.end(), {"pow({0}, {1})", "{0} // {1}", "{0} & {1}", "{0} | {1}", "{0} ^ {1}", "not({0})",
                                     "{0} << {1}", "{0} >> {1}"});
  }
  // One layer of them all, with an output for each.
  std::string head = fmt::format("layer Op(x: {0}[n], y: {0}[n], z: {0}[n]) ->", dtype_name(dtype)), body;
  for (size_t i = 0; i < formulas.size(); ++i) {
    head += fmt::format("{} {}[n]", i == 0 ? "" : ",", dtype_name(dtype));
    body += fmt::format("  r{}[n] = {}\n", i, fmt::format(fmt::runtime(formulas[i]), "x[n]", "y[n]", "z[n]"));
  }
  const expr::Function function = expr::parse(head + "\n" + body);
  const std::vector<Tensor> inputs = operands(dtype);
  const std::vector<Tensor> expected = expr::interpret(function, views_of(inputs));
  for (const Isa isa : test::available_isas()) {
    const std::vector<Tensor> actual = test::run_compiled(function, inputs, isa).outputs;
    for (size_t r = 0; r < formulas.size(); ++r) {
      for (int64_t i = 0; i < actual[r].count(); ++i) {
        const auto value = [&](const Tensor& tensor) { return load_f64(tensor.data(), dtype, i); };
        const bool nan = is_float(dtype) && std::isnan(value(expected[r]));
        const bool equal = nan ? std::isnan(value(actual[r])) : value(actual[r]) == value(expected[r]);
        ASSERT_TRUE(equal) << formulas[r] << " of " << dtype_name(dtype) << " on " << isa_name(isa) << " of "
                           << value(inputs[0]) << " and " << value(inputs[1]) << " is " << value(actual[r]) << ", not "
                           << value(expected[r]);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Codegen, Operators,
                         testing::Values(DType::kFloat32, DType::kFloat64, DType::kInt8, DType::kUInt8, DType::kInt16,
                                         DType::kUInt16, DType::kInt32, DType::kUInt32, DType::kInt64, DType::kUInt64),
                         [](const auto& dtype) { return std::string(dtype_name(dtype.param)); });

TEST(Compiled, CastsAgreeWithTheInterpreter) {
  const std::vector<DType> dtypes = {DType::kBool,     DType::kInt8,    DType::kUInt8,  DType::kInt16,  DType::kUInt16,
                                     DType::kInt32,    DType::kUInt32,  DType::kInt64,  DType::kUInt64, DType::kFloat16,
                                     DType::kBFloat16, DType::kFloat32, DType::kFloat64};
  for (const DType from : dtypes) {
    // Beyond all integers, halves, and f16's denormal and largest numbers among them.
    std::vector<double> values = {0,     1,    -1,     2.5,    3.5,   100,   127,   128,   200,      255,       256,
                                  -128,  -129, 32768,  65504,  65519, 65520, 70000, 3e9,   -3e9,     1e19,      1e20,
                                  -1e20, 6e-8, 2.9e-8, 3.1e-8, 1e-5,  -1e-5, 0.1,   1e300, INFINITY, -INFINITY, NAN};
    Tensor x = Tensor::zeros(from, {static_cast<int64_t>(values.size())});
    for (size_t i = 0; i < values.size(); ++i) store_f64(x.mutable_data(), from, static_cast<int64_t>(i), values[i]);
    std::string head = fmt::format("layer Cast(x: {}[n]) ->", dtype_name(from)), body;
    for (size_t i = 0; i < dtypes.size(); ++i) {
      head += fmt::format("{} {}[n]", i == 0 ? "" : ",", dtype_name(dtypes[i]));
      body += fmt::format("  y{}[n] = {}(x[n])\n", i, dtype_name(dtypes[i]));
    }
    const expr::Function function = expr::parse(head + "\n" + body);
    const std::vector<Tensor> inputs = {x};
    const std::vector<Tensor> expected = expr::interpret(function, views_of(inputs));
    for (const Isa isa : test::available_isas()) {
      const std::vector<Tensor> actual = test::run_compiled(function, inputs, isa).outputs;
      for (size_t t = 0; t < dtypes.size(); ++t) {
        for (int64_t i = 0; i < x.count(); ++i) {
          const double a = load_f64(actual[t].data(), dtypes[t], i), e = load_f64(expected[t].data(), dtypes[t], i);
          ASSERT_TRUE(std::isnan(e) ? std::isnan(a) : a == e)
              << dtype_name(from) << " to " << dtype_name(dtypes[t]) << " on " << isa_name(isa) << " of "
              << load_f64(x.data(), from, i) << " is " << a << ", not " << e;
        }
      }
    }
  }
}

}  // namespace
}  // namespace tenon
