// SPDX-License-Identifier: Apache-2.0
#include "layers/infer.h"

#include "layers/layer_type.h"
#include "ops/op.h"

#include <fmt/core.h>

namespace tenon {

void infer_outputs(Node& node) {
  std::vector<TensorType> inputs;
  std::vector<const Tensor*> values;
  for (const Value* input : node.inputs()) {
    inputs.push_back(input == nullptr ? TensorType() : input->type());
    values.push_back(input == nullptr ? nullptr : input->constant());
  }
  const std::vector<TensorType> outputs =
      node.domain().empty() ? infer_node(node, inputs, values).outputs : instance_of(node)->infer(inputs);
  if (outputs.size() != node.outputs().size()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} '{}': the graph gives it {} outputs, but it has {}", node.op(), node.name(),
                            node.outputs().size(), outputs.size()));
  }
  for (size_t i = 0; i < outputs.size(); ++i) node.output(i)->set_type(outputs[i]);
}

}  // namespace tenon
