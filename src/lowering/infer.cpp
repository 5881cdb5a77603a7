// SPDX-License-Identifier: Apache-2.0
#include "lowering/infer.h"

#include "layers/layer_type.h"
#include "ops/op.h"

#include <algorithm>
#include <vector>

namespace tenon::lowering {

void infer_if_known(const Node& node) {
  const bool is_layer = !node.domain().empty();
  if (is_layer ? LayerRegistry::global().find(node.domain(), node.op()) == nullptr : find_op(node.op()) == nullptr)
    return;
  std::vector<TensorType> types;
  std::vector<const Tensor*> values;
  for (const Value* input : node.inputs()) {
    types.push_back(input == nullptr ? TensorType{} : input->type());
    values.push_back(input == nullptr ? nullptr : input->constant());
    if (input != nullptr && (types.back().dtype == DType::kUndefined || (is_layer && !types.back().shape))) return;
  }
  const std::vector<TensorType> outputs =
      is_layer ? instance_of(node)->infer(types) : infer_node(node, types, values).outputs;
  for (size_t i = 0; i < std::min(outputs.size(), node.outputs().size()); ++i) node.outputs()[i]->set_type(outputs[i]);
}

}  // namespace tenon::lowering
