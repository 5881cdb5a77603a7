// SPDX-License-Identifier: Apache-2.0
#include "layers/function_layer.h"

#include "base/elements.h"
#include "base/parallel.h"
#include "layers/elementwise.h"
#include "layers/native_host.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>

namespace tenon {
namespace {

// So many elements are worth a call of their own: a function that takes a lock, as those of Python do, waits for it.
constexpr int64_t kGrain = 1 << 18;

std::vector<Tensor> tensors_like(std::span<const MutableTensorView> views) {
  std::vector<Tensor> tensors;
  for (const MutableTensorView& view : views) tensors.push_back(Tensor::empty(view.dtype, view.dims));
  return tensors;
}

std::vector<MutableTensorView> views_of(std::vector<Tensor>& tensors) {
  std::vector<MutableTensorView> views;
  for (Tensor& tensor : tensors) views.push_back(tensor.mutable_view());
  return views;
}

// How far two roundings of one number may be apart, of the number and of the largest one around.
struct Tolerance {
  double relative, of_largest;
};
Tolerance tolerance_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return {1e-12, 1e-14};
    case DType::kFloat32:
      return {1e-5, 1e-6};
    case DType::kFloat16:
      return {4e-3, 1e-3};
    case DType::kBFloat16:
      return {3e-2, 1e-2};
    default:
      return {0.3, 0.1};
  }
}

// Whether two results are one, up to rounding: a library may round the last elements of an array, which do not fill a
// vector, in another way than the others.
bool agree(const Tensor& a, const Tensor& b) {
  if (!is_float(a.dtype())) return std::memcmp(a.data(), b.data(), static_cast<size_t>(a.size_bytes())) == 0;
  const auto value = [](const Tensor& tensor, int64_t i) { return load_f64(tensor.data(), tensor.dtype(), i); };
  double largest = 0;
  for (int64_t i = 0; i < a.count(); ++i)
    if (const double x = std::fabs(value(a, i)); std::isfinite(x)) largest = std::max(largest, x);
  const auto [relative, of_largest] = tolerance_of(a.dtype());
  for (int64_t i = 0; i < a.count(); ++i) {
    const double x = value(a, i), y = value(b, i);
    const double tolerance = relative * std::max(std::fabs(x), std::fabs(y)) + of_largest * largest;
    const bool same = x == y || (std::isnan(x) && std::isnan(y));
    if (!same && !(std::isfinite(tolerance) && std::fabs(x - y) <= tolerance)) return false;
  }
  return true;
}

class FunctionState final : public LayerState {
 public:
  bool is_checked = false;  // That it is element-wise.
};

