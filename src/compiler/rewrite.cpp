// SPDX-License-Identifier: Apache-2.0
#include "compiler/rewrite.h"

#include "base/elements.h"
#include "layers/infer.h"
#include "ops/op.h"

#include <algorithm>

namespace tenon {

Value* Rewriter::add(std::string op, std::string_view stem, std::span<Value* const> inputs,
                     Attributes attributes) const {
  const std::string name = graph_->fresh_name(stem);
  Node* node = graph_->add_node(std::move(op), name, inputs, std::span(&name, 1), std::move(attributes));
  infer_outputs(*node);
  std::vector<const Tensor*> constants;
  for (const Value* input : inputs) {
    if (input == nullptr) {
      constants.push_back(nullptr);
    } else if (input->constant() != nullptr) {
      constants.push_back(input->constant());
    } else {
      return node->output();
    }
  }
  Tensor result = std::move(evaluate(*node, constants).front());
  graph_->remove(node);
  return graph_->add_constant(name, std::move(result));
}

Value* Rewriter::constant(std::string_view stem, Tensor tensor) const {
  return graph_->add_constant(graph_->fresh_name(stem), std::move(tensor));
}

Value* Rewriter::constant(std::string_view stem, const std::vector<int64_t>& values) const {
  return constant(stem, Tensor::from<int64_t>(values, {static_cast<int64_t>(values.size())}));
}

Value* Rewriter::reshape(Value* x, std::string_view stem, const Shape& to) const {
  const Shape& from = *x->type().shape;
  std::vector<int64_t> target;
  bool has_hole = false;
  for (size_t i = 0; i < to.size(); ++i) {
    if (to[i].is_constant() && to[i].value() > 0) {
      target.push_back(to[i].value());
    } else if (i < from.size() && known_equal(from[i], to[i])) {
      target.push_back(0);  // Copies the input's extent.
    } else if (!has_hole && !to[i].is_constant()) {
      target.push_back(-1);
      has_hole = true;
    } else {
      return nullptr;
    }
  }
  return add("Reshape", stem, {x, constant(std::string(stem) + "/shape", target)});
}

bool is_op(const Node* node, std::string_view op) noexcept {
  return node != nullptr && node->op() == op && node->domain().empty();
}

Node* produced_by(const Value* value, std::string_view op) noexcept {
  return value != nullptr && is_op(value->producer(), op) ? value->producer() : nullptr;
}

Node* only_reader(const Graph& graph, const Value* value) noexcept {
  const auto uses = value->uses();
  if (uses.empty() || graph.is_output(value)) return nullptr;
  Node* reader = uses.front().node;
  return std::all_of(uses.begin(), uses.end(), [&](const Use& use) { return use.node == reader; }) ? reader : nullptr;
}

std::optional<double> scalar_of(const Value* value) {
  if (value == nullptr || value->constant() == nullptr) return std::nullopt;
  const Tensor& tensor = *value->constant();
  const DTypeKind kind = dtype_kind(tensor.dtype());
  if (kind == DTypeKind::kString || kind == DTypeKind::kComplex || tensor.count() != 1) return std::nullopt;
  return load_f64(tensor.data(), tensor.dtype(), 0);
}

std::optional<std::vector<int64_t>> integers_of(const Value* value) {
  if (value == nullptr || value->constant() == nullptr || !is_integer(value->constant()->dtype())) return std::nullopt;
  const Tensor& tensor = *value->constant();
  std::vector<int64_t> result(static_cast<size_t>(tensor.count()));
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = load_i64(tensor.data(), tensor.dtype(), static_cast<int64_t>(i));
  return result;
}

std::optional<int64_t> rank_of(const Value* value) noexcept {
  const auto& shape = value->type().shape;
  return shape ? std::optional<int64_t>(static_cast<int64_t>(shape->size())) : std::nullopt;
}

bool same_shape(const Value* a, const Value* b) noexcept {
  const auto &left = a->type().shape, &right = b->type().shape;
  if (a == b && left) return true;
  return left && right && std::equal(left->begin(), left->end(), right->begin(), right->end(), known_equal);
}

bool same_type(const Value* a, const Value* b) noexcept {
  return a->type().dtype == b->type().dtype && same_shape(a, b);
}

bool has_one_element(const Value* value) noexcept {
  const auto& shape = value->type().shape;
  return shape && std::all_of(shape->begin(), shape->end(), [](const Dim& dim) { return dim.value() == 1; });
}

int64_t integer_attribute(const Node& node, std::string_view name) {
  return AttributeReader(node, op_of(node)).integer(name);
}
double number_attribute(const Node& node, std::string_view name) {
  return AttributeReader(node, op_of(node)).number(name);
}

std::optional<std::vector<double>> values_along(const Value* constant, int64_t rank, int64_t axis, int64_t channels) {
  if (constant == nullptr || constant->constant() == nullptr) return std::nullopt;
  const Tensor& tensor = *constant->constant();
  if (!is_float(tensor.dtype())) return std::nullopt;
  const Dims& dims = tensor.dims();
  if (dims.rank() > rank) return std::nullopt;
  for (int i = 0; i < dims.rank(); ++i) {
    const bool is_axis = i + rank - dims.rank() == axis;  // Broadcasting aligns shapes at their ends.
    const int64_t extent = dims[static_cast<size_t>(i)];
    if (extent != 1 && !(is_axis && extent == channels)) return std::nullopt;
  }
  std::vector<double> values(static_cast<size_t>(tensor.count()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = load_f64(tensor.data(), tensor.dtype(), static_cast<int64_t>(i));
  return values;
}

}  // namespace tenon
