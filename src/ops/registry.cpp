// SPDX-License-Identifier: Apache-2.0
#include "base/near_names.h"
#include "ops/all_ops.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenon {
namespace {

constexpr OpDef (*kOps[])() = {
    average_pool_op,            //
    batch_normalization_op,     //
    cast_like_op,               //
    cast_op,                    //
    clip_op,                    //
    concat_op,                  //
    constant_of_shape_op,       //
    constant_op,                //
    conv_op,                    //
    conv_transpose_op,          //
    cum_sum_op,                 //
    depth_to_space_op,          //
    dropout_op,                 //
    expand_op,                  //
    expression_op,              //
    eye_like_op,                //
    flatten_op,                 //
    gather_elements_op,         //
    gather_nd_op,               //
    gather_op,                  //
    gemm_op,                    //
    global_average_pool_op,     //
    global_max_pool_op,         //
    identity_op,                //
    instance_normalization_op,  //
    layer_normalization_op,     //
    lp_pool_op,                 //
    lrn_op,                     //
    matmul_op,                  //
    max_pool_op,                //
    non_zero_op,                //
    one_hot_op,                 //
    pad_op,                     //
    range_op,                   //
    reshape_op,                 //
    resize_op,                  //
    scatter_nd_op,              //
    shape_op,                   //
    size_op,                    //
    slice_op,                   //
    space_to_depth_op,          //
    split_op,                   //
    squeeze_op,                 //
    tile_op,                    //
    top_k_op,                   //
    transpose_op,               //
    unsqueeze_op,               //
    where_op,                   //
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
