// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/elements.h"
#include "ops/op.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

// What the operator tests share: one node in a graph of its own, evaluated or inferred.
namespace tenon::testing {

/// An input of the node under test: a tensor, or nothing (an optional input left out).
using Input = std::optional<Tensor>;

/// A graph of one node.
class OneNode {
 public:
  OneNode(const std::string& op, std::span<const Input> inputs, Attributes attributes = {}, int outputs = 1);
  OneNode(const std::string& op, std::initializer_list<Input> inputs, Attributes attributes = {}, int outputs = 1)
      : OneNode(op, std::span(inputs.begin(), inputs.size()), std::move(attributes), outputs) {}

  [[nodiscard]] Node& node() { return *node_; }
  [[nodiscard]] Graph& graph() { return graph_; }
  /// The outputs by the reference kernel.
  [[nodiscard]] std::vector<Tensor> evaluate() const;

 private:
  Graph graph_;
  Node* node_;
};

/// The operators that some test of this program has evaluated; registry_test.cpp looks for those missing.
[[nodiscard]] std::set<std::string>& evaluated_operators();

/// Output 0 of `op` on `inputs`.
[[nodiscard]] Tensor evaluate(const std::string& op, std::initializer_list<Input> inputs, Attributes attributes = {});
[[nodiscard]] std::vector<Tensor> evaluate_all(const std::string& op, std::initializer_list<Input> inputs, int outputs,
                                               Attributes attributes = {});

/// An input of infer(): a type written "f32[N,3]" or "f32[...]" ("" = left out), or a known tensor.
struct Typed {
  Typed(const char* text);  // NOLINT(google-explicit-constructor)
  Typed(Tensor tensor);     // NOLINT(google-explicit-constructor)
  /// An input whose dtype is not known yet.
  [[nodiscard]] static Typed without_dtype();

  TensorType type;
  std::optional<Tensor> value;
  bool present = true;
};

/// A node of inputs of which the types alone are known, or the values, too; in a graph of its own.
struct TypedNode {
  TypedNode(const std::string& op, std::span<const Typed> inputs, Attributes attributes, int outputs);

  Graph graph;
  std::vector<TensorType> types;
  std::vector<const Tensor*> known;  ///< Into the inputs, which must live as long.
  const Node* node = nullptr;
};

/// The inferred types as text, joined by ", ": "f32[N,10], i64[N,10]".
[[nodiscard]] std::string infer(const std::string& op, std::span<const Typed> inputs, Attributes attributes = {},
                                int outputs = 1);

[[nodiscard]] inline std::string infer(const std::string& op, std::initializer_list<Typed> inputs,
                                       Attributes attributes = {}, int outputs = 1) {
  return infer(op, std::span(inputs.begin(), inputs.size()), std::move(attributes), outputs);
}

/// `values` as a tensor of any numeric dtype.
[[nodiscard]] Tensor tensor(DType dtype, const Dims& dims, const std::vector<double>& values);
[[nodiscard]] inline Tensor f32(const Dims& dims, const std::vector<double>& values) {
  return tensor(DType::kFloat32, dims, values);
}
[[nodiscard]] inline Tensor i64(const std::vector<double>& values) {
  return tensor(DType::kInt64, {static_cast<int64_t>(values.size())}, values);
}
/// 0.37-spaced values around 0 that repeat no pattern an operator could hide behind; the same for the same seed.
[[nodiscard]] Tensor spread(DType dtype, const Dims& dims, int seed = 0);
/// All elements as doubles.
[[nodiscard]] std::vector<double> doubles(const Tensor& tensor);

/// Fails unless dtype and shape are as given and every element is within `tolerance` (relative above magnitude 1,
/// absolute below), NaN and infinities exactly in place.
void expect_tensor(const Tensor& actual, DType dtype, const Dims& dims, const std::vector<double>& expected,
                   double tolerance = 0);

/// Fails unless `body` throws an Error with this code whose message contains `fragment`.
template <typename Body>
void expect_error(ErrorCode code, const std::string& fragment, Body&& body) {
  try {
    body();
    ADD_FAILURE() << "expected an error with '" << fragment << "'";
  } catch (const Error& error) {
    EXPECT_EQ(error_code_name(error.code()), std::string(error_code_name(code)));
    EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos) << error.what();
  }
}

}  // namespace tenon::testing
