// SPDX-License-Identifier: Apache-2.0
#include "expr/interpret.h"

#include "base/elements.h"
#include "expr/trace.h"
#include "ops/define.h"
#include "ops/move.h"

#include <fmt/core.h>

#include <cstring>
#include <limits>

// Operators by their definitions.
namespace tenon {
namespace {

// The integer that an element is moved as: one of its width, for 4-bit dtypes a byte, for those of 128 bits two of 64.
DType carrier(DType dtype) {
  switch (dtype_bits(dtype)) {
    case 4:
    case 8:
      return DType::kUInt8;
    case 16:
      return DType::kUInt16;
    case 32:
      return DType::kUInt32;
    default:
      return DType::kUInt64;
  }
}

// Floats too, which computing with would make quiet if they are NaN. Indices and conditions stay what they are.
bool is_carried(DType dtype) {
  const DTypeKind kind = dtype_kind(dtype);
  return kind == DTypeKind::kFloat || kind == DTypeKind::kComplex || dtype_bits(dtype) == 4;
}

// Copies part `part` of each element of `from`, of which it has `from_parts`, to part `to_part` of `to`.
void copy_halves(const TensorView& from, int64_t from_parts, int64_t from_part, const MutableTensorView& to,
                 int64_t to_parts, int64_t to_part) {
  const auto* source = from.as<char>();
  auto* target = to.as<char>();
  for (int64_t i = 0; i < from.dims.count(); ++i)
    std::memcpy(target + (i * to_parts + to_part) * 8, source + (i * from_parts + from_part) * 8, 8);
}

void interpret(const Node& node, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs) {
  std::vector<TensorType> types(inputs.size());
  std::vector<Tensor> tensors(inputs.size());
  std::vector<const Tensor*> values(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].dtype == DType::kUndefined) continue;
    types[i] = {inputs[i].dtype, to_shape(inputs[i].dims)};
    tensors[i] = Tensor::shared(nullptr, inputs[i].data, inputs[i].dtype, inputs[i].dims);
    values[i] = &tensors[i];
  }
  std::string reason;
  const auto definition = definition_of(node, types, values, &reason);
  if (!definition) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{} '{}': it cannot be computed by formulas: {}", node.op(), node.name(), reason));
  }
  std::vector<TensorView> operands;
  for (const size_t i : definition->inputs) operands.push_back(inputs[i]);
  expr::interpret(definition->layer.impl().function, operands, outputs,
                  {.max_steps = std::numeric_limits<int64_t>::max()});
}

// The same with the elements as integers; of those of 128 bits, part `part`.
void interpret_moving(const Node& node, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                      int64_t part) {
  std::vector<Tensor> unpacked;
  std::vector<TensorView> operands(inputs.begin(), inputs.end());
  for (TensorView& operand : operands) {
    if (operand.dtype != outputs[0].dtype || !is_carried(operand.dtype)) continue;
    const int bits = dtype_bits(operand.dtype);
    const TensorView original = operand;
    operand.dtype = carrier(operand.dtype);
    if (bits != 4 && bits != 128) continue;
    unpacked.push_back(Tensor::empty(operand.dtype, operand.dims));
    if (bits == 4)
      convert({original.data, DType::kUInt4, original.dims}, unpacked.back().mutable_view());
    else
      copy_halves(original, 2, part, unpacked.back().mutable_view(), 1, 0);
    operand = unpacked.back().view();
  }
  std::vector<MutableTensorView> results(outputs.begin(), outputs.end());
  for (MutableTensorView& result : results) {
    if (!is_carried(result.dtype)) continue;
    const int bits = dtype_bits(result.dtype);
    result.dtype = carrier(result.dtype);
    if (bits != 4 && bits != 128) continue;
    unpacked.push_back(Tensor::empty(result.dtype, result.dims));
    result = unpacked.back().mutable_view();
  }
  interpret(node, operands, results);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const int bits = dtype_bits(outputs[i].dtype);
    if (bits == 4) {
      clear_tail(outputs[i]);
      convert(results[i], {outputs[i].data, DType::kUInt4, outputs[i].dims});
    } else if (bits == 128) {
      copy_halves(results[i], 1, 0, outputs[i], 2, part);
    }
  }
}

}  // namespace

void run_definition(const Node& node, std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs) {
  const OpDef& op = op_of(node);
  const bool moves = op.moves || (op.moves_others && expr::class_of(outputs[0].dtype) == 0);
  if (!moves) return interpret(node, inputs, outputs);
  const int parts = dtype_bits(outputs[0].dtype) == 128 ? 2 : 1;
  for (int part = 0; part < parts; ++part) interpret_moving(node, inputs, outputs, part);
}

}  // namespace tenon
