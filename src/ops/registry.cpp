// SPDX-License-Identifier: Apache-2.0
#include "base/near_names.h"
#include "ops/all_ops.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon {
namespace {

constexpr OpDef (*kOps[])() = {
    batch_normalization_op,  //
    clip_op,                 //
    dropout_op,              //
    flatten_op,              //
    gemm_op,                 //
    identity_op,             //
    layer_normalization_op,  //
    lrn_op,                  //
    matmul_op,               //
    reshape_op,              //
    top_k_op,                //
    where_op,                //
};

constexpr std::vector<OpDef> (*kFamilies[])() = {
    arg_extreme_ops,  //
    pointwise_ops,    //
    reduce_ops,       //
    softmax_ops,      //
};

std::vector<OpDef> make_registry() {
  std::vector<OpDef> ops;
  for (const auto make : kOps) ops.push_back(make());
  for (const auto make : kFamilies) {
    for (OpDef& op : make()) ops.push_back(std::move(op));
  }
  std::sort(ops.begin(), ops.end(), [](const OpDef& a, const OpDef& b) { return a.name < b.name; });
  return ops;
}

}  // namespace

std::span<const OpDef> all_ops() {
  static const std::vector<OpDef> kRegistry = make_registry();
  return kRegistry;
}

const OpDef* find_op(std::string_view name) {
  const auto ops = all_ops();
  const auto op =
      std::lower_bound(ops.begin(), ops.end(), name, [](const OpDef& o, std::string_view n) { return o.name < n; });
  return op != ops.end() && op->name == name ? &*op : nullptr;
}

const OpDef& op_of(const Node& node) {
  const OpDef* op = node.domain().empty() ? find_op(node.op()) : nullptr;
  if (op != nullptr) return *op;
  std::vector<std::string> names;
  for (const OpDef& known : all_ops()) names.push_back(known.name);
  const std::string full = node.domain().empty() ? node.op() : node.domain() + "." + node.op();
  throw Error(ErrorCode::kUnsupported,
              fmt::format("{} '{}': it is not a standard operator{}; map it to a layer of yours", full, node.name(),
                          did_you_mean(node.op(), names)));
}

}  // namespace tenon