class FunctionInstance final : public LayerInstance {
 public:
  FunctionInstance(std::shared_ptr<const LayerFunctions> functions, Attributes fields, const LayerInfo& info)
      : functions_(std::move(functions)),
        fields_(std::move(fields)),
        outputs_(static_cast<size_t>(info.outputs)),
        elementwise_(info.elementwise) {}

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (elementwise_) require_elementwise_inputs(inputs);
    if (!functions_->types) return {outputs_, inputs[0]};
    std::vector<TensorType> types = functions_->types(inputs, LayerFields(fields_));
    if (types.size() != outputs_) {
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("its type rule gives {} outputs, but the layer is declared with {}", types.size(), outputs_));
    }
    if (const std::string contradiction = elementwise_ ? elementwise_contradiction(inputs, types) : "";
        !contradiction.empty())
      throw Error(ErrorCode::kInvalidArgument, contradiction);
    return types;
  }

  std::unique_ptr<LayerState> prepare(std::span<const TensorView>, std::span<const TensorView>) const override {
    return elementwise_ ? std::make_unique<FunctionState>() : nullptr;
  }

  void run(LayerState* state, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
           const Allocate&) const override {
    if (!elementwise_) {
      functions_->run(inputs, outputs, LayerFields(fields_));
      return;
    }
    const int64_t count = outputs[0].dims.count();
    const auto is_divisible = [](const auto& view) {
      const int bits = dtype_bits(view.dtype);
      return view.dtype == DType::kUndefined || (bits > 0 && bits % 8 == 0);
    };
    const bool divisible = std::all_of(inputs.begin(), inputs.end(), is_divisible) &&
                           std::all_of(outputs.begin(), outputs.end(), is_divisible);
    auto* checks = static_cast<FunctionState*>(state);
    if (checks != nullptr && !checks->is_checked && divisible && count > 0) {
      run_checked(inputs, outputs);
      checks->is_checked = true;
      return;
    }
    // Threads share whole lines of the cache.
    constexpr int64_t kBlock = 64;
    const int64_t threads =
        divisible ? std::max<int64_t>(1, std::min<int64_t>(threads_of_this_run(), count / kGrain)) : 1;
    try_parallel_for_threads(static_cast<int>(threads), (count + kBlock - 1) / kBlock,
                             [&](int64_t begin, int64_t end, int) {
                               run_range(inputs, outputs, begin * kBlock, std::min(end * kBlock, count));
                             });
  }

 private:
  // The elements [begin, end) of the outputs, in one call, as tensors of one dimension.
  void run_range(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, int64_t begin,
                 int64_t end) const {
    const int64_t count = outputs[0].dims.count();
    const auto range_of = [&](auto view) {
      if (view.dtype == DType::kUndefined) return view;
      const bool is_whole = view.dims.count() == count;
      view.dims = Dims{is_whole ? end - begin : 1};
      if (!is_whole || begin == 0) return view;
      const int64_t offset = begin * (dtype_bits(view.dtype) / 8);
      if constexpr (std::is_same_v<decltype(view), TensorView>)
        view.data = static_cast<const std::byte*>(view.data) + offset;
      else
        view.data = static_cast<std::byte*>(view.data) + offset;
      return view;
    };
    std::vector<TensorView> from;
    std::vector<MutableTensorView> to;
    for (const TensorView& input : inputs) from.push_back(range_of(input));
    for (const MutableTensorView& output : outputs) to.push_back(range_of(output));
    functions_->run(from, to, LayerFields(fields_));
  }

  // Runs it and once more, in place and in two parts: a layer that is wrongly said to be element-wise would give wrong
  // results without an error.
  void run_checked(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs) const {
    const int64_t count = outputs[0].dims.count();
    const auto whole = [&] {
      std::vector<Tensor> results = tensors_like(outputs);
      run_range(inputs, views_of(results), 0, count);
      return results;
    };
    const std::vector<Tensor> results = whole();

    std::vector<Tensor> in_parts = tensors_like(outputs);
    const std::vector<MutableTensorView> to = views_of(in_parts);
    std::vector<TensorView> from(inputs.begin(), inputs.end());
    if (from[0].dtype == to[0].dtype) {
      std::memcpy(to[0].data, from[0].data, static_cast<size_t>(from[0].size_bytes()));
      from[0].data = to[0].data;
    }
    if (count > 1) run_range(from, to, 0, count / 2);
    run_range(from, to, count / 2, count);
    // If it gives other results each time, nothing can be said.
    if (!std::equal(results.begin(), results.end(), in_parts.begin(), agree)) {
      const std::vector<Tensor> again = whole();
      if (std::equal(results.begin(), results.end(), again.begin(), agree))
        throw Error(ErrorCode::kInvalidArgument, kNotElementwise);
    }
    for (size_t i = 0; i < outputs.size(); ++i)
      std::memcpy(outputs[i].data, results[i].data(), static_cast<size_t>(results[i].size_bytes()));
  }

  std::shared_ptr<const LayerFunctions> functions_;  // Shared with the layer, which may be replaced.
  Attributes fields_;
  size_t outputs_;
  bool elementwise_;
};

}  // namespace

FunctionLayer::FunctionLayer(LayerInfo info, LayerFunctions functions)
    : info_(std::move(info)), functions_(std::make_shared<const LayerFunctions>(std::move(functions))) {}

std::unique_ptr<LayerInstance> FunctionLayer::create(const Attributes& fields) const {
  return std::make_unique<FunctionInstance>(functions_, fields, info_);
}

}  // namespace tenon
