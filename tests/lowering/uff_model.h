// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/uff/dialect.h"

#include <tenon/compile.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// UFF graphs under construction, as the reader makes them.
namespace tenon::test {

using Ints = std::vector<int64_t>;

struct UffModel {
  Graph graph{"uff"};

  Value* input(const char* name, Ints shape) {
    return node("Input", name, {}, {{"shape", std::move(shape)}, {"dtype", DType::kFloat32}});
  }
  Value* constant(const char* name, const Tensor& tensor) {
    const auto bytes = Tensor::shared(nullptr, tensor.data(), DType::kUInt8, {tensor.size_bytes()});
    return node("Const", name, {},
                {{"shape", Ints(tensor.dims().begin(), tensor.dims().end())},
                 {"dtype", tensor.dtype()},
                 {"values", uff::make_ref(std::string("weights_") + name, Tensor::copy_of(bytes.view()))}});
  }
  /// The Const's elements are 1, 2, 3, ...
  Value* counted(const char* name, const Dims& dims) { return constant(name, counting(dims)); }
  Value* node(const char* op, const char* name, std::initializer_list<Value*> inputs, Attributes fields = {}) {
    return graph.add_node(op, name, inputs, std::move(fields))->output();
  }
  /// The same with field inputs_orders: "N+C", "+CK".
  Value* ordered(const char* op, const char* name, std::initializer_list<Value*> inputs,
                 std::initializer_list<std::string_view> orders, Attributes fields = {}) {
    fields.emplace("inputs_orders", uff::make_orders({orders.begin(), orders.size()}));
    return node(op, name, inputs, std::move(fields));
  }
  /// The graph with a MarkOutput for each of the values.
  Graph& marked(std::initializer_list<Value*> values) {
    std::vector<Value*> outputs;
    for (Value* value : values) {
      const std::string name = "MarkOutput_" + std::to_string(outputs.size());
      outputs.push_back(graph.add_node("MarkOutput", name, {value})->output());
    }
    graph.set_outputs(std::move(outputs));
    return graph;
  }

  static Tensor counting(const Dims& dims) {
    Tensor tensor = Tensor::empty(DType::kFloat32, dims);
    float next = 0;
    for (float& value : tensor.mutable_values<float>()) value = ++next;
    return tensor;
  }
};

inline Tensor ints(std::initializer_list<int32_t> values) {
  return Tensor::from<int32_t>(values, {static_cast<int64_t>(values.size())});
}

inline Tensor floats(const Dims& dims, std::initializer_list<float> values) {
  return Tensor::from<float>(values, dims);
}

/// What the compiled graph makes of the inputs.
inline std::vector<Tensor> run(const Graph& graph, const std::vector<Tensor>& inputs,
                               const CompileOptions& options = {}) {
  return compile(graph, options).run(inputs);
}

inline std::vector<float> elements(const Tensor& tensor) {
  const auto values = tensor.values<float>();
  return {values.begin(), values.end()};
}

/// "f32[N,3]": the type as text.
inline std::string type_of(const Value* value) {
  return std::string(dtype_name(value->type().dtype)) +
         (value->type().shape ? to_string(*value->type().shape) : std::string("[...]"));
}

}  // namespace tenon::test
