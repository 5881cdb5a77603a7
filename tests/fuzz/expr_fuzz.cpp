// SPDX-License-Identifier: Apache-2.0

// The text of expression layers: any bytes are refused or read; what is read prints, simplifies and runs.
#include "expr/interpret.h"
#include "expr/parse.h"
#include "expr/print.h"
#include "expr/simplify.h"
#include "expr/verify.h"

#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using tenon::expr::Function;

// On small tensors of zeros; every dimension is 2.
void run(const Function& function) {
  constexpr int64_t kFewSteps = 1 << 14;
  std::vector<tenon::Tensor> inputs;
  std::vector<tenon::TensorView> views;
  for (const tenon::expr::Input& input : function.inputs) {
    tenon::Dims dims;
    for (const tenon::Dim& dim : input.dims) dims.push_back(dim.is_constant() ? dim.value() : 2);
    if (dims.count() > kFewSteps) return;
    const tenon::DType dtype = input.type.is_variable() ? tenon::DType::kFloat32 : input.type.dtype();
    inputs.push_back(tenon::Tensor::zeros(dtype, dims));
    views.push_back(inputs.back().view());
  }
  (void)tenon::expr::interpret(function, views, {.max_steps = kFewSteps});
}

template <typename Body>
void attempt(Body&& body) {
  try {
    body();
  } catch (const tenon::Error& error) {
    if (error.code() == tenon::ErrorCode::kInternal) throw;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  attempt([&] {
    const Function function = tenon::expr::parse(text);
    // From here on only limits may be in the way.
    const std::string printed = tenon::expr::print(function);
    if (!identical(tenon::expr::parse(printed), function)) std::abort();
    attempt([&] { run(function); });
    const Function simple = tenon::expr::simplify(function, /*fast=*/true);
    attempt([&] { run(simple); });
    tenon::expr::verify(simple);
  });
  return 0;
}
