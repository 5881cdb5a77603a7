// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tenon/plugins.h>
#include <tenon/tensor.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "errors.h"
#include "layers/layer_type.h"

// Plugins, and layers as a context would run them.
namespace tenon::test {

/// The file of one of the plugins that CMakeLists.txt builds.
inline std::string plugin(const std::string& name) { return std::string(TENON_TEST_PLUGINS) + "/lib" + name + ".so"; }

inline Tensor floats(std::initializer_list<float> values, const Dims& dims) {
  return Tensor::from<float>(values, dims);
}
inline Tensor vector(std::initializer_list<float> values) {
  return Tensor::from<float>(values, {static_cast<int64_t>(values.size())});
}

template <typename T>
std::vector<T> values_of(const Tensor& tensor) {
  const auto values = tensor.values<T>();
  return std::vector<T>(values.begin(), values.end());
}

/// A layer of kinds.cpp on a node called "here", specialised to the types of `inputs` as a context does it.
class Subject {
 public:
  /// An undefined tensor is an input left out. `constant`: inputs whose values prepare() sees.
  Subject(const std::string& op, const Attributes& fields, std::vector<Tensor> inputs, size_t outputs = 1,
          std::vector<size_t> constant = {}, const std::string& domain = "custom")
      : inputs_(std::move(inputs)) {
    std::vector<Value*> values;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      values.push_back(inputs_[i].defined() ? graph_.add_input("in" + std::to_string(i), {}) : nullptr);
    }
    std::vector<std::string> names;
    for (size_t i = 0; i < outputs; ++i) names.push_back("out" + std::to_string(i));
    instance_ = instance_of(*graph_.add_node(op, "here", values, names, fields, domain));
    std::vector<TensorType> types;
    for (const Tensor& input : inputs_) {
      types.push_back(input.defined() ? TensorType{input.dtype(), to_shape(input.dims())} : TensorType{});
    }
    types_ = instance_->infer(types);
    std::vector<TensorView> input_views, output_views;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      input_views.push_back(inputs_[i].view());
      if (std::find(constant.begin(), constant.end(), i) == constant.end()) input_views.back().data = nullptr;
    }
    for (const TensorType& type : types_) {
      const std::optional<Dims> dims = type.shape ? to_dims(*type.shape) : std::nullopt;
      outputs_.push_back(dims ? Tensor::zeros(type.dtype, *dims) : Tensor());
      output_views.push_back(outputs_.back().view());
    }
    state_ = instance_->prepare(input_views, output_views);
  }

  std::vector<Tensor>& run() {
    std::vector<TensorView> inputs;
    std::vector<MutableTensorView> outputs;
    for (const Tensor& input : inputs_) inputs.push_back(input.view());
    for (Tensor& output : outputs_) outputs.push_back(output.defined() ? output.mutable_view() : MutableTensorView{});
    instance_->run(state_.get(), inputs, outputs, [&](size_t index, const Dims& dims) {
      outputs_.at(index) = Tensor::zeros(types_.at(index).dtype, dims);
      return outputs_[index].mutable_view();
    });
    return outputs_;
  }
  /// Output 0 in the memory of input 0.
  Tensor& run_in_place() {
    outputs_[0] = inputs_[0];
    run();
    return inputs_[0];
  }

  const std::vector<TensorType>& types() const { return types_; }
  std::vector<Tensor>& inputs() { return inputs_; }

 private:
  Graph graph_;
  std::vector<Tensor> inputs_, outputs_;
  std::shared_ptr<const LayerInstance> instance_;
  std::vector<TensorType> types_;
  std::unique_ptr<LayerState> state_;
};

/// Loads kinds.cpp's layers before the tests of a suite: those of the build's own compiler, or of the build that the
/// environment variable TENON_TEST_KINDS names.
class WithKinds : public ::testing::Test {
 protected:
  static std::string kinds() {
    const char* variant = std::getenv("TENON_TEST_KINDS");
    return plugin(variant == nullptr ? "kinds" : variant);
  }
  static void SetUpTestSuite() {
    if (::access(kinds().c_str(), R_OK) == 0) (void)load_plugin(kinds());
  }
  void SetUp() override {
    if (::access(kinds().c_str(), R_OK) != 0) {
      GTEST_SKIP() << kinds() << " was not built: there is no second compiler (clang++ beside g++) on this machine";
    }
  }
};

}  // namespace tenon::test
